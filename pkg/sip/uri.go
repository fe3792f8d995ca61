package sip

import (
	"cmp"
	"fmt"
	"net/netip"
	"strings"

	sipgo "github.com/emiago/sipgo/sip"
)

// ParseURI reads a URI. Parameters keep their order and spelling, so that a conference URI (`sip:org@dom;gruu;opaque=app:conf:focus:id:X`) is
// written byte for byte as it was read.
func ParseURI(text string) (URI, error) {
	var uri URI
	if err := sipgo.ParseUri(text, &uri); err != nil {
		return URI{}, fmt.Errorf("reading URI %.100q: %w", text, err)
	}
	if isSIP(uri) && uri.Host == "" {
		return URI{}, fmt.Errorf("reading URI %.100q: no host", text)
	}
	return uri, nil
}

func isSIP(uri URI) bool { return uri.Scheme == "sip" || uri.Scheme == "sips" || uri.Scheme == "" }

// EqualURI compares by RFC 3261 §19.1.4. URIs of other schemes are equal when their text is.
func EqualURI(a, b URI) bool {
	if !isSIP(a) || !isSIP(b) {
		return a.String() == b.String()
	}
	// "A SIP and SIPS URI are never equivalent." "Comparison of the userinfo of SIP and SIPS URIs is case-sensitive." "An IP address that is
	// the result of a DNS lookup of a host name does not match that host name." A port that is left out is not the default port.
	return or(a.Scheme, "sip") == or(b.Scheme, "sip") &&
		NormaliseUser(a.User) == NormaliseUser(b.User) && NormaliseUser(a.Password) == NormaliseUser(b.Password) &&
		sameHost(a.Host, b.Host) && a.Port == b.Port &&
		paramsMatch(a.UriParams, b.UriParams) && paramsMatch(b.UriParams, a.UriParams) && sameHeaders(a.Headers, b.Headers)
}

// mustMatch are the parameters that "appearing in one URI must appear in the other": the others are ignored when one side lacks them.
var mustMatch = []string{"user", "ttl", "method", "maddr", "transport"}

func paramsMatch(a, b Params) bool {
	for _, p := range a {
		value, ok := lookup(b, p.K)
		if ok && !strings.EqualFold(NormaliseUser(value), NormaliseUser(p.V)) {
			return false
		}
		if !ok && isOneOf(p.K, mustMatch) {
			return false
		}
	}
	return true
}

// sameHeaders: "URI header components are never ignored."
func sameHeaders(a, b Params) bool {
	if len(a) != len(b) {
		return false
	}
	for _, h := range a {
		if value, ok := lookup(b, h.K); !ok || NormaliseUser(value) != NormaliseUser(h.V) {
			return false
		}
	}
	return true
}

func lookup(params Params, name string) (string, bool) {
	for _, p := range params {
		if strings.EqualFold(p.K, name) {
			return p.V, true
		}
	}
	return "", false
}

func isOneOf(name string, names []string) bool {
	for _, n := range names {
		if strings.EqualFold(n, name) {
			return true
		}
	}
	return false
}

func sameHost(a, b string) bool {
	if addrA, ok := literal(a); ok {
		addrB, ok := literal(b)
		return ok && addrA == addrB
	}
	return strings.EqualFold(a, b)
}

// literal reads a host that is an address: 192.0.2.1, 2001:db8::1 or [2001:db8::1].
func literal(host string) (netip.Addr, bool) {
	addr, err := netip.ParseAddr(strings.Trim(host, "[]"))
	return addr.Unmap(), err == nil
}

// NormaliseUser undoes the %-escapes that were not needed and writes the needed ones in upper case: "Characters other than those in the
// "reserved" set are equivalent to their "% HEX HEX" encoding" (RFC 3261 §19.1.4). A broken escape stays as it is.
func NormaliseUser(user string) string {
	if !strings.Contains(user, "%") {
		return user
	}
	var b strings.Builder
	for i := 0; i < len(user); i++ {
		c, ok := unescape(user[i:])
		switch {
		case !ok:
			b.WriteByte(user[i])
			continue
		case isUnreserved(c):
			b.WriteByte(c)
		default:
			fmt.Fprintf(&b, "%%%02X", c)
		}
		i += 2
	}
	return b.String()
}

func unescape(s string) (byte, bool) {
	if len(s) < 3 || s[0] != '%' {
		return 0, false
	}
	high, ok1 := hexDigit(s[1])
	low, ok2 := hexDigit(s[2])
	return high<<4 | low, ok1 && ok2
}

func hexDigit(c byte) (byte, bool) {
	switch {
	case c >= '0' && c <= '9':
		return c - '0', true
	case c|0x20 >= 'a' && c|0x20 <= 'f':
		return c | 0x20 - 'a' + 10, true
	}
	return 0, false
}

func isUnreserved(c byte) bool {
	return c >= '0' && c <= '9' || c|0x20 >= 'a' && c|0x20 <= 'z' || strings.IndexByte("-_.!~*'()", c) >= 0
}

// AddressOfRecord is scheme, user and host: what names a user, without port, parameters and headers. The host is in lower case.
func AddressOfRecord(uri URI) string {
	if !isSIP(uri) {
		return uri.String()
	}
	aor := URI{Scheme: cmp.Or(uri.Scheme, "sip"), User: NormaliseUser(uri.User), Host: strings.ToLower(uri.Host)}
	return aor.String()
}
