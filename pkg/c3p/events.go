package c3p

import (
	"math"
	"strconv"
	"time"

	"github.com/seed-f3cefc8c/focus/pkg/strictxml"
)

// events is the table of all events, by local name in our namespace.
var events = [...]struct {
	local string
	read  func(e *strictxml.Element) (Event, error)
}{
	{"digit", readDigit},
	{"prompt-finished", readPromptFinished},
	{"speaking", readSpeaking},
	{"recording", readRecording},
	{"quality", readQuality},
}

// Digit is a key pressed on a telephone, however it came (RFC 4733, INFO).
type Digit struct {
	Keys     EndpointKeys
	Digit    string        // one of 0-9, *, #, A-D
	Duration time.Duration // whole milliseconds
}

func readDigit(e *strictxml.Element) (Event, error) {
	d := &Digit{Keys: endpointKeysOf(e), Digit: e.Attr("", "digit")}
	if !isDigit(d.Digit) {
		return nil, invalid(ReasonInvalidContent, "not a key of a telephone")
	}
	ms, err := readNumber(e, "duration", math.MaxUint32)
	d.Duration = time.Duration(ms) * time.Millisecond
	return d, err
}

func isDigit(s string) bool {
	return len(s) == 1 && (s[0] >= '0' && s[0] <= '9' || s[0] == '*' || s[0] == '#' || s[0] >= 'A' && s[0] <= 'D')
}

func (d *Digit) append(w *strictxml.Writer) {
	w.Start("fx:digit")
	d.Keys.attrs(w)
	w.Attr("digit", d.Digit)
	w.IntAttr("duration", d.Duration.Milliseconds())
	w.End("fx:digit")
}

// PromptFinished ends a PlayPrompt.
type PromptFinished struct {
	Keys    EndpointKeys // as in the PlayPrompt
	ID      string
	Outcome string
}

// Values of PromptFinished.Outcome.
const (
	OutcomeFinished    = "finished"    // played to its end
	OutcomeInterrupted = "interrupted" // by a digit, by another prompt, or because the endpoint left
	OutcomeFailed      = "failed"      // a prompt is missing
)

func readPromptFinished(e *strictxml.Element) (Event, error) {
	return &PromptFinished{Keys: endpointKeysOf(e), ID: e.Attr("", "id"), Outcome: e.Attr("", "outcome")}, nil
}

func (p *PromptFinished) append(w *strictxml.Writer) {
	w.Start("fx:prompt-finished")
	p.Keys.attrs(w)
	w.OptAttr("id", p.ID)
	w.Attr("outcome", p.Outcome)
	w.End("fx:prompt-finished")
}

// Speaking says that a participant begins or ends to speak.
type Speaking struct {
	Keys     UserKeys
	Speaking bool
}

func readSpeaking(e *strictxml.Element) (Event, error) {
	keys := endpointKeysOf(e)
	return &Speaking{Keys: UserKeys{keys.Conference, keys.User}, Speaking: e.Attr("", "speaking") == "true"}, nil
}

func (s *Speaking) append(w *strictxml.Writer) {
	w.Start("fx:speaking")
	s.Keys.attrs(w)
	w.Attr("speaking", strconv.FormatBool(s.Speaking))
	w.End("fx:speaking")
}

// Recording says what became of a recording.
type Recording struct {
	Conference string
	State      string // confinfo.RecordingStarted, RecordingPaused, RecordingStopped, RecordingFailed
	Reason     string // why it stopped or failed, for a person
	Directory  string // where its manifest is, below the MCU's folder of recordings
}

func readRecording(e *strictxml.Element) (Event, error) {
	return &Recording{
		Conference: e.Attr("", "confEntity"),
		State:      e.Attr("", "state"),
		Reason:     e.Attr("", "reason"),
		Directory:  e.Attr("", "directory"),
	}, nil
}

func (r *Recording) append(w *strictxml.Writer) {
	w.Start("fx:recording")
	w.Attr("confEntity", r.Conference)
	w.Attr("state", r.State)
	w.OptAttr("reason", r.Reason)
	w.OptAttr("directory", r.Directory)
	w.End("fx:recording")
}
