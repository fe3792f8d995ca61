package sip

import (
	"net/netip"
	"strconv"
	"strings"
)

// checkRequest is the second pass over a request that parsed: 0 when it is sound, else the code of its answer and why.
func checkRequest(req *Request) (code int, reason string) {
	if !strings.EqualFold(req.SipVersion, "SIP/2.0") {
		return 505, ""
	}
	// "A valid SIP request formulated by a UAC MUST, at a minimum, contain the following header fields: To, From, CSeq, Call-ID,
	// Max-Forwards, and Via" (RFC 3261 §8.1.1). Max-Forwards is left out by old clients and only proxies need it.
	if reason := onceEach(req); reason != "" {
		return 400, reason
	}
	if !strings.EqualFold(string(req.CSeq().MethodName), string(req.Method)) { // sipgo writes methods in capitals
		return 400, "CSeq method differs"
	}
	if !isSIP(req.Recipient) && req.Recipient.Scheme != "tel" {
		return 416, ""
	}
	if isSIP(req.Recipient) && req.Recipient.Host == "" {
		return 400, "Request-URI without host"
	}
	return 0, ""
}

// checkResponse drops what no transaction could have asked for. "If there is more than one Via header field value in a response, the UAC
// SHOULD discard the message" (RFC 3261 §8.1.3.3).
func checkResponse(res *Response) bool {
	return onceEach(res) == "" && res.StatusCode >= 100 && res.StatusCode <= 699 && len(res.GetHeaders("via")) == 1
}

// onceEach wants one From, To, Call-ID and CSeq, at least one Via, and at most one Content-Length and Max-Forwards.
func onceEach(m Message) string {
	var from, to, callID, cseq, via, length, hops int
	for _, h := range headersOf(m) {
		switch h := h.(type) {
		case *FromHeader:
			from++
		case *ToHeader:
			to++
		case *CallIDHeader:
			callID++
		case *CSeqHeader:
			cseq++
		case *ViaHeader:
			via++
			if h.Host == "" {
				return "Via without host"
			}
		case *MaxForwardsHeader:
			hops++
		default:
			if strings.EqualFold(h.Name(), "Content-Length") {
				length++
			}
		}
	}
	switch {
	case from != 1, to != 1, callID != 1, cseq != 1:
		return "From, To, Call-ID and CSeq must be there once"
	case via == 0:
		return "no Via"
	case length > 1 || hops > 1:
		return "Content-Length or Max-Forwards more than once"
	}
	return ""
}

// received writes into the top Via where the request came from. "If the host portion of the "sent-by" parameter contains a domain name, or if it
// contains an IP address that differs from the packet source address, the server MUST add a "received" parameter" (RFC 3261 §18.2.1); "it MUST
// set the value of the "rport" parameter to the source port of the request" (RFC 3581 §4).
func received(req *Request, from netip.AddrPort) {
	via := req.Via()
	_, wantsPort := lookup(via.Params, "rport")
	via.Params.Remove("received")
	if host, ok := literal(via.Host); wantsPort || !ok || host != from.Addr() {
		via.Params.Add("received", from.Addr().String())
	}
	if wantsPort {
		via.Params.Remove("rport")
		via.Params.Add("rport", strconv.Itoa(int(from.Port())))
	}
}

// answersTo is where responses to a request that came over a packet socket go (RFC 3261 §18.2.2, RFC 3581 §4): the source address, and the
// source port if the client asked for it, else the port of its Via.
func answersTo(req *Request, from netip.AddrPort) netip.AddrPort {
	via := req.Via()
	if _, symmetric := lookup(via.Params, "rport"); symmetric || via.Port < 0 || via.Port > 65535 {
		return from
	}
	return netip.AddrPortFrom(from.Addr(), uint16(or(via.Port, 5060)))
}
