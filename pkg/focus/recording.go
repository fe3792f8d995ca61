package focus

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/seed-f3cefc8c/focus/pkg/c3p"
	"github.com/seed-f3cefc8c/focus/pkg/conference"
	"github.com/seed-f3cefc8c/focus/pkg/confinfo"
	"github.com/seed-f3cefc8c/focus/pkg/prompt"
)

const recordingStarted = prompt.RecordingStarted

// itself is the server as an actor: what nobody asked for.
var itself = conference.Actor{Server: true}

var errNotRecording = errors.New("conference is not being recorded")

// record carries one recording command to the MCU and then into the roster. Only one is under way at a time.
func (f *Focus) record(ctx context.Context, by conference.Actor, command c3p.Command, state conference.RecordingState, due func() error) error {
	select {
	case f.recording <- struct{}{}:
		defer func() { <-f.recording }()
	case <-ctx.Done():
		return context.Cause(ctx)
	}
	return f.recordNext(ctx, by, command, state, due)
}

// recordNext is record, with recording held.
func (f *Focus) recordNext(ctx context.Context, by conference.Actor, command c3p.Command, state conference.RecordingState, due func() error) error {
	if err := f.do(ctx, due); err != nil {
		return err
	}
	if err := f.boot(ctx); err != nil {
		return err
	}
	if _, err := f.command(ctx, command); err != nil {
		return err
	}
	by.Server = true // it is done: whoever lost the right meanwhile had it when it was asked for
	return f.keep(ctx, func() (func(), error) { return nil, f.setRecording(by, state) })
}

// setRecording changes the roster; everybody hears of it once.
func (f *Focus) setRecording(by conference.Actor, state conference.RecordingState) error {
	changes, err := f.conference.SetRecording(time.Now(), by, state)
	if err != nil {
		return fmt.Errorf("recording of %s: %w", f.id, err)
	}
	if len(changes) > 0 {
		f.log.Info("recording", "state", state)
		f.announce(state)
	}
	return nil
}

// recorded says whether a conference is being recorded that starts only now: the server has failed meanwhile, or stopped.
func recorded(record conference.Record) bool {
	return record.Recording == conference.Recording || record.Recording == conference.RecordingPaused
}

// goOn makes the MCU record again what is recorded. A new focus holds recording for it, so that it comes before every command.
func (f *Focus) goOn(record conference.Record) {
	if !recorded(record) {
		return
	}
	keys := c3p.ConferenceKeys{Entity: f.uri}
	f.server.run("going on recording", func(ctx context.Context) {
		defer func() { <-f.recording }()
		err := f.recordNext(ctx, itself, &c3p.StartRecording{Keys: keys}, record.Recording, nothing)
		if err == nil && record.Recording == conference.RecordingPaused {
			err = f.recordNext(ctx, itself, &c3p.PauseRecording{Keys: keys}, conference.RecordingPaused, nothing)
		}
		if err == nil || errors.Is(err, errGone) {
			return
		}
		f.log.Error("the recording does not go on", "err", err)
		_ = f.keep(ctx, func() (func(), error) { return nil, f.setRecording(itself, conference.NotRecording) })
	})
}

func nothing() error { return nil }

// announce says to everybody what the recording does.
func (f *Focus) announce(state conference.RecordingState) {
	if f.conference.Len() == 0 {
		return
	}
	spoken := map[conference.RecordingState]string{
		conference.Recording: recordingStarted, conference.RecordingPaused: prompt.RecordingPaused, conference.NotRecording: prompt.RecordingStopped,
	}
	f.prompts++
	command := &c3p.PlayPrompt{
		Keys: c3p.EndpointKeys{Conference: f.uri}, ID: strconv.FormatUint(f.prompts, 10), Prompts: []string{spoken[state]},
	}
	f.server.run("announcing", func(ctx context.Context) { f.play(ctx, command) })
}

// firstOne starts the recording with the first call, if the conference has one. Who only looks on, in a focus dialog, is not recorded.
func (f *Focus) firstOne(first *leg) {
	if !f.conference.Record().AutoRecord {
		return
	}
	for _, l := range f.legs {
		if l != first && l.joined && !l.ringing && !l.waiting {
			return
		}
	}
	f.autoStart()
}

// empty says whether nobody is in, but for the lobby.
func (f *Focus) empty() bool { return f.conference.Len() == len(f.conference.Lobby()) }

// lastOne stops the recording when nobody is left.
func (f *Focus) lastOne() {
	if f.empty() && f.conference.Recording() != conference.NotRecording {
		f.autoStop()
	}
}

// autoStart records from the first participant on.
func (f *Focus) autoStart() {
	command := &c3p.StartRecording{Keys: c3p.ConferenceKeys{Entity: f.uri}}
	f.auto(command, conference.Recording, func() bool {
		return !f.empty() && f.conference.Recording() == conference.NotRecording
	})
}

// autoStop ends a recording when nobody is left.
func (f *Focus) autoStop() {
	command := &c3p.StopRecording{Keys: c3p.ConferenceKeys{Entity: f.uri}}
	f.auto(command, conference.NotRecording, func() bool {
		return f.empty() && f.conference.Recording() != conference.NotRecording
	})
}

// auto records by itself, if that is still due when its turn comes.
func (f *Focus) auto(command c3p.Command, state conference.RecordingState, due func() bool) {
	f.server.run(command.Name(), func(ctx context.Context) {
		err := f.record(ctx, itself, command, state, func() error {
			if !due() {
				return errNotDue
			}
			return nil
		})
		if err != nil && !errors.Is(err, errNotDue) && !errors.Is(err, errGone) {
			f.log.Error("recording", "command", command.Name(), "err", err)
		}
	})
}

var errNotDue = errors.New("no longer due")

// recordingChanged: the MCU says what became of the recording; a full disk ends it, never the meeting. What it was told to do it has answered:
// news of that says nothing new, and may come when the next command has been obeyed.
func (f *Focus) recordingChanged(event *c3p.Recording) {
	if event.State != confinfo.RecordingFailed {
		return
	}
	f.log.Error("recording failed", "reason", event.Reason)
	if err := f.setRecording(itself, conference.NotRecording); err != nil {
		f.log.Warn("recording", "state", event.State, "err", err)
		return
	}
	f.keepLater()
}

// isRecorded asks the rules about a command that needs a recording that runs.
func (f *Focus) isRecorded(by conference.Actor, command conference.Command) error {
	if err := f.conference.May(by, command, ""); err != nil {
		return err
	}
	if f.conference.Recording() == conference.NotRecording {
		return errNotRecording
	}
	return nil
}
