package sip

import (
	"net/netip"
	"strconv"
	"strings"

	sipgo "github.com/emiago/sipgo/sip"
)

// checkRequest is the second pass over a request that parsed: 0 when it is sound, else the code of its answer and why. It also takes away the
// space that sipgo leaves before the method of a CSeq.
func checkRequest(req *Request, found inspected) (code int, reason string) {
	if !strings.EqualFold(req.SipVersion, "SIP/2.0") {
		return badVersion(req.SipVersion)
	}
	if !isToken(string(req.Method)) {
		return 400, "Malformed method"
	}
	if code, reason := checkURI(req.Recipient); code != 0 {
		return code, reason
	}
	if reason := or(found.fault, checkHeaders(req)); reason != "" {
		return 400, reason
	}
	// "For non-REGISTER requests outside of a dialog, the method MUST match that of the request" (RFC 3261 §8.1.1.5). "The method part of CSeq is
	// case-sensitive" (§20.16).
	if req.CSeq().MethodName = trimmed(req.CSeq().MethodName); req.CSeq().MethodName != req.Method {
		return 400, "CSeq method differs"
	}
	return 0, ""
}

func badVersion(version string) (code int, reason string) {
	if isSIPVersion(version) {
		return 505, ""
	}
	return 400, "Malformed Request-Line"
}

// checkURI: "If the Request-URI uses a scheme not supported by the server, it SHOULD reject the request with a 416" (RFC 3261 §8.2.2.1). Headers
// are not allowed in a Request-URI (§19.1.1, table 1).
func checkURI(uri URI) (code int, reason string) {
	switch {
	case uri.Scheme != "" && !isScheme(uri.Scheme):
		return 400, "Malformed Request-URI"
	case !isSIP(uri) && uri.Scheme != "tel":
		return 416, ""
	case !isSIP(uri):
		return 0, ""
	case !isHost(uri.Host) || uri.Port < 0 || uri.Port > 65535:
		return 400, "Malformed Request-URI"
	case len(uri.Headers) > 0:
		return 400, "Headers in the Request-URI"
	}
	return 0, ""
}

// isHost tells a name or an address from what is neither: "The use of the IPv6reference ... MUST be in square brackets" (RFC 5118 §4.1).
func isHost(host string) bool {
	if strings.HasPrefix(host, "[") {
		_, ok := literal(host)
		return ok
	}
	return host != "" && !strings.ContainsAny(host, " \t<>\"@,:/\\")
}

// checkResponse drops what no transaction could have asked for. "If there is more than one Via header field value in a response, the UAC
// SHOULD discard the message" (RFC 3261 §8.1.3.3).
func checkResponse(res *Response) bool {
	if checkHeaders(res) != "" || res.StatusCode < 100 || res.StatusCode > 699 || len(res.GetHeaders("via")) != 1 {
		return false
	}
	res.CSeq().MethodName = trimmed(res.CSeq().MethodName)
	return strings.EqualFold(res.SipVersion, "SIP/2.0")
}

// census counts the headers of which there may be one only.
type census struct{ from, to, callID, cseq, via, length, hops, contentType int }

// checkHeaders wants one From, To, Call-ID and CSeq, at least one Via, and at most one Content-Length, Content-Type and Max-Forwards, with sound
// values. "A valid SIP request formulated by a UAC MUST, at a minimum, contain the following header fields: To, From, CSeq, Call-ID,
// Max-Forwards, and Via" (RFC 3261 §8.1.1). Max-Forwards is left out by old clients: it counts as 70 then, and only proxies need it.
func checkHeaders(m Message) (reason string) {
	var n census
	for _, h := range headersOf(m) {
		if reason := n.count(h); reason != "" {
			return reason
		}
	}
	return n.verdict()
}

func (n *census) count(h Header) (reason string) {
	switch h := h.(type) {
	case *FromHeader:
		n.from++
		return malformedUnless(isAddress(h.Address), "From")
	case *ToHeader:
		n.to++
		return malformedUnless(isAddress(h.Address), "To")
	case *ContactHeader:
		return malformedUnless(h.Address.Wildcard || isAddress(h.Address), "Contact")
	case *CallIDHeader:
		n.callID++
	case *CSeqHeader:
		n.cseq++
	case *ViaHeader:
		n.via++
		return malformedUnless(isVia(h), "Via")
	case *MaxForwardsHeader:
		n.hops++ // "an integer in the range 0-255" (§20.22)
		return malformedUnless(h.Val() <= 255, "Max-Forwards")
	case *sipgo.ContentLengthHeader:
		n.length++
	case *sipgo.ContentTypeHeader:
		n.contentType++
	}
	return ""
}

// verdict: "a header field whose value is not a comma-separated list must not appear twice" follows from §7.3.1.
func (n *census) verdict() string {
	for _, header := range []struct {
		name     string
		n        int
		required bool
	}{
		{"Via", min(n.via, 1), true}, {"From", n.from, true}, {"To", n.to, true}, {"Call-ID", n.callID, true}, {"CSeq", n.cseq, true},
		{"Max-Forwards", n.hops, false}, {"Content-Length", n.length, false}, {"Content-Type", n.contentType, false},
	} {
		switch {
		case header.n == 0 && header.required:
			return "Missing " + header.name
		case header.n > 1:
			return "More than one " + header.name
		}
	}
	return ""
}

func malformedUnless(ok bool, header string) string {
	if ok {
		return ""
	}
	return "Malformed " + header
}

// isAddress takes URIs of any scheme; those of SIP need a host.
func isAddress(uri URI) bool {
	if isSIP(uri) {
		return isHost(uri.Host) && uri.Port >= 0 && uri.Port <= 65535
	}
	return isScheme(uri.Scheme)
}

// isVia: sent-protocol = "SIP" SLASH "2.0" SLASH transport. sipgo takes the brackets off an IPv6 address.
func isVia(via *ViaHeader) bool {
	_, address := literal(via.Host)
	return strings.EqualFold(via.ProtocolName, "SIP") && via.ProtocolVersion == "2.0" && isToken(via.Transport) && (address || isHost(via.Host)) &&
		via.Port >= 0 && via.Port <= 65535
}

// stamp writes into the top Via where the request came from. "If the host portion of the "sent-by" parameter contains a domain name, or if it
// contains an IP address that differs from the packet source address, the server MUST add a "received" parameter" (RFC 3261 §18.2.1); "it MUST
// set the value of the "rport" parameter to the source port of the request" (RFC 3581 §4).
func stamp(via *ViaHeader, from netip.AddrPort) {
	_, wantsPort := lookup(via.Params, "rport")
	via.Params.Remove("received")
	if host, ok := literal(via.Host); wantsPort || !ok || host != from.Addr().WithZone("") {
		via.Params.Add("received", from.Addr().WithZone("").String())
	}
	if wantsPort {
		via.Params.Remove("rport")
		via.Params.Add("rport", strconv.Itoa(int(from.Port())))
	}
}

// answersTo is where responses to a request that came over a packet socket go (RFC 3261 §18.2.2, RFC 3581 §4): the source address, and the
// source port if the client asked for it, else the port of its Via.
func answersTo(via *ViaHeader, from netip.AddrPort) netip.AddrPort {
	if _, symmetric := lookup(via.Params, "rport"); symmetric || via.Port < 0 || via.Port > 65535 {
		return from
	}
	return netip.AddrPortFrom(from.Addr(), uint16(or(via.Port, 5060)))
}
