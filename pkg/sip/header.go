package sip

import (
	"strings"

	sipgo "github.com/emiago/sipgo/sip"
)

// compact maps the short header names (RFC 3261 §7.3.3 and extensions) that sipgo leaves as they are.
var compact = map[string]string{
	"a": "accept-contact", "b": "referred-by", "c": "content-type", "e": "content-encoding", "f": "from", "i": "call-id", "k": "supported",
	"l": "content-length", "m": "contact", "o": "event", "r": "refer-to", "s": "subject", "t": "to", "u": "allow-events", "v": "via",
	"x": "session-expires", "j": "reject-contact", "d": "request-disposition",
}

// HeaderValue is the value of the first header of that name, long or compact, in any case. Empty when there is none.
func HeaderValue(m Message, name string) string {
	for _, h := range headersOf(m) {
		if sameName(h.Name(), name) {
			return h.Value()
		}
	}
	return ""
}

// HeaderValues are all values of a header: one per line, and per element where a line holds a list. Commas inside quotes and <> do not count.
func HeaderValues(m Message, name string) []string {
	var values []string
	for _, h := range headersOf(m) {
		if sameName(h.Name(), name) {
			values = appendList(values, h.Value())
		}
	}
	return values
}

// HasOption tells if a list of option tags (Supported, Require, Allow) has that tag.
func HasOption(m Message, header, tag string) bool {
	for _, value := range HeaderValues(m, header) {
		if strings.EqualFold(value, tag) {
			return true
		}
	}
	return false
}

// SetHeader replaces all headers of that name by one. Line breaks in the value become spaces.
func SetHeader(m Message, name, value string) {
	removeHeaders(m, name)
	AddHeader(m, name, value)
}

// AddHeader appends one more header. Line breaks in the value become spaces.
func AddHeader(m Message, name, value string) { m.AppendHeader(NewHeader(name, value)) }

// typedHeader makes the headers that sipgo keeps parsed in its own type, so that its accessors find them.
func typedHeader(name, value string) Header {
	parsed, err := sipgo.HeadersParser(sipgo.DefaultHeadersParser()).ParseHeader(nil, []byte(name+": "+value))
	if err != nil || len(parsed) != 1 {
		return sipgo.NewHeader(name, value)
	}
	return parsed[0]
}

func headersOf(m Message) []Header {
	switch m := m.(type) {
	case *Request:
		return m.Headers()
	case *Response:
		return m.Headers()
	}
	return nil
}

func removeHeaders(m Message, name string) {
	for _, h := range append([]Header(nil), headersOf(m)...) {
		if !sameName(h.Name(), name) {
			continue
		}
		switch m := m.(type) {
		case *Request:
			m.RemoveHeader(h.Name())
		case *Response:
			m.RemoveHeader(h.Name())
		}
	}
}

func sameName(a, b string) bool {
	a, b = longName(a), longName(b)
	return len(a) == len(b) && strings.EqualFold(a, b)
}

func longName(name string) string {
	if len(name) != 1 {
		return name
	}
	if long, ok := compact[strings.ToLower(name)]; ok {
		return long
	}
	return name
}

// appendList splits a comma list outside of quoted strings and angle brackets.
func appendList(values []string, list string) []string {
	start, quoted, angle := 0, false, false
	for i := 0; i < len(list); i++ {
		switch c := list[i]; {
		case quoted && c == '\\':
			i++
		case c == '"':
			quoted = !quoted
		case quoted:
		case c == '<':
			angle = true
		case c == '>':
			angle = false
		case c == ',' && !angle:
			values = appendTrimmed(values, list[start:i])
			start = i + 1
		}
	}
	return appendTrimmed(values, list[start:])
}

func appendTrimmed(values []string, value string) []string {
	if value = strings.TrimSpace(value); value != "" {
		values = append(values, value)
	}
	return values
}

// clean keeps a value on its line: a CR or LF in it would start a header of the peer's choice.
func clean(value string) string {
	return strings.Map(func(r rune) rune {
		if r == '\r' || r == '\n' || r == 0 {
			return ' '
		}
		return r
	}, value)
}

func quote(text string) string {
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(text) + `"`
}

func copyHeaders(name string, from, to Message) { sipgo.CopyHeaders(name, from, to) }
