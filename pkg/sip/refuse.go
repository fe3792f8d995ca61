package sip

import (
	"bytes"
	"fmt"
	"hash/maphash"
	"net/netip"
	"strings"

	sipgo "github.com/emiago/sipgo/sip"
)

// refuse answers a message that is not served, without a transaction and from its lines alone. Responses and ACKs get no answer, and what has
// no Via cannot be answered.
func (ua *UserAgent) refuse(data []byte, from flow, why *refusal) {
	answer, to := ua.refusalOf(data, from.remote, why)
	if answer == nil || !ua.mayAnswer(from) {
		return
	}
	if from.reliable() {
		to = from.remote
	}
	if err := from.link.write(answer, to); err != nil {
		ua.log.Debug("cannot refuse", "code", why.code, "err", err)
	}
}

// echoed are the headers that a response takes from its request (RFC 3261 §8.2.6.2), in the order in which they are written.
var echoed = []string{"Via", "From", "To", "Call-ID", "CSeq"}

// refusalOf writes the answer, and tells where it goes over UDP. A Via that cannot be read is no way to hit others: the answer to such a message
// goes to where it came from.
func (ua *UserAgent) refusalOf(data []byte, from netip.AddrPort, why *refusal) ([]byte, netip.AddrPort) {
	line, _ := startLine(data)
	if isVersion(line) || bytes.HasPrefix(line, []byte("ACK ")) {
		return nil, from
	}
	found := map[string][]string{}
	for name, value := range headerLines(data) {
		if name := headerName(name); isOneOf(name, echoed) && (name == "Via" || found[name] == nil) {
			found[name] = append(found[name], strings.TrimSpace(clean(string(value))))
		}
	}
	if len(found["Via"]) == 0 {
		return nil, from
	}
	to := from
	found["Via"][0], to = stamped(found["Via"][0], from)
	if len(found["To"]) > 0 && !hasTag(found["To"][0]) {
		found["To"][0] += ";tag=" + ua.statelessTag(found)
	}
	return ua.writeRefusal(found, why), to
}

func (ua *UserAgent) writeRefusal(found map[string][]string, why *refusal) []byte {
	var b bytes.Buffer
	fmt.Fprintf(&b, "SIP/2.0 %d %s\r\n", why.code, clean(or(why.reason, ReasonPhrase(why.code))))
	for _, name := range echoed {
		for _, value := range found[name] {
			fmt.Fprintf(&b, "%s: %s\r\n", name, value)
		}
	}
	if ua.cfg.Name != "" {
		fmt.Fprintf(&b, "Server: %s\r\n", clean(ua.cfg.Name))
	}
	b.WriteString("Content-Length: 0\r\n\r\n")
	return b.Bytes()
}

// statelessTag depends on the request alone, so that a retransmission gets the same answer ("the stateless UAS ... MUST generate To header tags
// for responses in a stateless manner", RFC 3261 §8.2.7).
func (ua *UserAgent) statelessTag(found map[string][]string) string {
	var text strings.Builder
	for _, name := range []string{"Call-ID", "CSeq", "From"} {
		for _, value := range found[name] {
			text.WriteString(value)
		}
	}
	return fmt.Sprintf("%016x", maphash.String(ua.seed, text.String()))
}

// stamped is the top Via with received and rport, and where an answer goes (RFC 3261 §18.2.1, RFC 3581 §4).
func stamped(value string, from netip.AddrPort) (string, netip.AddrPort) {
	parsed, err := sipgo.HeadersParser(sipgo.DefaultHeadersParser()).ParseHeader(nil, []byte("Via: "+value))
	if err != nil || len(parsed) == 0 {
		return value, from
	}
	via, ok := parsed[0].(*ViaHeader)
	var found inspected
	if found.sentBy(nil, []byte(value)); !ok || !isVia(via) || found.fault != "" {
		return value, from
	}
	stamp(via, from)
	values := make([]string, 0, len(parsed))
	for _, h := range parsed {
		values = append(values, h.Value())
	}
	return clean(strings.Join(values, ", ")), answersTo(via, from)
}

// hasTag looks for the tag of a From or To behind its address.
func hasTag(value string) bool {
	params := strings.Split(value[strings.LastIndexByte(value, '>')+1:], ";")
	for _, param := range params[1:] {
		if name, _, found := strings.Cut(param, "="); found && strings.EqualFold(strings.TrimSpace(name), "tag") {
			return true
		}
	}
	return false
}

// headerName is how we write a header: the long name, and the standard's capitals for those we echo.
func headerName[S string | []byte](name S) string {
	long := longName(string(name))
	for _, n := range echoed {
		if strings.EqualFold(n, long) {
			return n
		}
	}
	return clean(long)
}
