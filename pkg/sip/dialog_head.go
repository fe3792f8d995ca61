package sip

import (
	"bytes"
	"fmt"
	"net/netip"
	"strconv"
	"strings"
	"time"
)

// Five hundred subscribers are told of one change by five hundred requests that are, each in its dialog, nearly the one before. So a dialog keeps what
// the builder wrote, cut open where it differs:
//
//  1. origin is all that the builder looks at. As long as it is the same, so is what it writes.
//  2. headOf lets Dialog.build and all that follows write one request, and checks it as every request is (isSound).
//  3. cut finds the places of the branch, the CSeq number, the state of the subscription, the length of the body, and the body.
//  4. head.request is one append.
//
// There is no second builder: what no head is fit for goes the ordinary way.

// head is the request that a dialog sends again and again. It is never changed.
type head struct {
	origin origin
	made   time.Time
	parts  [5][]byte // around branch, CSeq number, Subscription-State and Content-Length
	via    []byte    // of the Via's value, what stands before the branch
	same   [3][]byte // the lines of From, To and Call-ID, which an answer repeats
}

// headLife bounds for how long a head is kept: our own address in it is the routing table's to say, and that tells nobody when it changes.
const headLife = time.Minute

// maxHoles is more than what differs needs, but for the body.
const maxHoles = 100

// origin is what a head was made of.
type origin struct {
	method           Method
	event, mediaType string
	way              flow

	callID, localTag, remoteTag string
	localURI, remoteURI         string
	localName, remoteName       string
	target, contact, routes     string
}

// describe fills in what the dialog knows. Called with mu held.
func (d *Dialog) describe(o *origin) {
	o.callID, o.localTag, o.remoteTag = d.s.CallID, d.s.LocalTag, d.s.RemoteTag
	o.localURI, o.remoteURI, o.localName, o.remoteName = d.s.LocalURI, d.s.RemoteURI, d.s.LocalName, d.s.RemoteName
	o.target, o.contact = d.s.RemoteTarget, d.s.Contact
	if len(d.s.RouteSet) > 0 {
		o.routes = strings.Join(d.s.RouteSet, "\n")
	}
}

// headFor is known, when it still fits what the dialog knows and o says, or another one. Nil: the request cannot be repeated.
func (d *Dialog) headFor(known *head, o origin) *head {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.describe(&o); known.fits(o) {
		return known
	}
	return d.headOf(o)
}

// number is the CSeq number of the next request.
func (d *Dialog) number(method Method) (uint32, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.s.State == Terminated {
		return 0, fmt.Errorf("%s: %w", method, ErrDialogDone)
	}
	d.s.LocalSeq++
	return d.s.LocalSeq, nil
}

// headOf has the ordinary builder write a request, and cuts it. Nil when the request cannot be repeated. Called with mu held.
func (d *Dialog) headOf(o origin) *head {
	req := d.build(o.method, 0, o.mediaType, []byte("-"), []Header{NewHeader("Event", o.event), NewHeader("Subscription-State", SubscriptionActive)})
	complete(req, d.ua.cfg.Name)
	d.ua.finishRequest(req, o.way)
	wire := encode(req)
	branch, _ := lookup(req.Via().Params, "branch")
	if !isSound(req, wire) {
		return nil
	}
	h := &head{origin: o, made: time.Now()}
	if !h.cut(wire, branch) {
		return nil
	}
	return h
}

// cut looks for each hole behind the one before. In a request that is sound a line that begins with the name of a header is that header.
func (h *head) cut(wire []byte, branch string) bool {
	end := endOfHead(wire, 0)
	if end < 0 {
		return false
	}
	rest := wire[:end]
	for i, hole := range [...]struct{ line, before, text string }{
		{"\r\nVia: ", "branch=", branch}, {"\r\nCSeq: ", "", "0"}, {"\r\nSubscription-State: ", "", SubscriptionActive}, {"\r\nContent-Length: ", "", "1"},
	} {
		at := bytes.Index(rest, []byte(hole.line))
		if at < 0 {
			return false
		}
		at += len(hole.line)
		line, _, _ := bytes.Cut(rest[at:], []byte("\r\n"))
		before := bytes.Index(line, []byte(hole.before+hole.text))
		if before < 0 || hole.before == "" && before != 0 {
			return false
		}
		if i == 0 {
			h.via = line[:before+len(hole.before)]
		}
		at += before + len(hole.before)
		h.parts[i], rest = rest[:at], rest[at+len(hole.text):]
	}
	h.parts[4] = rest
	return h.learnSame()
}

// learnSame finds the lines that an answer repeats.
func (h *head) learnSame() bool {
	for i, name := range [...]string{"\r\nFrom: ", "\r\nTo: ", "\r\nCall-ID: "} {
		at := bytes.Index(h.parts[1], []byte(name))
		if at < 0 {
			return false
		}
		h.same[i], _, _ = bytes.Cut(h.parts[1][at+2:], []byte("\r\n"))
	}
	return true
}

// fits tells if the next request may be made of h.
func (h *head) fits(o origin) bool { return h != nil && h.origin == o && time.Since(h.made) < headLife }

// size is an upper bound for a request with that body, in octets; without a head the body's alone.
func (h *head) size(body []byte) int {
	if h == nil {
		return len(body)
	}
	size := len(body) + maxHoles
	for _, part := range h.parts {
		size += len(part)
	}
	return size
}

// request is one more request, whose subscription is active for that long.
func (h *head) request(branch string, seq uint32, expires time.Duration, body []byte) []byte {
	b := append(make([]byte, 0, h.size(body)), h.parts[0]...)
	b = append(b, branch...)
	b = append(b, h.parts[1]...)
	b = strconv.AppendUint(b, uint64(seq), 10)
	b = append(b, h.parts[2]...)
	b = append(b, SubscriptionActive+";expires="...)
	b = strconv.AppendInt(b, wholeSeconds(expires), 10)
	b = append(b, h.parts[3]...)
	b = strconv.AppendInt(b, int64(len(body)), 10)
	b = append(b, h.parts[4]...)
	return append(b, body...)
}

// wayAtHand is where requests of the dialog go, if that needs no question to DNS and no new connection: for a dialog with a way of its own that way;
// else where an address leads, if that is one place.
func (d *Dialog) wayAtHand(size int) (way flow, r *route, ok bool) {
	if way = d.way(); way.usable() {
		return way, nil, true
	}
	if way.link != nil {
		return flow{}, nil, false
	}
	d.mu.Lock()
	hop, routes, strict := d.route()
	d.mu.Unlock()
	if len(routes) > 0 && !strict {
		hop = routes[0]
	}
	if q := queryOf(hop); !isAddressLiteral(q.Target) {
		return flow{}, nil, false
	}
	return d.ua.atHand(hop, size)
}

func isAddressLiteral(host string) bool {
	_, err := netip.ParseAddr(strings.Trim(host, "[]"))
	return err == nil
}

// atHand locates an address.
func (ua *UserAgent) atHand(hop URI, size int) (way flow, r *route, ok bool) {
	r, err := ua.routeTo(ua.ctx, hop)
	if err != nil || len(r.left) != 1 {
		return flow{}, nil, false
	}
	t := r.left[0]
	if t.Transport == "UDP" && size > ua.cfg.MaxDatagram {
		t.Transport = "TCP"
	}
	if t.Transport != "UDP" && ua.links.streamFor(t) == nil {
		return flow{}, nil, false
	}
	way, err = r.next(ua.ctx, size)
	return way, r, err == nil
}
