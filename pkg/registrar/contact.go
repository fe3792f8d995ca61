package registrar

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/seed-f3cefc8c/focus/pkg/sip"
)

// Bounds of what a REGISTER may hold. Beyond them it is malformed.
const (
	maxValue    = 1024 // octets of a Contact or Path value
	maxInstance = 128
	maxCallID   = 256
	maxPath     = 8 // hops
	maxAgent    = 128
	maxContacts = 32 // in one request, removals included
)

// contact is a Contact of a REGISTER.
type contact struct {
	uri      sip.URI
	text     string // of the URI
	q        int
	lifetime lifetime
	instance string
	regID    uint32
	features string
}

// lifetime is what a device asks for; set is false when it asks for nothing.
type lifetime struct {
	d   time.Duration
	set bool
}

// malformedLifetime: "Malformed values SHOULD be treated as equivalent to 3600" (RFC 3261 §20.10).
const malformedLifetime = time.Hour

// readLifetime reads a delta-seconds. One that is too big for 32 bits counts as the biggest (§20.19).
func readLifetime(text string) lifetime {
	n, err := strconv.ParseUint(text, 10, 64)
	switch {
	case text == "" || strings.Trim(text, "0123456789") != "":
		return lifetime{malformedLifetime, true}
	case err != nil || n > math.MaxUint32:
		n = math.MaxUint32
	}
	return lifetime{time.Duration(n) * time.Second, true}
}

// readContact reads a name-addr or an addr-spec with its parameters. "If the URI is not enclosed in angle
// brackets, any semicolon-delimited parameters are header-parameters, not URI parameters" (RFC 3261 §20).
func readContact(value string) (c contact, err error) {
	if len(value) > maxValue {
		return c, fmt.Errorf("%w: a Contact of %d octets", ErrMalformed, len(value))
	}
	text, rest, ok := splitAddress(value)
	if !ok {
		return c, fmt.Errorf("%w: Contact %.100q", ErrMalformed, value)
	}
	if c.uri, err = sip.ParseURI(text); err != nil {
		return c, fmt.Errorf("%w: %w", ErrMalformed, err)
	}
	c.text, c.q = text, 1000
	for rest != "" {
		var p parameter
		if p, rest, ok = nextParameter(rest); !ok {
			return c, fmt.Errorf("%w: parameters of Contact %.100q", ErrMalformed, value)
		}
		if err := c.take(p); err != nil {
			return c, err
		}
	}
	return c, nil
}

// take puts a parameter where it belongs.
func (c *contact) take(p parameter) (err error) {
	switch strings.ToLower(p.name) {
	case "":
	case "q":
		c.q, err = readQ(p.value)
	case "expires":
		c.lifetime = readLifetime(p.value)
	case "+sip.instance":
		c.instance, err = readInstance(p.value)
	case "reg-id":
		var id uint64
		if id, err = strconv.ParseUint(p.value, 10, 31); err != nil || id == 0 {
			err = fmt.Errorf("%w: reg-id %.20q", ErrMalformed, p.value) // "1*DIGIT ; 1 to (2^31 - 1)" (RFC 5626 §11.1)
		}
		c.regID = uint32(id)
	case "pub-gruu", "temp-gruu", "temp-gruu-cookie", "received": // ours to say
	default:
		c.features += p.text
	}
	return err
}

// readQ reads a qvalue: 0, 1, or up to three digits behind the point.
func readQ(text string) (int, error) {
	whole, digits, _ := strings.Cut(text, ".")
	n, err := strconv.Atoi((digits + "000")[:3])
	switch {
	case len(digits) > 3 || strings.Trim(digits, "0123456789") != "" || err != nil:
	case whole == "0" || whole == "" && digits != "":
		return n, nil
	case whole == "1" && n == 0:
		return 1000, nil
	}
	return 0, fmt.Errorf("%w: q=%.20q", ErrMalformed, text)
}

// readInstance reads `<urn:uuid:...>`, the URN by which a device is known (RFC 5626 §4.1).
func readInstance(text string) (string, error) {
	inner, ok := strings.CutPrefix(text, "<")
	inner, ok2 := strings.CutSuffix(inner, ">")
	if !ok || !ok2 || inner == "" || len(inner) > maxInstance || strings.ContainsFunc(inner, notOfURN) {
		return "", fmt.Errorf("%w: +sip.instance %.100q", ErrMalformed, text)
	}
	return inner, nil
}

func notOfURN(r rune) bool { return r <= ' ' || r >= 0x7f || strings.ContainsRune(`<>"\`, r) }

// splitAddress cuts a Contact or Path value into its URI and what follows.
func splitAddress(value string) (uri, rest string, ok bool) {
	value = strings.TrimSpace(value)
	if !utf8.ValidString(value) { // what is stored would read otherwise
		return "", "", false
	}
	open, quoted := -1, false
	for i := 0; i < len(value) && open < 0; i++ {
		switch c := value[i]; {
		case quoted && c == '\\':
			i++
		case c == '"':
			quoted = !quoted
		case c == '<' && !quoted:
			open = i
		}
	}
	if open < 0 {
		uri, rest, _ = cutBefore(value, ';')
		return strings.TrimSpace(uri), rest, uri != "" && !strings.ContainsAny(uri, "\"<> \t")
	}
	uri, rest, ok = strings.Cut(value[open+1:], ">")
	return uri, strings.TrimSpace(rest), ok && uri != "" && !strings.ContainsAny(uri, "\"< \t")
}

func cutBefore(text string, sep byte) (before, from string, found bool) {
	if i := strings.IndexByte(text, sep); i >= 0 {
		return text[:i], text[i:], true
	}
	return text, "", false
}

// parameter is one of a header: value is without quotes, text is `;name=value` as it is written again.
type parameter struct{ name, value, text string }

// nextParameter takes the first parameter off `;a=b;c="d"`.
func nextParameter(rest string) (p parameter, after string, ok bool) {
	rest, ok = strings.CutPrefix(rest, ";")
	if !ok {
		return p, "", false
	}
	end, quoted := 0, false
	for ; end < len(rest) && (quoted || rest[end] != ';'); end++ {
		switch {
		case quoted && rest[end] == '\\':
			end++
		case rest[end] == '"':
			quoted = !quoted
		}
	}
	end = min(end, len(rest))
	name, value, hasValue := strings.Cut(rest[:end], "=")
	p.name, value = strings.TrimSpace(name), strings.TrimSpace(value)
	p.text = ";" + p.name
	if hasValue {
		p.text += "=" + value
	}
	p.value, ok = unquote(value)
	return p, rest[end:], ok && !quoted && !strings.ContainsAny(p.name, "\"<> \t,")
}

// unquote takes the quotes off a quoted-string; a token is left as it is.
func unquote(text string) (string, bool) {
	if !strings.HasPrefix(text, `"`) {
		return text, !strings.ContainsAny(text, "\"<> \t,")
	}
	if len(text) < 2 || !strings.HasSuffix(text, `"`) {
		return "", false
	}
	var b strings.Builder
	inner := text[1 : len(text)-1]
	for i := 0; i < len(inner); i++ {
		switch {
		case inner[i] == '\\' && i+1 < len(inner):
			i++
		case inner[i] == '\\' || inner[i] == '"':
			return "", false
		}
		b.WriteByte(inner[i])
	}
	return b.String(), true
}
