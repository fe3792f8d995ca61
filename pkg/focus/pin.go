package focus

import (
	"context"
	"errors"
	"strconv"
	"time"

	"github.com/seed-f3cefc8c/focus/pkg/c3p"
	"github.com/seed-f3cefc8c/focus/pkg/conference"
	"github.com/seed-f3cefc8c/focus/pkg/prompt"
)

// pinDialogue asks one caller for the PIN. The call is answered, the endpoint is at the MCU and in no mix, and nobody sees it in the roster.
// It is owned by the loop.
type pinDialogue struct {
	entry   *prompt.PINEntry
	prompt  string    // the last one
	said    string    // id of its playback
	leaving time.Time // when the caller is let go at the latest; zero: not yet
}

// goodbyeTime bounds how long a caller is kept to hear why.
const goodbyeTime = 15 * time.Second

// askPIN begins the dialogue.
func (f *Focus) askPIN(l *leg) {
	p := &pinDialogue{}
	f.pins[l] = p
	var actions []prompt.Action
	p.entry, actions = prompt.NewPINEntry(time.Now(), prompt.PINConfig{})
	p.perform(f, l, actions)
}

func (p *pinDialogue) deadline() time.Time {
	if !p.leaving.IsZero() {
		return p.leaving
	}
	return p.entry.Deadline()
}

func (p *pinDialogue) digit(f *Focus, l *leg, digit string) {
	for _, key := range digit {
		p.perform(f, l, p.entry.Digit(time.Now(), key))
	}
}

func (p *pinDialogue) tick(f *Focus, l *leg, now time.Time) {
	if !p.leaving.IsZero() && !now.Before(p.leaving) {
		f.drop(l, 403, "wrong PIN")
		return
	}
	p.perform(f, l, p.entry.Tick(now))
}

// spoken: a prompt has ended. Who is to be let go has heard why.
func (p *pinDialogue) spoken(f *Focus, l *leg, id string) {
	if !p.leaving.IsZero() && id == p.said {
		f.drop(l, 403, "wrong PIN")
	}
}

// perform does what the dialogue wants, in its order.
func (p *pinDialogue) perform(f *Focus, l *leg, actions []prompt.Action) {
	for _, action := range actions {
		switch action.Do {
		case prompt.Play:
			p.prompt, p.said = action.Prompt, f.say(l, action.Prompt)
		case prompt.Stop:
			f.hush(l)
		case prompt.Try:
			p.try(f, l, action.PIN)
		case prompt.HangUp:
			p.hangUp(f, l)
		}
	}
}

func (p *pinDialogue) try(f *Focus, l *leg, pin string) {
	err := f.conference.CheckPIN(l.id, pin)
	switch {
	case err == nil:
		p.entry.Right()
		f.letIn(l)
	case errors.Is(err, conference.ErrPINWrong):
		f.server.config.Limiter.Failed(time.Now(), l.address, "")
		p.perform(f, l, p.entry.Wrong(time.Now()))
	default:
		f.dropFor(l, err)
	}
}

// hangUp lets the caller go at once after silence, or when the last prompt has been heard.
func (p *pinDialogue) hangUp(f *Focus, l *leg) {
	if p.prompt != prompt.PINLast {
		f.drop(l, 408, "no PIN")
		return
	}
	p.leaving = time.Now().Add(goodbyeTime)
}

// letIn makes a participant of who knew the PIN.
func (f *Focus) letIn(l *leg) {
	delete(f.pins, l)
	if err := f.enrol(time.Now(), l); err != nil {
		f.dropFor(l, err)
		return
	}
	switch {
	case l.waiting:
		f.say(l, prompt.Lobby)
	case l.late:
		f.say(l, recordingStarted)
	}
}

// dropFor hangs up with the reason of an error.
func (f *Focus) dropFor(l *leg, err error) {
	o, known := outcomeOf(err)
	if !known {
		f.log.Error("unexpected failure", "user", l.user, "err", err)
	}
	f.drop(l, o.status, o.text)
}

// say speaks a prompt to one leg in its language, in place of what is being said there, and returns the id of the playback.
func (f *Focus) say(l *leg, prompts ...string) (id string) {
	return f.speak(l, &c3p.PlayPrompt{Prompts: prompts})
}

// speak is say for a command that says how.
func (f *Focus) speak(l *leg, command *c3p.PlayPrompt) (id string) {
	f.prompts++
	command.Keys, command.ID, command.Language = l.keys(), strconv.FormatUint(f.prompts, 10), l.language
	l.orders.addPrompt(f.server, func(ctx context.Context) { f.play(ctx, command) })
	return command.ID
}

// hush ends what is being said to a leg.
func (f *Focus) hush(l *leg) {
	command := &c3p.PlayPrompt{Keys: l.keys()}
	l.orders.addPrompt(f.server, func(ctx context.Context) { f.play(ctx, command) })
}

func (f *Focus) play(ctx context.Context, command *c3p.PlayPrompt) {
	if _, err := f.command(ctx, command); err != nil {
		f.log.Warn("prompt not played", "prompts", command.Prompts, "err", err)
	}
}
