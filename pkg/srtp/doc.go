// Package srtp protects RTP and RTCP (RFC 3711), and makes the keys for it: out of session descriptions (RFC 4568), or in a DTLS handshake
// beside the media (RFC 5763, 5764).
//
// An [Outbound] seals what one side sends, an [Inbound] opens what it receives; a leg has one of each, and they belong to the
// goroutine that owns the leg. The ciphers are those of pion/srtp, which this package alone imports. What decides over a packet
// is ours: which key, which rollover counter, whether it was there before. All of that moves only after a packet has proved to
// be genuine, so nothing that a stranger sends changes anything but a counter.
//
//	feature                                                          done
//	AES-CM-128 and HMAC-SHA1, 80 and 32 bits (RFC 3711)              yes
//	AES-CM-256 and HMAC-SHA1, 80 and 32 bits (RFC 6188)              yes
//	AEAD AES-GCM, 128 and 256 bits (RFC 7714)                        yes
//	AES-CM-192, SEED, ARIA, F8, NULL                                 no
//	replay windows: 1,024 packets of RTP, 64 of RTCP                 yes
//	rollover counter over gaps of up to 65,535 packets               yes
//	several master keys, with and without MKI                        yes
//	old and new key side by side while keys change                   yes
//	lifetime of a key: what its owner said, and 2^48 and 2^31        yes
//	key derivation rate other than 0, <From, To>                     no
//	SDES key parameters: inline, lifetime, MKI (RFC 4568 §6.1)       yes
//	SDES session parameters (RFC 4568 §6.3)                          WSH and what is marked "-" are passed over; no others
//	DTLS-SRTP, both roles (RFC 5764)                                 DTLS 1.2; ECDSA and RSA with AES-GCM; extended master secret
//	its profiles                                                     AEAD_AES_128_GCM, AEAD_AES_256_GCM, SRTP_AES128_CM_HMAC_SHA1_80
//	fingerprints (RFC 8122)                                          SHA-256, SHA-384, SHA-512; several; SHA-1 is refused
//	DTLS 1.3, resumption, connection ids, MKI in use_srtp            no
//	encrypted header extensions (RFC 6904), Cryptex (RFC 9335)       no
package srtp
