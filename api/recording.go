package api

import (
	"net/http"

	"github.com/seed-f3cefc8c/focus/pkg/c3p"
	"github.com/seed-f3cefc8c/focus/pkg/confinfo"
	"github.com/seed-f3cefc8c/focus/pkg/suggest"
)

// RecordingCommand is what to do with the recording of a conference.
type RecordingCommand struct {
	Action string `json:"action"`           // start, pause, resume, stop
	Format string `json:"format,omitempty"` // of start: opus (Ogg), wav
}

// RecordingState is what the recording does after that.
type RecordingState struct {
	ID        string `json:"id"`        // of the conference
	Recording string `json:"recording"` // started, paused, stopped
}

var recordingActions = []string{"start", "pause", "resume", "stop"}

// command is the C3P command that r stands for, and the state it leads to.
func (r *RecordingCommand) command(keys c3p.ConferenceKeys) (_ c3p.Command, state string, _ *Problem) {
	if r.Format != "" && r.Action != "start" {
		return nil, "", badField("format", "format goes with the action start only: leave it out.")
	}
	switch r.Action {
	case "start":
		format, refusal := r.format()
		return &c3p.StartRecording{Keys: keys, Format: format}, confinfo.RecordingStarted, refusal
	case "pause":
		return &c3p.PauseRecording{Keys: keys}, confinfo.RecordingPaused, nil
	case "resume":
		return &c3p.ResumeRecording{Keys: keys}, confinfo.RecordingStarted, nil
	case "stop":
		return &c3p.StopRecording{Keys: keys}, confinfo.RecordingStopped, nil
	}
	return nil, "", badField("action", "action is start, pause, resume or stop"+suggest.Hint(r.Action, recordingActions)+".")
}

func (r *RecordingCommand) format() (string, *Problem) {
	switch r.Format {
	case "":
		return "", nil
	case "opus":
		return c3p.FormatOgg, nil
	case "wav":
		return c3p.FormatWAV, nil
	}
	return "", badField("format", "format is opus or wav.")
}

func (s *server) postRecording(w http.ResponseWriter, r *http.Request, who c3p.Principal) {
	var wanted RecordingCommand
	if refusal := readJSON(w, r, &wanted); refusal != nil {
		refusal.write(w)
		return
	}
	command, state, refusal := wanted.command(keysOf(r))
	if refusal == nil {
		_, refusal = s.do(r, who, command)
	}
	if refusal != nil {
		refusal.write(w)
		return
	}
	writeJSON(w, http.StatusOK, RecordingState{ID: variable(r, "id"), Recording: state})
}
