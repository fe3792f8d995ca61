package sip

import (
	"errors"
	"strings"

	sipgo "github.com/emiago/sipgo/sip"
)

// receive takes one whole message: the octets of a datagram, of a WebSocket message, or what a framer cut out of a stream. It must be called
// by one goroutine per link, in the order in which the messages came; it never blocks and never panics, and keeps nothing of data.
//
// An answer to a notification that says nothing but that it came is taken from its lines (transaction_echo.go). With any other:
//
//  1. The scanner looks at the lines: bare CR or LF, lists where none may be, space where sipgo cannot stand it (which is taken away).
//  2. sipgo parses.
//  3. The strict pass looks at what came out.
//  4. What is wrong is answered from the lines alone, without a transaction; what is right goes to the transaction layer.
func (ua *UserAgent) receive(data []byte, from flow) {
	if ua.isClosed() {
		return
	}
	defer func() {
		if p := recover(); p != nil {
			ua.panicked("reading a message", p)
		}
	}()
	if ua.takeEcho(data) {
		return
	}
	m, err := ua.parse(data)
	var refused *refusal
	switch {
	case errors.As(err, &refused) && refused.strict:
		ua.stats.refused.Add(1)
		ua.refuse(data, from, refused)
	case err != nil:
		ua.stats.malformed.Add(1)
		ua.refuse(data, from, refused)
	default:
		ua.dispatch(m, from)
	}
}

func (ua *UserAgent) dispatch(m Message, from flow) {
	m.SetTransport(from.link.transport())
	m.SetSource(from.remote.String())
	switch m := m.(type) {
	case *Request:
		ua.onRequest(m, from)
	case *Response:
		ua.onResponse(m)
	}
}

// refusal is why a message is not served, as an error.
type refusal struct {
	code   int
	reason string // empty is the standard text
	strict bool   // it parsed
}

func (r *refusal) Error() string { return or(r.reason, ReasonPhrase(r.code)) }

// parse reads a whole message strictly. Errors are refusals.
func (ua *UserAgent) parse(data []byte) (Message, error) {
	found := inspect(data)
	if found.broken != "" {
		return nil, &refusal{code: 400, reason: found.broken}
	}
	if found.untidy {
		data = tidied(data)
		found = inspect(data)
	}
	m, err := ua.parser.ParseSIP(data)
	if err != nil {
		return nil, whyRefused(data)
	}
	mendQuoted(m)
	switch m := m.(type) {
	case *Request:
		m.Method = methodOf(data, m.Method)
		if code, reason := checkRequest(m, found); code != 0 {
			return nil, &refusal{code, reason, true}
		}
	case *Response:
		if !checkResponse(m) {
			return nil, &refusal{code: 400, strict: true}
		}
	}
	return m, nil
}

// methodOf is the method as it was written. sipgo writes it in capitals, but "the Method ... is case-sensitive" (RFC 3261 §7.1).
func methodOf(data []byte, capitals Method) Method {
	if string(data[:len(capitals)]) == string(capitals) {
		return capitals
	}
	return Method(data[:len(capitals)])
}

// whyRefused finds out what sipgo did not like: 505 for another version, 416 for a scheme that is no SIP, otherwise 400 with the name of the
// first header that cannot be read.
func whyRefused(data []byte) *refusal {
	if r := badStartLine(data); r != nil {
		return r
	}
	if endOfHead(data, 0) < 0 {
		return &refusal{code: 400, reason: "No empty line after the header"}
	}
	parsers := sipgo.HeadersParser(sipgo.DefaultHeadersParser())
	for name, value := range headerLines(data) {
		if len(name) == 0 {
			return &refusal{code: 400, reason: "Header line without name"}
		}
		if _, err := parsers.ParseHeader(nil, []byte(string(name)+":"+string(value))); err != nil {
			return &refusal{code: 400, reason: "Malformed " + headerName(name)}
		}
	}
	return &refusal{code: 400, reason: "Body shorter than Content-Length"}
}

// badStartLine looks at the parts of a request line. "Request-Line = Method SP Request-URI SP SIP-Version CRLF": one space each.
func badStartLine(data []byte) *refusal {
	line, _ := startLine(data)
	fields := strings.Split(string(line), " ")
	version := fields[len(fields)-1]
	switch {
	case isVersion(line):
		return nil
	case len(fields) == 3 && !strings.EqualFold(version, "SIP/2.0") && isSIPVersion(version):
		return &refusal{code: 505}
	case len(fields) != 3 || !isSIPVersion(version):
		return &refusal{code: 400, reason: "Malformed Request-Line"}
	case !isToken(fields[0]):
		return &refusal{code: 400, reason: "Malformed method"}
	case hasForeignScheme(fields[1]):
		return &refusal{code: 416}
	}
	var uri URI
	if err := sipgo.ParseUri(fields[1], &uri); err != nil {
		return &refusal{code: 400, reason: "Malformed Request-URI"}
	}
	return nil
}

// isSIPVersion: SIP-Version = "SIP" "/" 1*DIGIT "." 1*DIGIT.
func isSIPVersion(s string) bool {
	if !isVersion([]byte(s)) {
		return false
	}
	major, minor, found := strings.Cut(s[4:], ".")
	return found && isDigits(major) && isDigits(minor)
}

func isDigits(s string) bool { return s != "" && strings.Trim(s, "0123456789") == "" }

func hasForeignScheme(uri string) bool {
	scheme, _, ok := strings.Cut(uri, ":")
	return ok && isScheme(scheme) && !isOneOf(scheme, []string{"sip", "sips", "tel"})
}

// isScheme: scheme = ALPHA *( ALPHA / DIGIT / "+" / "-" / "." ).
func isScheme(s string) bool {
	for i := range len(s) {
		c := s[i]
		if letter := c|0x20 >= 'a' && c|0x20 <= 'z'; !letter && (i == 0 || !(c >= '0' && c <= '9' || c == '+' || c == '-' || c == '.')) {
			return false
		}
	}
	return s != ""
}
