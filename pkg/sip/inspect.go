package sip

import (
	"bytes"
	"strings"
)

// inspected is what the lines of a message show before it is parsed.
type inspected struct {
	broken string // why no parser may see it
	fault  string // why a request with it is refused
	untidy bool   // space beside a separator
}

// lineKind is the grammar of a header, as far as it matters here.
type lineKind uint8

const (
	plainLine lineKind = iota
	viaLine
	addressLine // From and To: one address
	contactLine // a list of addresses
	routeLine
	cseqLine
)

// inspect reads the head of a message once. It does not allocate unless something is wrong.
func inspect(data []byte) (found inspected) {
	for first, rest := true, data; len(rest) > 0; first = false {
		end := bytes.IndexByte(rest, '\n')
		if end < 0 {
			break
		}
		line := rest[:end]
		rest = rest[end+1:]
		// "The start-line, each message-header line, and the empty line MUST be terminated by a carriage-return line-feed sequence" (§7).
		if cr := bytes.IndexByte(line, '\r'); cr < 0 || cr != len(line)-1 {
			found.broken = "Line end is no CRLF"
			return found
		}
		if line = line[:len(line)-1]; len(line) == 0 {
			break
		}
		if first {
			found.startLine(line)
		} else {
			found.line(line, len(rest) > 0 && isSpace(rest[0]))
		}
	}
	return found
}

// startLine: "No CR or LF except in the end-of-line CRLF sequence" and, between the parts, one SP each (§25.1).
func (found *inspected) startLine(line []byte) {
	if bytes.IndexByte(line, '\t') >= 0 {
		found.fault = "Malformed Request-Line"
	}
}

func (found *inspected) line(line []byte, folded bool) {
	name, value, _ := bytes.Cut(line, []byte(":"))
	if len(name) > 0 && isSpace(name[len(name)-1]) {
		name = bytes.TrimRight(name, " \t")
	}
	kind := kindOf(name)
	if kind == plainLine {
		return
	}
	if folded || bytes.IndexByte(value, '\t') >= 0 { // only tidied lines show what they say
		found.untidy = true
		return
	}
	found.value(kind, name, bytes.Trim(value, " "))
}

// value reads one header value. "The Contact, From, and To header fields contain a URI. If the URI contains a comma, question mark or semicolon,
// the URI MUST be enclosed in angle brackets" (RFC 3261 §20).
func (found *inspected) value(kind lineKind, name, v []byte) {
	quoted, angle, bracketed := false, false, false
	for i := 0; i < len(v); i++ {
		c := v[i]
		switch {
		case quoted:
			if c == '\\' {
				i++
			} else if c == '"' {
				quoted = false
			}
		case c == '"':
			quoted = true
		case c == '<':
			angle, bracketed = true, true
			if i+1 < len(v) && isSpace(v[i+1]) {
				found.fail(name, "space inside <>")
			}
		case c == '>':
			angle = false
			if i > 0 && isSpace(v[i-1]) {
				found.fail(name, "space inside <>")
			}
		case angle:
		case isSpace(c):
			found.untidy = found.untidy || separates(kind, v, i-1) || separates(kind, v, i+1)
		case c == ',' && kind == addressLine:
			found.fail(name, "comma outside of quotes and <>")
		case c == ',':
			bracketed = false
		case c == '?' && !bracketed && (kind == addressLine || kind == contactLine):
			found.fail(name, "question mark outside of <>")
		}
	}
	if quoted || angle {
		found.fail(name, "unbalanced quotes or <>")
	}
	if kind == viaLine {
		found.sentBy(name, v)
	}
}

// sentBy: sipgo takes the last colon of an address without brackets for that of a port.
func (found *inspected) sentBy(name, v []byte) {
	host := v[bytes.LastIndexByte(v, ' ')+1:]
	if end := bytes.IndexAny(v, ";,"); end >= 0 {
		host = v[bytes.LastIndexByte(v[:end], ' ')+1 : end]
	}
	if len(host) > 0 && host[0] != '[' && bytes.Count(host, []byte(":")) > 1 {
		found.fail(name, "IPv6 address without []")
	}
}

func (found *inspected) fail(name []byte, why string) {
	if found.fault == "" {
		found.fault = headerName(name) + ": " + why
	}
}

// separates tells of a neighbour of a space if the space has no meaning.
func separates(kind lineKind, v []byte, i int) bool {
	if i < 0 || i >= len(v) {
		return false
	}
	switch v[i] {
	case ' ', '\t', ';', '=':
		return true
	case '/':
		return kind == viaLine
	}
	return false
}

// kindOf is found by the length first: most lines are decided by one comparison.
func kindOf(name []byte) lineKind {
	is := func(s string) bool { return bytes.EqualFold(name, []byte(s)) }
	switch len(name) {
	case 1:
		switch name[0] | 0x20 {
		case 'v':
			return viaLine
		case 'f', 't':
			return addressLine
		case 'm':
			return contactLine
		}
	case 2:
		return kindIf(is("To"), addressLine)
	case 3:
		return kindIf(is("Via"), viaLine)
	case 4:
		if is("From") {
			return addressLine
		}
		return kindIf(is("CSeq"), cseqLine)
	case 5:
		return kindIf(is("Route"), routeLine)
	case 7:
		return kindIf(is("Contact"), contactLine)
	case 12:
		return kindIf(is("Record-Route"), routeLine)
	}
	return plainLine
}

func kindIf(is bool, kind lineKind) lineKind {
	if is {
		return kind
	}
	return plainLine
}

// tidied is the message without continuation lines, and without the space that the grammar allows around separators but sipgo takes for part of
// the names and values: `branch  =   z9hG4bK9ikj8  ,` (RFC 4475 §3.1.1.1).
func tidied(data []byte) []byte {
	line, _ := startLine(data)
	out := append(make([]byte, 0, len(data)+16), line...)
	out = append(out, "\r\n"...)
	for name, value := range headerLines(data) {
		if name == nil {
			out = append(append(out, value...), "\r\n"...)
			continue
		}
		out = append(append(out, name...), ": "...)
		if kind := kindOf(name); kind != plainLine {
			value = tidyValue(kind, value)
		}
		out = append(append(out, value...), "\r\n"...)
	}
	end := endOfHead(data, 0)
	if end < 0 {
		return out
	}
	return append(append(out, "\r\n"...), data[end:]...)
}

// tidyValue drops the space beside separators and keeps one of several elsewhere, outside of quotes and <>.
func tidyValue(kind lineKind, v []byte) []byte {
	out := make([]byte, 0, len(v))
	quoted, angle := false, false
	for i := 0; i < len(v); i++ {
		c := v[i]
		switch {
		case quoted && c == '\\' && i+1 < len(v):
			out = append(out, c)
			i++
			c = v[i]
		case c == '"':
			quoted = !quoted
		case quoted:
		case c == '<', c == '>':
			angle = c == '<'
		case angle:
		case isSpace(c):
			c = ' '
			if i+1 < len(v) && (isSpace(v[i+1]) || v[i+1] == ',' || separates(kind, v, i+1)) || len(out) == 0 || separates(kind, out, len(out)-1) {
				continue
			}
		}
		out = append(out, c)
	}
	return bytes.TrimRight(out, " ")
}

// trimmed is a CSeq method without the space that sipgo leaves before it.
func trimmed(method Method) Method { return Method(strings.TrimSpace(string(method))) }
