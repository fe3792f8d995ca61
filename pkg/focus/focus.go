package focus

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/seed-f3cefc8c/focus/pkg/c3p"
	"github.com/seed-f3cefc8c/focus/pkg/conference"
)

// Focus is the focus of one conference in which something happens: it starts with the first join or command and ends with the meeting.
type Focus struct {
	server *Server
	id     conference.ID
	uri    string // of the focus
	log    *slog.Logger

	queue   chan func()   // for the loop; who posts to a full queue waits
	stopped chan struct{} // closed when the loop has ended
	gone    chan struct{} // closed when the MCU has forgotten the conference too: it may start again
	done    chan struct{} // closed when the other sides have answered BYE as well

	hub *hub // tells who watches

	// Owned by the loop.
	conference *conference.Conference
	legs       map[conference.EndpointID]*leg // with an accepted call
	members    map[memberKey]*member          // focus dialogs
	pins       map[*leg]*pinDialogue          // those of legs that are being asked
	since      time.Time                      // start
	visited    bool                           // somebody was in
	over       bool
	prompts    uint64 // numbers what was spoken

	booting   chan struct{}     // held while the MCU is told about the conference
	booted    bool              // it may know the conference, and must be told of its end; owned by whoever holds booting
	ready     bool              // it knows all it must before the first leg; the same
	filtering chan struct{}     // held while the MCU is told who is muted and who hears whom
	recording chan struct{}     // held while a recording command is at the MCU
	storing   chan struct{}     // held while the record is written
	stored    conference.Record // owned by whoever holds storing
}

// errGone says that the meeting ended while a request was on its way.
var errGone = errors.New("meeting has just ended")

const (
	maxQueue = 1024
	// unusedTime is how long a focus lives that nobody joins.
	unusedTime = 10 * time.Minute
)

// focus finds the focus of a conference or starts it.
func (s *Server) focus(ctx context.Context, id conference.ID) (*Focus, error) {
	for {
		s.mu.Lock()
		f, closing := s.focuses[id], s.closing
		s.mu.Unlock()
		switch {
		case closing:
			return nil, errClosing
		case f == nil:
			return s.start(ctx, id)
		}
		select {
		case <-f.stopped:
		default:
			return f, nil
		}
		select {
		case <-f.gone:
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		}
	}
}

// start reads the record and starts the loop, unless somebody else has been faster.
func (s *Server) start(ctx context.Context, id conference.ID) (*Focus, error) {
	record, err := s.config.Directory.Get(ctx, id)
	switch {
	case err != nil:
		return nil, fmt.Errorf("conference %s: %w", id, err)
	case !record.Ended.IsZero():
		return nil, fmt.Errorf("conference %s: %w", id, conference.ErrEnded)
	case record.ExpiredAt(time.Now()):
		return nil, fmt.Errorf("conference %s: %w", id, conference.ErrExpired)
	}
	f := s.newFocus(record)
	s.mu.Lock()
	running, closing := s.focuses[id], s.closing
	if running == nil && !closing {
		s.focuses[id] = f
	}
	s.mu.Unlock()
	switch {
	case closing:
		return nil, errClosing
	case running != nil:
		return s.focus(ctx, id)
	}
	s.run("conference "+string(id), func(context.Context) { f.loop() })
	f.log.Info("conference started")
	if s.config.Started != nil {
		s.config.Started(id)
	}
	f.goOn(record)
	return f, nil
}

func (s *Server) newFocus(record conference.Record) *Focus {
	c := conference.New(record)
	f := &Focus{
		server: s, id: record.ID, uri: string(c.URI()), log: s.log.With("conference", record.ID),
		queue: make(chan func(), maxQueue), stopped: make(chan struct{}), gone: make(chan struct{}), done: make(chan struct{}),
		conference: c, legs: make(map[conference.EndpointID]*leg), members: make(map[memberKey]*member), pins: make(map[*leg]*pinDialogue), since: time.Now(),
		booting: make(chan struct{}, 1), filtering: make(chan struct{}, 1), recording: make(chan struct{}, 1), storing: make(chan struct{}, 1), stored: record,
	}
	f.hub = newHub(f)
	if recorded(record) {
		f.recording <- struct{}{} // for goOn
	}
	return f
}

// loop owns the conference. It ends after finish.
func (f *Focus) loop() {
	defer close(f.stopped)
	timer := time.NewTimer(unusedTime)
	defer timer.Stop()
	for !f.over {
		timer.Reset(max(0, time.Until(f.deadline())))
		select {
		case work := <-f.queue:
			work()
		case <-timer.C:
			_ = f.server.guard("waiting", func() error { f.tick(time.Now()); return nil })
		}
		f.hub.moved(f.conference.Revision())
	}
}

// deadline is when tick has something to do.
func (f *Focus) deadline() time.Time {
	deadline := f.since.Add(unusedTime)
	if f.used() {
		deadline = time.Now().Add(unusedTime)
	}
	if at := f.conference.Deadline(); !at.IsZero() && at.Before(deadline) {
		deadline = at
	}
	for _, p := range f.pins {
		if at := p.deadline(); !at.IsZero() && at.Before(deadline) {
			deadline = at
		}
	}
	return deadline
}

// used says whether somebody is here or ever was: then the conference knows when it is over.
func (f *Focus) used() bool { return len(f.legs) > 0 || len(f.members) > 0 || f.visited }

func (f *Focus) tick(now time.Time) {
	for l, p := range f.pins {
		p.tick(f, l, now)
	}
	f.letGo(f.conference.Expire(now))
	switch {
	case f.conference.Ended():
		f.finish(480, "the conference has ended")
	case !f.used() && !now.Before(f.since.Add(unusedTime)):
		f.finish(480, "the conference has ended")
	}
}

// do runs work on the loop and waits for it. A panic in it is its error; errGone says that the loop has ended.
func (f *Focus) do(ctx context.Context, work func() error) error {
	result := make(chan error, 1)
	select {
	case f.queue <- func() { result <- f.server.guard("working on conference "+string(f.id), work) }:
	case <-f.stopped:
		return errGone
	case <-ctx.Done():
		return context.Cause(ctx)
	}
	select {
	case err := <-result:
		return err
	case <-f.stopped:
	}
	select {
	case err := <-result:
		return err
	default:
		return errGone
	}
}

// post has work run on the loop some time. Never call it from the loop.
func (f *Focus) post(work func()) {
	select {
	case f.queue <- func() { _ = f.server.guard("working on conference "+string(f.id), func() error { work(); return nil }) }:
	case <-f.stopped:
	}
}

// inFocus runs work on the loop of a conference, which is started if need be, and says which focus that was.
func (s *Server) inFocus(ctx context.Context, id conference.ID, work func(*Focus) error) (*Focus, error) {
	for {
		f, err := s.focus(ctx, id)
		if err != nil {
			return nil, err
		}
		if err = f.do(ctx, func() error { return work(f) }); !errors.Is(err, errGone) {
			return f, err
		}
	}
}

// finish ends the meeting: BYE to everybody with that reason, and the MCU forgets the conference.
func (f *Focus) finish(code int, text string) {
	if f.over {
		return
	}
	f.over = true
	byes := f.dismiss(code, text)
	f.log.Info("conference stopped", "reason", text)
	record := f.conference.Record()
	f.server.run("ending conference", func(ctx context.Context) {
		f.keepLast(record)
		f.forgetAtMCU(ctx)
		f.server.forget(f)
		close(f.gone)
		byes.Wait()
		close(f.done)
	})
}

// dismiss sends everybody a BYE; who waits for the group waits until all have answered.
func (f *Focus) dismiss(code int, text string) *sync.WaitGroup {
	byes := &sync.WaitGroup{}
	send := func(what string, bye func(ctx context.Context, code int, text string)) {
		byes.Add(1)
		f.server.run(what, func(ctx context.Context) {
			defer byes.Done()
			bye(ctx, code, text)
		})
	}
	for _, l := range f.legs {
		l.reason = text
		f.server.ended(l, time.Now())
		send("hanging up", l.bye)
	}
	for _, m := range f.members {
		m.alarm.Stop()
		send("ending a focus dialog", m.bye)
	}
	clear(f.legs)
	clear(f.members)
	clear(f.pins)
	return byes
}

// forgetAtMCU waits for a command that is starting the conference there.
func (f *Focus) forgetAtMCU(ctx context.Context) {
	f.booting <- struct{}{}
	defer func() { <-f.booting }()
	if !f.booted {
		return
	}
	f.booted, f.ready = false, false
	keys := c3p.ConferenceKeys{Entity: f.uri}
	if _, err := f.command(ctx, &c3p.DeleteConference{Keys: keys}); err != nil {
		f.log.Warn("MCU does not end the conference", "err", err)
	}
}

func (s *Server) forget(f *Focus) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.focuses[f.id] == f {
		delete(s.focuses, f.id)
	}
}
