package conference

import (
	"crypto/sha256"
	"crypto/subtle"
	"slices"
	"time"
)

// Caller is who wants in, as the transport knows it.
type Caller struct {
	URI           URI
	Authenticated bool // URI was proved; false for guests, whose URI is only what they say
	Administrator bool
}

// Admission is how a caller may come in.
type Admission struct {
	NeedPIN bool // CheckPIN first
	Role    Role
}

// Admit decides whether a caller may join:
//
//	policy                who               PIN
//	closedAuthenticated   organizer         not asked
//	                      invitees          not asked
//	openAuthenticated     organizer         not asked
//	                      invitees          not asked
//	                      other users       asked, but not for the further endpoints of one who is in
//	anonymous             everybody         asked, but the organizer and authenticated invitees are not
//
// A locked conference lets nobody new in, not even its organizer, who can unlock it; who is in may bring another endpoint. Otherwise
// ErrEnded, ErrExpired, ErrLocked, ErrAnonymousNotAllowed or ErrNotInvited.
func (c *Conference) Admit(now time.Time, caller Caller) (Admission, error) {
	user, invited := c.identify(caller)
	if err := c.open(now, user); err != nil {
		return Admission{}, err
	}
	if !caller.Authenticated && c.record.AdmissionPolicy != Anonymous {
		return Admission{}, ErrAnonymousNotAllowed
	}
	if !invited && c.record.AdmissionPolicy == ClosedAuthenticated {
		return Admission{}, ErrNotInvited
	}
	return Admission{
		NeedPIN: c.record.PIN != "" && !invited && !c.present(user),
		Role:    c.role(user, caller.Administrator && caller.Authenticated),
	}, nil
}

// identify says who an authenticated caller is and whether that is the organizer or an invitee. A guest is nobody and not invited,
// whatever its URI says.
func (c *Conference) identify(caller Caller) (user UserID, invited bool) {
	if !caller.Authenticated {
		return "", false
	}
	user = caller.URI.UserID()
	invited = user != "" && (user == c.record.Organizer || slices.Contains(c.record.Invitees, user))
	return user, invited
}

// present reports whether user, proved, is in already.
func (c *Conference) present(user UserID) bool {
	p, found := c.users[user]
	return found && p.Authenticated
}

// open says whether the conference takes user in at all.
func (c *Conference) open(now time.Time, user UserID) error {
	switch _, present := c.users[user]; {
	case c.ended:
		return ErrEnded
	case c.record.ExpiredAt(now):
		return ErrExpired
	case c.record.Locked && !present:
		return ErrLocked
	}
	return nil
}

func (c *Conference) role(user UserID, administrator bool) Role {
	if p, present := c.users[user]; present {
		return p.Role
	}
	if administrator || user != "" && user == c.record.Organizer {
		return Presenter
	}
	return Attendee
}

// pinState is how far an endpoint that is not in yet has come with the PIN.
type pinState struct {
	wrong  int
	passed bool
}

const (
	maxPINTries   = 3
	maxPINWaiting = 1000 // endpoints at the PIN at once
)

// CheckPIN compares what an endpoint entered, in constant time. ErrPINWrong: ask again. ErrPINTries: that was the third wrong one, and
// this endpoint gets no other. nil: it may Join, once. Endpoints are counted by id, which here must be unique in the conference;
// ForgetPIN when one goes away without joining.
func (c *Conference) CheckPIN(endpoint EndpointID, pin string) error {
	state, known := c.pins[endpoint]
	if !known && len(c.pins) >= maxPINWaiting {
		return ErrFull
	}
	if state.wrong >= maxPINTries {
		return ErrPINTries
	}
	given, want := sha256.Sum256([]byte(pin)), sha256.Sum256([]byte(c.record.PIN))
	state.passed = subtle.ConstantTimeCompare(given[:], want[:]) == 1
	if !state.passed {
		state.wrong++
	}
	c.pins[endpoint] = state
	switch {
	case state.passed:
		return nil
	case state.wrong >= maxPINTries:
		return ErrPINTries
	}
	return ErrPINWrong
}

// ForgetPIN drops what CheckPIN remembers of an endpoint.
func (c *Conference) ForgetPIN(endpoint EndpointID) { delete(c.pins, endpoint) }
