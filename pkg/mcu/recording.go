package mcu

import (
	"context"
	"fmt"
	"path/filepath"
	"strings"
	"time"

	"github.com/seed-f3cefc8c/focus/pkg/c3p"
	"github.com/seed-f3cefc8c/focus/pkg/codec/opus"
	"github.com/seed-f3cefc8c/focus/pkg/confinfo"
	"github.com/seed-f3cefc8c/focus/pkg/recorder"
)

// recording is a conference's running recording, as its clock sees it.
type recording struct {
	conference *Conference
	recorder   *recorder.Recorder
	paused     bool
	end        int64 // where on the conference clock it ended
}

// WriteFrame takes the mix. It implements mixer.FrameSink.
func (r *recording) WriteFrame(rate int, frame []int16) {
	r.recorder.WriteMixed(r.conference.position(), rate, frame)
}

// startRecording begins a recording of the mix and of everybody in it.
func (s *Server) startRecording(ctx context.Context, call *c3p.Call) (c3p.Command, error) {
	command := call.Request.Command.(*c3p.StartRecording)
	c, err := s.conference(command.Keys.Entity)
	if err != nil {
		return nil, err
	}
	if s.config.Recordings == "" {
		return nil, errNoRecordings
	}
	r, err := c.openRecording(ctx, command.Format)
	if err != nil {
		return nil, err
	}
	taken := false
	err = c.clock.call(ctx, func() { taken = c.attachRecording(r) })
	if err == nil && !taken {
		err = fmt.Errorf("conference %s: %w", c.entity, errRecording)
	}
	if err != nil {
		_ = r.recorder.Stop(0, "another recording runs")
	}
	return nil, err
}

// openRecording makes the files, which may take the disk a while: not on the clock.
func (c *Conference) openRecording(ctx context.Context, format string) (*recording, error) {
	var at int64
	recorded := true
	if err := c.clock.call(ctx, func() { c.catchUp(time.Now()); at, recorded = c.position(), c.recording != nil }); err != nil {
		return nil, err
	}
	if recorded {
		return nil, fmt.Errorf("conference %s: %w", c.entity, errRecording)
	}
	r := &recording{conference: c}
	var err error
	r.recorder, err = recorder.Start(recorder.Config{
		Dir: c.server.config.Recordings, ConferenceID: c.id, Subject: c.subject, Organizer: c.organizer,
		Format: recordingFormat(format), Started: time.Now(), At: at, Logger: c.log,
		OnFailure: func(err error) { c.recordingFailed(r, err) },
	})
	if err != nil {
		return nil, fmt.Errorf("recording of %s: %w", c.entity, err)
	}
	return r, nil
}

func recordingFormat(format string) string {
	if format == c3p.FormatWAV {
		return recorder.FormatWAV
	}
	return recorder.FormatOpus
}

// attachRecording puts the recording into the mix, unless there is one. It runs on the clock.
func (c *Conference) attachRecording(r *recording) bool {
	if c.recording != nil || c.ended {
		return false
	}
	c.recording = r
	c.mixer.AddFrameSink(r)
	for _, l := range c.legs {
		l.startTrack()
	}
	c.tellRecording(r, confinfo.RecordingStarted, "")
	return true
}

// detachRecording takes it out again, for its files to be closed elsewhere. It runs on the clock.
func (c *Conference) detachRecording() *recording {
	r := c.recording
	if r == nil {
		return nil
	}
	for _, l := range c.legs {
		l.stopTrack("recording stopped")
	}
	c.mixer.RemoveFrameSink(r)
	c.recording = nil
	c.catchUp(time.Now())
	r.end = c.position()
	return r
}

// stop closes the files and waits for it; not on the clock.
func (r *recording) stop(reason string) {
	state, why := confinfo.RecordingStopped, reason
	if err := r.recorder.Stop(r.end, reason); err != nil {
		state, why = confinfo.RecordingFailed, err.Error()
	}
	r.conference.tellRecording(r, state, why)
}

// recordingFailed is called when the disk refused: the recording has ended, the meeting goes on.
func (c *Conference) recordingFailed(r *recording, err error) {
	c.log.Error("recording failed", "err", err)
	_ = c.clock.post(context.Background(), func() {
		if c.recording == r {
			c.detachRecording()
			c.tellRecording(r, confinfo.RecordingFailed, err.Error())
		}
	})
}

func (c *Conference) tellRecording(r *recording, state, reason string) {
	dir, err := filepath.Rel(c.server.config.Recordings, r.recorder.Dir())
	if err != nil {
		dir = r.recorder.Dir()
	}
	c.tell(&c3p.Recording{Conference: c.entity, State: state, Reason: reason, Directory: filepath.ToSlash(dir)})
}

// pauseRecording closes the files until resumeRecording opens new ones.
func (s *Server) pauseRecording(ctx context.Context, call *c3p.Call) (c3p.Command, error) {
	return nil, s.whileRecording(ctx, call.Request.Command.(*c3p.PauseRecording).Keys.Entity, func(r *recording) {
		if !r.paused {
			r.paused = true
			r.recorder.Pause(r.conference.position())
			r.conference.tellRecording(r, confinfo.RecordingPaused, "")
		}
	})
}

// resumeRecording goes on after pauseRecording.
func (s *Server) resumeRecording(ctx context.Context, call *c3p.Call) (c3p.Command, error) {
	return nil, s.whileRecording(ctx, call.Request.Command.(*c3p.ResumeRecording).Keys.Entity, func(r *recording) {
		if r.paused {
			r.paused = false
			r.recorder.Resume(r.conference.position())
			r.conference.tellRecording(r, confinfo.RecordingStarted, "")
		}
	})
}

// stopRecording returns when the files are closed.
func (s *Server) stopRecording(ctx context.Context, call *c3p.Call) (c3p.Command, error) {
	c, err := s.conference(call.Request.Command.(*c3p.StopRecording).Keys.Entity)
	if err != nil {
		return nil, err
	}
	var r *recording
	if err = c.clock.call(ctx, func() { r = c.detachRecording() }); err != nil {
		return nil, err
	}
	if r == nil {
		return nil, fmt.Errorf("conference %s: %w", c.entity, errNotRecording)
	}
	r.stop("stopped")
	return nil, nil
}

// whileRecording runs f on the clock with the recording of a conference.
func (s *Server) whileRecording(ctx context.Context, entity string, f func(*recording)) error {
	c, err := s.conference(entity)
	if err != nil {
		return err
	}
	running := false
	err = c.clock.call(ctx, func() {
		if c.recording != nil {
			running = true
			c.catchUp(time.Now())
			f(c.recording)
		}
	})
	if err == nil && !running {
		err = fmt.Errorf("conference %s: %w", entity, errNotRecording)
	}
	return err
}

// startTrack begins to record a leg that is in the mix.
func (l *Leg) startTrack() {
	if r := l.conference.recording; r != nil && l.admitted && l.track == nil {
		l.track = r.recorder.Track(recorder.Participant{ID: l.user, DisplayName: l.called()})
		l.track.Event(recorder.Joined, l.conference.position())
		if l.muted {
			l.track.Event(recorder.Muted, l.conference.position())
		}
	}
}

// called is what a person calls the participant: a telephone without a display name is known by its user part.
func (l *Leg) called() string {
	if l.name != "" {
		return l.name
	}
	_, user, _ := strings.Cut(l.user, ":")
	if user, _, named := strings.Cut(user, "@"); named {
		return user
	}
	return l.user
}

func (l *Leg) stopTrack(reason string) {
	if l.track != nil {
		local, _ := l.heard()
		l.track.Quality(local)
	}
	l.track.Event(recorder.Left, l.conference.position())
	l.track.Close(l.conference.position(), reason)
	l.track = nil
}

// tapFrame records what the mixer has just decoded.
func (l *Leg) tapFrame(frame []int16) {
	l.tapped = true
	if l.track != nil && !l.storesPackets {
		l.track.WriteFrame(l.conference.position(), l.stream.Rate(), frame)
	}
}

// record stores what the mixer did not ask for: Opus packets as received, and voices that were too many to be heard.
func (c *Conference) record() {
	if c.recording == nil {
		return
	}
	for _, l := range c.legs {
		l.record()
	}
}

func (l *Leg) record() {
	tapped := l.tapped
	l.tapped = false
	switch {
	case l.track == nil || l.muted || !l.voice.level.Voice:
	case l.storesPackets:
		l.recordPacket()
	case !tapped:
		l.voice.Frame(l.conference.buffer[:l.stream.Rate()/50])
		l.tapped = false
	}
}

// recordPacket stores the Opus packet of this frame, if there was one: a packet of 60 ms serves three frames. A stream that keeps
// talking without one that can be stored, such as two packets a frame or another codec than agreed, is recorded as it is heard instead.
func (l *Leg) recordPacket() {
	codec, payload := l.stream.Payload()
	if payload == nil || codec != opus.Opus {
		l.unstored++
		l.storesPackets = l.unstored < maxUnstored
		return
	}
	l.unstored = 0
	l.track.WritePacket(l.conference.position(), codec.Duration(payload), payload)
}

// maxUnstored is how many frames of speech in a row may bring nothing to store: half a second.
const maxUnstored = 25
