package conference

import (
	"fmt"
	"math"
	"slices"
	"time"

	"pgregory.net/rapid"
)

// move is one command, to be given to both. The steps draw what else they need.
type move struct {
	r       *rapid.T
	now     time.Time
	c       *Conference
	m       *model
	by      Actor
	user    UserID
	e       EndpointID
	on      bool
	changes []Change
	err     error
}

// steps are the commands. Each gives it to both, and says whether it had to be carried out.
var steps = map[string]func(*move) bool{
	"join": stepJoin, "join again": stepJoin, "guest": stepGuest, "another guest": stepGuest, "hang up": stepHangUp, "remove": stepRemove,
	"access": stepAccess, "admit all": stepAdmitAll, "role": stepRole, "text": stepText,
	"lock": stepLock, "announcements": stepAnnouncements, "recording": stepRecording, "modify": stepModify,
	"mute": stepMute, "mute all": stepMuteAll, "deaf": stepDeaf, "gain": stepGain, "filter": stepFilter, "media": stepMedia,
	"spotlight": stepSpotlight, "hand": stepHand, "lower hands": stepLowerHands, "speak": stepSpeak, "speak on": stepSpeak,
	"status": stepStatus, "disconnect": stepDisconnect, "expire": stepExpire, "end": stepEnd,
}

// step gives both the same command. What the model says of the outcome is compared here, what it says of the state in compare.
func step(r *rapid.T, now time.Time, c *Conference, m *model) ([]Change, error) {
	known := []UserID{alice, bob, carol}
	for _, p := range m.people {
		known = append(known, p.user)
	}
	var verbs []string
	for verb := range steps {
		verbs = append(verbs, verb)
	}
	slices.Sort(verbs)
	verb := rapid.SampledFrom(verbs).Draw(r, "verb")
	s := &move{
		r: r, now: now, c: c, m: m, by: Actor{User: rapid.SampledFrom(known).Draw(r, "by")}, user: rapid.SampledFrom(known).Draw(r, "user"),
		e: rapid.SampledFrom([]EndpointID{"1", "2", "3"}).Draw(r, "endpoint"), on: rapid.Bool().Draw(r, "on"),
	}
	if may := steps[verb](s); (s.err == nil) != may {
		r.Fatalf("%s %s %s %t by %s: %v, want %t", verb, s.user, s.e, s.on, s.by.User, s.err, may)
	}
	return s.changes, s.err
}

func stepJoin(s *move) bool {
	if s.user.Guest() {
		return true
	}
	how := s.m.admit(s.user, false, s.on, false)
	caller := proved(s.user)
	caller.LobbyCapable = s.on
	_, s.changes, s.err = s.c.Join(s.now, Joining{Caller: caller, Endpoint: endpointOf(s.e)})
	may := how != "refused" && s.m.device(s.user, s.e) == nil
	if may {
		s.m.join(s.now, s.user, s.e, how == "waits")
	}
	return may
}

func stepGuest(s *move) bool {
	pstn := rapid.Bool().Draw(s.r, "pstn")
	how := s.m.admit("", true, s.on, pstn)
	var guest UserID
	guest, s.changes, s.err = s.c.Join(s.now, Joining{Caller: Caller{URI: URI(alice), LobbyCapable: s.on, PSTN: pstn}, Endpoint: endpointOf(s.e)})
	if how == "refused" {
		return false
	}
	if s.m.in(guest) || !guest.Guest() {
		s.r.Fatalf("a new guest is called %s", guest)
	}
	s.m.join(s.now, guest, s.e, how == "waits")
	return true
}

func stepHangUp(s *move) bool {
	may := s.m.device(s.user, s.e) != nil
	s.changes, s.err = s.c.RemoveEndpoint(s.now, s.user, s.e)
	s.m.leave(s.now, func(d device) bool { return d.user == s.user && d.endpoint == s.e })
	return may
}

func stepRemove(s *move) bool {
	may := s.m.in(s.user) && (s.by.User == s.user || s.m.commands(s.by.User) && s.user != alice)
	s.changes, s.err = s.c.Remove(s.now, s.by, s.user)
	if may {
		s.m.leave(s.now, func(d device) bool { return d.user == s.user })
	}
	return may
}

func stepAccess(s *move) bool {
	may := s.m.commands(s.by.User) && s.m.in(s.user) && s.m.find(s.user).waiting
	access := LobbyDenied
	if s.on {
		access = LobbyGranted
	}
	s.changes, s.err = s.c.SetLobbyAccess(s.now, s.by, s.user, access)
	switch {
	case may && s.on:
		s.m.find(s.user).waiting = false
		s.m.note(s.now)
	case may:
		s.m.leave(s.now, func(d device) bool { return d.user == s.user })
	}
	return may
}

func stepAdmitAll(s *move) bool {
	may := s.m.commands(s.by.User)
	s.changes, s.err = s.c.AdmitAll(s.now, s.by)
	for i := range s.m.people {
		s.m.people[i].waiting = s.m.people[i].waiting && !may
	}
	s.m.note(s.now)
	return may
}

func stepRole(s *move) bool {
	role := Attendee
	if s.on {
		role = Presenter
	}
	may := s.m.in(s.user) && s.m.commands(s.by.User) && (s.user != alice || s.on && s.by.User == alice)
	s.changes, s.err = s.c.SetRole(s.now, s.by, s.user, role)
	if p := s.m.find(s.user); may && p.role != role {
		p.role = role
		if !s.user.Guest() {
			s.m.given[s.user] = role
		}
		s.m.mutes(s.user, s.m.obey(s.m.muteAll.Later))
	}
	return may
}

func stepText(s *move) bool {
	own := s.by.User == s.user && (s.m.attends(s.user) || s.user == alice)
	may := s.m.in(s.user) && (own || s.m.commands(s.by.User) && s.user != alice)
	text := rapid.SampledFrom([]string{"", "Somebody", "Anybody"}).Draw(s.r, "text")
	s.changes, s.err = s.c.SetDisplayText(s.now, s.by, s.user, text)
	if may {
		s.m.find(s.user).text = text
	}
	return may
}

func stepLock(s *move) bool {
	may := s.m.commands(s.by.User) && !s.m.ended
	s.changes, s.err = s.c.SetLock(s.now, s.by, s.on)
	if may {
		s.m.locked = s.on
	}
	return may
}

func stepAnnouncements(s *move) bool {
	may := s.m.commands(s.by.User) && !s.m.ended
	s.changes, s.err = s.c.SetAnnouncements(s.now, s.by, s.on)
	if may {
		s.m.announcements = s.on
	}
	return may
}

func stepRecording(s *move) bool {
	state := rapid.SampledFrom([]RecordingState{NotRecording, Recording, RecordingPaused}).Draw(s.r, "state")
	may := s.m.commands(s.by.User) && !s.m.ended && (state != RecordingPaused || s.m.recording != NotRecording)
	s.changes, s.err = s.c.SetRecording(s.now, s.by, state)
	if may {
		s.m.recording = state
	}
	return may
}

func stepModify(s *move) bool {
	policy := rapid.SampledFrom([]AdmissionPolicy{Anonymous, OpenAuthenticated, ClosedAuthenticated, "whatever"}).Draw(s.r, "policy")
	subject, bypass := rapid.SampledFrom([]string{"", "Budget"}).Draw(s.r, "subject"), rapid.Bool().Draw(s.r, "bypass")
	version := rapid.SampledFrom([]uint64{0, 0, 7}).Draw(s.r, "version") // 7 is of no record here
	may := s.by.User == alice && !s.m.ended && policy.Valid() && version == 0
	s.changes, s.err = s.c.Modify(s.now, s.by, Modification{
		Version: version, Subject: &subject, AdmissionPolicy: &policy, Lobby: &s.on, PSTNLobbyBypass: &bypass,
	})
	if may {
		s.m.policy, s.m.subject, s.m.lobby, s.m.bypass = policy, subject, s.on, bypass
	}
	return may
}

// self is what everybody may do for himself who is not in the lobby, and who commands for all.
func (s *move) self() bool {
	return s.m.in(s.user) && (s.by.User == s.user && s.m.attends(s.user) || s.m.commands(s.by.User))
}

func stepMute(s *move) bool {
	held := slices.ContainsFunc(s.m.devices, func(d device) bool {
		return d.user == s.user && slices.ContainsFunc(d.streams, func(t stream) bool { return t.muted == MutedByAll })
	})
	may := s.self()
	if !s.on {
		may = may && (!held || !s.m.muteAll.Hard || s.m.commands(s.by.User))
		s.changes, s.err = s.c.Unmute(s.now, s.by, Target{User: s.user})
	} else {
		s.changes, s.err = s.c.Mute(s.now, s.by, Target{User: s.user})
	}
	if !may {
		return false
	}
	s.m.mutes(s.user, func(_ *person, muted Muted) Muted {
		switch {
		case !s.on:
			return NotMuted
		case s.by.User == s.user && muted == NotMuted:
			return MutedBySelf
		case s.by.User != s.user && muted <= MutedBySelf:
			return MutedByPresenter
		}
		return muted
	})
	return true
}

func stepMuteAll(s *move) bool {
	may := s.m.commands(s.by.User) && !s.m.ended
	how := MuteAll{Muted: s.on, Later: rapid.Bool().Draw(s.r, "later"), Hard: rapid.Bool().Draw(s.r, "hard")}
	s.changes, s.err = s.c.SetMuteAll(s.now, s.by, how)
	if !may {
		return false
	}
	if s.m.muteAll = how; !s.on {
		s.m.muteAll = MuteAll{}
	}
	s.m.mutes("", s.m.obey(true))
	return true
}

// stream is number 1 of the device; nil when there is none.
func (s *move) stream() *stream {
	if d := s.m.device(s.user, s.e); d != nil {
		if i := slices.IndexFunc(d.streams, func(t stream) bool { return t.id == "1" }); i >= 0 {
			return &d.streams[i]
		}
	}
	return nil
}

func stepDeaf(s *move) bool {
	one := s.stream()
	may := one != nil && s.self()
	s.changes, s.err = s.c.SetDeaf(s.now, s.by, Target{User: s.user, Endpoint: s.e, Media: "1"}, s.on)
	if may {
		one.deaf = s.on
	}
	return may
}

func stepGain(s *move) bool {
	one, gain := s.stream(), rapid.SampledFrom([]float64{-60, -60.5, -6, 0, 20, 20.5, math.NaN()}).Draw(s.r, "gain")
	may := one != nil && s.self() && !slices.Contains([]string{"-60.5", "20.5", "NaN"}, fmt.Sprint(gain))
	s.changes, s.err = s.c.SetGain(s.now, s.by, Target{User: s.user, Endpoint: s.e, Media: "1"}, gain)
	if may {
		one.gain = gain
	}
	return may
}

func stepFilter(s *move) bool {
	may := s.m.in(s.user) && s.m.commands(s.by.User)
	f := MediaFilter{Only: s.on, Users: rapid.SliceOfN(rapid.SampledFrom([]UserID{alice, bob, carol}), 0, 4).Draw(s.r, "users")}
	s.changes, s.err = s.c.SetMediaFilter(s.now, s.by, s.user, f)
	if !may {
		return false
	}
	hears := MediaFilter{Only: s.on}
	for _, u := range []UserID{alice, bob, carol} { // in their order
		if slices.Contains(f.Users, u) {
			hears.Users = append(hears.Users, u)
		}
		if s.c.users[s.user].Hears.Passes(u) != (slices.Contains(f.Users, u) == s.on) {
			s.r.Fatalf("does %s hear %s?", s.user, u)
		}
	}
	s.m.find(s.user).hears = hears
	return true
}

func stepMedia(s *move) bool {
	d := s.m.device(s.user, s.e)
	ids := rapid.SampledFrom([][]MediaID{{"1"}, {"1", "2"}, {"2"}, nil}).Draw(s.r, "media")
	var media []MediaStream
	for _, id := range ids {
		media = append(media, MediaStream{ID: id, Type: Audio, Direction: SendRecv})
	}
	s.changes, s.err = s.c.SetMedia(s.now, s.user, s.e, media)
	if d == nil {
		return false
	}
	var streams []stream
	for _, id := range ids {
		if i := slices.IndexFunc(d.streams, func(t stream) bool { return t.id == id }); i >= 0 {
			streams = append(streams, d.streams[i])
		} else {
			streams = append(streams, stream{id: id, muted: s.m.newMute(s.user)})
		}
	}
	d.streams = streams
	return true
}

func stepSpotlight(s *move) bool {
	may := s.m.attends(s.user) && s.m.commands(s.by.User)
	lit := 0
	for _, p := range s.m.people {
		if p.spot {
			lit++
		}
	}
	if may && s.on && !s.m.find(s.user).spot && lit >= 9 {
		may = false
	}
	s.changes, s.err = s.c.SetSpotlight(s.now, s.by, s.user, s.on)
	if may {
		s.m.find(s.user).spot = s.on
	}
	return may
}

func stepHand(s *move) bool {
	may := s.m.attends(s.user) && (s.by.User == s.user || !s.on && s.m.commands(s.by.User))
	s.changes, s.err = s.c.RaiseHand(s.now, s.by, s.user, s.on)
	up := slices.Index(s.m.hands, s.user)
	switch {
	case may && s.on && up < 0:
		s.m.hands = append(s.m.hands, s.user)
	case may && !s.on && up >= 0:
		s.m.hands = slices.Delete(s.m.hands, up, up+1)
	}
	return may
}

func stepLowerHands(s *move) bool {
	may := s.m.commands(s.by.User)
	s.changes, s.err = s.c.LowerHands(s.now, s.by)
	if may {
		s.m.hands = nil
	}
	return may
}

func stepSpeak(s *move) bool {
	d := s.m.device(s.user, s.e)
	s.changes, s.err = s.c.SetSpeaking(s.now, s.user, s.e, s.on)
	if d != nil {
		d.speaking = s.on
	}
	return d != nil
}

func stepStatus(s *move) bool {
	d := s.m.device(s.user, s.e)
	status := rapid.SampledFrom([]EndpointStatus{StatusConnected, StatusOnHold, StatusAlerting}).Draw(s.r, "status")
	s.changes, s.err = s.c.SetStatus(s.now, s.user, s.e, status)
	if d != nil {
		d.status = status
	}
	return d != nil
}

func stepDisconnect(s *move) bool {
	d := s.m.device(s.user, s.e)
	s.changes, s.err = s.c.Disconnect(s.now, s.user, s.e, Departed, "")
	if d != nil {
		d.status, d.streams, d.speaking = StatusDisconnected, nil, false
	}
	return d != nil
}

func stepExpire(s *move) bool {
	over := s.m.over()
	s.changes = s.c.Expire(s.now)
	if !over.IsZero() && !s.now.Before(over) {
		s.m.end(s.now)
		return true
	}
	late := func(user UserID) bool {
		p := s.m.find(user)
		return p != nil && p.waiting && !s.now.Before(p.since.Add(30*time.Minute))
	}
	var out []UserID
	for _, p := range s.m.people {
		if late(p.user) {
			out = append(out, p.user)
		}
	}
	s.m.leave(s.now, func(d device) bool { return slices.Contains(out, d.user) })
	return true
}

func stepEnd(s *move) bool {
	if rapid.IntRange(0, 9).Draw(s.r, "really") > 0 {
		return true
	}
	may := s.m.commands(s.by.User) && !s.m.ended
	s.changes, s.err = s.c.End(s.now, s.by)
	if may {
		s.m.end(s.now)
		s.m.buried = true
	}
	return may
}
