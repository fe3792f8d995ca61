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
	PSTN          bool // through a gateway, from the public telephone network
	LobbyCapable  bool // can wait in a lobby: a telephone, or a client that has said so
}

// Actor is the caller as somebody who gives commands: nobody, unless he has proved who he is.
func (c Caller) Actor() Actor {
	if !c.Authenticated {
		return Actor{}
	}
	return Actor{User: c.URI.UserID(), Administrator: c.Administrator}
}

// Admission is how a caller may come in.
type Admission struct {
	NeedPIN bool // CheckPIN first
	Wait    bool // into the lobby
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
// A locked conference lets nobody new in, not even its organizer, who can unlock it; who is in may bring another endpoint.
//
// With a lobby, whom the policy or the lock keeps out waits there if he is capable of it, without a PIN: who lets him in vouches for him. Who
// could let himself in, the organizer or an administrator, does not wait; and with PSTNLobbyBypass neither does a telephone, unless for the
// lock. Who waits already waits with his further endpoints too.
//
// Otherwise ErrEnded, ErrExpired, ErrLocked, ErrWaiting, ErrAnonymousNotAllowed or ErrNotInvited.
func (c *Conference) Admit(now time.Time, caller Caller) (Admission, error) {
	if err := c.open(now); err != nil {
		return Admission{}, err
	}
	user, invited := c.identify(caller)
	admission := Admission{Role: c.role(user, caller.Administrator && caller.Authenticated)}
	barred := c.bar(caller, user, invited)
	switch {
	case barred == nil:
		admission.NeedPIN = c.record.PIN != "" && !invited && !c.present(user)
	case caller.LobbyCapable && (c.record.Lobby || barred == ErrWaiting):
		admission.Wait = true
	default:
		return Admission{}, barred
	}
	return admission, nil
}

// bar is why a caller may not come in at once, or nil.
func (c *Conference) bar(caller Caller, user UserID, invited bool) error {
	p, in := c.users[user]
	lobby, admin := c.record.Lobby, c.May(caller.Actor(), SetLobbyAccess, "") == nil && !in
	bypass := lobby && c.record.PSTNLobbyBypass && caller.PSTN
	switch {
	case in && p.Waiting:
		return ErrWaiting
	case lobby && admin:
		return nil
	case c.record.Locked && !in:
		return ErrLocked
	case !caller.Authenticated && c.record.AdmissionPolicy != Anonymous && !bypass:
		return ErrAnonymousNotAllowed
	case !invited && c.record.AdmissionPolicy == ClosedAuthenticated && !bypass:
		return ErrNotInvited
	}
	return nil
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

// open says whether the conference takes anybody in at all.
func (c *Conference) open(now time.Time) error {
	switch {
	case c.ended:
		return ErrEnded
	case c.record.ExpiredAt(now):
		return ErrExpired
	}
	return nil
}

// role is what a user has who is in, what he was given in a meeting before, or what he is.
func (c *Conference) role(user UserID, administrator bool) Role {
	if p, present := c.users[user]; present {
		return p.Role
	}
	if given, remembered := c.record.Roles[user]; remembered {
		return given
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
