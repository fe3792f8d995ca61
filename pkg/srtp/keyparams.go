package srtp

import (
	"encoding/base64"
	"errors"
	"fmt"
	"math/big"
	"strconv"
	"strings"
)

// maxKeyParams bounds how many keys one a=crypto line may bring.
const maxKeyParams = 16

// ErrKeyParams is the error of key parameters that are not RFC 4568's, or not of the suite they came with. It never shows them.
var ErrKeyParams = errors.New("bad key parameters")

// ParseKeyParams reads the key-params of an a=crypto line (RFC 4568 §6.1), such as "inline:WVNf…|2^20|1:4;inline:…|2^20|2:4": a
// key, how many packets it may protect, and the value and length of its MKI.
//
// Of several keys each has an MKI of its own, all of one length: else a packet would not say which one it is under.
func ParseKeyParams(suite Suite, text string) ([]Key, error) {
	params := strings.SplitN(text, ";", maxKeyParams+1)
	if len(params) > maxKeyParams {
		return nil, fmt.Errorf("more than %d keys: %w", maxKeyParams, ErrKeyParams)
	}
	keys := make([]Key, 0, len(params))
	for i, param := range params {
		key, err := parseKeyParam(suite, param)
		if err != nil {
			return nil, fmt.Errorf("key %d: %w", i+1, err)
		}
		if err := distinct(key, keys); err != nil {
			return nil, fmt.Errorf("key %d: %w", i+1, err)
		}
		keys = append(keys, key)
	}
	return keys, nil
}

func distinct(key Key, others []Key) error {
	for _, other := range others {
		if len(key.mki) == 0 || len(key.mki) != len(other.mki) || string(key.mki) == string(other.mki) {
			return fmt.Errorf("several keys need MKIs of one length, each its own: %w", ErrKeyParams)
		}
	}
	return nil
}

// parseKeyParam reads one key: inline:KEY[|LIFETIME][|MKI:LENGTH].
func parseKeyParam(suite Suite, text string) (Key, error) {
	method, info, ok := strings.Cut(text, ":")
	if !ok || !strings.EqualFold(method, "inline") {
		return Key{}, fmt.Errorf("the method is not inline: %w", ErrKeyParams)
	}
	fields := strings.Split(info, "|")
	key, err := parseSecret(suite, fields[0])
	if err != nil {
		return Key{}, err
	}
	rest := fields[1:]
	if len(rest) > 0 && !strings.Contains(rest[0], ":") {
		if key.lifetime, err = parseLifetime(rest[0]); err != nil {
			return Key{}, err
		}
		rest = rest[1:]
	}
	if len(rest) > 0 {
		if key.mki, err = parseMKI(rest[0]); err != nil {
			return Key{}, err
		}
		rest = rest[1:]
	}
	if len(rest) > 0 {
		return Key{}, fmt.Errorf("more than a lifetime and an MKI: %w", ErrKeyParams)
	}
	return key, nil
}

// parseSecret reads master key and salt, which base64 gives with or without its padding.
func parseSecret(suite Suite, text string) (Key, error) {
	if len(text) > 128 || strings.ContainsAny(text, "\r\n") {
		return Key{}, fmt.Errorf("the key is not base64: %w", ErrKeyParams)
	}
	octets, err := base64.RawStdEncoding.DecodeString(strings.TrimRight(text, "="))
	if err != nil { // that error shows what it could not read
		return Key{}, fmt.Errorf("the key is not base64: %w", ErrKeyParams)
	}
	key, err := NewKey(suite, octets)
	if err != nil {
		return Key{}, fmt.Errorf("%w: %w", err, ErrKeyParams)
	}
	return key, nil
}

// parseLifetime reads packets, as a number or a power of two: "20971520", "2^31".
func parseLifetime(text string) (uint64, error) {
	exponent, power := strings.CutPrefix(text, "2^")
	n, err := strconv.ParseUint(exponent, 10, 64)
	switch {
	case err != nil || exponent[0] == '+':
	case power && n <= 48:
		return 1 << n, nil
	case !power && n > 0 && n <= maxPackets:
		return n, nil
	}
	return 0, fmt.Errorf("the lifetime is not 1 to 2^48: %w", ErrKeyParams)
}

// parseMKI reads VALUE:LENGTH, a decimal number and the octets that it takes in each packet.
func parseMKI(text string) ([]byte, error) {
	value, size, _ := strings.Cut(text, ":")
	n, err := strconv.ParseUint(size, 10, 8)
	if err != nil || n == 0 || n > maxMKI {
		return nil, fmt.Errorf("the MKI's length is not 1 to %d: %w", maxMKI, ErrKeyParams)
	}
	const digits = 309 // of 2^(8·128)
	if value == "" || len(value) > digits || strings.Trim(value, "0123456789") != "" {
		return nil, fmt.Errorf("the MKI is not a number: %w", ErrKeyParams)
	}
	number, _ := new(big.Int).SetString(value, 10)
	if number.BitLen() > 8*int(n) {
		return nil, fmt.Errorf("the MKI is longer than its length: %w", ErrKeyParams)
	}
	return number.FillBytes(make([]byte, n)), nil
}

// KeyParams writes keys as ParseKeyParams reads them.
func KeyParams(keys ...Key) string {
	var b strings.Builder
	for i, k := range keys {
		if i > 0 {
			b.WriteByte(';')
		}
		b.WriteString("inline:" + base64.StdEncoding.EncodeToString(k.octets()))
		if k.lifetime != 0 {
			b.WriteString("|" + lifetimeText(k.lifetime))
		}
		if len(k.mki) > 0 {
			fmt.Fprintf(&b, "|%d:%d", new(big.Int).SetBytes(k.mki), len(k.mki))
		}
	}
	return b.String()
}

func lifetimeText(n uint64) string {
	for power := range 49 {
		if n == 1<<power {
			return "2^" + strconv.Itoa(power)
		}
	}
	return strconv.FormatUint(n, 10)
}

// KnownSessionParams reports whether an a=crypto line with these session parameters (RFC 4568 §6.3) can be taken: WSH is a hint, and
// what begins with "-" may be passed over by who does not know it. All others ask for what is not done here, such as UNENCRYPTED_SRTP.
func KnownSessionParams(text string) bool {
	for _, param := range strings.Fields(text) {
		if !strings.HasPrefix(param, "-") && !strings.HasPrefix(param, "WSH=") {
			return false
		}
	}
	return true
}
