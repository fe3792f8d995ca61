package sdp

import (
	"net/netip"
	"slices"
	"strings"

	pion "github.com/pion/sdp/v3"
)

// Description is one session description (RFC 8866). It does not change once it is made.
type Description struct {
	session pion.SessionDescription
}

// String is the text that goes on the wire. It may hold keys (a=crypto): never log it.
func (d *Description) String() string {
	text, err := d.session.Marshal()
	if err != nil {
		return "" // pion's writer has no way to fail
	}
	return string(text)
}

// MediaCount is the number of m-lines.
func (d *Description) MediaCount() int { return len(d.session.MediaDescriptions) }

// Version is <sess-version> of the o= line.
func (d *Description) Version() uint64 { return d.session.Origin.SessionVersion }

// AudioAddr is the address of the first audio line that is in use, so that a local address of its family can be chosen.
// The zero Addr: there is none, or it is a host name.
func (d *Description) AudioAddr() netip.Addr {
	for _, m := range d.lines() {
		if m.isAudio() && m.open() {
			addr, _ := m.transport().addr()
			return addr
		}
	}
	return netip.Addr{}
}

// ICE is what the first audio line that is in use says of ICE, so that candidates of ours can be had before it is answered; nil
// when its side has none.
func (d *Description) ICE() *ICE {
	for _, m := range d.lines() {
		if m.isAudio() && m.open() {
			return m.ice()
		}
	}
	return nil
}

// line is an m-line with what the session level says for it.
type line struct {
	*pion.MediaDescription
	session *pion.SessionDescription
	index   int
}

func (d *Description) lines() []line {
	lines := make([]line, len(d.session.MediaDescriptions))
	for i, m := range d.session.MediaDescriptions {
		lines[i] = line{MediaDescription: m, session: &d.session, index: i}
	}
	return lines
}

func (l line) isAudio() bool { return strings.EqualFold(l.MediaName.Media, "audio") }

func (l line) port() uint16 { return uint16(l.MediaName.Port.Value) } // the reader let nothing larger in

// protocol is the <proto> field in upper case: "RTP/AVP".
func (l line) protocol() string { return strings.ToUpper(strings.Join(l.MediaName.Protos, "/")) }

// addr is the connection address: that of the line, else that of the session.
func (l line) addr() (netip.Addr, *NotAcceptableError) {
	c := l.ConnectionInformation
	if c == nil {
		c = l.session.ConnectionInformation
	}
	if c == nil || c.Address == nil {
		return netip.Addr{}, notAcceptable(WarnNetworkAddress)
	}
	return parseAddr(c.Address.Address)
}

// parseAddr takes an address media can be sent to: no host name, no zone, no multicast, no broadcast.
func parseAddr(text string) (netip.Addr, *NotAcceptableError) {
	addr, err := netip.ParseAddr(text)
	if err != nil || addr.Zone() != "" {
		return netip.Addr{}, notAcceptable(WarnNetworkAddress)
	}
	addr = addr.Unmap()
	if addr.IsMulticast() || addr == netip.AddrFrom4([4]byte{255, 255, 255, 255}) {
		return netip.Addr{}, notAcceptable(WarnMulticast)
	}
	return addr, nil
}

// direction is the one of the line, else that of the session, else sendrecv.
func (l line) direction() Direction {
	for _, attributes := range [][]pion.Attribute{l.Attributes, l.session.Attributes} {
		for _, a := range slices.Backward(attributes) {
			if d, ok := parseDirection(a.Key); ok {
				return d
			}
		}
	}
	return SendRecv
}

func (l line) has(attribute string) bool {
	_, ok := l.Attribute(attribute)
	return ok
}
