package registrar

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/seed-f3cefc8c/focus/pkg/sip"
)

// limits are what a registrar grants.
type limits struct {
	min, max, standard time.Duration
	contacts           int // of an address-of-record
}

// apply computes the bindings after a registration from those before it, which are all live. It changes neither: "The
// binding updates MUST be committed ... if and only if all binding updates and additions succeed" (RFC 3261 §10.3).
func (r *Registration) apply(now time.Time, aor sip.URI, before []Binding, l limits) (after []Binding, err error) {
	if r.all {
		return nil, r.newerThan(before)
	}
	after = slices.Clone(before)
	touched := map[int]bool{} // positions that this request has filled: its own CSeq is no reason to refuse it
	for _, c := range r.contacts {
		i := r.find(after, c)
		if i >= 0 && !touched[i] {
			if err := r.newerThan(after[i : i+1]); err != nil {
				return nil, err
			}
		}
		granted, err := r.grant(c, l)
		switch {
		case err != nil:
			return nil, err
		case loops(c.uri, aor) && granted > 0:
			return nil, fmt.Errorf("%w: %.100q", ErrLoop, c.text)
		case granted == 0:
			if i >= 0 {
				after[i].Expires, touched[i] = now, true // leaves its place to the live below
			}
			continue
		case i < 0:
			i = len(after)
			after = append(after, Binding{Since: now})
		}
		after[i], touched[i] = r.bind(now, c, granted, after, after[i].Since), true
	}
	if after = live(after, now); len(after) > max(l.contacts, len(before)) {
		return nil, fmt.Errorf("%w: %d are bound, %d is the most", ErrTooMany, len(before), l.contacts)
	}
	return after, nil
}

// newerThan: "If they are the same, the registrar compares the CSeq value. If the value is higher than that of the existing binding, it MUST
// update or remove the binding ... If not, the update MUST be aborted and the request fails" (RFC 3261 §10.3).
func (r *Registration) newerThan(bindings []Binding) error {
	for _, b := range bindings {
		if b.CallID == r.callID && r.cseq <= b.CSeq {
			return fmt.Errorf("%w: CSeq %d after %d", ErrOutOfOrder, r.cseq, b.CSeq)
		}
	}
	return nil
}

// find is the position of the binding that a contact is about, or -1. "The registrar then searches the list of current bindings using the URI
// comparison rules" (RFC 3261 §10.3); an outbound registration is known by its instance and reg-id, whatever its URI (RFC 5626 §6).
func (r *Registration) find(bindings []Binding, c contact) int {
	if !r.numbered(c) {
		return slices.IndexFunc(bindings, func(b Binding) bool { return sameContact(b, c) })
	}
	i := slices.IndexFunc(bindings, func(b Binding) bool { return b.RegID == c.regID && strings.EqualFold(b.Instance, c.instance) })
	if i < 0 { // the device may have been here before it learned to use outbound
		i = slices.IndexFunc(bindings, func(b Binding) bool { return b.RegID == 0 && sameContact(b, c) })
	}
	return i
}

// numbered says whether the reg-id of a contact counts.
func (r *Registration) numbered(c contact) bool {
	return r.outbound && c.regID != 0 && c.instance != ""
}

func sameContact(b Binding, c contact) bool {
	if b.Contact == c.text {
		return true
	}
	uri, err := sip.ParseURI(b.Contact)
	return err == nil && sip.EqualURI(uri, c.uri)
}

// loops says that requests to a contact would come back for ever: it is the address-of-record itself, or a GRUU of ours. RFC 5627 §5.1 has 403
// for it.
func loops(uri, aor sip.URI) bool {
	return isSIP(uri) && strings.EqualFold(sip.AddressOfRecord(withoutScheme(uri)), sip.AddressOfRecord(withoutScheme(aor))) && uri.Port == 0 ||
		isGRUU(uri) && strings.EqualFold(uri.Host, aor.Host)
}

func withoutScheme(uri sip.URI) sip.URI {
	uri.Scheme = "sip"
	return uri
}

// grant is how long a contact is bound: its own expires, else the Expires header, else what is usual here. "If and only if
// the requested expiration interval is greater than zero AND smaller than one hour AND less than a registrar-configured minimum, the registrar
// MAY reject the registration with a response of 423 (Interval Too Brief)" (RFC 3261 §10.3).
func (r *Registration) grant(c contact, l limits) (time.Duration, error) {
	asked := l.standard
	switch {
	case c.lifetime.set:
		asked = c.lifetime.d
	case r.lifetime.set:
		asked = r.lifetime.d
	}
	if asked > 0 && asked < time.Hour && asked < l.min {
		return 0, &BriefError{l.min}
	}
	return min(asked, l.max), nil
}

// bind makes the binding of a contact. Temporary GRUUs of an instance stay valid while it keeps its Call-ID (RFC 5627 §5.1).
func (r *Registration) bind(now time.Time, c contact, granted time.Duration, others []Binding, since time.Time) Binding {
	b := Binding{
		Contact: c.text, Q: c.q, Features: c.features, Path: r.path, Instance: c.instance,
		CallID: r.callID, CSeq: r.cseq, UserAgent: r.agent,
		Transport: r.arrival.Transport, Source: r.arrival.Source, NAT: r.behindNAT(c), Flow: r.arrival.Flow,
		Since: since, Expires: now.Add(granted), Lifetime: granted,
	}
	if r.numbered(c) {
		b.RegID = c.regID
	}
	if c.instance != "" {
		b.GRUUs = generationOf(others, c.instance, r.callID)
	}
	return b
}

// behindNAT says that a translator stands between the device and us: its contact is the address that it knows itself by, in its Via or because it
// is a private one, and the REGISTER came from another. A contact elsewhere, of another device, is left alone.
func (r *Registration) behindNAT(c contact) bool {
	host, err := netip.ParseAddr(strings.Trim(c.uri.Host, "[]"))
	if err != nil || len(r.path) > 0 || host.Unmap() == r.arrival.Source.Addr() {
		return false
	}
	return strings.EqualFold(c.uri.Host, r.sentBy) || host.IsPrivate() || host.IsLinkLocalUnicast() || carrier.Contains(host.Unmap())
}

// carrier is the "Shared Address Space" of translators at providers (RFC 6598).
var carrier = netip.MustParsePrefix("100.64.0.0/10")
