package c3p

import "github.com/seed-f3cefc8c/focus/pkg/strictxml"

// StartRecording (fx) begins a recording of the mix and of each participant. Success says that it was begun; that it runs, and
// where, comes as a Recording event.
type StartRecording struct {
	Keys   ConferenceKeys
	Format string // FormatOgg, FormatWAV; "": the MCU's own choice
}

// Values of StartRecording.Format.
const (
	FormatOgg = "ogg" // Ogg/Opus
	FormatWAV = "wav"
)

// Name implements Command.
func (c *StartRecording) Name() string { return "startRecording" }

func readStartRecording(e *strictxml.Element) (Command, error) {
	return &StartRecording{Keys: readConferenceKeys(e), Format: e.Attr("", "format")}, nil
}

func (c *StartRecording) check() error {
	switch c.Format {
	case "", FormatOgg, FormatWAV:
		return c.Keys.check()
	}
	return invalid(ReasonInvalidContent, "format is not ogg or wav")
}

func (c *StartRecording) append(w *strictxml.Writer) {
	w.OptAttr("format", c.Format)
	c.Keys.append(w)
}
