package ice

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha1"
	"encoding/binary"
	"hash/crc32"
)

// class is what a Binding message of STUN is (RFC 8489 §5): the first 16 bits of it.
type class uint16

const (
	request    class = 0x0001
	indication class = 0x0011
	success    class = 0x0101
	failure    class = 0x0111
)

const (
	headerSize    = 20
	cookie        = 0x2112A442
	integritySize = 24 // attribute header and HMAC-SHA1
	maxUsername   = 512
	// maxMessage is the longest message that is taken: checks are about 100 octets long.
	maxMessage = 1024

	attributeUsername    = 0x0006
	attributeIntegrity   = 0x0008
	attributeFingerprint = 0x8028
)

// transaction is the ID by which a response finds its request.
type transaction [12]byte

// message is what the demultiplexer needs of a STUN message; it points into the datagram.
type message struct {
	data        []byte
	class       class
	transaction transaction
	username    []byte // nil: none
	integrity   int    // where the attribute MESSAGE-INTEGRITY begins; 0: there is none
}

// parse reads a Binding message. What is no such message, or has a wrong fingerprint, is not ok.
func parse(data []byte) (m message, ok bool) {
	if len(data) < headerSize || len(data) > maxMessage || len(data)%4 != 0 ||
		int(binary.BigEndian.Uint16(data[2:])) != len(data)-headerSize || binary.BigEndian.Uint32(data[4:]) != cookie {
		return message{}, false
	}
	m = message{data: data, class: class(binary.BigEndian.Uint16(data)), transaction: transaction(data[8:20])}
	switch m.class {
	case request, indication, success, failure:
		return m, m.attributes()
	}
	return message{}, false
}

// attributes walks over the attributes; false when one of them leaves the message or is not what it must be.
func (m *message) attributes() bool {
	for at := headerSize; at < len(m.data); {
		if len(m.data)-at < 4 {
			return false
		}
		kind, size := binary.BigEndian.Uint16(m.data[at:]), int(binary.BigEndian.Uint16(m.data[at+2:]))
		next := at + 4 + (size+3)&^3
		if next > len(m.data) {
			return false
		}
		if !m.attribute(kind, at, size, next) {
			return false
		}
		at = next
	}
	return true
}

// attribute takes one attribute. RFC 8489 §14.5: "with the exception of the MESSAGE-INTEGRITY-SHA256 and FINGERPRINT attributes, which
// appear after MESSAGE-INTEGRITY, agents MUST ignore all other attributes that follow MESSAGE-INTEGRITY."
func (m *message) attribute(kind uint16, at, size, next int) bool {
	value := m.data[at+4 : at+4+size]
	switch {
	case kind == attributeFingerprint: // §14.7: "the FINGERPRINT attribute MUST be the last attribute in the message"
		return size == 4 && next == len(m.data) && binary.BigEndian.Uint32(value) == fingerprint(m.data[:at])
	case m.integrity != 0:
		return true
	case kind == attributeIntegrity:
		m.integrity = at
		return size == sha1.Size
	case kind == attributeUsername && m.username == nil:
		m.username = value
		return size <= maxUsername
	}
	return true
}

// fingerprint is the CRC of RFC 8489 §14.7.
func fingerprint(data []byte) uint32 { return crc32.ChecksumIEEE(data) ^ 0x5354554e }

// localUfrag is the part of the username that names the agent a request is for: "the fragment provided by the peer, concatenated with
// the fragment of the sender, separated by a colon" (RFC 8445 §7.1.3, in short).
func (m *message) localUfrag() []byte {
	ufrag, _, _ := bytes.Cut(m.username, []byte{':'})
	return ufrag
}

// authentic reports whether the message was made by somebody who knows the password (RFC 8489 §9.1.3). The HMAC is over everything before
// the attribute, with a length in the header as if the attribute were the last.
func (m *message) authentic(password string) bool {
	if m.integrity == 0 || password == "" {
		return false
	}
	var header [headerSize]byte
	copy(header[:], m.data)
	binary.BigEndian.PutUint16(header[2:], uint16(m.integrity-headerSize+integritySize))
	mac := hmac.New(sha1.New, []byte(password))
	mac.Write(header[:])
	mac.Write(m.data[headerSize:m.integrity])
	return hmac.Equal(mac.Sum(nil), m.data[m.integrity+4:m.integrity+integritySize])
}
