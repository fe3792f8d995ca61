package prompt

import (
	"fmt"
	"strings"
	"time"
)

// PINConfig says how a caller is asked. Zero values mean what stands beside them.
type PINConfig struct {
	Length    int           // as many digits end the entry by themselves; 0: only # or a pause does
	Tries     int           // 3
	NextDigit time.Duration // 5 s: a pause that long after a digit ends the entry
	Reminder  time.Duration // 15 s: who says nothing for that long is asked again
	GiveUp    time.Duration // 60 s: who says nothing for that long is let go
}

// maxPIN is the longest entry: whoever has more digits is heard up to there.
const maxPIN = 32

// Do is what an Action asks for.
type Do uint8

// What the dialogue asks its owner to do.
const (
	Play   Do = iota // the prompt, in place of what is being played
	Stop             // what is being played: the caller has begun to type
	Try              // the PIN, and tell Right or Wrong
	HangUp           // after the prompt that came before it, if one did
)

// Action is one thing to do. Do them in their order.
type Action struct {
	Do     Do
	Prompt string // of Play
	PIN    string // of Try: never to be logged
}

// String says what is done, without the PIN.
func (a Action) String() string {
	switch a.Do {
	case Play:
		return "play " + a.Prompt
	case Stop:
		return "stop"
	case Try:
		return fmt.Sprintf("try %d digits", len(a.PIN))
	case HangUp:
		return "hang up"
	}
	return "nothing"
}

// GoString and MarshalText are String: neither %#v nor a log in JSON shows the PIN.
func (a Action) GoString() string { return a.String() }

// MarshalText is String.
func (a Action) MarshalText() ([]byte, error) { return []byte(a.String()), nil }

// PINEntry is the dialogue with one caller: a state machine without clock or I/O, owned by one goroutine. Its owner does the
// Actions, feeds it digits, and calls Tick at Deadline.
type PINEntry struct {
	config   PINConfig
	state    pinState
	typed    strings.Builder
	tries    int       // that were wrong
	quiet    time.Time // since when nothing was typed
	deadline time.Time
}

type pinState uint8

const (
	waiting  pinState = iota // for a digit
	typing                   // there are some
	checking                 // Try was asked for
	over
)

// NewPINEntry begins the dialogue by asking.
func NewPINEntry(now time.Time, config PINConfig) (*PINEntry, []Action) {
	config.Tries = or(config.Tries, 3)
	config.NextDigit = or(config.NextDigit, 5*time.Second)
	config.Reminder = or(config.Reminder, 15*time.Second)
	config.GiveUp = or(config.GiveUp, 60*time.Second)
	e := &PINEntry{config: config}
	return e, e.ask(now, PINEnter)
}

func or[T int | time.Duration](value, otherwise T) T {
	if value > 0 {
		return value
	}
	return otherwise
}

// Deadline is when Tick has something to do; the zero time when the next thing to happen is not the passing of time.
func (e *PINEntry) Deadline() time.Time { return e.deadline }

// Over says that the dialogue has ended: the PIN was right, or the caller is let go.
func (e *PINEntry) Over() bool { return e.state == over }

// Digit takes a key: 0 to 9 are typed, # ends the entry, * begins it again, all others mean nothing.
func (e *PINEntry) Digit(now time.Time, key rune) []Action {
	if e.state != waiting && e.state != typing {
		return nil
	}
	switch {
	case key >= '0' && key <= '9':
		return e.typeDigit(now, key)
	case key == '#' && e.state == typing:
		return e.try()
	case key == '*':
		return e.begin(now)
	}
	return nil
}

func (e *PINEntry) typeDigit(now time.Time, digit rune) (actions []Action) {
	if e.state == waiting {
		actions = append(actions, Action{Do: Stop})
	}
	e.state = typing
	e.typed.WriteRune(digit)
	e.quiet, e.deadline = now, now.Add(e.config.NextDigit)
	if n := e.typed.Len(); n == e.config.Length || n == maxPIN {
		actions = append(actions, e.try()...)
	}
	return actions
}

// begin forgets what was typed and says nothing: the caller knows.
func (e *PINEntry) begin(now time.Time) []Action {
	e.listen(now)
	return []Action{{Do: Stop}}
}

func (e *PINEntry) try() []Action {
	e.state, e.deadline = checking, time.Time{}
	return []Action{{Do: Try, PIN: e.typed.String()}}
}

// Right ends the dialogue.
func (e *PINEntry) Right() { e.end() }

func (e *PINEntry) end() {
	e.state, e.deadline = over, time.Time{}
	e.typed.Reset()
}

// Wrong asks again, or lets the caller go after the last try.
func (e *PINEntry) Wrong(now time.Time) []Action {
	if e.state != checking {
		return nil
	}
	if e.tries++; e.tries < e.config.Tries {
		return e.ask(now, PINWrong)
	}
	return append([]Action{{Do: Play, Prompt: PINLast}}, e.hangUp()...)
}

// Tick is the passing of time: a pause ends the entry, silence brings a reminder, much of it the end.
func (e *PINEntry) Tick(now time.Time) []Action {
	switch {
	case e.deadline.IsZero() || now.Before(e.deadline):
		return nil
	case e.state == typing:
		return e.try()
	case !now.Before(e.quiet.Add(e.config.GiveUp)):
		return e.hangUp()
	}
	e.remind(now)
	return []Action{{Do: Play, Prompt: PINEnter}}
}

func (e *PINEntry) ask(now time.Time, prompt string) []Action {
	e.listen(now)
	return []Action{{Do: Play, Prompt: prompt}}
}

func (e *PINEntry) listen(now time.Time) {
	e.typed.Reset()
	e.state, e.quiet = waiting, now
	e.remind(now)
}

// remind sets the next reminder, or the end when that comes first.
func (e *PINEntry) remind(now time.Time) {
	e.deadline = now.Add(e.config.Reminder)
	if end := e.quiet.Add(e.config.GiveUp); end.Before(e.deadline) {
		e.deadline = end
	}
}

func (e *PINEntry) hangUp() []Action {
	e.end()
	return []Action{{Do: HangUp}}
}
