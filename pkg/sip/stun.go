package sip

import (
	"encoding/binary"
	"net/netip"
)

// Keep-alive of flows over UDP: a device sends STUN binding requests to the SIP port, and from the answer learns that the flow is alive and
// whether its address has changed (RFC 5626 §3.5.2, §8). Nothing else of STUN (RFC 5389) is spoken.

const (
	stunHeader       = 20
	stunBinding      = 0x0001
	stunSuccess      = 0x0101
	stunMagic        = 0x2112A442
	stunXORAddress   = 0x0020 // XOR-MAPPED-ADDRESS
	stunOptional     = 0x8000 // attributes from here on may be ignored
	stunIPv4, stunV6 = 0x01, 0x02
)

// isSTUN recognises a binding request: it starts with two zero bits, which no SIP message does, and has the magic
// cookie (RFC 5389 §6).
func isSTUN(data []byte) bool {
	return len(data) >= stunHeader && binary.BigEndian.Uint16(data) == stunBinding &&
		binary.BigEndian.Uint32(data[4:]) == stunMagic && int(binary.BigEndian.Uint16(data[2:])) == len(data)-stunHeader
}

// answerSTUN is the response to a binding request: where it came from. One with an attribute that has to be understood gets none: a keep-alive
// has no such.
func answerSTUN(request []byte, from netip.AddrPort) []byte {
	if !from.IsValid() || !onlyOptional(request[stunHeader:]) {
		return nil
	}
	mask := request[4:stunHeader] // the cookie and the transaction id (RFC 5389 §15.2)
	family, address := byte(stunIPv4), from.Addr().AsSlice()
	if len(address) == 16 {
		family = stunV6
	}
	response := make([]byte, stunHeader, stunHeader+24)
	binary.BigEndian.PutUint16(response, stunSuccess)
	binary.BigEndian.PutUint16(response[2:], uint16(8+len(address)))
	copy(response[4:], mask)
	response = binary.BigEndian.AppendUint16(response, stunXORAddress)
	response = binary.BigEndian.AppendUint16(response, uint16(4+len(address)))
	response = append(response, 0, family)
	response = binary.BigEndian.AppendUint16(response, from.Port()^stunMagic>>16)
	for i, b := range address {
		response = append(response, b^mask[i])
	}
	return response
}

func onlyOptional(attributes []byte) bool {
	for len(attributes) >= 4 {
		size := 4 + (int(binary.BigEndian.Uint16(attributes[2:]))+3)&^3
		if binary.BigEndian.Uint16(attributes) < stunOptional || size > len(attributes) {
			return false
		}
		attributes = attributes[size:]
	}
	return len(attributes) == 0
}
