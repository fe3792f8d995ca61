package sdp

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
)

// keys makes a line for each suite; who tells whose they are.
func keys(who byte) (lines []Crypto) {
	for i, suite := range Suites() {
		key := make([]byte, SuiteKeyLength(suite))
		for n := range key {
			key[n] = who + byte(i)
		}
		lines = append(lines, Crypto{Tag: i + 1, Suite: suite, KeyParams: "inline:" + base64.StdEncoding.EncodeToString(key)})
	}
	return lines
}

func fingerprint(digit string) Fingerprint {
	return Fingerprint{Hash: "sha-256", Value: strings.TrimSuffix(strings.Repeat(digit+digit+":", 32), ":")}
}

func withKeys(crypto []Crypto, f Fingerprint, ice *ICE) Local {
	local := here
	local.Crypto, local.Fingerprint, local.ICE, local.SSRC, local.CNAME = crypto, f, ice, 4711, "focus"
	return local
}

var (
	cryptoA, cryptoB = keys('A'), keys('a')
	iceA             = &ICE{Ufrag: "ourA", Pwd: "ourpasswordourpassword", Lite: true, Candidates: []string{"1 1 UDP 2130706431 198.51.100.1 20000 typ host"}, EndOfCandidates: true}
	keyedA           = withKeys(cryptoA, fingerprint("A"), iceA)
	keyedB           = withKeys(cryptoB, fingerprint("B"), nil)
	secured          = Capabilities{Codecs: all.Codecs, RTCPMux: true, ComfortNoise: true, SDES: true, DTLS: true,
		RTCPRsize: true, NACK: true, TransportCC: true, AudioLevel: true, XR: XR{ReceiverRTT: true, VoIPMetrics: true}}
)

func (caps Capabilities) under(p Policy) Capabilities {
	caps.Policy = p
	return caps
}

// offerOf is an audio line of PCMU.
func offerOf(profile string, lines ...string) string {
	return session(append([]string{"m=audio 4000 " + profile + " 0"}, lines...)...)
}

func cryptoLine(tag int, c Crypto, rest string) string {
	return fmt.Sprintf("a=crypto:%d %s %s%s", tag, c.Suite, c.KeyParams, rest)
}

var (
	gcm, cm80 = cryptoB[0], cryptoB[2]
	oneCrypto = cryptoLine(1, cm80, "")
	oneHash   = "a=fingerprint:" + fingerprint("C").String()
	actpass   = "a=setup:actpass"
)

const refused Security = 99

// TestProtectionByPolicy is what is made of an offer under Preferred, Required, None, and under Required without SDES.
func TestProtectionByPolicy(t *testing.T) {
	for _, row := range []struct {
		name, offer                              string
		preferred, required, none, insecureSigns Security
	}{
		{"clear", offerOf("RTP/AVP"), Clear, refused, Clear, refused},
		{"clear with feedback", offerOf("RTP/AVPF"), Clear, refused, Clear, refused},
		{"SDES", offerOf("RTP/SAVP", oneCrypto), SDES, SDES, refused, refused},
		{"SDES with feedback", offerOf("RTP/SAVPF", oneCrypto), SDES, SDES, refused, refused},
		{"SDES as an option", offerOf("RTP/AVP", oneCrypto), SDES, SDES, Clear, refused},
		{"DTLS", offerOf("UDP/TLS/RTP/SAVP", oneHash, actpass), DTLS, DTLS, refused, DTLS},
		{"DTLS with feedback", offerOf("UDP/TLS/RTP/SAVPF", oneHash, actpass), DTLS, DTLS, refused, DTLS},
		{"DTLS under the older name", offerOf("RTP/SAVPF", oneHash, actpass), DTLS, DTLS, refused, DTLS},
		{"DTLS as an option", offerOf("RTP/AVP", oneHash, actpass), DTLS, DTLS, Clear, DTLS},
		{"both", offerOf("RTP/SAVP", oneHash, actpass, oneCrypto), DTLS, DTLS, refused, DTLS},
		{"both as an option", offerOf("RTP/AVP", oneHash, actpass, oneCrypto), DTLS, DTLS, Clear, DTLS},
		{"OCS wants it", offerOf("RTP/AVP", oneCrypto, "a=encryption:required"), SDES, SDES, refused, refused},
		{"OCS has it", offerOf("RTP/AVP", oneCrypto, "a=encryption:optional"), SDES, SDES, Clear, refused},
		{"OCS refuses it", offerOf("RTP/AVP", oneCrypto, "a=encryption:rejected"), Clear, refused, Clear, refused},
		{"no key", offerOf("RTP/SAVP"), refused, refused, refused, refused},
		{"a suite nobody knows", offerOf("RTP/SAVP", "a=crypto:1 F8_128_HMAC_SHA1_80 inline:AAAA"), refused, refused, refused, refused},
		{"a suite nobody knows, as an option", offerOf("RTP/AVP", "a=crypto:1 F8_128_HMAC_SHA1_80 inline:AAAA"), Clear, refused, Clear, refused},
		{"SHA-1", offerOf("UDP/TLS/RTP/SAVPF", "a=fingerprint:sha-1 "+strings.TrimSuffix(strings.Repeat("AA:", 20), ":"), actpass), refused, refused, refused, refused},
		{"no connection", offerOf("UDP/TLS/RTP/SAVPF", oneHash, "a=setup:holdconn"), refused, refused, refused, refused},
		{"keys where DTLS should be", offerOf("UDP/TLS/RTP/SAVPF", oneCrypto), refused, refused, refused, refused},
		{"two lines, the better one second", session("m=audio 4000 RTP/AVP 0", "m=audio 4002 RTP/SAVP 0", oneCrypto), SDES, SDES, Clear, refused},
	} {
		t.Run(row.name, func(t *testing.T) {
			insecure := secured.under(Required)
			insecure.SDES = false
			for _, column := range []struct {
				name string
				caps Capabilities
				want Security
			}{
				{"preferred", secured, row.preferred}, {"required", secured.under(Required), row.required},
				{"none", secured.under(None), row.none}, {"required without SDES", insecure, row.insecureSigns},
			} {
				_, agreed, err := Answer(parse(t, row.offer), keyedA, column.caps)
				switch {
				case err != nil && (column.want != refused || warning(err) != WarnMediaType):
					t.Errorf("%s: err = %v, want %v", column.name, err, column.want)
				case err == nil && agreed.Audio.Security != column.want:
					t.Errorf("%s: %v, want %v", column.name, agreed.Audio.Security, column.want)
				}
			}
		})
	}
}

func TestRequiredSaysSo(t *testing.T) {
	_, _, err := Answer(parse(t, offerOf("RTP/AVP")), keyedA, secured.under(Required))
	if err == nil || err.Error() != "not acceptable: 304 Media must be encrypted" {
		t.Errorf("err = %v", err)
	}
}

func TestTCPIsAnotherTransport(t *testing.T) {
	for _, profile := range []string{"TCP/RTP/SAVP", "TCP/TLS/RTP/SAVPF", "TCP/DTLS/RTP/SAVPF", "DCCP/RTP/AVP", "RTP/SAVPX"} {
		if _, _, err := Answer(parse(t, offerOf(profile, oneCrypto, oneHash)), keyedA, secured); warning(err) != WarnTransportProtocol {
			t.Errorf("%s: err = %v, want warning 302", profile, err)
		}
	}
}

func TestCryptoLines(t *testing.T) {
	for _, row := range []struct {
		name, line string
		ok, mki    bool
	}{
		{"plain", "1 AES_CM_128_HMAC_SHA1_80 " + cm80.KeyParams, true, false},
		{"spaces", " 1  AES_CM_128_HMAC_SHA1_80   " + cm80.KeyParams + "  ", true, false},
		{"without padding", "1 AEAD_AES_128_GCM " + strings.TrimRight(gcm.KeyParams, "="), true, false},
		{"lifetime", "1 AES_CM_128_HMAC_SHA1_80 " + cm80.KeyParams + "|2^31", true, false},
		{"lifetime in full", "1 AES_CM_128_HMAC_SHA1_80 " + cm80.KeyParams + "|1066400", true, false},
		{"lifetime and MKI", "1 AES_CM_128_HMAC_SHA1_80 " + cm80.KeyParams + "|2^31|1:1", true, true},
		{"MKI", "1 AES_CM_128_HMAC_SHA1_80 " + cm80.KeyParams + "|1:4", true, true},
		{"two keys", "1 AES_CM_128_HMAC_SHA1_80 " + cm80.KeyParams + "|1:4;" + cm80.KeyParams + "|2^20|2:4", true, true},
		{"hints", "1 AES_CM_128_HMAC_SHA1_80 " + cm80.KeyParams + " WSH=256 -X=1", true, false},

		{"two keys of one MKI", "1 AES_CM_128_HMAC_SHA1_80 " + cm80.KeyParams + "|1:4;" + cm80.KeyParams + "|1:4", false, false},
		{"two keys of two lengths", "1 AES_CM_128_HMAC_SHA1_80 " + cm80.KeyParams + "|1:4;" + cm80.KeyParams + "|2:2", false, false},
		{"two keys without", "1 AES_CM_128_HMAC_SHA1_80 " + cm80.KeyParams + ";" + cm80.KeyParams, false, false},
		{"no encryption", "1 AES_CM_128_HMAC_SHA1_80 " + cm80.KeyParams + " UNENCRYPTED_SRTP", false, false},
		{"no encryption of RTCP", "1 AES_CM_128_HMAC_SHA1_80 " + cm80.KeyParams + " WSH=64 UNENCRYPTED_SRTCP", false, false},
		{"no authentication", "1 AES_CM_128_HMAC_SHA1_80 " + cm80.KeyParams + " UNAUTHENTICATED_SRTP", false, false},
		{"key derivation", "1 AES_CM_128_HMAC_SHA1_80 " + cm80.KeyParams + " KDR=1", false, false},
		{"an extension", "1 AES_CM_128_HMAC_SHA1_80 " + cm80.KeyParams + " X=1", false, false},
		{"a suite nobody knows", "1 AES_CM_128_HMAC_SHA1_96 " + cm80.KeyParams, false, false},
		{"the key of another suite", "1 AEAD_AES_128_GCM " + cm80.KeyParams, false, false},
		{"not base64", "1 AES_CM_128_HMAC_SHA1_80 inline:" + strings.Repeat("!", 40), false, false},
		{"another method", "1 AES_CM_128_HMAC_SHA1_80 uri:" + strings.Repeat("A", 40), false, false},
		{"no lifetime at all", "1 AES_CM_128_HMAC_SHA1_80 " + cm80.KeyParams + "|0", false, false},
		{"a lifetime beyond all", "1 AES_CM_128_HMAC_SHA1_80 " + cm80.KeyParams + "|2^49", false, false},
		{"MKI of nothing", "1 AES_CM_128_HMAC_SHA1_80 " + cm80.KeyParams + "|:4", false, false},
		{"MKI of 129 bytes", "1 AES_CM_128_HMAC_SHA1_80 " + cm80.KeyParams + "|1:129", false, false},
		{"more behind the MKI", "1 AES_CM_128_HMAC_SHA1_80 " + cm80.KeyParams + "|2^31|1:4|5", false, false},
		{"17 keys", "1 AES_CM_128_HMAC_SHA1_80 " + strings.Repeat(cm80.KeyParams+";", 17), false, false},
		{"tag of ten digits", "1000000000 AES_CM_128_HMAC_SHA1_80 " + cm80.KeyParams, false, false},
		{"tag below zero", "-1 AES_CM_128_HMAC_SHA1_80 " + cm80.KeyParams, false, false},
		{"nothing", "", false, false},
	} {
		t.Run(row.name, func(t *testing.T) {
			c, err := ParseCrypto(row.line)
			if (err == nil) != row.ok || row.ok && c.hasMKI() != row.mki {
				t.Fatalf("read as %v, %v; want ok %t, MKI %t", c, err, row.ok, row.mki)
			}
			if err != nil && (strings.Contains(err.Error(), "inline") || !errors.Is(err, errCrypto)) {
				t.Errorf("err = %v", err)
			}
			if again, bad := ParseCrypto(c.value()); row.ok && (bad != nil || again != c) {
				t.Errorf("written and read: %v, %v", again, bad)
			}
		})
	}
}

func TestWhichKeyIsTaken(t *testing.T) {
	mine := func(tag int, c Crypto) Crypto { c.Tag = tag; return c }
	for _, row := range []struct {
		name  string
		lines []string
		suite string // "": refused
		tag   int
		ends  string // of our key-params
	}{
		{"our best, not the offerer's", []string{cryptoLine(1, cm80, ""), cryptoLine(2, gcm, "")}, gcm.Suite, 2, ""},
		{"what is there", []string{cryptoLine(7, cryptoB[5], "")}, cryptoB[5].Suite, 7, ""},
		{"without MKI if possible", []string{cryptoLine(1, cm80, "|2^31|1:1"), cryptoLine(2, cm80, "|2^31")}, cm80.Suite, 2, "|2^31"},
		{"with MKI if not", []string{cryptoLine(1, cm80, "|2^31|1:1")}, cm80.Suite, 1, "|2^31"},
		{"a lifetime of ours where there is one", []string{cryptoLine(1, cm80, "|1048576")}, cm80.Suite, 1, "|2^31"},
		{"an MKI is no lifetime", []string{cryptoLine(1, cm80, "|1:1")}, cm80.Suite, 1, ""},
		{"the first of a tag", []string{cryptoLine(1, cm80, ""), cryptoLine(1, gcm, "")}, cm80.Suite, 1, ""},
		{"a tag that cryptoscale has", []string{"a=cryptoscale:1 client " + cm80.Suite + " " + cm80.KeyParams, cryptoLine(1, gcm, ""), cryptoLine(2, cm80, "")}, cm80.Suite, 2, ""},
		{"no weaker than it looks", []string{cryptoLine(1, gcm, " UNENCRYPTED_SRTP"), cryptoLine(2, cm80, "")}, cm80.Suite, 2, ""},
		{"not our own key come back", []string{cryptoLine(1, cryptoA[2], "")}, "", 0, ""},
		{"33 lines are too many to look at", slices.Concat(slices.Repeat([]string{"a=crypto:1 X inline:X"}, 32), []string{cryptoLine(2, cm80, "")}), "", 0, ""},
	} {
		t.Run(row.name, func(t *testing.T) {
			got, agreed, err := Answer(parse(t, offerOf("RTP/SAVP", row.lines...)), keyedA, secured)
			if row.suite == "" {
				if warning(err) != WarnMediaType {
					t.Errorf("err = %v, want 304", err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			s := agreed.Audio
			want := mine(row.tag, cryptoA[slices.Index(Suites(), row.suite)])
			want.KeyParams += row.ends
			if s.LocalCrypto != want || s.RemoteCrypto.Tag != row.tag || s.RemoteCrypto.Suite != row.suite {
				t.Errorf("taken: %v and %v, want tag %d, %s", s.LocalCrypto, s.RemoteCrypto, row.tag, row.suite)
			}
			if lines := got.lines()[0].values("crypto"); len(lines) != 1 || lines[0] != want.value() {
				t.Errorf("%d crypto lines in the answer", len(lines))
			}
		})
	}
}

func TestFingerprints(t *testing.T) {
	bytes := func(n int) string { return strings.TrimSuffix(strings.Repeat("aB:", n), ":") }
	for _, row := range []struct {
		value string
		ok    bool
	}{
		{"sha-256 " + bytes(32), true}, {"SHA-256 " + bytes(32), true}, {"sha-384 " + bytes(48), true}, {"sha-512 " + bytes(64), true},
		{"sha-1 " + bytes(20), false}, {"md5 " + bytes(16), false}, {"sha-224 " + bytes(28), false}, {"sha-256 " + bytes(31), false},
		{"sha-256 " + strings.ReplaceAll(bytes(32), ":", "-"), false}, {"sha-256", false}, {"", false},
	} {
		f, ok := ParseFingerprint(row.value)
		if ok != row.ok {
			t.Errorf("%q: %t, want %t", row.value, ok, row.ok)
		}
		if again, _ := ParseFingerprint(f.String()); ok && again != f {
			t.Errorf("%q is written %q", row.value, f)
		}
	}
	t.Log("# those of the line replace those of the session")
	offer := session(oneHash, actpass, "m=audio 4000 UDP/TLS/RTP/SAVPF 0", "a=fingerprint:"+fingerprint("D").String(), "a=fingerprint:"+fingerprint("E").String(),
		"a=fingerprint:sha-1 "+bytes(20), "a=setup:passive")
	_, stream := answer(t, offer, keyedA, secured)
	if want := []Fingerprint{fingerprint("D"), fingerprint("E")}; !slices.Equal(stream.RemoteFingerprints, want) || stream.Setup != Active {
		t.Errorf("fingerprints %v, role %v", stream.RemoteFingerprints, stream.Setup)
	}
	_, stream = answer(t, session(oneHash, "a=setup:active", "m=audio 4000 UDP/TLS/RTP/SAVPF 0"), keyedA, secured)
	if want := []Fingerprint{fingerprint("C")}; !slices.Equal(stream.RemoteFingerprints, want) || stream.Setup != Passive {
		t.Errorf("of the session: fingerprints %v, role %v", stream.RemoteFingerprints, stream.Setup)
	}
}

// checkProtection holds for every stream that was agreed.
func checkProtection(t failer, s *Stream, caps Capabilities) {
	switch {
	case s.Security == Clear && caps.Policy == Required:
		t.Fatalf("in clear although encryption is required")
	case s.Security != Clear && caps.Policy == None:
		t.Fatalf("%v although there must be none", s.Security)
	case s.Security == SDES && (!caps.SDES || s.LocalCrypto.Suite != s.RemoteCrypto.Suite || s.LocalCrypto.Tag != s.RemoteCrypto.Tag || s.LocalCrypto.sameKey(s.RemoteCrypto)):
		t.Fatalf("SDES with %v and %v", s.LocalCrypto, s.RemoteCrypto)
	case s.Security == DTLS && (!caps.DTLS || len(s.RemoteFingerprints) == 0 || s.Setup != Active && s.Setup != Passive):
		t.Fatalf("DTLS with %v as %v", s.RemoteFingerprints, s.Setup)
	}
}

func TestNoKeyInALog(t *testing.T) {
	offer := parse(t, offerOf("RTP/SAVP", oneCrypto, "a=ice-ufrag:abcd", "a=ice-pwd:verysecretpasswordindeed"))
	_, agreed, err := Answer(offer, keyedA, secured)
	if err != nil || agreed.Audio.RemoteICE == nil {
		t.Fatalf("agreed %v, %v", agreed, err)
	}
	s := agreed.Audio
	text, err := json.Marshal([]any{s.LocalCrypto, s.RemoteCrypto, s.RemoteICE, *s.RemoteICE})
	if err != nil {
		t.Fatal(err)
	}
	for _, said := range []string{string(text), fmt.Sprintf("%v %+v %#v", s, s, s), fmt.Sprint(keyedA, secured), fmt.Sprintf("%+v %#v", keyedA, keyedA),
		fmt.Sprintf("%+v %#v", s.RemoteICE, *s.RemoteICE), fmt.Sprintf("%s %q", s.LocalCrypto, s.LocalCrypto)} {
		for _, secret := range []string{cm80.firstKey(), cryptoA[2].firstKey(), "secretpassword", iceA.Pwd} {
			if strings.Contains(said, secret) {
				t.Errorf("%q is in %s", secret, said)
			}
		}
	}
}
