package conference

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"
)

var noon = time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)

const alice, bob, carol = UserID("sip:alice@example.com"), UserID("sip:bob@example.com"), UserID("sip:carol@example.com")

// meeting is alice's, with bob invited.
func meeting(policy AdmissionPolicy, pin PIN) Record {
	return Record{ID: "7h3k92qd", Organizer: alice, AdmissionPolicy: policy, PIN: pin, Invitees: []UserID{bob}, Created: noon}
}

func proved(user UserID) Caller { return Caller{URI: URI(user), Authenticated: true} }

func TestAdmit(t *testing.T) {
	for _, row := range []struct {
		policy AdmissionPolicy
		pin    PIN
		caller Caller
		want   Admission
		err    error
	}{
		{ClosedAuthenticated, "1234", proved(alice), Admission{Role: Presenter}, nil},
		{ClosedAuthenticated, "1234", proved("sip:ALICE@example.com"), Admission{Role: Presenter}, nil},
		{ClosedAuthenticated, "1234", proved(bob), Admission{Role: Attendee}, nil},
		{ClosedAuthenticated, "", proved(carol), Admission{}, ErrNotInvited},
		{ClosedAuthenticated, "", Caller{URI: URI(carol), Authenticated: true, Administrator: true}, Admission{}, ErrNotInvited},
		{ClosedAuthenticated, "", Caller{URI: URI(alice)}, Admission{}, ErrAnonymousNotAllowed},
		{OpenAuthenticated, "1234", proved(alice), Admission{Role: Presenter}, nil},
		{OpenAuthenticated, "1234", proved(bob), Admission{Role: Attendee}, nil},
		{OpenAuthenticated, "1234", proved(carol), Admission{NeedPIN: true, Role: Attendee}, nil},
		{OpenAuthenticated, "", proved(carol), Admission{Role: Attendee}, nil},
		{OpenAuthenticated, "", Caller{URI: URI(carol), Authenticated: true, Administrator: true}, Admission{Role: Presenter}, nil},
		{OpenAuthenticated, "", Caller{URI: URI(bob)}, Admission{}, ErrAnonymousNotAllowed},
		{Anonymous, "1234", proved(alice), Admission{Role: Presenter}, nil},
		{Anonymous, "1234", proved(bob), Admission{Role: Attendee}, nil},
		{Anonymous, "1234", proved(carol), Admission{NeedPIN: true, Role: Attendee}, nil},
		{Anonymous, "1234", Caller{URI: URI(alice)}, Admission{NeedPIN: true, Role: Attendee}, nil}, // says so, has not proved it
		{Anonymous, "", Caller{URI: URI(bob), Administrator: true}, Admission{Role: Attendee}, nil},
		{Anonymous, "", Caller{}, Admission{Role: Attendee}, nil},
	} {
		got, err := New(meeting(row.policy, row.pin)).Admit(noon, row.caller)
		if got != row.want || !errors.Is(err, row.err) {
			t.Errorf("%s, PIN %q, %+v: %+v, %v, want %+v, %v", row.policy, string(row.pin), row.caller, got, err, row.want, row.err)
		}
	}
}

func TestAdmitWhenItIsClosed(t *testing.T) {
	for want, close := range map[error]func(*Record){
		ErrLocked:  func(r *Record) { r.Locked = true },
		ErrEnded:   func(r *Record) { r.Ended = noon },
		ErrExpired: func(r *Record) { r.Expires = noon },
	} {
		r := meeting(Anonymous, "")
		close(&r)
		if _, err := New(r).Admit(noon, proved(alice)); !errors.Is(err, want) {
			t.Errorf("alice: %v, want %v", err, want)
		}
	}
}

func TestPIN(t *testing.T) {
	c := New(meeting(Anonymous, "1234"))
	dial := func(endpoint EndpointID) Joining {
		return Joining{Caller: Caller{URI: "sip:phone@192.0.2.7"}, Endpoint: endpointOf(endpoint)}
	}
	want := func(what string, got, want error) {
		t.Helper()
		if !errors.Is(got, want) {
			t.Errorf("%s: %v, want %v", what, got, want)
		}
	}
	_, _, err := c.Join(noon, dial("1"))
	want("without a PIN", err, ErrPINRequired)
	want("first", c.CheckPIN("1", "4321"), ErrPINWrong)
	want("second", c.CheckPIN("1", ""), ErrPINWrong)
	if err := c.CheckPIN("1", "12345"); !errors.Is(err, ErrPINTries) || !errors.Is(err, ErrPINWrong) {
		t.Errorf("third: %v, want %v", err, ErrPINTries)
	}
	want("the right one, too late", c.CheckPIN("1", "1234"), ErrPINTries)
	_, _, err = c.Join(noon, dial("1"))
	want("after three", err, ErrPINRequired)

	t.Log("# the next phone knows it; one PIN lets one endpoint in, once")
	want("right", c.CheckPIN("2", "1234"), nil)
	_, _, err = c.Join(noon, dial("2"))
	want("join", err, nil)
	_, _, err = c.Join(noon, dial("2"))
	want("join again", err, ErrPINRequired)

	for i := range maxPINWaiting {
		c.CheckPIN(EndpointID(fmt.Sprint("flood", i)), "0000")
	}
	want("beyond the bound", c.CheckPIN("late", "1234"), ErrFull)
	c.ForgetPIN("flood1")
	want("when one is gone", c.CheckPIN("late", "1234"), nil)
}

func TestPINIsHidden(t *testing.T) {
	r := meeting(Anonymous, "987654")
	for _, text := range []string{fmt.Sprint(r.PIN), fmt.Sprintf("%v %+v %#v %s %q", r, r, r, r.PIN, r.PIN), r.PIN.LogValue().String()} {
		if strings.Contains(text, "987654") {
			t.Errorf("%s shows the PIN", text)
		}
	}
}

func TestValidate(t *testing.T) {
	organizer := proved(alice)
	administrator := Caller{URI: "sip:admin@example.com", Authenticated: true, Administrator: true}
	for what, row := range map[string]struct {
		change func(*Record)
		by     Caller
		want   error
	}{
		"good":                  {func(r *Record) {}, organizer, nil},
		"short id":              {func(r *Record) { r.ID = "abc" }, organizer, ErrInvalidID},
		"administrator's id":    {func(r *Record) { r.ID = "abc" }, administrator, nil},
		"tiny id":               {func(r *Record) { r.ID = "ab" }, administrator, ErrInvalidID},
		"upper case id":         {func(r *Record) { r.ID = "7H3K92QD" }, organizer, ErrInvalidID},
		"somebody else's":       {func(r *Record) {}, proved(bob), ErrNotPermitted},
		"a guest's":             {func(r *Record) {}, Caller{URI: URI(alice)}, ErrNotPermitted},
		"for somebody else":     {func(r *Record) {}, administrator, nil},
		"no organizer":          {func(r *Record) { r.Organizer = "" }, administrator, ErrInvalidOrganizer},
		"odd organizer":         {func(r *Record) { r.Organizer = "sip:Alice@example.com" }, administrator, ErrInvalidOrganizer},
		"no policy":             {func(r *Record) { r.AdmissionPolicy = "" }, organizer, ErrInvalidPolicy},
		"control in subject":    {func(r *Record) { r.Subject = "a\nb" }, organizer, ErrInvalidSubject},
		"long subject":          {func(r *Record) { r.Subject = strings.Repeat("ä", 257) }, organizer, ErrInvalidSubject},
		"long enough subject":   {func(r *Record) { r.Subject = strings.Repeat("ä", 256) }, organizer, nil},
		"short PIN":             {func(r *Record) { r.PIN = "123" }, organizer, ErrInvalidPIN},
		"letters in PIN":        {func(r *Record) { r.PIN = "12x4" }, organizer, ErrInvalidPIN},
		"expired":               {func(r *Record) { r.Expires = noon }, organizer, ErrInvalidExpiry},
		"expires in a lifetime": {func(r *Record) { r.Expires = noon.AddDate(50, 0, 0) }, organizer, ErrInvalidExpiry},
		"expires tomorrow":      {func(r *Record) { r.Expires = noon.AddDate(0, 0, 1) }, organizer, nil},
		"odd invitee":           {func(r *Record) { r.Invitees = []UserID{"bob"} }, organizer, ErrInvalidInvitee},
		"crowd":                 {func(r *Record) { r.Invitees = make([]UserID, 1001) }, organizer, ErrInvalidInvitee},
	} {
		r := meeting(Anonymous, "1234")
		row.change(&r)
		if err := r.Validate(noon, row.by); !errors.Is(err, row.want) {
			t.Errorf("%s: %v, want %v", what, err, row.want)
		}
	}
}

func endpointOf(id EndpointID) Endpoint {
	return Endpoint{
		ID: id, Status: StatusConnected, Method: DialedIn, SessionType: AudioVideo,
		Media: []MediaStream{{ID: "1", Type: Audio, Direction: SendRecv}},
	}
}
