package srtp

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/seed-f3cefc8c/focus/internal/testdata"
)

// octets is a hexadecimal string in JSON.
type octets []byte

func (o *octets) UnmarshalText(text []byte) (err error) {
	*o, err = hex.DecodeString(string(text))
	return err
}

func vector(t *testing.T, name string, into any) {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(testdata.Dir(t, "srtp"), name))
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(data, into); err != nil {
		t.Fatal(err)
	}
}

// packetVector is an RTP and an RTCP packet, and what protecting them makes of them.
type packetVector struct {
	Profile string `json:"profile"`
	Key     octets `json:"master_key"`
	Salt    octets `json:"master_salt"`
	ROC     uint32 `json:"roc"`
	RTP     octets `json:"rtp"`
	SRTP    octets `json:"srtp"`
	Index   uint32 `json:"srtcp_index"`
	RTCP    octets `json:"rtcp"`
	SRTCP   octets `json:"srtcp"`
}

func (v packetVector) key(t *testing.T) Key {
	t.Helper()
	suite, ok := ParseSuite(v.Profile)
	if !ok {
		t.Fatalf("no suite %s", v.Profile)
	}
	key, err := NewKey(suite, append(append([]byte(nil), v.Key...), v.Salt...))
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func TestVectorsOfPackets(t *testing.T) {
	var all []packetVector
	vector(t, "computed-packets-a.json", &all)
	var one packetVector
	vector(t, "aes128cm-sha1-80-packet.json", &one)
	for i, v := range append(all, one) {
		checkPacket(t, i, v.key(t), v.RTP, v.SRTP, v.ROC)
		if len(v.RTCP) > 0 {
			checkControl(t, i, v.key(t), v.RTCP, v.SRTCP, v.Index)
		}
	}
}

func TestVectorOfRTCP(t *testing.T) {
	var v struct {
		packetVector
		Index uint32 `json:"index"`
	}
	vector(t, "aes128cm-sha1-80-rtcp.json", &v)
	v.Profile = "AES_CM_128_HMAC_SHA1_80"
	checkControl(t, 0, v.key(t), v.RTCP, v.SRTCP, v.Index)
}

func TestVectorsOfKeyDerivation(t *testing.T) {
	var v struct {
		Key       octets `json:"master_key"`
		Salt      octets `json:"master_salt"`
		Cipher    octets `json:"srtp_cipher_key"`
		Auth      octets `json:"srtp_auth_key"`
		SRTPSalt  octets `json:"srtp_salt"`
		CCipher   octets `json:"srtcp_cipher_key"`
		CAuth     octets `json:"srtcp_auth_key"`
		SRTCPSalt octets `json:"srtcp_salt"`
	}
	vector(t, "rfc3711-B3-key-derivation.json", &v)
	for label, want := range []octets{v.Cipher, v.Auth, v.SRTPSalt, v.CCipher, v.CAuth, v.SRTCPSalt} {
		if got := derive(v.Key, v.Salt, byte(label), len(want)); !bytes.Equal(got, want) {
			t.Errorf("label %d: %x, want %x", label, got, want)
		}
	}
	var k struct {
		Key    octets `json:"session_key"`
		IV     octets `json:"iv"`
		Stream octets `json:"keystream_48"`
	}
	vector(t, "rfc3711-B2-aes-cm-keystream.json", &k)
	if got := keystream(k.Key, k.IV, len(k.Stream)); !bytes.Equal(got, k.Stream) {
		t.Errorf("key stream %x, want %x", got, k.Stream)
	}
}

// The packets of RFC 7714 §16 are protected with session keys, which nothing but our reference takes; what Outbound makes is
// compared with that elsewhere.
func TestVectorsOfGCM(t *testing.T) {
	data, err := os.ReadFile(filepath.Join(testdata.Dir(t, "srtp"), "rfc7714-16-srtp-gcm.txt"))
	if err != nil {
		t.Fatal(err)
	}
	encrypting := regexp.MustCompile(`(?s)Encrypting the following packet:(.*?)Form the IV.*?Key: (.*?)AAD.*?Encrypted and tagged packet:(.*?)\n16`)
	found := encrypting.FindAllStringSubmatch(string(data), -1)
	if len(found) != 2 {
		t.Fatalf("%d packets are encrypted, want 2", len(found))
	}
	salt := []byte("Quid pro quo")
	for _, f := range found {
		packet, key, want := unhex(t, f[1]), unhex(t, f[2]), unhex(t, f[3])
		got := gcm(key, packet[:12], packet[12:], gcmIV(salt, 0x5501a0b2, 0xf17b))
		if !bytes.Equal(got, want) {
			t.Errorf("key of %d octets: %x, want %x", len(key), got, want)
		}
	}
}

func unhex(t *testing.T, text string) []byte {
	t.Helper()
	out, err := hex.DecodeString(strings.Join(strings.Fields(text), ""))
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// checkPacket protects a packet to exactly these octets and opens them again; once, and with no bit flipped.
func checkPacket(t *testing.T, n int, key Key, plain, sealed []byte, roc uint32) {
	t.Helper()
	if got := (reference{key}).seal(plain, roc); !bytes.Equal(got, sealed) {
		t.Fatalf("%d, %s: the reference makes %x, want %x", n, key, got, sealed)
	}
	out := outboundAt(t, key, plain, roc)
	if got, err := out.Seal(roomy(plain)); err != nil || !bytes.Equal(got, sealed) {
		t.Errorf("%d, %s: Seal = %x, %v; want %x", n, key, got, err, sealed)
	}
	in := inboundAt(t, key, plain, roc)
	for bit := range len(sealed) * 8 {
		flipped := bytes.Clone(sealed)
		flipped[bit/8] ^= 1 << (bit % 8)
		if got, err := in.Open(room(), flipped, time.Time{}); err == nil {
			t.Fatalf("%d, %s: opened with bit %d flipped: %x", n, key, bit, got)
		}
	}
	if got, err := in.Open(room(), sealed, time.Time{}); err != nil || !bytes.Equal(got, plain) {
		t.Errorf("%d, %s: Open = %x, %v; want %x", n, key, got, err, plain)
	}
	if _, err := in.Open(room(), sealed, time.Time{}); err != ErrReplayed {
		t.Errorf("%d, %s: the second time: %v, want %v", n, key, err, ErrReplayed)
	}
}

func checkControl(t *testing.T, n int, key Key, plain, sealed []byte, index uint32) {
	t.Helper()
	if got := (reference{key}).sealControl(plain, index); !bytes.Equal(got, sealed) {
		t.Fatalf("%d, %s: the reference makes %x, want %x", n, key, got, sealed)
	}
	out := new(Outbound)
	if err := out.SetKey(key); err != nil {
		t.Fatal(err)
	}
	s, _ := out.source(ssrcOf(plain[4:]))
	s.control = index - 1
	if got, err := out.SealControl(roomy(plain)); err != nil || !bytes.Equal(got, sealed) {
		t.Errorf("%d, %s: SealControl = %x, %v; want %x", n, key, got, err, sealed)
	}
	in := new(Inbound)
	if err := in.SetKeys(key); err != nil {
		t.Fatal(err)
	}
	for bit := range len(sealed) * 8 {
		flipped := bytes.Clone(sealed)
		flipped[bit/8] ^= 1 << (bit % 8)
		if got, err := in.OpenControl(room(), flipped, time.Time{}); err == nil {
			t.Fatalf("%d, %s: opened with bit %d flipped: %x", n, key, bit, got)
		}
	}
	if got, err := in.OpenControl(room(), sealed, time.Time{}); err != nil || !bytes.Equal(got, plain) {
		t.Errorf("%d, %s: OpenControl = %x, %v; want %x", n, key, got, err, plain)
	}
	if _, err := in.OpenControl(room(), sealed, time.Time{}); err != ErrReplayed {
		t.Errorf("%d, %s: the second time: %v, want %v", n, key, err, ErrReplayed)
	}
}
