// Package demo is a meeting of two callers of our own, for somebody who has a server and no telephone at hand: they dial a
// conference, speak, listen, and are recorded; then it is said whether each heard the other, and where the files are.
//
// The callers are phones like any other (package phone): nothing here reaches into the server but its HTTPS API, its SIP port and,
// when it is on the same host, its folder of recordings.
package demo

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/seed-f3cefc8c/focus/internal/phone"
	"github.com/seed-f3cefc8c/focus/pkg/codec"
	"github.com/seed-f3cefc8c/focus/pkg/codec/g711"
	"github.com/seed-f3cefc8c/focus/pkg/codec/opus"
)

// API is what the demo asks of the server.
type API interface {
	// Create makes a conference that anybody may dial.
	Create(ctx context.Context, subject string) (Conference, error)
	Record(ctx context.Context, id, action string) error // "start" or "stop"
	End(ctx context.Context, id string) error
}

// Conference is what there is to dial.
type Conference struct {
	ID  string `json:"id"`
	URI string `json:"uri"` // sip:ID@DOMAIN
}

// Config is the server and the stage.
type Config struct {
	API        API
	SIP        string       // where the server takes SIP, "HOST:PORT"; empty: where the URI says
	Recordings string       // the server's folder of recordings; empty: not on this host
	Line       phone.Config // Network, Address, Transport and Logger of both callers; the rest is set here
	Show       Show         // nil shows nothing
}

// Show is told what happens, from one goroutine.
type Show interface {
	Step(text string)      // what comes next
	Levels(lines []Levels) // every 50 ms while the callers are connected
}

// Levels are how loud one caller is at both ends of the line, in dBov.
type Levels struct {
	Name        string
	Says, Hears int
}

// Result is what came out.
type Result struct {
	Conference Conference `json:"conference"`
	Callers    []Caller   `json:"callers"`
	Hearings   []Hearing  `json:"hearings"`
	Recording  *Recording `json:"recording,omitempty"` // nil: its files are not on this host
	Heard      bool       `json:"heard"`               // each heard the other, and not itself
}

// Caller is what a caller's line carried.
type Caller struct {
	Name        string `json:"name"`
	Codec       string `json:"codec"`
	Sent        uint32 `json:"sent"`     // packets
	Received    uint64 `json:"received"` // packets
	Lost        uint64 `json:"lost"`     // packets
	RoundTripMS int64  `json:"roundTripMs"`
}

// together is how long both speak at once.
const together = 3500 * time.Millisecond

// answerIn is how long a call is waited for: the server is near, and answers at once.
const answerIn = 8 * time.Second

// ErrNoAnswer is a server that takes no SIP where it was called.
var ErrNoAnswer = fmt.Errorf("no answer within %v: is this where the server takes SIP?", answerIn)

// parting bounds what is done to end the meeting, whatever happened.
const parting = 4 * time.Second

// Run holds the meeting. It takes about 25 seconds. When ctx ends, the callers hang up and the conference is ended. An error is
// something that went wrong; that the voices were not heard is in the result.
func Run(ctx context.Context, config Config) (result *Result, err error) {
	if config.Show == nil {
		config.Show = silent{}
	}
	m := &meeting{Config: config}
	if err := m.open(ctx); err != nil {
		return nil, err
	}
	err = m.hold(ctx)
	if closing := m.close(ctx, err == nil); err == nil {
		err = closing
	}
	if err != nil {
		return nil, err
	}
	return m.result()
}

type silent struct{}

func (silent) Step(string)     {}
func (silent) Levels([]Levels) {}

// meeting is a demo under way.
type meeting struct {
	Config
	conference Conference
	alice, bob *caller
	recording  bool
	hearings   []Hearing
}

func (m *meeting) open(ctx context.Context) (err error) {
	if m.conference, err = m.API.Create(ctx, "Focus demo"); err != nil {
		return fmt.Errorf("creating a conference: %w", err)
	}
	m.Show.Step(fmt.Sprintf("Conference %s: anybody can dial %s", m.conference.ID, m.conference.URI))
	return nil
}

// hold is the meeting itself.
func (m *meeting) hold(ctx context.Context) (err error) {
	if m.alice, err = m.dial(ctx, "Alice", opus.Opus); err != nil {
		return err
	}
	if m.bob, err = m.dial(ctx, "Bob", g711.PCMU); err != nil {
		return err
	}
	if err := m.API.Record(ctx, m.conference.ID, "start"); err != nil {
		return fmt.Errorf("starting to record: %w", err)
	}
	m.recording = true
	m.Show.Step("The recording runs; the server tells both so")
	if err := m.quiet(ctx); err != nil {
		return err
	}
	return m.converse(ctx)
}

func (m *meeting) dial(ctx context.Context, name string, c *codec.Codec) (*caller, error) {
	l, err := newCaller(name)
	if err != nil {
		return nil, err
	}
	config := m.Line
	config.Target, config.Server, config.Name = m.conference.URI, m.SIP, name
	config.Identity = "sip:" + l.user() + "@demo.invalid" // a claim, and not a user of the server (RFC 2606)
	config.Codecs, config.Hears = []*codec.Codec{c}, l.hears
	ctx, cancel := context.WithTimeoutCause(ctx, answerIn, ErrNoAnswer)
	defer cancel()
	line, err := phone.Dial(ctx, config)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	l.connect(line)
	m.Show.Step(fmt.Sprintf("%s has dialled in and speaks %s", name, c.Name))
	return l, nil
}

// converse lets each speak alone, then both.
func (m *meeting) converse(ctx context.Context) error {
	for _, turn := range []struct {
		step     string
		speakers []*caller
		length   time.Duration
	}{
		{"Alice speaks", []*caller{m.alice}, 0},
		{"Bob answers", []*caller{m.bob}, 0},
		{"Both speak at once", []*caller{m.alice, m.bob}, together},
	} {
		m.Show.Step(turn.step)
		if err := m.turn(ctx, turn.length, turn.speakers); err != nil {
			return err
		}
	}
	return nil
}

// close ends everything. A meeting that was broken off is ended in the same way, however short the time.
func (m *meeting) close(ctx context.Context, whole bool) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), parting)
	defer cancel()
	var errs []error
	if m.recording {
		errs = append(errs, wrap("stopping the recording", m.API.Record(ctx, m.conference.ID, "stop")))
	}
	for _, c := range []*caller{m.alice, m.bob} {
		if c != nil {
			errs = append(errs, wrap(c.name+" hanging up", c.line.HangUp(ctx)))
		}
	}
	errs = append(errs, wrap("ending the conference", m.API.End(ctx, m.conference.ID)))
	if whole {
		m.Show.Step("Both have hung up")
	}
	return errors.Join(errs...)
}

func wrap(what string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s: %w", what, err)
}

// result draws what was recorded, and sums up.
func (m *meeting) result() (*Result, error) {
	r := &Result{Conference: m.conference, Hearings: m.hearings, Heard: len(m.hearings) > 0}
	for _, c := range []*caller{m.alice, m.bob} {
		r.Callers = append(r.Callers, c.summary())
	}
	for _, h := range r.Hearings {
		r.Heard = r.Heard && h.Heard
	}
	var err error
	if m.Recordings != "" {
		r.Recording, err = findRecording(m.Recordings, m.conference.ID)
	}
	return r, err
}
