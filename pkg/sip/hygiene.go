package sip

import (
	"bytes"
	"fmt"
	"net/netip"
	"strings"
)

// isKeepAlive: CRLFs (RFC 5626 §3.5.1), NULs or nothing.
func isKeepAlive(data []byte) bool { return len(bytes.Trim(data, "\r\n\x00")) == 0 }

// looksLikeSIP tells from the first line if the rest is worth parsing: `METHOD uri SIP/...` or `SIP/... code`.
func looksLikeSIP(data []byte) bool {
	line, _, found := bytes.Cut(data, []byte("\r\n"))
	if !found || len(line) < len("A b SIP/2.0") {
		return false
	}
	if isVersion(line) {
		return true
	}
	last := bytes.LastIndexByte(bytes.TrimRight(line, " \t"), ' ')
	return last > 0 && isVersion(line[last+1:]) && isToken(line[:bytes.IndexByte(line, ' ')])
}

func isVersion(s []byte) bool { return len(s) >= 4 && bytes.EqualFold(s[:4], []byte("SIP/")) }

// isToken: RFC 3261 §25.1.
func isToken(s []byte) bool {
	for _, c := range s {
		if !(c >= '0' && c <= '9' || c|0x20 >= 'a' && c|0x20 <= 'z' || bytes.IndexByte([]byte("-.!%*_+`'~"), c) >= 0) {
			return false
		}
	}
	return len(s) > 0
}

// echoed are the headers that a response takes from its request (RFC 3261 §8.2.6.2).
var echoed = []string{"via", "from", "to", "call-id", "cseq"}

// answerMalformed writes the answer to a request that the parser refused, from the lines that can be recognised in it. It is nil when there is
// nobody to answer: a response, an ACK, or no Via. A Via that lies is no way to hit others: the answer goes to where the request came from.
func answerMalformed(data []byte, from netip.AddrPort) []byte {
	head, _, _ := bytes.Cut(data, []byte("\r\n\r\n"))
	lines := unfold(strings.Split(string(head), "\r\n"))
	if isVersion([]byte(lines[0])) || strings.HasPrefix(lines[0], "ACK ") {
		return nil
	}
	code := refusal(lines[0])
	answer := fmt.Sprintf("SIP/2.0 %d %s\r\n", code, ReasonPhrase(code))
	found := map[string]bool{}
	for _, line := range lines[1:] {
		name, value, ok := strings.Cut(line, ":")
		name = strings.ToLower(longName(strings.TrimSpace(name)))
		if ok && isOneOf(name, echoed) && (name == "via" || !found[name]) {
			found[name] = true
			answer += headerLine(name, strings.TrimSpace(value), from)
		}
	}
	if !found["via"] || !found["call-id"] || !found["cseq"] {
		return nil
	}
	return []byte(answer + "Content-Length: 0\r\n\r\n")
}

// refusal: 505 for another version, 416 for a scheme that is no SIP, otherwise 400.
func refusal(startLine string) int {
	fields := strings.Fields(startLine)
	switch last := fields[len(fields)-1]; {
	case !strings.EqualFold(last, "SIP/2.0"):
		return 505
	case len(fields) == 3 && !strings.HasPrefix(fields[1], "<") && hasForeignScheme(fields[1]):
		return 416
	}
	return 400
}

func hasForeignScheme(uri string) bool {
	scheme, _, ok := strings.Cut(uri, ":")
	return ok && isToken([]byte(scheme)) && !isOneOf(scheme, []string{"sip", "sips", "tel"})
}

func headerLine(name, value string, from netip.AddrPort) string {
	switch {
	case name == "to" && !strings.Contains(strings.ToLower(value), "tag="):
		value += ";tag=" + NewTag()
	case name == "via" && strings.Contains(value, ";rport") && !strings.Contains(value, ";rport="):
		value = strings.Replace(value, ";rport", fmt.Sprintf(";rport=%d;received=%s", from.Port(), from.Addr()), 1)
	}
	return canonical[name] + ": " + value + "\r\n"
}

var canonical = map[string]string{"via": "Via", "from": "From", "to": "To", "call-id": "Call-ID", "cseq": "CSeq"}

// unfold joins continuation lines (RFC 3261 §7.3.1).
func unfold(lines []string) []string {
	out := lines[:1:1]
	for _, line := range lines[1:] {
		if line != "" && (line[0] == ' ' || line[0] == '\t') && len(out) > 1 {
			out[len(out)-1] += " " + strings.TrimSpace(line)
			continue
		}
		out = append(out, line)
	}
	return out
}
