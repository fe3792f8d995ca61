package registrar

import (
	"fmt"
	"net/netip"
	"strings"

	"github.com/seed-f3cefc8c/focus/pkg/sip"
)

// Arrival is how a REGISTER came.
type Arrival struct {
	Transport string
	Source    netip.AddrPort
	Flow      string // token, "" where there is none
}

// Registration is a REGISTER that has been read.
type Registration struct {
	contacts []contact
	all      bool // Contact: *
	lifetime lifetime
	callID   string
	cseq     uint32
	path     []string
	agent    string
	arrival  Arrival
	sentBy   string // host of the Via
	outbound bool   // the device and the first hop support it
	gruu     bool   // the device understands GRUUs
	gruu10   bool   // those of the draft
}

// Options are the option tags that a registrar understands in Require and Supported.
func Options() []string { return []string{"path", "outbound", "gruu"} }

// Read takes out of a REGISTER what concerns its bindings. ErrMalformed, ErrFirstHop.
func Read(req *sip.Request, from Arrival) (*Registration, error) {
	r := &Registration{
		callID: string(*req.CallID()), cseq: req.CSeq().SeqNo, agent: agentOf(req), arrival: from, gruu: sip.HasOption(req, "Supported", "gruu"),
		gruu10: sip.HasOption(req, "Supported", "gruu-10"),
	}
	if via := req.Via(); via != nil {
		r.sentBy = via.Host
	}
	if len(r.callID) > maxCallID {
		return nil, fmt.Errorf("%w: a Call-ID of %d octets", ErrMalformed, len(r.callID))
	}
	if value := sip.HeaderValue(req, "Expires"); value != "" {
		r.lifetime = readLifetime(strings.TrimSpace(value))
	}
	for _, read := range []func(*sip.Request) error{r.readContacts, r.readPath, r.readOutbound} {
		if err := read(req); err != nil {
			return nil, err
		}
	}
	return r, nil
}

// readContacts: with "*", "If the request has additional Contact fields or an expiration time other than zero, the request is invalid, and the
// server MUST return a 400" (RFC 3261 §10.3).
func (r *Registration) readContacts(req *sip.Request) error {
	values := sip.HeaderValues(req, "Contact")
	if len(values) > maxContacts {
		return fmt.Errorf("%w: %d Contacts", ErrMalformed, len(values))
	}
	for _, value := range values {
		if value == "*" {
			r.all = true
			continue
		}
		c, err := readContact(value)
		if err != nil {
			return err
		}
		r.contacts = append(r.contacts, c)
	}
	if r.all && (len(values) > 1 || !r.lifetime.set || r.lifetime.d != 0) {
		return fmt.Errorf("%w: Contact * is alone, and with Expires 0", ErrMalformed)
	}
	return nil
}

// readPath keeps the values of Path (RFC 3327 §5.3), of which each is a name-addr.
func (r *Registration) readPath(req *sip.Request) error {
	r.path = sip.HeaderValues(req, "Path")
	if len(r.path) > maxPath {
		return fmt.Errorf("%w: a Path of %d hops", ErrMalformed, len(r.path))
	}
	for _, hop := range r.path {
		if _, err := hopURI(hop); err != nil {
			return err
		}
	}
	return nil
}

func hopURI(hop string) (sip.URI, error) {
	text, rest, ok := splitAddress(hop)
	uri, err := sip.ParseURI(text)
	if !ok || err != nil || len(hop) > maxValue || !strings.Contains(hop, "<") || !isSIP(uri) || rest != "" && rest[0] != ';' {
		return sip.URI{}, fmt.Errorf("%w: Path %.100q", ErrMalformed, hop)
	}
	return uri, nil
}

func isSIP(uri sip.URI) bool {
	return strings.EqualFold(uri.Scheme, "sip") || strings.EqualFold(uri.Scheme, "sips")
}

// readOutbound decides whether reg-id counts. It does when the device supports outbound and the first hop does; several contacts to be bound
// beside one with a reg-id are an error (RFC 5626 §6).
func (r *Registration) readOutbound(req *sip.Request) error {
	added, numbered := 0, 0
	for _, c := range r.contacts {
		if r.removes(c) {
			continue
		}
		added++
		if c.regID != 0 && c.instance != "" {
			numbered++
		}
	}
	r.outbound = sip.HasOption(req, "Supported", "outbound")
	switch {
	case numbered == 0 || !r.outbound:
		return nil
	case added > 1:
		return fmt.Errorf("%w: several Contacts beside a reg-id", ErrMalformed)
	case !r.firstHopAgrees(req):
		return ErrFirstHop
	}
	return nil
}

// firstHopAgrees: "the registrar first checks from its Via header field if the registrar is the first hop or not. If the registrar is not the
// first hop, it MUST examine the Path header of the request. If the Path header field is missing or it exists but the first URI does not have an
// "ob" URI parameter, then outbound processing MUST NOT be applied" (RFC 5626 §6). The first URI is that of the first hop, which each later
// proxy has put its own in front of (RFC 3327 §5.2).
func (r *Registration) firstHopAgrees(req *sip.Request) bool {
	if len(r.path) == 0 {
		return len(sip.HeaderValues(req, "Via")) == 1
	}
	uri, _ := hopURI(r.path[len(r.path)-1])
	for _, p := range uri.UriParams {
		if strings.EqualFold(p.K, "ob") {
			return true
		}
	}
	return false
}

// fetches: without a Contact nothing changes, and the answer has what is bound (RFC 3261 §10.2.3).
func (r *Registration) fetches() bool { return len(r.contacts) == 0 && !r.all }

// removes says whether a contact is to be unbound.
func (r *Registration) removes(c contact) bool {
	if c.lifetime.set {
		return c.lifetime.d == 0
	}
	return r.lifetime.set && r.lifetime.d == 0
}

func agentOf(req *sip.Request) string {
	agent := strings.ToValidUTF8(sip.HeaderValue(req, "User-Agent"), "")
	return strings.ToValidUTF8(agent[:min(len(agent), maxAgent)], "")
}
