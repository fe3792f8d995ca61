package conference

import (
	"fmt"
	"net/url"
	"strings"
	"unicode/utf8"
)

// URI is a SIP or tel URI as it was written. Use UserID to compare users and ParseURI to see what it addresses.
type URI string

// Kind says what a conference URI addresses.
type Kind int

const (
	KindUser         Kind = iota // sip:bob.smith@example.com, which cannot be a conference
	KindConference               // sip:7h3k92qd@example.com: the focus, for a telephone (or a user of that name)
	KindFocus                    // sip:alice@example.com;gruu;opaque=app:conf:focus:id:7h3k92qd
	KindMCU                      // sip:alice@example.com;gruu;opaque=app:conf:audio-video:id:7h3k92qd
	KindFactory                  // sip:alice@example.com;gruu;opaque=app:conf:focusfactory
	KindAdHocFactory             // sip:conference-factory@example.com (RFC 4579 §5.4)
)

// What the MCU type of an Address may be.
const (
	AudioVideo         = "audio-video"
	ChatMCU            = "chat"
	ApplicationSharing = "applicationsharing"
	Meeting            = "meeting"
	DataConf           = "data-conf"
	PhoneConf          = "phone-conf"
)

const (
	adHocFactory  = "conference-factory"
	opaqueFactory = "app:conf:focusfactory"
	opaquePrefix  = "app:conf:"
	opaqueID      = ":id:"
	maxURI        = 1024
)

// Address is what a URI of ours says.
type Address struct {
	Kind      Kind
	User      string // the user part, unescaped; "" when there is none
	Domain    string // host, lower case, with the port if one was given
	ID        ID     // of KindConference, KindFocus, KindMCU
	Organizer UserID // of KindFocus, KindMCU, KindFactory; "" when the URI has no user part
	MCUType   string // of KindMCU: AudioVideo …
}

// ParseURI reads what a SIP URI addresses:
//
//	conf-uri    = "sip:" user "@" domain ";gruu;opaque=" conf-opaque
//	conf-opaque = "app:conf:focusfactory" / "app:conf:focus:id:" conf-id / "app:conf:" mcu-type ":id:" conf-id
//	            / "sip:" conf-id "@" domain / "sip:conference-factory@" domain
//
// Letters are compared without case. Other parameters and headers are ignored. An opaque that is not a conference's, a broken escape
// and a scheme other than sip and sips are ErrInvalidURI; a bad conf-id is ErrInvalidID.
func ParseURI(text string) (Address, error) {
	user, domain, parameters, err := splitURI(text)
	if err != nil {
		return Address{}, fmt.Errorf("parsing %.80q: %w", text, err)
	}
	a := Address{User: user, Domain: strings.ToLower(domain)}
	opaque, found := parameter(parameters, "opaque")
	switch {
	case found && hasPrefixFold(opaque, opaquePrefix):
		err = a.parseOpaque(strings.ToLower(opaque))
	case user == "":
		err = fmt.Errorf("%w: no user part", ErrInvalidURI)
	case strings.EqualFold(user, adHocFactory):
		a.Kind = KindAdHocFactory
	default:
		if id, notID := ParseID(user); notID == nil {
			a.Kind, a.ID = KindConference, id
		}
	}
	if err != nil {
		return Address{}, fmt.Errorf("parsing %.80q: %w", text, err)
	}
	return a, nil
}

func (a *Address) parseOpaque(opaque string) (err error) {
	if a.User != "" {
		if a.Organizer = userID(a.User, a.Domain); a.Organizer == "" {
			return fmt.Errorf("%w: user part", ErrInvalidURI)
		}
	}
	if opaque == opaqueFactory {
		a.Kind = KindFactory
		return nil
	}
	kind, id, found := strings.Cut(opaque[len(opaquePrefix):], opaqueID)
	if !found {
		return fmt.Errorf("%w: opaque=%.80q", ErrInvalidURI, opaque)
	}
	if a.ID, err = ParseID(id); err != nil {
		return err
	}
	switch kind {
	case "focus":
		a.Kind = KindFocus
	case AudioVideo, ChatMCU, ApplicationSharing, Meeting, DataConf, PhoneConf:
		a.Kind, a.MCUType = KindMCU, kind
	default:
		return fmt.Errorf("%w: no MCU is called %.80q", ErrInvalidURI, kind)
	}
	return nil
}

// FocusURI is sip:ORG@DOM;gruu;opaque=app:conf:focus:id:ID. It holds ":focus:" once: clients make the MCUs' URIs by replacing it.
func FocusURI(organizer UserID, id ID) URI {
	return URI(string(organizer) + ";gruu;opaque=" + opaquePrefix + "focus" + opaqueID + string(id))
}

// MCUURI is sip:ORG@DOM;gruu;opaque=app:conf:TYPE:id:ID.
func MCUURI(organizer UserID, mcuType string, id ID) URI {
	return URI(string(organizer) + ";gruu;opaque=" + opaquePrefix + mcuType + opaqueID + string(id))
}

// FactoryURI is sip:ORG@DOM;gruu;opaque=app:conf:focusfactory.
func FactoryURI(organizer UserID) URI {
	return URI(string(organizer) + ";gruu;opaque=" + opaqueFactory)
}

// DialURI is sip:ID@DOM, what a telephone dials.
func DialURI(id ID, domain string) URI { return URI("sip:" + string(id) + "@" + domain) }

// AdHocFactoryURI is sip:conference-factory@DOM (RFC 4579 §5.4).
func AdHocFactoryURI(domain string) URI { return URI("sip:" + adHocFactory + "@" + domain) }

// UserID is the user a URI names, in the form users are compared in: sip:user@host, lower case, without port, parameters and headers;
// a tel URI without its visual separators. A text that is neither gives "".
func (u URI) UserID() UserID {
	text := string(u)
	if hasPrefixFold(text, "tel:") && len(text) <= maxURI {
		return telephone(text[len("tel:"):])
	}
	user, domain, _, err := splitURI(text)
	if err != nil || user == "" {
		return ""
	}
	return userID(user, domain)
}

// telephone is the user of a telephone-subscriber (RFC 3966 §3): "" when a character of its number is none of theirs.
func telephone(subscriber string) UserID {
	number, _, _ := strings.Cut(subscriber, ";")
	number = strings.ToLower(strings.NewReplacer("-", "", ".", "", "(", "", ")", "").Replace(number))
	if number == "" || strings.Trim(number, "+0123456789abcdef*#") != "" {
		return ""
	}
	return UserID("tel:" + number)
}

// EntityID reads the entity of a user as clients repeat it (user@entity, userKeys@userEntity): UserID, with the mark of a guest kept.
// "" when it is not a URI.
func EntityID(entity string) UserID {
	user := URI(entity).UserID()
	_, _, parameters, err := splitURI(entity)
	if guest, found := parameter(parameters, "guest"); err == nil && found && isNumber(guest) {
		return user + guestMark + UserID(guest)
	}
	return user
}

// guestMark sets guests apart from users: no UserID of a URI holds it.
const guestMark = ";guest="

func isNumber(text string) bool {
	return text != "" && len(text) < 20 && strings.Trim(text, "0123456789") == ""
}

// Guest reports whether u was given to somebody who did not prove who it is.
func (u UserID) Guest() bool { return strings.Contains(string(u), guestMark) }

// userID escapes what could end a user part, so that no user can be called like another one. Who is longer with that than a URI may be has
// no id.
func userID(user, domain string) UserID {
	id := "sip:" + escapeUser(strings.ToLower(user)) + "@" + strings.ToLower(hostOnly(domain))
	if len(id) > maxURI {
		return ""
	}
	return UserID(id)
}

// Domain is the host of a sip UserID, "" of others.
func (u UserID) Domain() string {
	_, rest, _ := strings.Cut(string(u), "@")
	host, _, _ := strings.Cut(rest, ";")
	return host
}

// splitURI cuts a SIP URI (RFC 3261 §19.1.1) into user (unescaped, without password), host with port, and parameters.
func splitURI(text string) (user, domain, parameters string, err error) {
	if len(text) > maxURI {
		return "", "", "", fmt.Errorf("%w: %d bytes", ErrInvalidURI, len(text))
	}
	rest, found := cutScheme(text)
	if !found || strings.ContainsAny(rest, "<>\" \t\r\n\x00") {
		return "", "", "", ErrInvalidURI
	}
	// The user part may hold ";" and "?" as they are (RFC 3261 §25.1, user-unreserved), so it goes first; "@" it may not.
	if before, after, found := strings.Cut(rest, "@"); found {
		before, _, _ = strings.Cut(before, ":")
		if user, err = url.PathUnescape(before); err != nil || user == "" || !utf8.ValidString(user) {
			return "", "", "", fmt.Errorf("%w: user part", ErrInvalidURI)
		}
		rest = after
	}
	rest, _, _ = strings.Cut(rest, "?")
	domain, parameters, _ = strings.Cut(rest, ";")
	if !validHost(domain) {
		return "", "", "", fmt.Errorf("%w: host %.80q", ErrInvalidURI, domain)
	}
	return user, domain, parameters, nil
}

func cutScheme(text string) (rest string, found bool) {
	for _, scheme := range []string{"sip:", "sips:"} {
		if hasPrefixFold(text, scheme) {
			return text[len(scheme):], true
		}
	}
	return "", false
}

func validHost(host string) bool {
	for i := range len(host) {
		if c := host[i]; !isAlphanumeric(c) && !strings.ContainsRune("-._:[]", rune(c)) {
			return false
		}
	}
	return hostOnly(host) != ""
}

// hostOnly cuts the port off; the colons of a bracketed IPv6 address stay.
func hostOnly(host string) string {
	if end := strings.LastIndexByte(host, ']'); end >= 0 {
		return host[:end+1]
	}
	host, _, _ = strings.Cut(host, ":")
	return host
}

func parameter(parameters, name string) (value string, found bool) {
	for p := range strings.SplitSeq(parameters, ";") {
		if n, v, _ := strings.Cut(p, "="); strings.EqualFold(n, name) {
			v, err := url.PathUnescape(v)
			return v, err == nil
		}
	}
	return "", false
}

// escapeUser writes a user part: unreserved and user-unreserved of RFC 3261 §25.1 as they are, the rest as %XX. ";" and "?" are
// escaped too, so that nobody reads them as the end of the URI.
func escapeUser(user string) string {
	var b strings.Builder
	for i := range len(user) {
		if c := user[i]; isAlphanumeric(c) || strings.IndexByte("-_.!~*'()&=+$,/", c) >= 0 {
			b.WriteByte(c)
		} else {
			fmt.Fprintf(&b, "%%%02x", c)
		}
	}
	return b.String()
}

func hasPrefixFold(text, prefix string) bool {
	return len(text) >= len(prefix) && strings.EqualFold(text[:len(prefix)], prefix)
}
