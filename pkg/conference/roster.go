package conference

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// Joining is an endpoint that comes in.
type Joining struct {
	Caller      Caller
	Guest       UserID // of NameGuest, when the guest was named before it joins; else Join gives a name
	DisplayText string // of the user; what is too long is cut
	Endpoint    Endpoint
}

// NameGuest gives a guest with that URI its name ahead of Join: an MCU must know it before the PIN is asked for. No name is given twice.
func (c *Conference) NameGuest(uri URI) UserID {
	user := uri.UserID()
	if user == "" {
		user = "sip:anonymous@anonymous.invalid" // RFC 3323 §4.1
	}
	c.guests++
	return UserID(fmt.Sprintf("%s%s%d", user, guestMark, c.guests))
}

// Join lets an endpoint in by the rules of Admit and says which user it belongs to: an authenticated caller's, who may be in with other
// endpoints already; somebody the conference called itself (DialedOut); or else a new guest, named by the caller's URI with a
// parameter ";guest=N" added, so that a guest is never taken for a user or for another guest. Where Admit wants the PIN, CheckPIN must
// have passed for this endpoint id.
func (c *Conference) Join(now time.Time, j Joining) (UserID, []Change, error) {
	admission, err := c.admitJoining(now, j)
	if err != nil {
		return "", nil, err
	}
	if admission.NeedPIN && !c.pins[j.Endpoint.ID].passed {
		return "", nil, ErrPINRequired
	}
	user, err := c.userOf(j)
	if err != nil {
		return "", nil, err
	}
	changes, err := c.enter(now, user, admission, j)
	if err != nil {
		return "", nil, err
	}
	delete(c.pins, j.Endpoint.ID)
	return user, changes, nil
}

// admitJoining lets in whom a presenter called; everybody else is a caller. Who may call is asked before the call is made.
func (c *Conference) admitJoining(now time.Time, j Joining) (Admission, error) {
	if j.Endpoint.Method != DialedOut {
		return c.Admit(now, j.Caller)
	}
	user := j.Caller.URI.UserID()
	if err := c.open(now); err != nil {
		return Admission{}, err
	}
	switch p, in := c.users[user]; {
	case c.record.Locked && !in:
		return Admission{}, ErrLocked
	case in && p.Waiting: // let him in instead
		return Admission{}, ErrWaiting
	}
	return Admission{Role: c.role(user, false)}, nil
}

func (c *Conference) userOf(j Joining) (UserID, error) {
	user := j.Caller.URI.UserID()
	switch {
	case j.Caller.Authenticated || j.Endpoint.Method == DialedOut:
		if user == "" {
			return "", fmt.Errorf("%w: %.80q", ErrInvalidURI, j.Caller.URI)
		}
		return user, nil
	case j.Guest != "":
		if _, taken := c.users[j.Guest]; taken || !j.Guest.Guest() {
			return "", fmt.Errorf("%w: guest %.80q", ErrInvalidURI, j.Guest)
		}
		return j.Guest, nil
	}
	return c.NameGuest(j.Caller.URI), nil
}

func (c *Conference) enter(now time.Time, user UserID, admission Admission, j Joining) ([]Change, error) {
	if p, present := c.users[user]; present {
		return c.returning(now, p, j)
	}
	if len(c.users) >= maxParticipants || admission.Wait && len(c.lobby) >= maxLobby {
		return nil, ErrFull
	}
	p := &Participant{
		User: user, URI: j.Caller.URI, DisplayText: clip(j.DisplayText), Role: admission.Role,
		Authenticated: j.Caller.Authenticated, Waiting: admission.Wait, Joined: now, Hears: c.filters[user],
	}
	if err := c.attach(now, p, j.Endpoint); err != nil {
		return nil, err
	}
	c.users[user] = p
	delete(c.filters, user)
	c.order = append(c.order, user)
	if p.Waiting {
		c.lobby = append(c.lobby, user)
	} else {
		c.arrived(p)
	}
	return []Change{c.change(now, "", Change{Kind: UserJoined, User: user, Endpoint: j.Endpoint.ID})}, nil
}

// returning brings a further endpoint of a user. Whom the conference had called may only now prove who it is.
func (c *Conference) returning(now time.Time, p *Participant, j Joining) ([]Change, error) {
	changes, err := c.AddEndpoint(now, p.User, j.Endpoint)
	if err != nil || p.Authenticated || !j.Caller.Authenticated {
		return changes, err
	}
	if p.Authenticated = true; !p.Waiting {
		c.arrived(p)
	}
	return append(changes, c.change(now, "", Change{Kind: UserChanged, User: p.User})), nil
}

// AddEndpoint brings a further endpoint of a user who is in: no question of policy.
func (c *Conference) AddEndpoint(now time.Time, user UserID, e Endpoint) ([]Change, error) {
	p, found := c.users[user]
	if !found {
		return nil, ErrNoSuchUser
	}
	if err := c.attach(now, p, e); err != nil {
		return nil, err
	}
	return []Change{c.change(now, "", Change{Kind: EndpointAdded, User: user, Endpoint: e.ID})}, nil
}

func (c *Conference) attach(now time.Time, p *Participant, e Endpoint) error {
	if e.ID == "" || len(e.ID) > maxText || !e.Status.Valid() || !e.Method.Valid() {
		return fmt.Errorf("%w: endpoint %.80q, status %.40q, joining method %.40q", ErrInvalid, e.ID, e.Status, e.Method)
	}
	if p.Endpoint(e.ID) != nil {
		return ErrEndpointExists
	}
	if len(p.Endpoints) >= maxEndpoints {
		return ErrFull
	}
	media, err := c.streams(p, nil, e.Media)
	if err != nil {
		return err
	}
	e.Joined, e.Media, e.DisplayText, e.Speaking = now, media, clip(e.DisplayText), false
	p.Endpoints = append(p.Endpoints, e)
	return nil
}

// SetStatus says how an endpoint's call stands: alerting, connected, on-hold …
func (c *Conference) SetStatus(now time.Time, user UserID, endpoint EndpointID, status EndpointStatus) ([]Change, error) {
	_, e, err := c.lookUp(user, endpoint)
	if err != nil {
		return nil, err
	}
	if !status.Valid() {
		return nil, fmt.Errorf("%w: status %.40q", ErrInvalid, status)
	}
	if e.Status == status {
		return nil, nil
	}
	e.Status = status
	return []Change{c.change(now, "", Change{Kind: EndpointChanged, User: user, Endpoint: endpoint})}, nil
}

// SetMedia says what streams an endpoint has now. A stream keeps who muted it, whether it is deaf, and its gain; a new one of an attendee starts
// muted while MuteAll.Later. Muted, Deaf and Gain of the argument are ignored.
func (c *Conference) SetMedia(now time.Time, user UserID, endpoint EndpointID, media []MediaStream) ([]Change, error) {
	p, e, err := c.lookUp(user, endpoint)
	if err != nil {
		return nil, err
	}
	streams, err := c.streams(p, e.Media, media)
	if err != nil {
		return nil, err
	}
	if slices.Equal(streams, e.Media) {
		return nil, nil
	}
	e.Media = streams
	return []Change{c.change(now, "", Change{Kind: MediaChanged, User: user, Endpoint: endpoint})}, nil
}

func (c *Conference) streams(p *Participant, old, media []MediaStream) ([]MediaStream, error) {
	if len(media) > maxMedia {
		return nil, ErrFull
	}
	before := Endpoint{Media: old}
	streams := make([]MediaStream, 0, len(media))
	for _, m := range media {
		if m.ID == "" || len(m.ID) > maxText || !m.Direction.Valid() || containsStream(streams, m.ID) {
			return nil, fmt.Errorf("%w: media stream %.80q, direction %.40q", ErrInvalid, m.ID, m.Direction)
		}
		m.Muted, m.Deaf, m.Gain = c.initialMute(p, m.Type), false, 0
		if known := before.Stream(m.ID); known != nil && known.Type == m.Type {
			m.Muted, m.Deaf, m.Gain = known.Muted, known.Deaf, known.Gain
		}
		streams = append(streams, m)
	}
	return streams, nil
}

func containsStream(streams []MediaStream, id MediaID) bool {
	return slices.ContainsFunc(streams, func(m MediaStream) bool { return m.ID == id })
}

// RemoveEndpoint takes one endpoint out; with the last one the user leaves.
func (c *Conference) RemoveEndpoint(now time.Time, user UserID, endpoint EndpointID) ([]Change, error) {
	p, _, err := c.lookUp(user, endpoint)
	if err != nil {
		return nil, err
	}
	if len(p.Endpoints) == 1 {
		return c.Leave(now, user)
	}
	p.Endpoints = slices.DeleteFunc(p.Endpoints, func(e Endpoint) bool { return e.ID == endpoint })
	changes := []Change{c.change(now, "", Change{Kind: EndpointRemoved, User: user, Endpoint: endpoint})}
	return append(changes, c.followSpeakers(now, user)...), nil
}

// Leave takes a user out with all endpoints.
func (c *Conference) Leave(now time.Time, user UserID) ([]Change, error) {
	if _, found := c.users[user]; !found {
		return nil, ErrNoSuchUser
	}
	return c.remove(now, "", user), nil
}

// Remove is Leave by a command. The organizer cannot be removed by another presenter; everybody may remove himself.
func (c *Conference) Remove(now time.Time, by Actor, user UserID) ([]Change, error) {
	if err := c.May(by, DeleteUser, user); err != nil {
		return nil, err
	}
	if _, found := c.users[user]; !found {
		return nil, ErrNoSuchUser
	}
	return c.remove(now, by.User, user), nil
}

func (c *Conference) remove(now time.Time, by, user UserID) []Change {
	p := c.users[user]
	delete(c.users, user)
	i := len(c.order) - 1 // from the end, where finish takes them
	for c.order[i] != user {
		i--
	}
	c.order = slices.Delete(c.order, i, i+1)
	if p.Spotlight {
		c.spotlights--
	}
	if p.Waiting {
		c.unwait(p)
	} else {
		c.departed(now, p)
	}
	c.keepFilter(p)
	ch := c.change(now, by, Change{Kind: UserLeft, User: user})
	c.bury(user, ch.Revision)
	return append([]Change{ch}, c.followSpeakers(now, user)...)
}

// clip cuts a text that came from outside to maxText bytes of whole, printable characters.
func clip(text string) string {
	if len(text) > maxText {
		text = text[:maxText]
	}
	text = strings.ToValidUTF8(text, "")
	return strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f {
			return -1
		}
		return r
	}, text)
}
