package sip

import "strings"

// carrier is the request in which an offer or an answer goes, or in whose responses.
type carrier struct {
	ours bool // we sent the request
	seq  uint32
}

// exchange is the one offer of a dialog that may be open (RFC 3264), wherever SIP lets it and its answer stand (RFC 6337 §2.2): INVITE and 2xx, 2xx
// and ACK, INVITE and reliable 1xx, reliable 1xx and PRACK, PRACK and its 2xx, UPDATE and its 2xx. An unreliable 1xx is neither.
type exchange struct {
	open bool
	ours bool    // we made the offer
	in   carrier // which has it
	late carrier // an INVITE that left the offer to the other side; seq 0 is none
}

// request notes a request, sent by us or by the peer, and whether it holds a session description.
func (x *exchange) request(c carrier, method Method, described bool) {
	switch {
	case method == INVITE && !described:
		x.late = c
	case method == ACK && x.in == c:
		x.open = false // with the answer, or without one: nothing else will bring it
	case !described || method == ACK:
	case x.open && x.ours != c.ours:
		x.open = false // the PRACK that answers a reliable 1xx
	case method == INVITE || method == UPDATE || method == PRACK:
		x.open, x.ours, x.in = true, c.ours, c
	}
}

// response notes a response to the request c. Final ones close what the request has opened.
func (x *exchange) response(c carrier, code int, reliable, described bool) {
	switch {
	case code < 200 && !reliable:
	case code >= 300:
		x.fail(c)
	case described && x.late == c:
		x.open, x.ours, x.in, x.late = true, !c.ours, c, carrier{}
	case x.open && x.in == c && x.ours == c.ours && (described || code >= 200):
		x.open = false
	}
	if code >= 200 && x.late == c {
		x.late = carrier{}
	}
}

// fail forgets what the request c has opened.
func (x *exchange) fail(c carrier) {
	if x.in == c {
		x.open = false
	}
	if x.late == c {
		x.late = carrier{}
	}
}

// answered notes the final response of ours to the peer's request c, when response has not seen it: a handler sent it itself. 0 is none at all.
func (x *exchange) answered(c carrier, code int) {
	if code < 200 || code >= 300 {
		x.fail(c)
		return
	}
	x.response(c, code, false, false)
}

// owesAnswer tells if the peer has made an offer that we have not answered.
func (x *exchange) owesAnswer() bool { return x.open && !x.ours }

// conflict is the status for a request of the peer that would make a second offer; 0 is none. "If an UPDATE is received that contains an offer, and
// the UAS has generated an offer (in an UPDATE, PRACK or INVITE) to which it has not yet received an answer, the UAS MUST reject the UPDATE with a
// 491 response. Similarly, if an UPDATE is received that contains an offer, and the UAS has received an offer (in an UPDATE, PRACK, or INVITE) to
// which it has not yet generated an answer, the UAS MUST reject the UPDATE with a 500 response, and MUST include a Retry-After header field"
// (RFC 3311 §5.2). An INVITE brings an offer or asks for one.
func (x *exchange) conflict(method Method, described bool) int {
	offers := method == INVITE || described && (method == UPDATE || method == PRACK && !x.ours)
	switch {
	case !x.open || !offers:
		return 0
	case x.ours:
		return 491
	}
	return 500
}

// isDescribed tells if a message holds a session description, alone or among others.
func isDescribed(m Message) bool {
	return len(m.Body()) > 0 && isDescription(ContentType(m))
}

func isDescription(contentType string) bool {
	mediaType, _, _ := strings.Cut(contentType, ";")
	mediaType = strings.ToLower(strings.TrimSpace(mediaType))
	return mediaType == "application/sdp" || strings.HasPrefix(mediaType, "multipart/")
}
