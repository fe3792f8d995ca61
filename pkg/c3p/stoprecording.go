package c3p

import "github.com/seed-f3cefc8c/focus/pkg/strictxml"

// StopRecording (fx) ends the recording and closes its files.
type StopRecording struct{ Keys ConferenceKeys }

// Name implements Command.
func (c *StopRecording) Name() string { return "stopRecording" }

func readStopRecording(e *strictxml.Element) (Command, error) {
	return &StopRecording{Keys: readConferenceKeys(e)}, nil
}

func (c *StopRecording) check() error { return c.Keys.check() }

func (c *StopRecording) append(w *strictxml.Writer) { c.Keys.append(w) }
