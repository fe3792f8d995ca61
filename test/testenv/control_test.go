package testenv_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"math/big"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/seed-f3cefc8c/focus/pkg/c3p"
	"github.com/seed-f3cefc8c/focus/pkg/conference"
	"github.com/seed-f3cefc8c/focus/pkg/confinfo"
	"github.com/seed-f3cefc8c/focus/pkg/focus"
	"github.com/seed-f3cefc8c/focus/test/testenv"
)

// people has bob and carol, users, in the room.
func people(t *testing.T, story func(w *testenv.World, bob, carol *testenv.Phone)) {
	testenv.Run(t, func(w *testenv.World) {
		w.Conference(room, forUsers)
		var phones []*testenv.Phone
		for _, name := range []string{"bob", "carol"} {
			phones = append(phones, joins(w, name))
		}
		story(w, phones[0], phones[1])
	})
}

func forUsers(d *confinfo.Description) { d.AdmissionPolicy = confinfo.OpenAuthenticated }

func joins(w *testenv.World, name string) *testenv.Phone {
	w.Helper()
	w.User(name)
	return brings(w, name, name)
}

// brings has a user join with one more telephone.
func brings(w *testenv.World, user, phone string) *testenv.Phone {
	w.Helper()
	p := w.Phone(phone)
	p.User, p.From = user, "sip:"+user+"@example.com"
	p.Dials(dial)
	p.WantsAnswer()
	return p
}

const (
	bobURI   = "sip:bob@example.com"
	carolURI = "sip:carol@example.com"
)

func keysOf(user string) c3p.UserKeys {
	return c3p.UserKeys{Conference: testenv.FocusURI(room), User: user}
}

func muteAll(ingress string, change ...func(*confinfo.InitialFilter)) *c3p.ModifyConference {
	filter := confinfo.InitialFilter{Role: confinfo.Attendee, Ingress: ingress}
	for _, f := range change {
		f(&filter)
	}
	return &c3p.ModifyConference{Conference: &confinfo.Document{Entity: testenv.FocusURI(room), State: confinfo.Partial, View: &confinfo.View{
		Entities: []confinfo.EntityView{{
			Entity:      string(conference.MCUURI(testenv.Organizer, conference.AudioVideo, room)),
			EntityState: &confinfo.EntityState{Filters: &confinfo.FilterRules{Initial: []confinfo.InitialFilter{filter}}},
		}},
	}}}
}

// wantMuted compares the roster, and the MCU if it is not the real one.
func wantMuted(w *testenv.World, user string, want bool) {
	w.Helper()
	if w.MCU != nil && w.MCU.Endpoint(user).Muted != want {
		w.Errorf("%s is muted at the MCU: %v, want %v", user, !want, want)
	}
	for _, u := range w.Document(room).Users {
		if u.Entity == user && (u.Endpoints[0].Media[0].IngressFilter == confinfo.Block) != want {
			w.Errorf("%s is %q in the roster, want muted: %v", user, u.Endpoints[0].Media[0].IngressFilter, want)
		}
	}
}

func TestMuteAll(t *testing.T) {
	people(t, func(w *testenv.World, bob, carol *testenv.Phone) {
		w.Fails(testenv.As("bob"), muteAll(confinfo.Block), c3p.ReasonForbidden)
		w.Succeeds(testenv.As("olivia"), &c3p.ModifyUserRoles{Keys: keysOf(carolURI), Roles: []string{confinfo.Presenter}})
		w.Succeeds(testenv.As("carol"), muteAll(confinfo.Block))
		wantMuted(w, bobURI, true)
		wantMuted(w, carolURI, false)

		w.Log("# who joins now is muted before anybody hears him")
		joins(w, "dave")
		wantMuted(w, "sip:dave@example.com", true)
		if w.MCU.Endpoint("sip:dave@example.com").Heard {
			w.Error("dave was heard for a moment")
		}

		w.Log("# bob unmutes himself; a second mute-all, hard this time, holds him")
		media := &c3p.ModifyEndpointMedia{
			Keys:  c3p.MediaKeys{Conference: testenv.FocusURI(room), User: bobURI, Endpoint: "(null)", Media: "1"},
			Media: &confinfo.Media{ID: "1", IngressFilter: confinfo.Unblock},
		}
		w.Succeeds(testenv.As("bob"), media)
		wantMuted(w, bobURI, false)
		w.Succeeds(testenv.As("olivia"), muteAll(confinfo.Block, func(f *confinfo.InitialFilter) { f.Hard = true }))
		w.Fails(testenv.As("bob"), media, c3p.ReasonForbidden)
		wantMuted(w, bobURI, true)

		w.Log("# who is made a presenter may speak, who is made an attendee may not")
		w.Succeeds(testenv.As("olivia"), &c3p.ModifyUserRoles{Keys: keysOf(bobURI), Roles: []string{confinfo.Presenter}})
		wantMuted(w, bobURI, false)
		w.Succeeds(testenv.As("olivia"), &c3p.ModifyUserRoles{Keys: keysOf(carolURI), Roles: []string{confinfo.Attendee}})
		wantMuted(w, carolURI, true)

		w.Log("# and everybody is heard again; if the MCU does not obey, the roster does not say so")
		w.MCU.Refuse("modifyConference", &c3p.Error{Reason: c3p.ReasonServiceUnavailable})
		w.Fails(testenv.As("olivia"), muteAll(confinfo.Unblock), c3p.ReasonServiceUnavailable)
		wantMuted(w, carolURI, true)
		w.MCU.Refuse("modifyConference", nil)
		w.Succeeds(testenv.As("olivia"), muteAll(confinfo.Unblock))
		wantMuted(w, carolURI, false)
		wantMuted(w, "sip:dave@example.com", false)
	})
}

func TestWhoHearsWhom(t *testing.T) {
	people(t, func(w *testenv.World, bob, carol *testenv.Phone) {
		filter := &c3p.SetMediaFilter{Keys: keysOf(bobURI), Only: true, Users: []string{carolURI}}
		w.Fails(testenv.As("bob"), filter, c3p.ReasonForbidden)
		w.Succeeds(testenv.As("olivia"), filter)
		want := &confinfo.Hears{Only: true, Users: []string{carolURI}}
		wantHears(w, want)

		w.Log("# his second telephone has the filter from the beginning")
		brings(w, "bob", "desk")
		bob.HangsUp()
		wantHears(w, want)

		w.Log("# what the MCU refuses is not so")
		w.MCU.Refuse("setMediaFilter", &c3p.Error{Reason: c3p.ReasonServiceUnavailable})
		w.Fails(testenv.As("olivia"), &c3p.SetMediaFilter{Keys: keysOf(bobURI)}, c3p.ReasonServiceUnavailable)
		wantHears(w, want)
		w.MCU.Refuse("setMediaFilter", nil)
		w.Succeeds(testenv.As("olivia"), &c3p.SetMediaFilter{Keys: keysOf(bobURI)})
		if got := userNamed(w, bobURI).Hears; got != nil {
			w.Errorf("bob hears %+v, want everybody", got)
		}
		w.Fails(testenv.As("olivia"), &c3p.SetMediaFilter{Keys: keysOf("sip:nobody@example.com"), Only: true}, c3p.ReasonUserDoesNotExist)
	})
}

func wantHears(w *testenv.World, want *confinfo.Hears) {
	w.Helper()
	if diff := cmp.Diff(want, w.MCU.Endpoint(bobURI).Hears); diff != "" {
		w.Errorf("at the MCU (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(want, userNamed(w, bobURI).Hears); diff != "" {
		w.Errorf("in the roster (-want +got):\n%s", diff)
	}
}

func userNamed(w *testenv.World, entity string) confinfo.User {
	w.Helper()
	for _, u := range w.Document(room).Users {
		if u.Entity == entity {
			return u
		}
	}
	w.Fatalf("%s is not in", entity)
	return confinfo.User{}
}

func TestHandsSpotlightAndNames(t *testing.T) {
	people(t, func(w *testenv.World, bob, carol *testenv.Phone) {
		hand := func(user string, up bool) *c3p.RaiseHand {
			return &c3p.RaiseHand{Keys: c3p.EndpointKeys{Conference: testenv.FocusURI(room), User: user}, Up: up}
		}
		w.Succeeds(testenv.As("carol"), hand(carolURI, true))
		w.Succeeds(testenv.As("bob"), hand(bobURI, true))
		if b, c := userNamed(w, bobURI).Hand, userNamed(w, carolURI).Hand; c == 0 || b <= c {
			w.Errorf("hands %d and %d, want carol's first", b, c)
		}
		w.Fails(testenv.As("olivia"), hand(bobURI, true), c3p.ReasonForbidden)
		w.Fails(testenv.As("bob"), hand(carolURI, false), c3p.ReasonForbidden)
		w.Succeeds(testenv.As("olivia"), hand("", false))
		if userNamed(w, bobURI).Hand != 0 || userNamed(w, carolURI).Hand != 0 {
			w.Error("a hand is up still")
		}

		w.Fails(testenv.As("bob"), &c3p.Spotlight{Keys: keysOf(bobURI), On: true}, c3p.ReasonForbidden)
		w.Succeeds(testenv.As("olivia"), &c3p.Spotlight{Keys: keysOf(bobURI), On: true})
		if !userNamed(w, bobURI).Spotlight || userNamed(w, carolURI).Spotlight {
			w.Error("want the spotlight on bob alone")
		}
		w.Succeeds(testenv.As("olivia"), &c3p.Spotlight{Keys: keysOf(bobURI)})
		if userNamed(w, bobURI).Spotlight {
			w.Error("the spotlight is on still")
		}

		named := func(name string) *c3p.ModifyUser {
			return &c3p.ModifyUser{Keys: keysOf(bobURI), User: &confinfo.User{Entity: bobURI, DisplayText: name}}
		}
		w.Fails(testenv.As("carol"), named("Bobby"), c3p.ReasonForbidden)
		w.Succeeds(testenv.As("bob"), named("Bob in Berlin"))
		if got := userNamed(w, bobURI).DisplayText; got != "Bob in Berlin" {
			w.Errorf("bob is called %q", got)
		}
	})
}

func TestModifyEndpointByClients(t *testing.T) {
	people(t, func(w *testenv.World, bob, carol *testenv.Phone) {
		brings(w, "bob", "desk")
		first := userNamed(w, bobURI).Endpoints[0].Entity
		change := func(e confinfo.Endpoint) *c3p.ModifyEndpoint {
			e.Entity = first
			return &c3p.ModifyEndpoint{Keys: c3p.EndpointKeys{Conference: testenv.FocusURI(room), User: bobURI, Endpoint: first}, Endpoint: &e}
		}
		w.Log("# nobody lets himself in, or negotiates, past the focus")
		for _, e := range []confinfo.Endpoint{
			{Admitted: new(true)}, {SDP: &confinfo.SDP{Type: confinfo.SDPOffer, Text: "v=0"}}, {Status: confinfo.StatusConnected}, {},
			{Status: confinfo.StatusDisconnected, Language: "es"},
		} {
			w.Fails(testenv.As("olivia"), change(e), c3p.ReasonInvalidContent)
		}
		gone := change(confinfo.Endpoint{Status: confinfo.StatusDisconnected})
		w.Fails(testenv.As("carol"), gone, c3p.ReasonForbidden)
		w.Succeeds(testenv.As("bob"), change(confinfo.Endpoint{Language: "es"}))

		w.Log("# bob hangs his first telephone up from his second")
		w.Succeeds(testenv.As("bob"), gone)
		bob.WantsBye(time.Second, "removed from the conference")
		if got := userNamed(w, bobURI).Endpoints; len(got) != 1 || got[0].Entity == first {
			w.Errorf("endpoints %+v", got)
		}
		w.Fails(testenv.As("bob"), gone, c3p.ReasonEndpointDoesNotExist)
	})
}

func TestAnnouncements(t *testing.T) {
	testenv.Run(t, func(w *testenv.World) {
		w.Conference(room)
		off := &c3p.ModifyConferenceAnnouncements{Keys: testenv.Keys(room)}
		w.Fails(testenv.As("mallory"), off, c3p.ReasonForbidden)
		w.Log("# before anybody is in there is no MCU to tell; the first who joins brings it along")
		w.Succeeds(testenv.As("olivia"), off)
		joins(w, "bob")
		if w.MCU.Announces(testenv.FocusURI(room)) {
			w.Error("joining is announced")
		}
		w.Succeeds(testenv.As("olivia"), &c3p.ModifyConferenceAnnouncements{Keys: testenv.Keys(room), Enabled: true})
		if !w.MCU.Announces(testenv.FocusURI(room)) {
			w.Error("joining is not announced")
		}
		w.MCU.Refuse("modifyConferenceAnnouncements", &c3p.Error{Reason: c3p.ReasonServiceUnavailable})
		w.Fails(testenv.As("olivia"), off, c3p.ReasonServiceUnavailable)
		w.Later(0)
		if record, err := w.Store.Conferences.Get(w.Context(), room); err != nil || record.Silent {
			w.Errorf("stored %+v, %v; want it as the MCU has it", record, err)
		}
	})
}

func TestModifyRecord(t *testing.T) {
	people(t, func(w *testenv.World, bob, carol *testenv.Phone) {
		before := w.Document(room)
		change := func(version uint32, d confinfo.Description) *c3p.ModifyConference {
			return &c3p.ModifyConference{Conference: &confinfo.Document{Entity: testenv.FocusURI(room), Version: version, Description: &d}}
		}
		w.Fails(testenv.As("bob"), change(0, confinfo.Description{Subject: "Bob's"}), c3p.ReasonForbidden)
		answer := w.Succeeds(testenv.As("olivia"), change(before.Version, confinfo.Description{
			Subject: "Team", Passcode: "4711", Invitees: []string{bobURI}, AdmissionPolicy: confinfo.ClosedAuthenticated,
		})).(*c3p.ModifyConference).Conference
		if d := answer.Description; d.Subject != "Team" || d.Passcode != "4711" || answer.Version == before.Version {
			w.Errorf("the answer is version %d, %+v", answer.Version, d)
		}
		w.Fails(testenv.As("olivia"), change(before.Version, confinfo.Description{Subject: "Other"}), c3p.ReasonInvalidVersion)
		w.Fails(testenv.As("olivia"), change(0, confinfo.Description{Passcode: "1"}), c3p.ReasonInvalidPasscode)
		w.Fails(testenv.As("olivia"), change(0, confinfo.Description{Invitees: []string{"?"}}), c3p.ReasonInvalidUserEntity)
		both := change(0, confinfo.Description{Subject: "Both"})
		both.Conference.View = muteAll(confinfo.Block).Conference.View
		w.Fails(testenv.As("olivia"), both, c3p.ReasonInvalidContent)
		w.Fails(testenv.As("olivia"), &c3p.ModifyConference{Conference: &confinfo.Document{Entity: testenv.FocusURI(room)}}, c3p.ReasonInvalidContent)

		w.Log("# what is there without content is none, what is not there stays")
		answer = w.Succeeds(testenv.As("olivia"), change(answer.Version, confinfo.Description{
			Cleared: confinfo.Cleared{Passcode: true, Invitees: true},
		})).(*c3p.ModifyConference).Conference
		if d := answer.Description; d.Subject != "Team" || d.Passcode != "" || d.Invitees != nil {
			w.Errorf("the answer is %+v", d)
		}
		record, err := w.Store.Conferences.Get(w.Context(), room)
		if err != nil || record.Subject != "Team" || record.PIN != "" {
			w.Errorf("stored %+v, %v", record, err)
		}
	})
}

func TestEncryptedPIN(t *testing.T) {
	testenv.Run(t, func(w *testenv.World) {
		w.Conference(room)
		der := w.Succeeds(testenv.As("olivia"), &c3p.GetEncryptionKey{}).(*c3p.GetEncryptionKey).Certificate
		certificate, err := x509.ParseCertificate(der)
		if err != nil {
			w.Fatal(err)
		}
		sealed := func(key *rsa.PublicKey, pin string) *c3p.ModifyConference {
			text, err := rsa.EncryptOAEP(sha256.New(), rand.Reader, key, []byte(pin), nil)
			if err != nil {
				w.Fatal(err)
			}
			return &c3p.ModifyConference{Conference: &confinfo.Document{
				Entity: testenv.FocusURI(room), Description: &confinfo.Description{Encrypted: base64.StdEncoding.EncodeToString(text)},
			}}
		}
		w.Succeeds(testenv.As("olivia"), sealed(certificate.PublicKey.(*rsa.PublicKey), "4711"))
		if record, err := w.Store.Conferences.Get(w.Context(), room); err != nil || string(record.PIN) != "4711" {
			w.Errorf("stored PIN %q, %v", string(record.PIN), err)
		}
		w.Fails(testenv.As("olivia"), sealed(certificate.PublicKey.(*rsa.PublicKey), "secret"), c3p.ReasonInvalidPasscode)
		own, err := rsa.GenerateKey(rand.Reader, 2048)
		if err != nil {
			w.Fatal(err)
		}
		w.Fails(testenv.As("olivia"), sealed(&own.PublicKey, "4711"), c3p.ReasonInvalidEncryptionKeyUsed)

		w.Log("# and olivia has it sent back for a key of her own")
		template := &x509.Certificate{SerialNumber: big.NewInt(1)}
		mine, err := x509.CreateCertificate(rand.Reader, template, template, &own.PublicKey, own)
		if err != nil {
			w.Fatal(err)
		}
		get := &c3p.GetConference{Keys: testenv.Keys(room), Key: mine}
		d := w.Succeeds(testenv.As("olivia"), get).(*c3p.GetConference).Conference.Description
		text, _ := base64.StdEncoding.DecodeString(d.Encrypted)
		pin, err := rsa.DecryptOAEP(sha256.New(), nil, own, text, nil)
		if err != nil || string(pin) != "4711" || d.Passcode != "" {
			w.Errorf("got PIN %q, and %q in clear, %v", pin, d.Passcode, err)
		}
		curve, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
		if err != nil {
			w.Fatal(err)
		}
		if get.Key, err = x509.CreateCertificate(rand.Reader, template, template, &curve.PublicKey, curve); err != nil {
			w.Fatal(err)
		}
		w.Fails(testenv.As("olivia"), get, c3p.ReasonInvalidEncryptionKey)
		get.Key = []byte("no certificate")
		w.Fails(testenv.As("olivia"), get, c3p.ReasonInvalidEncryptionKey)
	})
}

func TestCapabilities(t *testing.T) {
	regions := []c3p.Region{{Name: "North", Numbers: []string{"+15550100"}}, {Name: "South", Numbers: []string{"+15550200"}}}
	testenv.RunConfigured(t, func(c *focus.Config) { c.AccessNumbers = regions }, func(w *testenv.World) {
		types := w.Succeeds(testenv.As("bob"), &c3p.GetAvailableMCUTypes{}).(*c3p.GetAvailableMCUTypes).MCUTypes
		capabilities := w.Succeeds(testenv.As("bob"), &c3p.GetConferencingCapabilities{}).(*c3p.GetConferencingCapabilities)
		if diff := cmp.Diff(types, capabilities.MCUTypes); diff != "" || len(types) == 0 {
			w.Errorf("types %q; (-want +got):\n%s", types, diff)
		}
		if diff := cmp.Diff(regions, capabilities.Regions); diff != "" || capabilities.DefaultRegion != "North" {
			w.Errorf("default %q; numbers (-want +got):\n%s", capabilities.DefaultRegion, diff)
		}
	})
}

func TestAFilterForWhoHasNoMediaYet(t *testing.T) {
	testenv.Run(t, func(w *testenv.World) {
		w.Conference(room, forUsers)
		bob := w.Client("bob")
		bob.Joins(room)
		joins(w, "carol")
		w.Succeeds(testenv.As("olivia"), &c3p.SetMediaFilter{Keys: keysOf(bobURI), Users: []string{carolURI}})
		if n := w.MCU.Commanded("setMediaFilter"); n != 0 {
			w.Errorf("the MCU was told %d times about somebody it does not know", n)
		}
		w.Log("# his telephone brings it along")
		brings(w, "bob", "desk")
		wantHears(w, &confinfo.Hears{Users: []string{carolURI}})

		w.Log("# olivia ends his focus dialog; his telephone stays")
		focus := userNamed(w, bobURI).Endpoints[0]
		if focus.SessionType != confinfo.SessionFocus {
			w.Fatalf("endpoints %+v", userNamed(w, bobURI).Endpoints)
		}
		keys := c3p.EndpointKeys{Conference: testenv.FocusURI(room), User: bobURI, Endpoint: focus.Entity}
		w.Succeeds(testenv.As("olivia"), &c3p.ModifyEndpoint{
			Keys: keys, Endpoint: &confinfo.Endpoint{Entity: focus.Entity, Status: confinfo.StatusDisconnected},
		})
		bob.WantsBye(time.Second, "removed from the conference")
		if got := userNamed(w, bobURI).Endpoints; len(got) != 1 || got[0].SessionType != confinfo.SessionAudioVideo {
			w.Errorf("endpoints %+v", got)
		}
	})
}

// TestMutesThatCross: whatever two commands decide at once, the MCU ends where the roster is.
func TestMutesThatCross(t *testing.T) {
	people(t, func(w *testenv.World, bob, carol *testenv.Phone) {
		w.MCU.Delay = 50 * time.Millisecond
		media := func(filter string) *c3p.ModifyEndpointMedia {
			return &c3p.ModifyEndpointMedia{
				Keys:  c3p.MediaKeys{Conference: testenv.FocusURI(room), User: bobURI, Endpoint: "(null)", Media: "1"},
				Media: &confinfo.Media{ID: "1", IngressFilter: filter},
			}
		}
		for range 20 {
			var all sync.WaitGroup
			for _, command := range []c3p.Command{media(confinfo.Block), muteAll(confinfo.Block), media(confinfo.Unblock), muteAll(confinfo.Unblock)} {
				call := &c3p.Call{Principal: testenv.As("olivia"), Request: &c3p.Request{RequestID: "1", Command: command}}
				all.Go(func() {
					if response, err := w.Focus.ServeC3P(w.Context(), call); err != nil || response.Err() != nil {
						w.Errorf("%s: %+v, %v", command.Name(), response, err)
					}
				})
			}
			all.Wait()
			user := userNamed(w, bobURI)
			if muted := user.Endpoints[0].Media[0].IngressFilter == confinfo.Block; muted != w.MCU.Endpoint(bobURI).Muted {
				w.Fatalf("muted in the roster: %v, at the MCU: %v", muted, w.MCU.Endpoint(bobURI).Muted)
			}
		}
	})
}
