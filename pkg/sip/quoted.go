package sip

import "strings"

// mendQuoted makes quoted parameters with blanks in them what they were: sipgo keeps the quotes of what it has read, and puts quotes around what has
// blanks when it writes. `;methods="INVITE, BYE"` is what clients of Microsoft's servers say of themselves.
func mendQuoted(m Message) {
	for _, h := range headersOf(m) {
		switch h := h.(type) {
		case *ContactHeader:
			unquoteBlanks(h.Params)
		case *FromHeader:
			unquoteBlanks(h.Params)
		case *ToHeader:
			unquoteBlanks(h.Params)
		}
	}
}

func unquoteBlanks(params Params) {
	for i, p := range params {
		if len(p.V) > 2 && p.V[0] == '"' && p.V[len(p.V)-1] == '"' && strings.ContainsAny(p.V, " \t") {
			params[i].V = p.V[1 : len(p.V)-1]
		}
	}
}
