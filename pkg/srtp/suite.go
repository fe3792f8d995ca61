package srtp

import (
	pion "github.com/pion/srtp/v2"
)

// Suite is a crypto-suite: a cipher, its authentication and their parameters. The zero value is none.
type Suite uint8

// The suites in the order in which we offer them, best first: AES-GCM costs a third of AES-CM and HMAC.
const (
	_ Suite = iota
	AEADAES128GCM
	AEADAES256GCM
	AESCM128HMACSHA180
	AESCM128HMACSHA132
	AESCM256HMACSHA180
	AESCM256HMACSHA132
	afterSuites
)

// suiteRow is what the standards say of a suite. Lengths are in octets.
type suiteRow struct {
	name       string // as in a=crypto
	pion       pion.ProtectionProfile
	dtls       uint16 // SRTPProtectionProfile of use_srtp; 0: none is registered
	key        int
	salt       int
	tag        int // of RTP
	controlTag int // of RTCP
	aead       bool
}

// suites is RFC 4568 §6.2, RFC 6188 §4 and RFC 7714 §14.1; the identifiers of DTLS are those of RFC 5764 §4.1.2 and RFC 7714 §14.2.
// The tag of RTCP has 80 bits with _32 too (RFC 4568 §6.2.2).
var suites = [afterSuites]suiteRow{
	AEADAES128GCM:      {"AEAD_AES_128_GCM", pion.ProtectionProfileAeadAes128Gcm, 0x0007, 16, 12, 16, 16, true},
	AEADAES256GCM:      {"AEAD_AES_256_GCM", pion.ProtectionProfileAeadAes256Gcm, 0x0008, 32, 12, 16, 16, true},
	AESCM128HMACSHA180: {"AES_CM_128_HMAC_SHA1_80", pion.ProtectionProfileAes128CmHmacSha1_80, 0x0001, 16, 14, 10, 10, false},
	AESCM128HMACSHA132: {"AES_CM_128_HMAC_SHA1_32", pion.ProtectionProfileAes128CmHmacSha1_32, 0x0002, 16, 14, 4, 10, false},
	AESCM256HMACSHA180: {"AES_256_CM_HMAC_SHA1_80", pion.ProtectionProfileAes256CmHmacSha1_80, 0, 32, 14, 10, 10, false},
	AESCM256HMACSHA132: {"AES_256_CM_HMAC_SHA1_32", pion.ProtectionProfileAes256CmHmacSha1_32, 0, 32, 14, 4, 10, false},
}

// indexSize is the E bit and the SRTCP index (RFC 3711 §3.4), in octets.
const indexSize = 4

// maxMKI is the longest master key identifier, in octets (RFC 4568 §6.1).
const maxMKI = 128

// MaxOverhead is the most that sealing adds to a packet, in octets: a tag, an SRTCP index and an MKI.
const MaxOverhead = 16 + indexSize + maxMKI

// Suites are all suites, best first.
func Suites() []Suite {
	all := make([]Suite, 0, afterSuites-1)
	for s := AEADAES128GCM; s < afterSuites; s++ {
		all = append(all, s)
	}
	return all
}

// ParseSuite finds a suite by its name in a=crypto, such as "AES_CM_128_HMAC_SHA1_80".
func ParseSuite(name string) (Suite, bool) {
	for _, s := range Suites() {
		if suites[s].name == name {
			return s, true
		}
	}
	return 0, false
}

// SuiteOfDTLS finds a suite by its identifier in the use_srtp extension.
func SuiteOfDTLS(profile uint16) (Suite, bool) {
	for _, s := range Suites() {
		if profile != 0 && suites[s].dtls == profile {
			return s, true
		}
	}
	return 0, false
}

func (s Suite) row() *suiteRow {
	if s >= afterSuites {
		s = 0
	}
	return &suites[s]
}

// String is the suite's name in a=crypto, and "" of no suite.
func (s Suite) String() string { return s.row().name }

// DTLSProfile is the suite's identifier in the use_srtp extension, and false for a suite that DTLS-SRTP does not know.
func (s Suite) DTLSProfile() (uint16, bool) { return s.row().dtls, s.row().dtls != 0 }

// KeyLen is the length of the master key, in octets.
func (s Suite) KeyLen() int { return s.row().key }

// SaltLen is the length of the master salt, in octets.
func (s Suite) SaltLen() int { return s.row().salt }

// Overhead is what sealing adds to an RTP packet without an MKI, in octets.
func (s Suite) Overhead() int { return s.row().tag }

// ControlOverhead is what sealing adds to an RTCP packet without an MKI, in octets.
func (s Suite) ControlOverhead() int { return s.row().controlTag + indexSize }
