package sip

import (
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"strings"

	sipgo "github.com/emiago/sipgo/sip"
)

// The messages and headers are sipgo's; the rest of the module knows them by these names only.
type (
	Message           = sipgo.Message
	Request           = sipgo.Request
	Response          = sipgo.Response
	Method            = sipgo.RequestMethod
	URI               = sipgo.Uri
	Params            = sipgo.HeaderParams
	Header            = sipgo.Header
	ViaHeader         = sipgo.ViaHeader
	FromHeader        = sipgo.FromHeader
	ToHeader          = sipgo.ToHeader
	ContactHeader     = sipgo.ContactHeader
	CallIDHeader      = sipgo.CallIDHeader
	CSeqHeader        = sipgo.CSeqHeader
	RouteHeader       = sipgo.RouteHeader
	RecordRouteHeader = sipgo.RecordRouteHeader
	MaxForwardsHeader = sipgo.MaxForwardsHeader
)

// Methods of RFC 3261 and its extensions; SERVICE and BENOTIFY are Microsoft's ([MS-SIPRE], [MS-SIP]).
const (
	INVITE    = sipgo.INVITE
	ACK       = sipgo.ACK
	BYE       = sipgo.BYE
	CANCEL    = sipgo.CANCEL
	REGISTER  = sipgo.REGISTER
	OPTIONS   = sipgo.OPTIONS
	SUBSCRIBE = sipgo.SUBSCRIBE
	NOTIFY    = sipgo.NOTIFY
	INFO      = sipgo.INFO
	MESSAGE   = sipgo.MESSAGE
	PRACK     = sipgo.PRACK
	UPDATE    = sipgo.UPDATE
	REFER     = sipgo.REFER
	PUBLISH   = sipgo.PUBLISH
	SERVICE   = Method("SERVICE")
	BENOTIFY  = Method("BENOTIFY")
)

// magicCookie starts every branch of RFC 3261: "the branch ID inserted by an element compliant with this specification MUST always begin
// with the characters "z9hG4bK"" (§8.1.1.7).
const magicCookie = "z9hG4bK"

// NewRequest makes a request with a start line and Max-Forwards. The [UserAgent] adds Via, and Call-ID and CSeq when they are missing.
func NewRequest(method Method, target URI) *Request {
	req := sipgo.NewRequest(method, target)
	hops := MaxForwardsHeader(70)
	req.AppendHeader(&hops)
	return req
}

// NewResponse answers a request by the rules of RFC 3261 §8.2.6: Via, From, To, Call-ID and CSeq as they came, Record-Route where a dialog may
// start, and a To tag (a new one when there is none and the code is above 100). An empty reason is the standard text.
func NewResponse(req *Request, code int, reason string) *Response {
	res := sipgo.NewResponseFromRequest(req, code, or(reason, ReasonPhrase(code)), nil)
	res.SipVersion = "SIP/2.0" // sipgo takes the request's, which may be the reason of a 505
	return res
}

// SetBody replaces the body with its Content-Type and Content-Length. A nil body removes both.
func SetBody(m Message, contentType string, body []byte) {
	removeHeaders(m, "Content-Type")
	if len(body) > 0 {
		AddHeader(m, "Content-Type", contentType)
	}
	m.SetBody(body)
}

// ContentType is the media type of the body in lower case, without parameters: "application/sdp". Empty when there is none.
func ContentType(m Message) string {
	mediaType, _, _ := strings.Cut(HeaderValue(m, "Content-Type"), ";")
	return strings.ToLower(strings.TrimSpace(mediaType))
}

// NewTag makes a From or To tag: "MUST be globally unique and cryptographically random with at least 32 bits of randomness" (RFC 3261 §19.3).
func NewTag() string { return randomHex(8) }

// NewBranch makes the branch of a Via, with the magic cookie (RFC 3261 §8.1.1.7).
func NewBranch() string { return magicCookie + randomHex(branchOctets) }

const branchOctets = 10 // of randomness

// NewCallID makes a Call-ID. It names no host: RFC 3261 §8.1.1.4 allows it, and the host is nobody's business.
func NewCallID() string { return randomHex(16) }

func randomHex(n int) string {
	b := make([]byte, n)
	rand.Read(b) // never fails (crypto/rand, Go 1.24)
	return hex.EncodeToString(b)
}

// ReasonHeader says why a request was sent, for example `SIP;cause=480;text="..."` or `Q.850;cause=16` (RFC 3326).
func ReasonHeader(protocol string, cause int, text string) Header {
	value := fmt.Sprintf("%s;cause=%d", protocol, cause)
	if text != "" {
		value += ";text=" + quote(text)
	}
	return sipgo.NewHeader("Reason", clean(value))
}

// WarningHeader explains a response: `304 host "Media type not available"` (RFC 3261 §20.43).
func WarningHeader(code int, agent, text string) Header {
	return sipgo.NewHeader("Warning", clean(fmt.Sprintf("%d %s %s", code, agent, quote(text))))
}

// NewHeader makes any header. Line breaks in the value become spaces, so that no value can start a header of its own.
func NewHeader(name, value string) Header { return typedHeader(name, clean(value)) }
