package sip

import (
	"context"
	"net/netip"
	"sync"
)

// maxUnanswered is how many responses wait for a connection to be opened.
const maxUnanswered = 16

// wayBack is the connection on which a request came, and what replaces it for the responses: "If the "sent-protocol" is a reliable transport
// protocol such as TCP or SCTP, or TLS over those, the response MUST be sent using the existing connection to the source of the original request
// that created the transaction, if that connection is still open. ... If that connection is no longer open, the server SHOULD open a connection to
// the IP address in the "received" parameter, if present, using the port in the "sent-by" value, or the default port for that transport, if no port
// is specified" (RFC 3261 §18.2.2). There it ends: who wrote the Via chooses neither another host by name nor by maddr.
type wayBack struct {
	*stream
	host string // sent-by, which a certificate must have
	port int

	mu      sync.Mutex
	unsent  [][]byte
	opening bool
}

// backOf is where the responses to a request go.
func (ua *UserAgent) backOf(req *Request, from flow) flow {
	via := req.Via()
	if !from.reliable() {
		return flow{from.link, answersTo(via, from.remote)}
	}
	s, ok := from.link.(*stream)
	if !ok || isWebSocket(s.transport()) || via.Port > 65535 { // a WebSocket is opened by the browser
		return from
	}
	port := via.Port
	if port <= 0 {
		port = defaultPort(s.transport())
	}
	return flow{&wayBack{stream: s, host: via.Host, port: port}, from.remote}
}

func defaultPort(transport string) int {
	if transport == "TLS" {
		return 5061
	}
	return 5060
}

func (w *wayBack) usable() bool { return true }

func (w *wayBack) write(data []byte, to netip.AddrPort) error {
	err := w.stream.write(data, to)
	if err == nil || w.stream.usable() { // a peer that does not read gets no second connection
		return err
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if len(w.unsent) >= maxUnanswered {
		return err
	}
	w.unsent = append(w.unsent, data)
	if !w.opening {
		w.opening = w.ua.spawn(w.reopen)
	}
	return nil
}

// reopen sends what waits, in order.
func (w *wayBack) reopen() {
	target := Target{Transport: w.stream.transport(), Addr: netip.AddrPortFrom(w.remote.Addr(), uint16(w.port)), Host: w.host}
	way, err := flow{}, error(ErrOwnDomain)
	if !w.ua.isOwn(target) {
		way, err = w.ua.connectWithin(context.WithoutCancel(w.ua.ctx), target, connectTimeout)
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.opening = false
	for _, data := range w.unsent {
		if err == nil {
			err = way.write(data)
		}
	}
	w.unsent = nil
	if err != nil {
		w.ua.log.Debug("cannot answer on another connection", "to", target.Addr, "err", err)
	}
}
