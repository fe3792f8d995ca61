package srtp

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"
)

// inline is a master key and salt of AES_CM_128_HMAC_SHA1_80 that is easy to find again.
const inline = "c2VjcmV0c2VjcmV0c2VjcmV0c2VjcmV0c2VjcmV0"

func TestKeyParams(t *testing.T) {
	for _, row := range []struct {
		in, out  string
		lifetime uint64
		mki      []byte
	}{
		{"inline:" + inline, "inline:" + inline, 1 << 48, nil},
		{"INLINE:" + inline, "inline:" + inline, 1 << 48, nil},
		{"inline:" + inline + "|2^31", "inline:" + inline + "|2^31", 1 << 31, nil},
		{"inline:" + inline + "|1048576", "inline:" + inline + "|2^20", 1 << 20, nil},
		{"inline:" + inline + "|2000", "inline:" + inline + "|2000", 2000, nil},
		{"inline:" + inline + "|2^20|1:4", "inline:" + inline + "|2^20|1:4", 1 << 20, []byte{0, 0, 0, 1}},
		{"inline:" + inline + "|66051:3", "inline:" + inline + "|66051:3", 1 << 48, []byte{1, 2, 3}},
		{"inline:" + inline + "|2^48|0:1", "inline:" + inline + "|2^48|0:1", 1 << 48, []byte{0}},
	} {
		keys, err := ParseKeyParams(AESCM128HMACSHA180, row.in)
		if err != nil || len(keys) != 1 {
			t.Errorf("%s: %d keys, %v", row.in, len(keys), err)
			continue
		}
		k := keys[0]
		if got := KeyParams(k); got != row.out {
			t.Errorf("%s is written %s, want %s", row.in, got, row.out)
		}
		if k.Lifetime() != row.lifetime || !bytes.Equal(k.MKI(), row.mki) {
			t.Errorf("%s: lifetime %d, MKI %x; want %d, %x", row.in, k.Lifetime(), k.MKI(), row.lifetime, row.mki)
		}
	}
}

func TestKeyParamsOfEverySuite(t *testing.T) {
	for _, suite := range Suites() {
		key := GenerateKey(suite)
		text := KeyParams(key)
		for _, in := range []string{text, strings.TrimRight(text, "=")} {
			keys, err := ParseKeyParams(suite, in)
			if err != nil || len(keys) != 1 || !keys[0].Equal(key) {
				t.Errorf("%s: %d keys, %v", suite, len(keys), err)
			}
		}
		for _, other := range Suites() {
			if _, err := ParseKeyParams(other, text); (err == nil) != (other.KeyLen()+other.SaltLen() == suite.KeyLen()+suite.SaltLen()) {
				t.Errorf("a key of %s for %s: %v", suite, other, err)
			}
		}
	}
}

func TestSeveralKeyParams(t *testing.T) {
	one, two := testKey(t, AEADAES128GCM, 1), testKey(t, AEADAES128GCM, 2)
	one.mki, two.mki, one.lifetime = []byte{1}, []byte{2}, 1<<20
	text := KeyParams(one, two)
	keys, err := ParseKeyParams(AEADAES128GCM, text)
	if err != nil || len(keys) != 2 || !keys[0].Equal(one) || !keys[1].Equal(two) {
		t.Errorf("%d keys, %v; want the two written", len(keys), err)
	}
}

func TestBadKeyParams(t *testing.T) {
	param := "inline:" + inline
	for _, in := range []string{
		"", "inline", "inline:", "clear:" + inline, param + "x", param[:len(param)-4], "inline:!" + inline[1:], "inline:" + inline[:20] + "\n" + inline[20:],
		param + "|", param + "|0", param + "|-1", param + "|2^49", param + "|2^", param + "|+5", param + "|2^+5", param + "|281474976710657", param + "|2^20|", param + "|99999999999999999999",
		param + "|1:0", param + "|1:129", param + "|:4", param + "|256:1", param + "|-1:4", param + "|a:4", param + "|1:a", param + "|" + strings.Repeat("9", 310) + ":128",
		param + "|2^20|1:4|5", param + "|1:4|2^20", param + ";" + param, param + "|1:4;" + param + "|1:4", param + "|1:4;" + param + "|2:5", param + "|1:4;" + param, param + ";",
		strings.Repeat("inline:"+inline+"|1:4;", 8) + param,
	} {
		if keys, err := ParseKeyParams(AESCM128HMACSHA180, in); !errors.Is(err, ErrKeyParams) {
			t.Errorf("%q: %d keys, %v; want %v", in, len(keys), err, ErrKeyParams)
		} else if strings.Contains(err.Error(), inline[:8]) {
			t.Errorf("the error shows the key: %v", err)
		}
	}
}

func TestSessionParams(t *testing.T) {
	for text, want := range map[string]bool{
		"": true, "WSH=64": true, "-FUTURE=1": true, "WSH=64 -X": true,
		"KDR=1": false, "UNENCRYPTED_SRTP": false, "UNENCRYPTED_SRTCP WSH=64": false, "UNAUTHENTICATED_SRTP": false, "FEC_ORDER=FEC_SRTP": false,
	} {
		if got := KnownSessionParams(text); got != want {
			t.Errorf("%q: %t, want %t", text, got, want)
		}
	}
}

func TestNothingShowsAKey(t *testing.T) {
	keys, err := ParseKeyParams(AESCM128HMACSHA180, "inline:"+inline+"|2^20|1:4")
	if err != nil {
		t.Fatal(err)
	}
	key := keys[0]
	var logged strings.Builder
	logger := slog.New(slog.NewTextHandler(&logged, nil))
	logger.Info("key", "key", key, "keys", keys, "in", struct{ K, k Key }{key, key})
	slog.New(slog.NewJSONHandler(&logged, nil)).Info("key", "key", key, "keys", keys, "in", struct{ K, k Key }{key, key})
	j, err := json.Marshal(map[string]any{"key": key, "keys": keys})
	if err != nil {
		t.Fatal(err)
	}
	shown := logged.String() + string(j)
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d", "%c", "%U", "%p"} {
		shown += fmt.Sprintf(verb, struct{ k Key }{key})
		shown += fmt.Sprintf(verb+verb+verb, key, &key, keys)
	}
	for _, leak := range []string{"secretsecret", inline[:8], fmt.Sprintf("%x", "secret"), fmt.Sprintf("%X", "secret"), "115 101 99", "115,101,99"} {
		if strings.Contains(shown, leak) {
			t.Errorf("%q is shown in %s", leak, shown)
		}
	}
	if !strings.Contains(shown, "AES_CM_128_HMAC_SHA1_80 key") {
		t.Errorf("what kind of key it is cannot be seen in %s", shown)
	}
}

func TestSuites(t *testing.T) {
	for _, row := range []struct {
		name           string
		secret, packet int // octets
		control        int
		dtls           uint16
	}{
		{"AEAD_AES_128_GCM", 28, 16, 20, 7},
		{"AEAD_AES_256_GCM", 44, 16, 20, 8},
		{"AES_CM_128_HMAC_SHA1_80", 30, 10, 14, 1},
		{"AES_CM_128_HMAC_SHA1_32", 30, 4, 14, 2},
		{"AES_256_CM_HMAC_SHA1_80", 46, 10, 14, 0},
		{"AES_256_CM_HMAC_SHA1_32", 46, 4, 14, 0},
	} {
		s, ok := ParseSuite(row.name)
		if !ok || s.String() != row.name || s.KeyLen()+s.SaltLen() != row.secret || s.Overhead() != row.packet || s.ControlOverhead() != row.control {
			t.Errorf("%s: %t, %s, %d, %d, %d", row.name, ok, s, s.KeyLen()+s.SaltLen(), s.Overhead(), s.ControlOverhead())
		}
		if id, ok := s.DTLSProfile(); id != row.dtls || ok != (row.dtls != 0) {
			t.Errorf("%s in DTLS: %d, %t", s, id, ok)
		}
		if back, ok := SuiteOfDTLS(row.dtls); row.dtls != 0 && (!ok || back != s) {
			t.Errorf("DTLS %d is %s", row.dtls, back)
		}
	}
	if s, ok := ParseSuite("F8_128_HMAC_SHA1_80"); ok {
		t.Errorf("F8 is %s", s)
	}
	if s, ok := SuiteOfDTLS(0); ok {
		t.Errorf("0 is %s", s)
	}
	if _, ok := ParseSuite(""); ok || Suite(200).String() != "" || Suite(0).KeyLen() != 0 {
		t.Error("no suite is one")
	}
}
