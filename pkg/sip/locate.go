package sip

import (
	"context"
	"fmt"
	"net/netip"

	"github.com/seed-f3cefc8c/focus/pkg/sip/locate"
)

// Target is one place where the server of a URI may be.
type Target = locate.Target

// ErrOwnDomain: a request would go to ourselves over the network. Whoever knows our users (Config.Locate) finds them without that.
var ErrOwnDomain = locate.ErrOwnDomain

// LocateBy asks DNS where a URI leads (RFC 3263), as Config.Locate. Its errors wrap [ErrTransport] and those of package locate.
func LocateBy(r *locate.Resolver) func(ctx context.Context, uri URI) ([]Target, error) {
	return func(ctx context.Context, uri URI) ([]Target, error) {
		targets, err := r.Locate(ctx, queryOf(uri))
		if err != nil {
			return nil, fmt.Errorf("%w: %w", ErrTransport, err)
		}
		return targets, nil
	}
}

func queryOf(uri URI) locate.Query {
	q := locate.Query{Target: uri.Host, Port: uri.Port, Secure: uri.Scheme == "sips"}
	q.Transport, _ = lookup(uri.UriParams, "transport")
	if maddr, ok := lookup(uri.UriParams, "maddr"); ok {
		q.Target = maddr
	}
	return q
}

// others are the targets that are not ourselves. A request to one of our own sockets would come back in.
func (ua *UserAgent) others(targets []Target) ([]Target, error) {
	var others []Target
	for _, t := range targets {
		if !ua.isOwn(t) {
			others = append(others, t)
		}
	}
	if len(others) == 0 && len(targets) > 0 {
		return nil, fmt.Errorf("%w: %s: %w", ErrTransport, targets[0].Addr, ErrOwnDomain)
	}
	return others, nil
}

func (ua *UserAgent) isOwn(t Target) bool {
	for _, local := range ua.listening(t.Transport) {
		if local.Port() != t.Addr.Port() {
			continue
		}
		if local.Addr() == t.Addr.Addr() || local.Addr().IsUnspecified() && isOurs(t.Addr) {
			return true
		}
	}
	return false
}

// isOurs asks the routing table: what we send to an address of our own comes from the same.
func isOurs(remote netip.AddrPort) bool {
	return remote.Addr().IsLoopback() || sourceTo(remote) == remote.Addr()
}

// listening are the addresses where we take that transport.
func (ua *UserAgent) listening(transport string) (all []netip.AddrPort) {
	if transport == "UDP" {
		return ua.links.packetAddresses()
	}
	ua.mu.Lock()
	defer ua.mu.Unlock()
	for l, t := range ua.listeners {
		if t == transport {
			all = append(all, addrPort(l.Addr()))
		}
	}
	return all
}

// viaRequestURI as the destination of a message, which is no address, makes its Request-URI the next hop.
const viaRequestURI = "request-uri"

// nextHop is where a request goes: "the URI of the first Route, or the Request-URI" (RFC 3261 §8.1.2).
//
// A strict route is the exception: "If the first element in the route set indicated by an element is a strict router, ... these procedures MUST be
// applied to the Request-URI", which then is that element. Whoever builds such a request says so with viaRequestURI.
func nextHop(req *Request) URI {
	if req.MessageData.Destination() == viaRequestURI {
		return req.Recipient
	}
	if route := req.Route(); route != nil {
		return route.Address
	}
	return req.Recipient
}
