package focus

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"sync"
	"time"

	"github.com/seed-f3cefc8c/focus/pkg/c3p"
	"github.com/seed-f3cefc8c/focus/pkg/conference"
	"github.com/seed-f3cefc8c/focus/pkg/confinfo"
)

// mcus is the way to the MCU.
type mcus struct {
	epoch uint64 // of this process' right to command it

	mu      sync.Mutex
	handler c3p.Handler
	next    uint64                        // request id
	pending map[string]chan *c3p.Response // requests answered with pending, by id
}

var errNoMCU = errors.New("MCU does not answer")

// mcuTime bounds a round trip to the MCU.
const mcuTime = 10 * time.Second

// UseMCU says who terminates media. The MCU is made after the server, which takes its news; call this before the first request.
func (s *Server) UseMCU(handler c3p.Handler) {
	s.mcu.mu.Lock()
	defer s.mcu.mu.Unlock()
	s.mcu.handler = handler
}

// command sends a command to the MCU and waits for what it says in the end. A refusal is a *c3p.Error; any other error leaves open what the
// MCU has done.
func (f *Focus) command(ctx context.Context, command c3p.Command) (c3p.Command, error) {
	ctx, cancel := context.WithTimeout(ctx, mcuTime)
	defer cancel()
	handler, id, final := f.server.mcu.expect()
	defer f.server.mcu.forget(id)
	if handler == nil {
		return nil, fmt.Errorf("%s: %w", command.Name(), errNoMCU)
	}
	response, err := handler.ServeC3P(ctx, f.call(id, command))
	if err == nil && response.Code == c3p.Pending {
		select {
		case response = <-final:
		case <-ctx.Done():
			err = context.Cause(ctx)
		}
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w: %w", command.Name(), errNoMCU, err)
	}
	if err := response.Err(); err != nil {
		return nil, fmt.Errorf("%s: %w", command.Name(), err)
	}
	return response.Body, nil
}

func (f *Focus) call(id string, command c3p.Command) *c3p.Call {
	mcu := string(conference.MCUURI(conference.URI(f.uri).UserID(), conference.AudioVideo, f.id))
	return &c3p.Call{
		Principal: c3p.Principal{URI: f.uri, Role: c3p.RoleFocus, Authenticated: true},
		Epoch:     f.server.mcu.epoch,
		Request:   &c3p.Request{RequestID: id, From: f.uri, To: mcu, Command: command},
	}
}

// expect reserves a request id and a place for the final response.
func (m *mcus) expect() (c3p.Handler, string, <-chan *c3p.Response) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.next++
	id, final := strconv.FormatUint(m.next, 10), make(chan *c3p.Response, 1)
	m.pending[id] = final
	return m.handler, id, final
}

func (m *mcus) forget(id string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.pending, id)
}

// deliver hands over the final response to a request that was answered with pending.
func (m *mcus) deliver(response *c3p.Response) {
	m.mu.Lock()
	defer m.mu.Unlock()
	select {
	case m.pending[response.RequestID] <- response:
	default: // nobody waits, or it came twice
	}
}

// tellMCU sends the MCU a command, made on the loop, if it knows the conference; if it does not, boot will tell it what is true then.
func (f *Focus) tellMCU(ctx context.Context, command func() c3p.Command) error {
	select {
	case f.booting <- struct{}{}:
		defer func() { <-f.booting }()
	case <-ctx.Done():
		return context.Cause(ctx)
	}
	if !f.booted {
		return nil
	}
	var told c3p.Command
	if err := f.do(ctx, func() error { told = command(); return nil }); err != nil {
		return err
	}
	_, err := f.command(ctx, told)
	return err
}

// boot tells the MCU about the conference. What did not come to its end is told again with the next leg.
func (f *Focus) boot(ctx context.Context) error {
	select {
	case f.booting <- struct{}{}:
		defer func() { <-f.booting }()
	case <-ctx.Done():
		return context.Cause(ctx)
	}
	select {
	case <-f.stopped:
		return errGone
	default:
	}
	if f.ready {
		return nil
	}
	err := f.begin(ctx)
	f.ready = err == nil
	return err
}

// begin is called by whoever holds booting.
func (f *Focus) begin(ctx context.Context) error {
	var description confinfo.Description
	var silent bool
	err := f.do(ctx, func() error {
		record := f.conference.Record()
		silent = record.Silent
		description = confinfo.Description{
			ConferenceID: string(record.ID), Subject: record.Subject, Organizer: string(record.Organizer), Language: f.server.config.Language, Encryption: string(record.Encryption),
		}
		return nil
	})
	if err == nil {
		err = f.addAtMCU(ctx, &description)
	}
	if err != nil || !silent {
		return err
	}
	_, err = f.command(ctx, &c3p.ModifyConferenceAnnouncements{Keys: c3p.ConferenceKeys{Entity: f.uri}})
	return err
}

// addAtMCU makes the conference there. One that is there already is left over from an answer that was lost.
func (f *Focus) addAtMCU(ctx context.Context, description *confinfo.Description) error {
	known := f.booted
	f.booted = true // even if no answer comes, it must be ended there
	_, err := f.command(ctx, &c3p.AddConference{Conference: &confinfo.Document{Entity: f.uri, Description: description}})
	var refused *c3p.Error
	switch {
	case !errors.As(err, &refused):
		return err
	case refused.Reason == c3p.ReasonConferenceExists:
		return nil
	}
	f.booted = known
	return err
}
