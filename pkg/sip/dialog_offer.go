package sip

import "strings"

// Carrier is the request in which an offer or an answer goes, or in whose responses.
type Carrier struct {
	Ours bool // we sent the request
	Seq  uint32
}

// Exchange is the one offer of a dialog that may be open (RFC 3264), wherever SIP lets it and its answer stand (RFC 6337 §2.2): INVITE and 2xx, 2xx
// and ACK, INVITE and reliable 1xx, reliable 1xx and PRACK, PRACK and its 2xx, UPDATE and its 2xx. An unreliable 1xx is neither.
type Exchange struct {
	Open bool
	Ours bool    // we made the offer
	In   Carrier // which has it
	Late Carrier // an INVITE that left the offer to the other side; Seq 0 is none
}

// request notes a request, sent by us or by the peer, and whether it holds a session description.
func (x *Exchange) request(c Carrier, method Method, described bool) {
	switch {
	case method == INVITE && !described:
		x.Late = c
	case method == ACK && x.In == c:
		x.Open = false // with the answer, or without one: nothing else will bring it
	case !described || method == ACK:
	case x.Open:
		if method == PRACK && x.answeredBy(c) {
			x.Open = false
		}
	case method == INVITE || method == UPDATE || method == PRACK:
		x.Open, x.Ours, x.In = true, c.Ours, c
	}
}

// answeredBy tells if a PRACK of that side answers the offer: it stands in a reliable 1xx of the other.
func (x *Exchange) answeredBy(c Carrier) bool { return x.Ours != c.Ours && x.In.Ours == c.Ours }

// response notes a response to the request c. Final ones close what the request has opened.
func (x *Exchange) response(c Carrier, code int, reliable, described bool) {
	switch {
	case code < 200 && !reliable:
	case code >= 300:
		x.fail(c)
	case described && x.Late == c:
		x.Open, x.Ours, x.In, x.Late = true, !c.Ours, c, Carrier{}
	case x.Open && x.In == c && x.Ours == c.Ours && (described || code >= 200):
		x.Open = false
	}
	if code >= 200 && x.Late == c {
		x.Late = Carrier{}
	}
}

// fail forgets what the request c has opened.
func (x *Exchange) fail(c Carrier) {
	if x.In == c {
		x.Open = false
	}
	if x.Late == c {
		x.Late = Carrier{}
	}
}

// answered notes the final response of ours to the peer's request c, when response has not seen it: a handler sent it itself. 0 is none at all.
func (x *Exchange) answered(c Carrier, code int) {
	if code < 200 || code >= 300 {
		x.fail(c)
		return
	}
	x.response(c, code, false, false)
}

// owesAnswer tells if the peer has made an offer that we have not answered.
func (x *Exchange) owesAnswer() bool { return x.Open && !x.Ours }

// conflict is the status for a request of the peer that would make a second offer; 0 is none. "If an UPDATE is received that contains an offer, and
// the UAS has generated an offer (in an UPDATE, PRACK or INVITE) to which it has not yet received an answer, the UAS MUST reject the UPDATE with a
// 491 response. Similarly, if an UPDATE is received that contains an offer, and the UAS has received an offer (in an UPDATE, PRACK, or INVITE) to
// which it has not yet generated an answer, the UAS MUST reject the UPDATE with a 500 response, and MUST include a Retry-After header field"
// (RFC 3311 §5.2). An INVITE brings an offer or asks for one.
func (x *Exchange) conflict(method Method, described bool) int {
	offers := method == INVITE || described && (method == UPDATE || method == PRACK && !x.answeredBy(Carrier{}))
	switch {
	case !x.Open || !offers:
		return 0
	case x.Ours:
		return 491
	}
	return 500
}

// isDescribed tells if a message holds a session description, alone or among others.
func isDescribed(m Message) bool {
	mediaType := ContentType(m)
	if strings.HasPrefix(mediaType, "multipart/") {
		_, found, _ := BodyOf(m, "application/sdp")
		return found
	}
	return len(m.Body()) > 0 && isDescription(mediaType)
}

func isDescription(contentType string) bool {
	mediaType, _, _ := strings.Cut(contentType, ";")
	mediaType = strings.ToLower(strings.TrimSpace(mediaType))
	return mediaType == "application/sdp" || strings.HasPrefix(mediaType, "multipart/")
}
