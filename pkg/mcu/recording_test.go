package mcu

import (
	"os"
	"path/filepath"
	"testing"
	"testing/synctest"
	"time"

	"github.com/seed-f3cefc8c/focus/pkg/c3p"
	"github.com/seed-f3cefc8c/focus/pkg/codec/opus"
	"github.com/seed-f3cefc8c/focus/pkg/confinfo"
	"github.com/seed-f3cefc8c/focus/pkg/recorder"
)

func (w *world) recordings() (states []string) {
	synctest.Wait()
	for _, e := range w.events() {
		if r, ok := e.(*c3p.Recording); ok {
			states = append(states, r.State)
		}
	}
	return states
}

// only is the one recording under dir.
func (w *world) only(dir string) *recorder.Manifest {
	w.Helper()
	found, err := filepath.Glob(filepath.Join(dir, "*", "*"))
	if err != nil || len(found) != 1 {
		w.Fatalf("recordings %v, %v; want one", found, err)
	}
	m, err := recorder.ReadManifest(found[0])
	if err != nil {
		w.Fatal(err)
	}
	for _, track := range m.Tracks {
		for _, segment := range track.Segments {
			if _, err := os.Stat(filepath.Join(found[0], segment.File)); err != nil {
				w.Error(err)
			}
		}
	}
	return m
}

func TestRecording(t *testing.T) {
	if !opus.Available {
		t.Skip("built without libopus")
	}
	synctest.Test(t, func(t *testing.T) {
		dir := t.TempDir()
		w := newWorld(t, func(c *Config) { c.Recordings = dir })
		defer w.close()
		keys := c3p.ConferenceKeys{Entity: room}
		w.fails(&c3p.StopRecording{Keys: keys}, c3p.ReasonNoRecordingInProgress)

		alice, bob := w.phone("alice", 400).joins(), w.phone("bob", 700).joins()
		w.talk(time.Second, alice, bob)
		t.Log("# recording starts a second into the meeting")
		w.succeeds(&c3p.StartRecording{Keys: keys})
		w.fails(&c3p.StartRecording{Keys: keys}, c3p.ReasonAnotherRecordingInProgress)
		w.talk(2*time.Second, alice, bob)
		t.Log("# a second is nobody's business")
		w.succeeds(&c3p.PauseRecording{Keys: keys})
		w.talk(time.Second, alice, bob)
		w.succeeds(&c3p.ResumeRecording{Keys: keys})
		t.Log("# bob is muted: what he says now is not recorded")
		w.succeeds(&c3p.ModifyEndpointMedia{
			Keys:  c3p.MediaKeys{Conference: room, User: bob.user(), Endpoint: bob.keys().Endpoint, Media: "1"},
			Media: &confinfo.Media{ID: "1", Type: "audio", IngressFilter: confinfo.Block},
		})
		w.talk(2*time.Second, alice, bob)
		w.succeeds(&c3p.StopRecording{Keys: keys})

		if got := w.recordings(); len(got) != 4 || got[0] != confinfo.RecordingStarted || got[1] != confinfo.RecordingPaused ||
			got[2] != confinfo.RecordingStarted || got[3] != confinfo.RecordingStopped {
			t.Errorf("the focus was told %v", got)
		}
		m := w.only(dir)
		for i, track := range m.Tracks {
			if q := track.Quality; (q != nil) != (i > 0) || q != nil && (q.Packets < 300 || q.LossRate != 0 || q.MOSCQ < 4) {
				t.Errorf("quality of track %d: %+v", i, q)
			}
		}
		if m.Interrupted || m.Reason == "" || len(m.Paused) != 1 {
			t.Errorf("interrupted %v, reason %q, paused %v", m.Interrupted, m.Reason, m.Paused)
		}
		if near := 5 * 48000; m.Length < int64(near)-4800 || m.Length > int64(near)+4800 {
			t.Errorf("length %d samples, want about %d", m.Length, near)
		}
		length := map[string]int64{}
		for _, track := range m.Tracks {
			name := track.Kind
			if track.Participant != nil {
				name = m.Participants[*track.Participant].ID
			}
			for _, s := range track.Segments {
				length[name] += s.Length
			}
		}
		for name, seconds := range map[string]float64{"mixed": 4, alice.user(): 4, bob.user(): 2} {
			if got := float64(length[name]) / 48000; got < seconds-0.2 || got > seconds+0.2 {
				t.Errorf("%s: %.2f s recorded, want %.0f", name, got, seconds)
			}
		}
	})
}

// What ends the conference ends its recording, and the files are closed when the command returns.
func TestRecordingEndsWithTheConference(t *testing.T) {
	if !opus.Available {
		t.Skip("built without libopus")
	}
	synctest.Test(t, func(t *testing.T) {
		dir := t.TempDir()
		w := newWorld(t, func(c *Config) { c.Recordings = dir })
		defer w.close()
		alice := w.phone("alice", 400).joins()
		w.succeeds(&c3p.StartRecording{Keys: c3p.ConferenceKeys{Entity: room}, Format: c3p.FormatWAV})
		w.talk(time.Second, alice)
		w.succeeds(&c3p.DeleteConference{Keys: c3p.ConferenceKeys{Entity: room}})
		if m := w.only(dir); m.Ended == nil || m.Interrupted {
			t.Errorf("ended %v, interrupted %v", m.Ended, m.Interrupted)
		}
		w.fails(alice.invitation(confinfo.Endpoint{SDP: &confinfo.SDP{Type: confinfo.SDPOffer, Text: alice.sdp("sendrecv")}}), c3p.ReasonConferenceDoesNotExist)
	})
}

func TestRecordingWithoutAFolder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		defer w.close()
		w.fails(&c3p.StartRecording{Keys: c3p.ConferenceKeys{Entity: room}}, c3p.ReasonRecordingDoesNotStart)
	})
}

func TestWhatAParticipantIsCalled(t *testing.T) {
	for _, tt := range []struct{ user, name, want string }{
		{"sip:alice@example.com", "Alice Liddell", "Alice Liddell"},
		{"sip:alice@192.0.2.1:5060;guest=1", "", "alice"},
		{"sip:192.0.2.1;guest=2", "", "sip:192.0.2.1;guest=2"},
	} {
		if got := (&Leg{user: tt.user, name: tt.name}).called(); got != tt.want {
			t.Errorf("%s, %q is called %q, want %q", tt.user, tt.name, got, tt.want)
		}
	}
}
