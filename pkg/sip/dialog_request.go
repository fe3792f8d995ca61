package sip

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
)

// refreshesTarget: methods whose Contact replaces the remote target (RFC 3261 §12.2, RFC 3311, RFC 6665 §4.4.1) and which carry ours.
func refreshesTarget(method Method) bool {
	switch method {
	case INVITE, UPDATE, SUBSCRIBE, NOTIFY, REFER:
		return true
	}
	return false
}

// Request sends a request in the dialog and waits for its final response, of whatever code. "If the response for a request within a dialog is a
// 481 or a 408, the UAC SHOULD terminate the dialog. A UAC SHOULD also terminate a dialog if no response at all is received" (RFC 3261 §12.2.1.2).
// For INVITE use [Dialog.Invite], for BYE [Dialog.Bye].
func (d *Dialog) Request(ctx context.Context, method Method, contentType string, body []byte, headers ...Header) (*Response, error) {
	t, res, err := d.ask(ctx, method, contentType, body, headers)
	if t != nil {
		d.learn(t, res, err)
	}
	return res, err
}

// Try is Request to a peer that may leave it unanswered, as some clients do with an INFO: that does not end the dialog, and neither does 408. A 481
// does.
func (d *Dialog) Try(ctx context.Context, method Method, contentType string, body []byte, headers ...Header) (*Response, error) {
	t, res, err := d.ask(ctx, method, contentType, body, headers)
	if err == nil && res.StatusCode != 408 {
		d.learn(t, res, nil)
	}
	return res, err
}

// ask sends a request and waits for its final response; challenges are answered. Without a transaction it was not sent.
func (d *Dialog) ask(ctx context.Context, method Method, contentType string, body []byte, headers []Header) (*ClientTransaction, *Response, error) {
	for a := (attempt{digest: d.callDigest()}); ; {
		t, err := d.start(ctx, method, contentType, body, headers, nil)
		if err != nil {
			return nil, nil, err
		}
		res, err := t.Final(ctx)
		if err != nil || !d.challenged(&a, method, res) {
			return t, res, err
		}
		d.learn(t, res, nil)
	}
}

// challenged tells if a request is to be sent again, with credentials.
func (d *Dialog) challenged(a *attempt, method Method, res *Response) bool {
	again := a.again(res)
	if a.refused {
		d.ua.log.Warn("a peer does not take our credentials", "method", method, "peer", d.Remote().Host, "status", res.StatusCode)
	}
	return again
}

// Send sends a request that nobody answers (BENOTIFY).
func (d *Dialog) Send(ctx context.Context, method Method, contentType string, body []byte, headers ...Header) error {
	req, err := d.newRequest(method, contentType, body, headers)
	if err != nil {
		return err
	}
	d.callDigest().sign(req)
	return d.ua.sendOnce(ctx, req, d.way())
}

func (d *Dialog) start(ctx context.Context, method Method, contentType string, body []byte, headers []Header, take func(*Response) bool) (*ClientTransaction, error) {
	req, err := d.newRequest(method, contentType, body, headers)
	if err != nil {
		return nil, err
	}
	d.callDigest().sign(req)
	return d.ua.start(ctx, req, d.way(), take)
}

// learn ends the dialog when the peer does not know it, and takes from a final response what concerns the dialog: the target, the session timer,
// the end of an offer.
func (d *Dialog) learn(t *ClientTransaction, res *Response, err error) {
	method, c := t.method, Carrier{true, t.seq}
	d.mu.Lock()
	switch {
	case err != nil:
		d.exchange.fail(c)
	default:
		d.learnAllow(res)
		if method != INVITE { // inOrder has seen those
			d.exchange.response(c, res.StatusCode, false, isDescribed(res))
		}
		if res.IsSuccess() && refreshesTarget(method) {
			d.refresh(res.Contact())
			d.learnSession(res)
		}
	}
	d.mu.Unlock()
	switch {
	case errors.Is(err, ErrTimeout):
		d.lost(method, err)
	case err != nil:
	case res.StatusCode == 408:
		d.lost(method, &StatusError{res.StatusCode, res.Reason, res})
	case res.StatusCode == 481:
		d.end(&StatusError{res.StatusCode, res.Reason, res})
	}
}

// lost ends the dialog with a peer that does not answer: "For INVITE initiated dialogs, terminating the dialog consists of sending a BYE" (RFC 3261
// §12.2.1.2). Nobody waits for what it answers.
func (d *Dialog) lost(method Method, cause error) {
	d.mu.Lock()
	says := d.s.Session && d.s.State == Confirmed && !d.leaving && method != BYE
	d.mu.Unlock()
	if says {
		if t, err := d.start(d.ctx, BYE, "", nil, []Header{ReasonHeader("SIP", 408, "no answer")}, nil); err == nil {
			d.ua.log.Debug("peer is lost", "call", t.Request().CallID().Value(), "err", cause)
		}
	}
	d.end(cause)
}

// learnAllow remembers whether the peer takes UPDATE. Called with mu held.
func (d *Dialog) learnAllow(m Message) {
	if allowed := HeaderValues(m, "Allow"); len(allowed) > 0 {
		d.s.TakesUpdate = isOneOf(string(UPDATE), allowed)
	}
}

// refresh: "the UAC MUST replace the dialog's remote target URI with the URI from the Contact header field in that response, if present"
// (§12.2.1.2), and for the UAS §12.2.2.
func (d *Dialog) refresh(contact *ContactHeader) {
	if contact != nil && isSIP(contact.Address) && contact.Address.Host != "" {
		d.s.RemoteTarget = contact.Address.String()
	}
}

func (d *Dialog) newRequest(method Method, contentType string, body []byte, headers []Header) (*Request, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.s.State == Terminated {
		return nil, fmt.Errorf("%s: %w", method, ErrDialogDone)
	}
	d.s.LocalSeq++
	return d.build(method, d.s.LocalSeq, contentType, body, headers), nil
}

// build follows RFC 3261 §12.2.1.1. Called with mu held.
func (d *Dialog) build(method Method, seq uint32, contentType string, body []byte, headers []Header) *Request {
	target, routes, strict := d.route()
	req := NewRequest(method, target)
	if strict {
		req.SetDestination(viaRequestURI)
	}
	for _, route := range routes {
		req.AppendHeader(&RouteHeader{Address: route})
	}
	local, _ := ParseURI(d.s.LocalURI)
	remote, _ := ParseURI(d.s.RemoteURI)
	callID := CallIDHeader(d.s.CallID)
	req.AppendHeader(&FromHeader{DisplayName: d.s.LocalName, Address: local, Params: tagParam(d.s.LocalTag)})
	req.AppendHeader(&ToHeader{DisplayName: d.s.RemoteName, Address: remote, Params: tagParam(d.s.RemoteTag)})
	req.AppendHeader(&callID)
	req.AppendHeader(&CSeqHeader{SeqNo: seq, MethodName: method})
	if refreshesTarget(method) {
		req.AppendHeader(parseContact(d.s.Contact))
	}
	addHeaders(req, d.sessionHeaders(method))
	addHeaders(req, headers)
	if method == INVITE || method == UPDATE {
		d.ua.addSupported(req)
	}
	SetBody(req, contentType, body)
	d.exchange.request(Carrier{true, seq}, method, len(body) > 0 && isDescription(contentType))
	return req
}

func tagParam(tag string) Params {
	if tag == "" {
		return nil // an RFC 2543 peer
	}
	return Params{{K: "tag", V: tag}}
}

// route: "If the route set is not empty, and the first URI in the route set contains the lr parameter, the UAC MUST place the remote target URI
// into the Request-URI and MUST include a Route header field containing the route set values in order"; without lr, "the UAC MUST place the first
// URI from the route set into the Request-URI ... followed by the remote target URI as the last" Route (§12.2.1.1).
func (d *Dialog) route() (target URI, routes []URI, strict bool) {
	target, _ = ParseURI(d.s.RemoteTarget)
	for _, text := range d.s.RouteSet {
		uri, _ := ParseURI(text)
		routes = append(routes, uri)
	}
	if len(routes) == 0 {
		return target, nil, false
	}
	if _, loose := lookup(routes[0].UriParams, "lr"); loose {
		return target, routes, false
	}
	first := routes[0]
	first.Headers = nil
	first.UriParams.Remove("method")
	return first, append(routes[1:], target), true
}

// way is where requests of this dialog go. A connection on which the peer's messages come is used for ours as long as it is open: peers behind a
// NAT or a firewall have no other way. For UDP the Contact or Route decides, as RFC 3261 says, unless no proxy stands between and the Contact's
// host is not the address from which the peer sends: then it is behind a NAT, and the source address is used (the symmetric idea of RFC 3581 and
// RFC 5626 for requests). The zero flow means that the next hop must be looked up.
func (d *Dialog) way() flow {
	d.mu.Lock()
	defer d.mu.Unlock()
	switch {
	case d.link != nil && d.link.transport() != "UDP":
		return flow{d.link, d.s.Peer}
	case d.link == nil && isWebSocket(d.s.Transport) && len(d.s.RouteSet) == 0: // the connection was another process's
		return flow{&stream{proto: d.s.Transport, closed: true}, d.s.Peer}
	case !d.s.Symmetric || len(d.s.RouteSet) > 0 || d.s.Transport != "UDP":
		return flow{}
	case d.link != nil:
		return flow{d.link, d.s.Peer}
	}
	if p := d.ua.links.packetsFor(d.s.Peer.Addr()); p != nil {
		return flow{p, d.s.Peer}
	}
	return flow{}
}

// behindNAT compares where a message says it is with where it came from. `ob` in a Contact says that what
// follows in the dialog is wanted on the same flow (RFC 5626 §4.3).
func behindNAT(m Message, contact URI, peer netip.AddrPort) bool {
	addr, ok := literal(contact.Host)
	_, outbound := lookup(contact.UriParams, "ob")
	return len(m.GetHeaders("via")) == 1 && (!ok || addr != peer.Addr() || outbound)
}

// Invite sends a re-INVITE and acknowledges its 2xx. While another INVITE is in progress, on either side, there is [ErrPending]: "a UAC MUST NOT
// initiate a new INVITE transaction within a dialog while another INVITE transaction is in progress in either direction" (RFC 3261 §14.1). A 491
// is tried again after the time that section names, until ctx ends. Without body the peer makes the offer: use [Dialog.InviteWithoutOffer].
func (d *Dialog) Invite(ctx context.Context, contentType string, body []byte, headers ...Header) (*Response, error) {
	return d.reinvite(ctx, contentType, body, headers, nil)
}

// InviteWithoutOffer sends a re-INVITE without body. answer makes the body of the ACK from the 2xx, which holds the peer's offer.
func (d *Dialog) InviteWithoutOffer(ctx context.Context, answer func(*Response) (contentType string, body []byte), headers ...Header) (*Response, error) {
	return d.reinvite(ctx, "", nil, headers, answer)
}

func (d *Dialog) reinvite(ctx context.Context, contentType string, body []byte, headers []Header, answer func(*Response) (string, []byte)) (*Response, error) {
	for a := (attempt{digest: d.callDigest()}); ; {
		res, err := d.inviteOnce(ctx, contentType, body, headers, answer)
		if err != nil || res.IsSuccess() {
			return res, err
		}
		if d.challenged(&a, INVITE, res) {
			continue
		}
		if wait, again := d.tryAgain(res); !again {
			return res, nil
		} else if err := d.pause(ctx, wait); err != nil {
			return res, fmt.Errorf("re-INVITE after %d: %w", res.StatusCode, err)
		}
	}
}

func (d *Dialog) inviteOnce(ctx context.Context, contentType string, body []byte, headers []Header, answer func(*Response) (string, []byte)) (*Response, error) {
	if err := d.claim(); err != nil {
		return nil, err
	}
	defer d.unclaim()
	t, err := d.start(ctx, INVITE, contentType, body, headers, d.takeAgain())
	if err != nil {
		return nil, err
	}
	res, err := d.finalOfInvite(ctx, t, answer)
	owed := d.owesAnswer()
	d.learn(t, res, err)
	if err != nil || !res.IsSuccess() {
		return res, err
	}
	var ackType string
	var ackBody []byte
	if answer != nil && owed {
		ackType, ackBody = answer(res)
	}
	return res, d.acknowledge(ctx, t.Request(), ackType, ackBody)
}

// finalOfInvite waits for the final response and acknowledges reliable provisional ones.
func (d *Dialog) finalOfInvite(ctx context.Context, t *ClientTransaction, answer func(*Response) (string, []byte)) (*Response, error) {
	for {
		res, err := t.Next(ctx)
		switch {
		case err != nil:
			return t.failed(ctx, err)
		case !res.IsProvisional():
			return res, nil
		}
		if err := d.prack(ctx, res, answer); err != nil {
			d.ua.log.Debug("no PRACK", "err", err)
		}
	}
}

func (d *Dialog) claim() error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.outgoing || d.incoming != nil || d.exchange.Open {
		return fmt.Errorf("re-INVITE: %w", ErrPending)
	}
	d.outgoing = true
	return nil
}

func (d *Dialog) unclaim() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.outgoing = false
}

// takeAgain keeps all 2xx but the first from the caller, and answers them with the same ACK: "the UAC core MUST generate an ACK request for each
// 2xx received from the transaction layer" (§13.2.2.4). A 2xx that comes after the caller gave up is acknowledged too.
func (d *Dialog) takeAgain() func(*Response) bool {
	seen := false
	return func(res *Response) bool {
		if !res.IsSuccess() {
			return !d.inOrder(res)
		}
		again := seen
		seen = true
		if again {
			d.acknowledgeAgain(res.CSeq().SeqNo)
			return true
		}
		return !d.inOrder(res)
	}
}

// sentAck is kept for 2xx that come again.
type sentAck struct {
	seq  uint32
	wire []byte
	way  flow
}

// acknowledge sends the ACK of a 2xx: a request of its own, with the CSeq number of the INVITE. "The ACK MUST contain the same credentials as the
// INVITE" (§13.2.2.4).
func (d *Dialog) acknowledge(ctx context.Context, invite *Request, contentType string, body []byte) error {
	seq := invite.CSeq().SeqNo
	d.mu.Lock()
	ack := d.build(ACK, seq, contentType, body, nil)
	d.mu.Unlock()
	copyHeaders("Authorization", invite, ack)
	copyHeaders("Proxy-Authorization", invite, ack)
	way, err := d.ua.prepare(ctx, ack, d.way())
	if err != nil {
		return fmt.Errorf("acknowledging the 2xx of %s: %w", d.Remote().Host, err)
	}
	wire := encode(ack)
	if !isSound(ack, wire) {
		return fmt.Errorf("acknowledging the 2xx of %s: %w", d.Remote().Host, ErrLineBreak)
	}
	d.mu.Lock()
	d.lastAck = sentAck{seq, wire, way}
	d.mu.Unlock()
	return way.write(wire)
}

func (d *Dialog) acknowledgeAgain(seq uint32) {
	d.mu.Lock()
	ack := d.lastAck
	d.mu.Unlock()
	if ack.seq == seq && ack.wire != nil {
		ack.way.write(ack.wire)
	}
}

// Bye ends the dialog, once; a reason may be among the headers ([ReasonHeader]). A dialog that is not answered yet is ended by 480 on our side, or
// by CANCEL. "The callee's UA ... MUST NOT send a BYE on a confirmed dialog until it has received an ACK for its 2xx response or until the server
// transaction times out" (RFC 3261 §15), so Bye waits for that. Whatever the peer answers, the dialog is over when Bye returns.
func (d *Dialog) Bye(ctx context.Context, headers ...Header) error {
	return d.bye(ctx, ErrDialogDone, headers...)
}

func (d *Dialog) bye(ctx context.Context, cause error, headers ...Header) error {
	d.mu.Lock()
	if d.leaving || d.s.State == Terminated {
		d.mu.Unlock()
		return nil
	}
	state, inviting := d.s.State, d.inviting
	d.leaving = state == Confirmed
	d.mu.Unlock()
	switch {
	case state == Confirmed:
		defer d.end(cause)
		if err := d.awaitAck(ctx); err != nil {
			return err
		}
		_, err := d.Request(ctx, BYE, "", nil, headers...)
		return err
	case inviting != nil:
		inviting.Cancel()
		return nil
	}
	return d.Reject(480, headers...)
}
