package sip

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"
)

const (
	maxTries       = 5                // servers that one request is sent to
	connectTimeout = 5 * time.Second  // for a connection to one of them
	switchTimeout  = 2 * time.Second  // for a connection where UDP was meant
	shunFor        = time.Minute      // a server that failed is tried last
	maxShunFor     = 10 * time.Minute // of its own wish (Retry-After)
	maxShunned     = 1024
	viaRoom        = 150 // octets of the Via that a request gets once its way is known
)

// route is the way of one request: the servers it may go to, best first (RFC 3263 §4.3). It is used by one goroutine at a time.
type route struct {
	ua    *UserAgent
	hop   URI
	left  []Target
	now   Target // the one in use
	tries int
}

// routeOf locates the next hop of a request.
func (ua *UserAgent) routeOf(ctx context.Context, req *Request) (*route, error) {
	return ua.routeTo(ctx, nextHop(req))
}

// routeTo locates a next hop. Servers that failed lately come last.
func (ua *UserAgent) routeTo(ctx context.Context, hop URI) (*route, error) {
	if onlyByFlow(hop) {
		return nil, fmt.Errorf("%s: %w", hop.String(), ErrFlowGone)
	}
	targets, err := ua.cfg.Locate(ctx, hop)
	if err == nil {
		targets, err = ua.others(targets)
	}
	if err != nil {
		return nil, err
	}
	return &route{ua: ua, hop: hop, left: ua.shunned.last(targets)}, nil
}

// more tells if there is another server to try.
func (r *route) more() bool { return r != nil && len(r.left) > 0 && r.tries < maxTries }

// next goes to the next server that can be reached. size is that of the request in octets.
func (r *route) next(ctx context.Context, size int) (flow, error) {
	err := fmt.Errorf("%w: nowhere to send %s", ErrTransport, r.hop.String())
	for r.more() && ctx.Err() == nil {
		r.now, r.left = r.left[0], r.left[1:]
		r.tries++
		var f flow
		if f, err = r.reach(ctx, size); err == nil {
			return f, nil
		}
		r.failed(0)
	}
	return flow{}, err
}

// reach opens the way to the server in use. "If a request is within 200 bytes of the path MTU, or if it is larger than 1300 bytes and the path MTU
// is unknown, the request MUST be sent using an RFC 2914 congestion controlled transport protocol, such as TCP. ... If an element sends a request
// over TCP because of these message size constraints, and that request would have otherwise been sent over UDP, if the attempt to establish the
// connection generates either an ICMP Protocol Not Supported, or results in a TCP reset, the element SHOULD retry the request, using UDP"
// (RFC 3261 §18.1.1). Firewalls rather say nothing, so a time-out counts too. That there is no TCP is remembered.
func (r *route) reach(ctx context.Context, size int) (flow, error) {
	if r.now.Transport == "UDP" && size > r.ua.cfg.MaxDatagram {
		connected := r.now
		connected.Transport = "TCP"
		if !r.ua.shunned.has(connected) {
			f, err := r.ua.connectWithin(ctx, connected, switchTimeout)
			if err == nil {
				return f, nil
			}
			r.ua.shunned.add(connected, shunFor)
		}
	}
	return r.ua.connectWithin(ctx, r.now, connectTimeout)
}

func (ua *UserAgent) connectWithin(ctx context.Context, t Target, limit time.Duration) (flow, error) {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	return ua.connect(ctx, t)
}

// failed shuns the server in use, for as long as it asked for, at least for a minute.
func (r *route) failed(retryAfter time.Duration) {
	r.ua.shunned.add(r.now, min(max(retryAfter, shunFor), maxShunFor))
}

// answered: the server in use is alive.
func (r *route) answered() { r.ua.shunned.remove(r.now) }

// flowTo finds or opens the way to the next hop of a request, of any size.
func (ua *UserAgent) flowTo(ctx context.Context, req *Request) (flow, error) {
	r, err := ua.routeOf(ctx, req)
	if err != nil {
		return flow{}, err
	}
	return r.next(ctx, 0)
}

// connect finds or opens the way to one server.
func (ua *UserAgent) connect(ctx context.Context, t Target) (flow, error) {
	if t.Transport == "UDP" {
		if p := ua.links.packetsFor(t.Addr.Addr()); p != nil {
			return flow{p, t.Addr}, nil
		}
		return flow{}, fmt.Errorf("%w: no UDP socket for %s", ErrTransport, t.Addr)
	}
	if s := ua.links.streamFor(t); s != nil {
		return flow{s, s.remote}, nil
	}
	conn, err := ua.dial(ctx, t)
	if err != nil {
		return flow{}, fmt.Errorf("%w: %w", ErrTransport, err)
	}
	s, err := ua.adopt(conn, t.Transport)
	if err != nil {
		return flow{}, fmt.Errorf("%w: %w", ErrTransport, err)
	}
	s.becomeOurs()
	s.took() // we know whom we called: the handshake deadline is for strangers
	return flow{s, s.remote}, nil
}

// shunned are servers that failed lately. They are not forbidden: when all failed, they are tried again.
type shunned struct {
	mu    sync.Mutex
	until map[Target]time.Time
}

func (s *shunned) add(t Target, d time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.until == nil || len(s.until) >= maxShunned { // one that is forgotten too early costs one try
		s.until = map[Target]time.Time{}
	}
	s.until[t] = time.Now().Add(d)
}

func (s *shunned) remove(t Target) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.until, t)
}

func (s *shunned) has(t Target) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	until, ok := s.until[t]
	if ok && !time.Now().Before(until) {
		delete(s.until, t)
		return false
	}
	return ok
}

// last moves the shunned ones behind the others.
func (s *shunned) last(targets []Target) []Target {
	var good, bad []Target
	for _, t := range targets {
		if s.has(t) {
			bad = append(bad, t)
		} else {
			good = append(good, t)
		}
	}
	return slices.Concat(good, bad)
}
