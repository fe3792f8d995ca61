package srtp

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hmac"
	"crypto/sha1"
	"encoding/binary"
	"math/big"
)

// reference is SRTP as RFC 3711 and RFC 7714 write it down, packet by packet: slow, without any state, and made of Go's own ciphers
// alone. Inbound and Outbound are compared with it.
type reference struct{ key Key }

// Labels of the session keys (RFC 3711 §4.3.2); SRTCP's are 3 higher.
const (
	cipherLabel = iota
	authLabel
	saltLabel
	controlLabels
)

// derive makes n octets of a session key: "x = key_id XOR master_salt", key_id being the label times 2^48 (RFC 3711 §4.3.1), and the
// key is AES-CM's key stream for the IV x·2^16.
func derive(master, salt []byte, label byte, n int) []byte {
	x := make([]byte, 16)
	copy(x, append(append([]byte(nil), salt...), 0, 0)[:14]) // "the 96-bit salt … is multiplied by 2^16" (RFC 7714 §11)
	x[7] ^= label
	return keystream(master, x, n)
}

func keystream(key, iv []byte, n int) []byte {
	block, err := aes.NewCipher(key)
	if err != nil {
		panic(err)
	}
	out := make([]byte, n)
	cipher.NewCTR(block, iv).XORKeyStream(out, out)
	return out
}

func (r reference) session(label byte, n int) []byte {
	return derive(r.key.master(), r.key.salt(), label, n)
}

func (r reference) aead() bool { return r.key.suite.row().aead }

// seal protects an RTP packet.
func (r reference) seal(packet []byte, roc uint32) []byte {
	header, ok := rtpHeader(packet)
	if !ok {
		panic("not a packet")
	}
	index := uint64(roc)<<16 | uint64(binary.BigEndian.Uint16(packet[2:]))
	ssrc := binary.BigEndian.Uint32(packet[8:])
	out := append([]byte(nil), packet...)
	if r.aead() {
		out = r.gcm(cipherLabel, out[:header], out[header:], r.gcmIV(saltLabel, ssrc, index))
		return append(out, r.key.mki...)
	}
	xor(out[header:], keystream(r.session(cipherLabel, r.key.suite.KeyLen()), r.cmIV(saltLabel, ssrc, index), len(out)-header))
	tag := r.hmac(authLabel, binary.BigEndian.AppendUint32(append([]byte(nil), out...), roc))
	return append(append(out, r.key.mki...), tag[:r.key.suite.Overhead()]...)
}

// sealControl protects an RTCP packet.
func (r reference) sealControl(packet []byte, index uint32) []byte {
	ssrc := binary.BigEndian.Uint32(packet[4:])
	out := append([]byte(nil), packet...)
	word := binary.BigEndian.AppendUint32(nil, index|1<<31)
	if r.aead() {
		iv := r.gcmIV(controlLabels+saltLabel, ssrc, uint64(index))
		block, _ := aes.NewCipher(r.session(controlLabels+cipherLabel, r.key.suite.KeyLen()))
		aead, _ := cipher.NewGCM(block)
		out = aead.Seal(out[:8:8], iv, out[8:], append(append([]byte(nil), out[:8]...), word...))
		return append(append(out, word...), r.key.mki...)
	}
	xor(out[8:], keystream(r.session(controlLabels+cipherLabel, r.key.suite.KeyLen()), r.cmIV(controlLabels+saltLabel, ssrc, uint64(index)), len(out)-8))
	out = append(out, word...)
	return append(append(out, r.key.mki...), r.hmac(controlLabels+authLabel, out)[:10]...)
}

func (r reference) gcm(label byte, header, payload, iv []byte) []byte {
	return gcm(r.session(label, r.key.suite.KeyLen()), header, payload, iv)
}

func gcm(key, header, payload, iv []byte) []byte {
	block, _ := aes.NewCipher(key)
	aead, _ := cipher.NewGCM(block)
	return append(append([]byte(nil), header...), aead.Seal(nil, iv, payload, header)...)
}

func (r reference) hmac(label byte, data []byte) []byte {
	h := hmac.New(sha1.New, r.session(label, 20))
	h.Write(data)
	return h.Sum(nil)
}

// cmIV is RFC 3711 §4.1.1: (k_s · 2^16) XOR (SSRC · 2^64) XOR (i · 2^16).
func (r reference) cmIV(label byte, ssrc uint32, index uint64) []byte {
	iv := new(big.Int).Lsh(new(big.Int).SetBytes(r.session(label, 14)), 16)
	iv.Xor(iv, new(big.Int).Lsh(big.NewInt(int64(ssrc)), 64))
	iv.Xor(iv, new(big.Int).Lsh(new(big.Int).SetUint64(index), 16))
	return iv.FillBytes(make([]byte, 16))
}

// gcmIV is RFC 7714 §8.1 and §9.1: two zero octets, SSRC and 48 bits of index, XORed with the salt.
func (r reference) gcmIV(label byte, ssrc uint32, index uint64) []byte {
	return gcmIV(r.session(label, 12), ssrc, index)
}

func gcmIV(salt []byte, ssrc uint32, index uint64) []byte {
	iv := make([]byte, 4, 12)
	binary.BigEndian.PutUint16(iv[2:], uint16(ssrc>>16))
	iv = binary.BigEndian.AppendUint64(iv, uint64(ssrc&0xffff)<<48|index)
	xor(iv, salt)
	return iv
}

func xor(to, with []byte) {
	for i := range to {
		to[i] ^= with[i]
	}
}
