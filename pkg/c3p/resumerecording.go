package c3p

import "github.com/seed-f3cefc8c/focus/pkg/strictxml"

// ResumeRecording (fx) goes on with a paused recording, in a new segment.
type ResumeRecording struct{ Keys ConferenceKeys }

// Name implements Command.
func (c *ResumeRecording) Name() string { return "resumeRecording" }

func readResumeRecording(e *strictxml.Element) (Command, error) {
	return &ResumeRecording{Keys: readConferenceKeys(e)}, nil
}

func (c *ResumeRecording) check() error { return c.Keys.check() }

func (c *ResumeRecording) append(w *strictxml.Writer) { c.Keys.append(w) }
