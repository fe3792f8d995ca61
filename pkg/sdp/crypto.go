package sdp

import (
	"encoding/base64"
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// Crypto is one a=crypto line (RFC 4568 section 4): "a=crypto:<tag> <crypto-suite> <key-params> [<session-params>]". Two of the
// same key are equal.
type Crypto struct {
	Tag           int    // unique in its m-line, from 0
	Suite         string // "AEAD_AES_128_GCM"
	KeyParams     string // "inline:BASE64[|LIFETIME][|MKI:LENGTH]", several joined by ";"
	SessionParams string // joined by spaces; ours are empty
}

// String is what a log may hold: the line without its keys.
func (c Crypto) String() string { return fmt.Sprintf("%d %s", c.Tag, c.Suite) }

// GoString keeps the keys out of %#v.
func (c Crypto) GoString() string { return "sdp.Crypto{" + c.String() + "}" }

// MarshalText keeps the keys out of JSON.
func (c Crypto) MarshalText() ([]byte, error) { return []byte(c.String()), nil }

// value is what follows "a=crypto:".
func (c Crypto) value() string {
	text := fmt.Sprintf("%d %s %s", c.Tag, c.Suite, c.KeyParams)
	if c.SessionParams != "" {
		text += " " + c.SessionParams
	}
	return text
}

// SuiteKeyLength is the length of master key and master salt together, in bytes, of a crypto suite we know; 0 of another.
// RFC 4568 section 6.2, RFC 6188 section 4, RFC 7714 section 14.2.
func SuiteKeyLength(suite string) int {
	return map[string]int{
		"AEAD_AES_128_GCM":        16 + 12,
		"AEAD_AES_256_GCM":        32 + 12,
		"AES_CM_128_HMAC_SHA1_80": 16 + 14,
		"AES_CM_128_HMAC_SHA1_32": 16 + 14,
		"AES_256_CM_HMAC_SHA1_80": 32 + 14,
		"AES_256_CM_HMAC_SHA1_32": 32 + 14,
	}[suite]
}

// Suites are the crypto suites we know, best first.
func Suites() []string {
	return []string{"AEAD_AES_128_GCM", "AEAD_AES_256_GCM", "AES_CM_128_HMAC_SHA1_80", "AES_CM_128_HMAC_SHA1_32",
		"AES_256_CM_HMAC_SHA1_80", "AES_256_CM_HMAC_SHA1_32"}
}

// What one line may hold at most.
const (
	maxCrypto    = 32  // a=crypto lines that are looked at
	maxInline    = 16  // keys in one of them
	maxMKILength = 128 // bytes (RFC 4568 section 6.1)
)

var errCrypto = errors.New("crypto line that cannot be used")

// ParseCrypto reads what follows "a=crypto:". A suite we do not know, keys of the wrong length, and session parameters that
// would change the protection are errors. No error quotes the line.
func ParseCrypto(value string) (Crypto, error) {
	fields := strings.Fields(value)
	if len(fields) < 3 {
		return Crypto{}, fmt.Errorf("%w: less than three fields", errCrypto)
	}
	tag, err := strconv.ParseUint(fields[0], 10, 31)
	if err != nil || len(fields[0]) > 9 { // tag = 1*9DIGIT
		return Crypto{}, fmt.Errorf("%w: tag", errCrypto)
	}
	length := SuiteKeyLength(fields[1])
	if length == 0 {
		return Crypto{}, fmt.Errorf("%w: suite", errCrypto)
	}
	if err := checkKeyParams(fields[2], length); err != nil {
		return Crypto{}, err
	}
	for _, parameter := range fields[3:] {
		if !harmless(parameter) {
			return Crypto{}, fmt.Errorf("%w: session parameter", errCrypto)
		}
	}
	return Crypto{Tag: int(tag), Suite: fields[1], KeyParams: fields[2], SessionParams: strings.Join(fields[3:], " ")}, nil
}

// harmless are the session parameters that ask nothing of us: WSH is a hint (RFC 4568 section 6.3.6), and what begins with a
// dash may be ignored (section 6.3.7). KDR, UNENCRYPTED_SRTP, UNAUTHENTICATED_SRTP and the like are not among them.
func harmless(parameter string) bool {
	return strings.HasPrefix(parameter, "-") || strings.HasPrefix(parameter, "WSH=")
}

// checkKeyParams reads inline:KEY[|LIFETIME][|MKI:LENGTH][;inline:...]. RFC 4568 section 6.1: of several keys each has an MKI,
// all of one length.
func checkKeyParams(text string, length int) error {
	params := strings.Split(text, ";")
	if len(params) > maxInline {
		return fmt.Errorf("%w: more than %d keys", errCrypto, maxInline)
	}
	ids := map[string]bool{}
	idLength := ""
	for _, param := range params {
		id, size, err := checkInline(param, length)
		if err != nil {
			return err
		}
		if len(params) > 1 && (id == "" || ids[id] || idLength != "" && size != idLength) {
			return fmt.Errorf("%w: keys without an MKI of their own", errCrypto)
		}
		ids[id], idLength = true, size
	}
	return nil
}

func checkInline(param string, length int) (id, size string, err error) {
	method, info, _ := strings.Cut(param, ":")
	if !strings.EqualFold(method, "inline") {
		return "", "", fmt.Errorf("%w: key method", errCrypto)
	}
	parts := strings.Split(info, "|")
	key, err := base64.RawStdEncoding.DecodeString(strings.TrimRight(parts[0], "="))
	if err != nil || len(key) != length {
		return "", "", fmt.Errorf("%w: length of the key", errCrypto)
	}
	rest := parts[1:]
	if len(rest) > 0 && !strings.Contains(rest[0], ":") {
		if !isLifetime(rest[0]) {
			return "", "", fmt.Errorf("%w: lifetime", errCrypto)
		}
		rest = rest[1:]
	}
	if len(rest) == 0 {
		return "", "", nil
	}
	if id, size, _ = strings.Cut(rest[0], ":"); len(rest) > 1 || !isMKI(id, size) {
		return "", "", fmt.Errorf("%w: MKI", errCrypto)
	}
	return id, size, nil
}

// isLifetime reads a number of packets, "2^N" or decimal, that is not zero. RFC 3711 section 9.2 ends at 2^48.
func isLifetime(text string) bool {
	if power, ok := strings.CutPrefix(text, "2^"); ok {
		n, err := strconv.ParseUint(power, 10, 8)
		return err == nil && n <= 48
	}
	n, err := strconv.ParseUint(text, 10, 64)
	return err == nil && n > 0 && n <= 1<<48
}

func isMKI(id, size string) bool {
	for _, r := range id {
		if r < '0' || r > '9' {
			return false
		}
	}
	n, err := strconv.ParseUint(size, 10, 8)
	return id != "" && len(id) <= 3*maxMKILength && err == nil && n >= 1 && n <= maxMKILength
}

// hasMKI says whether packets carry a key identifier.
func (c Crypto) hasMKI() bool {
	for param := range strings.SplitSeq(c.KeyParams, ";") {
		if i := strings.LastIndexByte(param, '|'); i >= 0 && strings.Contains(param[i:], ":") {
			return true
		}
	}
	return false
}

// sameKey says whether two lines hold the same first key, however the rest is written. A key that serves both directions
// would encrypt two streams with one key stream.
func (c Crypto) sameKey(d Crypto) bool {
	return c.firstKey() == d.firstKey()
}

func (c Crypto) firstKey() string {
	_, info, _ := strings.Cut(c.KeyParams, ":")
	end := strings.IndexAny(info, "|;")
	if end < 0 {
		end = len(info)
	}
	return strings.TrimRight(info[:end], "=")
}

// cryptos are the usable a=crypto lines, in their order. Of those with the same tag the first counts; tags of a=cryptoscale
// ([MS-SDPEXT]) count too.
func (l line) cryptos() (lines []Crypto) {
	taken := map[int]bool{}
	for _, value := range l.values("cryptoscale") {
		if tag, err := strconv.Atoi(firstField(value)); err == nil {
			taken[tag] = true
		}
	}
	for i, value := range l.values("crypto") {
		if i == maxCrypto {
			break
		}
		tag, err := strconv.Atoi(firstField(value))
		if err != nil || taken[tag] {
			continue
		}
		taken[tag] = true
		if c, err := ParseCrypto(value); err == nil {
			lines = append(lines, c)
		}
	}
	return lines
}

func firstField(value string) string {
	first, _, _ := strings.Cut(strings.TrimSpace(value), " ")
	return first
}

// pickCrypto chooses the first of ours whose suite is offered, and answers with it under the offered tag (RFC 4568 section
// 5.1.2). Of several offered lines of one suite that without an MKI is taken: the other one costs bytes in every packet.
func pickCrypto(ours, offered []Crypto) (local, remote Crypto, ok bool) {
	for _, own := range ours {
		for _, wantMKI := range []bool{false, true} {
			for _, c := range offered {
				if c.Suite == own.Suite && c.hasMKI() == wantMKI && !c.sameKey(own) {
					return Crypto{Tag: c.Tag, Suite: c.Suite, KeyParams: own.inKind(c)}, c, true
				}
			}
		}
	}
	return Crypto{}, Crypto{}, false
}

// inKind are our key-params as who sent c reads them. OCS clients and SIPE say how many packets a key is for, and take no line without that; some
// other telephones know no lifetimes. Ours, if c has one, is what OCS clients say: more than a year of packets.
func (own Crypto) inKind(c Crypto) string {
	if strings.Contains(own.KeyParams, "|") || !c.hasLifetime() {
		return own.KeyParams
	}
	return own.KeyParams + "|2^31"
}

// hasLifetime says whether the first key has one.
func (c Crypto) hasLifetime() bool {
	first, _, _ := strings.Cut(c.KeyParams, ";")
	_, rest, _ := strings.Cut(first, "|")
	lifetime, _, _ := strings.Cut(rest, "|")
	return lifetime != "" && !strings.Contains(lifetime, ":")
}

// agreedCrypto is the pair that an answer chose of ours. RFC 4568 section 5.1.3: the answer has the tag and the suite of a line
// that was offered.
func agreedCrypto(ours, answered []Crypto) (local, remote Crypto, ok bool) {
	for _, c := range answered {
		for _, own := range ours {
			if c.Tag == own.Tag && c.Suite == own.Suite && !c.sameKey(own) {
				return own, c, true
			}
		}
	}
	return Crypto{}, Crypto{}, false
}
