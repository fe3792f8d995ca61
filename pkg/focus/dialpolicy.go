package focus

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/seed-f3cefc8c/focus/pkg/conference"
	"github.com/seed-f3cefc8c/focus/pkg/sip"
)

// DialOutPolicy says whom conferences may call, of a server or for a user of it.
type DialOutPolicy string

// The policies.
const (
	DialNobody     DialOutPolicy = "none"
	DialRegistered DialOutPolicy = "registered" // users of ours, where they have registered
	DialAnybody    DialOutPolicy = "any"        // every SIP URI, and the numbers that a trunk takes
)

// Valid reports whether p is one of the three.
func (p DialOutPolicy) Valid() bool {
	return p == DialNobody || p == DialRegistered || p == DialAnybody
}

var (
	errDialOut      = errors.New("calling out is not allowed")
	errOwnAddress   = errors.New("that is a conference of this server")
	errNoSuchCallee = errors.New("no such user")
	errTooManyCalls = errors.New("too many calls are being made")
)

// callable is somebody who may be called.
type callable struct {
	user    User               // as the roster has it
	devices [][]sip.Invitation // the ways that lead to each
}

// mayDial is the one place that decides whom a conference may call, and finds where to call them. That
// by may command the conference has been asked before. Own conferences are never called, whatever the policy: a mix that is its own input howls,
// and its calls have no end.
func (s *Server) mayDial(ctx context.Context, by conference.Actor, target sip.URI) (*callable, error) {
	policy, err := s.dialOutPolicy(ctx, by)
	if err != nil {
		return nil, err
	}
	target.Headers = nil // a Request-URI has none (RFC 3261 §19.1.1)
	number, isNumber := s.isNumber(target)
	switch scheme := strings.ToLower(target.Scheme); {
	case policy == DialNobody:
		return nil, errDialOut
	case isNumber && policy != DialAnybody:
		return nil, errDialOut
	case isNumber:
		return s.byTrunk(number)
	case scheme != "sip" && scheme != "sips":
		return nil, errScheme
	case s.home(target.Host, nil):
		return s.registeredUser(ctx, target)
	case policy != DialAnybody:
		return nil, errDialOut
	}
	return s.byDomain(target), nil
}

// dialOutPolicy is what a user's record says, and for everybody else what the server's configuration says.
func (s *Server) dialOutPolicy(ctx context.Context, by conference.Actor) (DialOutPolicy, error) {
	if by.User == "" || by.User.Guest() || !s.home(by.User.Domain(), nil) {
		return s.config.DialOut, nil
	}
	user, err := s.config.Users.User(ctx, sip.NormaliseUser(userPart(by.User)))
	switch {
	case errors.Is(err, ErrUnknownUser):
		return s.config.DialOut, nil
	case err != nil:
		return DialNobody, fmt.Errorf("looking up who calls out: %w", err)
	}
	return cmp.Or(user.DialOut, s.config.DialOut), nil
}

// registeredUser finds a user of ours. A name that is a conference's id is that conference, as it is for who dials it.
func (s *Server) registeredUser(ctx context.Context, target sip.URI) (*callable, error) {
	if s.isConference(ctx, target) {
		return nil, errOwnAddress
	}
	user, err := s.config.Users.User(ctx, strings.ToLower(sip.NormaliseUser(target.User)))
	if err != nil {
		return nil, fmt.Errorf("%w: %.80q", errNoSuchCallee, target.User)
	}
	found, err := s.ways(ctx, target)
	if err != nil {
		return nil, fmt.Errorf("looking for %.80q: %w", target.User, err)
	}
	return &callable{user, s.devices(ctx, target, found)}, nil
}

// devices are the telephones of a user, and the ways to each. A contact that leads to a conference of ours is none.
func (s *Server) devices(ctx context.Context, target sip.URI, found []reach) (devices [][]sip.Invitation) {
	place := map[string]int{} // of an instance in devices
	for _, r := range found {
		if s.isConference(ctx, r.Target) {
			continue
		}
		inv := sip.Invitation{Target: r.Target, To: target, Headers: r.Headers, Flow: r.Flow}
		if i, known := place[r.Instance]; known && r.Instance != "" {
			devices[i] = append(devices[i], inv)
			continue
		}
		place[r.Instance] = len(devices)
		devices = append(devices, []sip.Invitation{inv})
	}
	return devices[:min(len(devices), maxDevices)]
}

// maxDevices is how many telephones of one user ring.
const maxDevices = 10

// isConference says whether a URI leads to a conference of ours, or to what makes one. An id that nobody has is nobody.
func (s *Server) isConference(ctx context.Context, uri sip.URI) bool {
	if !s.home(uri.Host, nil) {
		return false // by a name of ours that we do not know it comes back, and gets 482
	}
	address, err := conference.ParseURI(uri.String())
	switch {
	case err != nil || address.Kind == conference.KindUser:
		return false
	case address.Kind != conference.KindConference:
		return true
	}
	_, err = s.config.Directory.Get(ctx, address.ID)
	return err == nil
}
