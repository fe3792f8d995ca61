package sip

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"net/netip"
	"strings"
)

// Flow is a way to a peer that outlives the message by which it came to be: one of our sockets, and the address at its other end. "A Flow is a
// transport-layer association between two hosts that is represented by the network address and port number of both ends and by the transport
// protocol" (RFC 5626 §2). A registrar keeps it with a binding, and [SetFlow] sends a request over it. The zero Flow is gone.
type Flow struct {
	ua *UserAgent
	f  flow
}

// Flow is the one over which the request came. It stays the same for all requests of a connection, or of an address on one packet socket.
func (tx *ServerTransaction) Flow() Flow { return Flow{tx.ua, tx.from} }

// Transport is "UDP", "TCP" and so on; empty for the zero Flow.
func (f Flow) Transport() string {
	if f.f.link == nil {
		return ""
	}
	return f.f.link.transport()
}

// Remote is the address at the other end.
func (f Flow) Remote() netip.AddrPort { return f.f.remote }

// Usable tells if something can still be sent. A connection is gone when either side closed it; a flow over UDP lives as long as our socket,
// although a NAT may have forgotten it: only an answer proves the opposite.
func (f Flow) Usable() bool { return f.f.usable() }

// Done is closed when the connection is gone. It is nil for UDP and for the zero Flow.
func (f Flow) Done() <-chan struct{} {
	if s, ok := f.f.link.(interface{ done() <-chan struct{} }); ok {
		return s.done()
	}
	return nil
}

// ContactURI is a URI by which the peer of this flow can reach us.
func (f Flow) ContactURI(user string) URI {
	if f.f.link == nil {
		return URI{}
	}
	return f.ua.contactURI(f.f, user)
}

// Token names the flow in text, to be kept with a binding; it fits into the user part of a URI. It is worth something to this user agent only,
// and cannot be made up: it has a MAC, as in RFC 5626 §5.2. The zero Flow has none.
func (f Flow) Token() string {
	if f.f.link == nil {
		return ""
	}
	name := f.f.link.name() + "/" + f.f.remote.String()
	return base64.RawURLEncoding.EncodeToString(append(f.ua.flowMAC(name), name...))
}

// flowMAC is "HMAC-SHA1-80" in the example of RFC 5626 §5.2; the hash is a better one.
func (ua *UserAgent) flowMAC(name string) []byte {
	mac := hmac.New(sha256.New, ua.flowKey[:])
	mac.Write([]byte(name))
	return mac.Sum(nil)[:flowMACSize]
}

const flowMACSize = 10

// Flow finds the flow of a token. A flow that is gone, of another process, or of nobody is [ErrFlowGone].
func (ua *UserAgent) Flow(token string) (Flow, error) {
	raw, err := base64.RawURLEncoding.DecodeString(token)
	if err != nil || len(raw) <= flowMACSize || !hmac.Equal(raw[:flowMACSize], ua.flowMAC(string(raw[flowMACSize:]))) {
		return Flow{}, fmt.Errorf("token of a flow: %w", ErrFlowGone)
	}
	name, remote, _ := strings.Cut(string(raw[flowMACSize:]), "/")
	l := ua.links.find(name)
	if l == nil || !l.usable() {
		return Flow{}, fmt.Errorf("flow to %s: %w", remote, ErrFlowGone)
	}
	addr, err := netip.ParseAddrPort(remote)
	if err != nil { // cannot be: we made it
		return Flow{}, fmt.Errorf("flow to %s: %w", remote, ErrFlowGone)
	}
	return Flow{ua, flow{l, addr}}, nil
}

// PacketFlow is the flow over UDP to an address: that of a device that was heard from before this process was started, for example.
func (ua *UserAgent) PacketFlow(remote netip.AddrPort) (Flow, error) {
	p := ua.links.packetsFor(remote.Addr())
	if p == nil {
		return Flow{}, fmt.Errorf("%w: no UDP socket for %s", ErrFlowGone, remote)
	}
	return Flow{ua, flow{p, remote}}, nil
}

// viaFlow before a token, as the destination of a request, makes that flow its way.
const viaFlow = "flow:"

// SetFlow sends a request over that flow and no other, whatever its Request-URI and Route say, and when it is gone there is [ErrFlowGone]
// (RFC 5626 §5.3: a proxy answers 430). The zero Flow takes the wish back.
func SetFlow(req *Request, f Flow) {
	switch {
	case f.f.link != nil:
		req.SetDestination(viaFlow + f.Token())
	case strings.HasPrefix(req.MessageData.Destination(), viaFlow):
		req.SetDestination("")
	}
}

// boundFlow is what SetFlow asked for; ok is false when nobody did.
func (ua *UserAgent) boundFlow(req *Request) (f flow, ok bool, err error) {
	token, ok := strings.CutPrefix(req.MessageData.Destination(), viaFlow)
	if !ok {
		return flow{}, false, nil
	}
	kept, err := ua.Flow(token)
	return kept.f, true, err
}

func newFlowKey() (key [32]byte) {
	rand.Read(key[:]) // never fails (crypto/rand, Go 1.24)
	return key
}
