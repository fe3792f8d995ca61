package rtp

// ComfortNoiseLevel is the level of an RFC 3389 §3.1 payload in dBov, 0 to −127: "The magnitude of the noise level is packed into the least
// significant bits of the noise-level byte with the most significant bit unused and always set to 0". The spectral coefficients behind it
// (§3.2) are not used.
func ComfortNoiseLevel(payload []byte) (dBov int, ok bool) {
	if len(payload) == 0 || payload[0]&0x80 != 0 {
		return 0, false
	}
	return -int(payload[0]), true
}
