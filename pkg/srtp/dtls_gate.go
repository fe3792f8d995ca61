package srtp

import "encoding/binary"

const (
	// maxMessage is the longest handshake message that is taken, in octets: a chain of certificates fits, and 2^24 do not.
	maxMessage = 16 << 10
	// maxAssociation bounds all that one association takes in, in octets: a handshake that is repeated five times fits. No more is kept of it.
	maxAssociation = 64 << 10
)

// Content types of records, and the one handshake message that begins an association (RFC 6347 §4.1, §4.2.2).
const (
	changeCipherSpec = 20
	alertRecord      = 21
	handshakeRecord  = 22
	applicationData  = 23
	clientHello      = 1
)

const (
	recordHeader    = 13
	handshakeHeader = 12
)

// kind is what a datagram of DTLS holds, as far as that decides what becomes of it.
type kind uint8

const (
	malformed kind = iota
	oversized      // a message, or a fragment, that is longer than any we take
	unproven       // anybody could have made it up: an alert, or data, in the clear
	hello          // a ClientHello: somebody begins an association
	flight         // anything else of a handshake
	other          // encrypted
)

// classify looks at every record of a datagram. The worst of them decides, since pion would give up the handshake for one of them.
func classify(data []byte) kind {
	if len(data) == 0 || len(data) > maxRecords {
		return oversizedIf(len(data) > 0)
	}
	result := other
	for len(data) > 0 {
		k, n := record(data)
		switch {
		case k < hello:
			return k
		case k < result:
			result = k
		}
		data = data[n:]
	}
	return result
}

// record looks at the first record and says how long it is.
func record(data []byte) (kind, int) {
	if len(data) < recordHeader || data[1] != 0xfe || data[0] < changeCipherSpec || data[0] > applicationData {
		return malformed, 0
	}
	epoch, n := binary.BigEndian.Uint16(data[3:]), recordHeader+int(binary.BigEndian.Uint16(data[11:]))
	switch {
	case n > len(data) || n == recordHeader || epoch > 1:
		return malformed, 0
	case epoch == 1:
		return other, n
	case data[0] == changeCipherSpec:
		return flight, n
	case data[0] == handshakeRecord:
		return message(data[recordHeader:n]), n
	}
	return unproven, n
}

// message looks at the fragments of a record: each says how long its message is, and which part of it this is.
func message(data []byte) kind {
	result := flight
	for len(data) > 0 {
		if len(data) < handshakeHeader {
			return malformed
		}
		whole, offset, part := uint24(data[1:]), uint24(data[6:]), uint24(data[9:])
		switch {
		case whole > maxMessage || offset > whole || part > whole-offset:
			return oversized
		case handshakeHeader+part > len(data):
			return malformed
		case data[0] == clientHello:
			result = hello
		}
		data = data[handshakeHeader+part:]
	}
	return result
}

func uint24(b []byte) int { return int(b[0])<<16 | int(b[1])<<8 | int(b[2]) }

func oversizedIf(yes bool) kind {
	if yes {
		return oversized
	}
	return malformed
}
