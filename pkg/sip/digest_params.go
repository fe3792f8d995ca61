package sip

import (
	"errors"
	"strings"
)

// Bounds of one Authorization or WWW-Authenticate header. What clients send has a dozen parameters and some 400 octets.
const (
	maxAuthLength = 8192
	maxAuthParams = 32
)

var errAuthSyntax = errors.New("not a list of digest parameters")

// authParams are the parameters of a challenge or of credentials, by name in lower case, with quotes and escapes taken off.
type authParams map[string]string

// parseAuth reads the value of an Authorization or WWW-Authenticate header, or of their proxy twins, of the scheme Digest:
//
//	"Digest" LWS digest-param *( COMMA digest-param )     (RFC 3261 §25.1)
//
// "each parameter name MUST only occur once per challenge" (RFC 7235 §2.1): a header in which a proxy and we could read different users is
// refused whole.
func parseAuth(value string) (authParams, error) {
	scheme, rest, _ := strings.Cut(strings.TrimLeft(value, " \t"), " ")
	if !strings.EqualFold(scheme, "Digest") || len(value) > maxAuthLength {
		return nil, errAuthSyntax
	}
	params := authParams{}
	for {
		if rest = strings.TrimLeft(rest, " \t,"); rest == "" { // empty elements of a list count for nothing (RFC 7230 §7)
			return params, nil
		}
		name, text, ok := "", "", false
		if name, text, rest, ok = nextAuthParam(rest); !ok || len(params) == maxAuthParams {
			return nil, errAuthSyntax
		}
		if _, twice := params[name]; twice {
			return nil, errAuthSyntax
		}
		params[name] = text
	}
}

// nextAuthParam takes name=value off the front of a list.
func nextAuthParam(list string) (name, value, rest string, ok bool) {
	name, rest, ok = strings.Cut(list, "=")
	name = strings.ToLower(strings.TrimRight(name, " \t"))
	if !ok || !isToken([]byte(name)) {
		return "", "", "", false
	}
	if rest = strings.TrimLeft(rest, " \t"); strings.HasPrefix(rest, `"`) {
		value, rest, ok = unquote(rest)
	} else {
		end := strings.IndexAny(rest+",", ", \t")
		value, rest = rest[:end], rest[end:]
		ok = value != "" && !strings.Contains(value, `"`)
	}
	after := strings.TrimLeft(rest, " \t")
	return name, value, rest, ok && (after == "" || after[0] == ',') && !hasControl(value)
}

// unquote takes a quoted-string off the front of a text, and the backslashes of its quoted-pairs with it (RFC 3261 §25.1).
func unquote(text string) (value, rest string, ok bool) {
	var b strings.Builder
	for i := 1; i < len(text); i++ {
		switch text[i] {
		case '"':
			return b.String(), text[i+1:], true
		case '\\':
			if i++; i == len(text) {
				return "", "", false
			}
		}
		b.WriteByte(text[i])
	}
	return "", "", false
}

func hasControl(text string) bool {
	return strings.ContainsFunc(text, func(r rune) bool { return r < ' ' && r != '\t' || r == 0x7f })
}
