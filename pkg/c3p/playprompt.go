package c3p

import (
	"strconv"
	"time"

	"github.com/seed-f3cefc8c/focus/pkg/strictxml"
)

// PlayPrompt (fx) speaks to one endpoint, to all endpoints of a user, or to the whole conference. It replaces what is being
// played there; without Prompts it just ends that. A PromptFinished event with the same ID tells how it ended.
type PlayPrompt struct {
	Keys        EndpointKeys // Endpoint "": all of the user's; User "": everybody
	ID          string       // chosen by the sender, returned in PromptFinished
	Language    string       // BCP 47; "": that of each endpoint
	Prompts     []string     // names, spoken one after the other: "pin-enter", "digit-1"
	Repeat      int          // how often the whole is played; 0 means once
	Interval    time.Duration
	StopOnDigit bool // the first digit from the endpoint ends it
}

// The bounds of a PlayPrompt.
const (
	MaxPrompts        = 32
	MaxPromptRepeat   = 100
	MaxPromptInterval = time.Minute
	maxPromptName     = 64
)

// Name implements Command.
func (c *PlayPrompt) Name() string { return "playPrompt" }

func readPlayPrompt(e *strictxml.Element) (Command, error) {
	c := &PlayPrompt{
		Keys:        readAnyKeys(e),
		ID:          e.Attr("", "id"),
		Language:    e.Attr("", "language"),
		StopOnDigit: e.Attr("", "stopOnDigit") == "true",
	}
	for prompt := range e.All(ExtensionNamespace, "prompt") {
		c.Prompts = append(c.Prompts, prompt.Trimmed())
	}
	repeat, err := readNumber(e, "repeat", MaxPromptRepeat)
	if err != nil {
		return nil, err
	}
	interval, err := readNumber(e, "interval", MaxPromptInterval.Milliseconds())
	c.Repeat, c.Interval = int(repeat), time.Duration(interval)*time.Millisecond
	return c, err
}

// readAnyKeys takes whichever keys are there.
func readAnyKeys(e *strictxml.Element) EndpointKeys {
	for _, name := range [...]string{"endpointKeys", "userKeys", "conferenceKeys"} {
		if keys := e.Child(Namespace, name); keys != nil {
			return endpointKeysOf(keys)
		}
	}
	return EndpointKeys{}
}

// readNumber reads an optional decimal attribute.
func readNumber(e *strictxml.Element, local string, limit int64) (int64, error) {
	text, ok := e.LookupAttr("", local)
	if !ok {
		return 0, nil
	}
	n, err := strconv.ParseUint(text, 10, 32)
	if err != nil || int64(n) > limit {
		return 0, invalid(ReasonInvalidContent, local+" is not a number up to "+strconv.FormatInt(limit, 10))
	}
	return int64(n), nil
}

func (c *PlayPrompt) check() error {
	switch {
	case c.Keys.Conference == "":
		return invalid(ReasonInvalidContent, "the keys name no conference")
	case len(c.Prompts) > MaxPrompts:
		return invalid(ReasonInvalidContent, "too many prompts")
	case !isLanguage(c.Language):
		return invalid(ReasonInvalidContent, "language is not a BCP 47 tag")
	}
	for _, name := range c.Prompts {
		if !isPromptName(name) {
			return invalid(ReasonPromptDoesNotExist, "a prompt's name has letters, digits and hyphens")
		}
	}
	return nil
}

// isPromptName: prompts are files, so a name must not be able to leave their folder.
func isPromptName(name string) bool {
	if name == "" || len(name) > maxPromptName {
		return false
	}
	for _, c := range []byte(name) {
		if !isAlphanumeric(c) && c != '-' {
			return false
		}
	}
	return true
}

func (c *PlayPrompt) append(w *strictxml.Writer) {
	w.OptAttr("id", c.ID)
	w.OptAttr("language", c.Language)
	if c.Repeat > 0 {
		w.IntAttr("repeat", int64(c.Repeat))
	}
	if c.Interval > 0 {
		w.IntAttr("interval", c.Interval.Milliseconds())
	}
	if c.StopOnDigit {
		w.Attr("stopOnDigit", "true")
	}
	c.Keys.appendAny(w)
	for _, prompt := range c.Prompts {
		w.Leaf("fx:prompt", prompt)
	}
}

// appendAny writes the keys under the name of what they name.
func (k EndpointKeys) appendAny(w *strictxml.Writer) {
	switch {
	case k.Endpoint != "":
		k.append(w)
	case k.User != "":
		UserKeys{k.Conference, k.User}.append(w)
	case k.Conference != "":
		ConferenceKeys{Entity: k.Conference}.append(w)
	}
}
