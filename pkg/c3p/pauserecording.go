package c3p

import "github.com/seed-f3cefc8c/focus/pkg/strictxml"

// PauseRecording (fx) stops writing until ResumeRecording; the conference clock goes on.
type PauseRecording struct{ Keys ConferenceKeys }

// Name implements Command.
func (c *PauseRecording) Name() string { return "pauseRecording" }

func readPauseRecording(e *strictxml.Element) (Command, error) {
	return &PauseRecording{Keys: readConferenceKeys(e)}, nil
}

func (c *PauseRecording) check() error { return c.Keys.check() }

func (c *PauseRecording) append(w *strictxml.Writer) { c.Keys.append(w) }
