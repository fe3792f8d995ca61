//go:build interop

package interop

import (
	"encoding/json"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/seed-f3cefc8c/focus/test/interop/ear"
)

// clock is the rate of the positions in a manifest.
const clock = 48000

// recording is a folder under DATA/recordings/ID and what its manifest says (api/recording.schema.json).
type recording struct {
	dir           string
	Started       time.Time
	Start, Length int64
	Ended         string
	Interrupted   bool
	Reason        string
	Participants  []struct{ ID string }
	Tracks        []struct {
		Kind        string
		Participant int
		Segments    []segment
	}
}

type segment struct {
	File, Codec, Source, Reason string
	Start, Length               int64
}

// recorded waits until the only recording of a conference is closed and reads it.
func (s *server) recorded(id string) (r recording) {
	s.t.Helper()
	if !until(5*time.Second, func() bool {
		open, _ := filepath.Glob(s.path("recordings", id, "*", "*.part"))
		r = s.manifest(id)
		return len(open) == 0 && r.Ended != ""
	}) {
		s.t.Fatalf("the recording is not closed: %+v", r)
	}
	return r
}

func (s *server) manifest(id string) (r recording) {
	s.t.Helper()
	found, _ := filepath.Glob(s.path("recordings", id, "*", "manifest.json"))
	if len(found) != 1 {
		s.t.Fatalf("%d recordings of %s, want one: %v", len(found), id, found)
	}
	r.dir = filepath.Dir(found[0])
	text, err := os.ReadFile(found[0])
	if err != nil {
		s.t.Fatal(err)
	}
	if err := json.Unmarshal(text, &r); err != nil {
		s.t.Fatalf("%s: %v", found[0], err)
	}
	return r
}

// whose is the user part of the participant of a track, "mixed" for the mix.
func (r recording) whose(track int) string {
	if r.Tracks[track].Kind == "mixed" {
		return "mixed"
	}
	uri := r.Participants[r.Tracks[track].Participant].ID
	return strings.Split(strings.TrimPrefix(uri, "sip:"), "@")[0]
}

// lies is where a segment begins in the recording.
func (r recording) lies(s segment) time.Duration {
	return time.Duration(s.Start-r.Start) * time.Second / clock
}

// wantsGood has ffprobe and opusinfo look at a file.
func (r recording) wantsGood(t *testing.T, s segment) {
	t.Helper()
	path := filepath.Join(r.dir, s.File)
	out, err := exec.Command("ffprobe", "-v", "warning", "-show_entries", "stream=codec_name,sample_rate,channels:format=duration", "-of", "compact=p=0", path).CombinedOutput()
	if err != nil || strings.Count(string(out), "\n") > 2 {
		t.Errorf("ffprobe %s: %v\n%s", s.File, err, out)
	}
	t.Logf("%s: %s", s.File, strings.Join(strings.Fields(string(out)), " "))
	if s.Codec == "opus" {
		if out := run(t, "opusinfo", path); strings.Contains(out, "WARNING") || strings.Contains(out, "ERROR") {
			t.Errorf("opusinfo %s:\n%s", s.File, out)
		}
	}
}

// TestRecording is a meeting of three that is recorded: the mix holds everybody, each track one, and they line up.
func TestRecording(t *testing.T) {
	s := serves(t)
	room := s.makes(`{"admissionPolicy": "anonymous"}`)
	people := []*phone{
		phoneOf(t, aliceSays, phoneConfig{codec: "PCMU/8000/1", transport: "udp", number: 1}),
		phoneOf(t, bobSays, phoneConfig{codec: "G722/16000/1", transport: "udp", number: 2}),
		phoneOf(t, carolSays, phoneConfig{codec: "opus/48000/2", transport: "udp", number: 3}),
	}
	t.Log("# alice, bob and carol are in, and the recording is started")
	for _, p := range people {
		p.dials("sip:" + room.ID + "@" + s.sip())
	}
	s.records(room.ID, "start")
	if state := s.shows(room.ID).Recording; state != "started" {
		t.Errorf("the conference says recording: %q, want started", state)
	}
	passes(20 * time.Second)
	s.records(room.ID, "stop")
	for _, p := range people {
		p.hangsUp()
	}
	s.wantsParticipants(room.ID, 0, 5*time.Second)

	r := s.recorded(room.ID)
	if r.Interrupted || r.Length < 19*clock {
		t.Errorf("interrupted: %v, length %.1f s, want a whole one of 20 s", r.Interrupted, float64(r.Length)/clock)
	}
	mixed := r.sound(t, 0)
	for track := range r.Tracks {
		for _, segment := range r.Tracks[track].Segments {
			r.wantsGood(t, segment)
			if segment.Reason == "" {
				t.Errorf("%s was not closed", segment.File)
			}
		}
		for _, p := range people {
			hears(t, r.whose(track), r.sound(t, track), p.voice.sound(t, p.dir), p.name, r.whose(track) == "mixed" || r.whose(track) == p.name)
		}
		if track > 0 {
			r.wantsInLine(t, mixed, track)
		}
	}
	if len(r.Tracks) != 4 {
		t.Errorf("%d tracks, want the mix and three", len(r.Tracks))
	}
}

// sound lays the segments of a track where they belong.
func (r recording) sound(t *testing.T, track int) (whole ear.Sound) {
	t.Helper()
	for _, segment := range r.Tracks[track].Segments {
		from := int(r.lies(segment) * ear.Rate / time.Second)
		for len(whole) < from {
			whole = append(whole, 0)
		}
		whole = append(whole[:from], listens(t, filepath.Join(r.dir, segment.File))...)
	}
	return whole
}

// wantsInLine looks for the pieces of a track in the mix: each where it is in the track, give or take 20 ms.
func (r recording) wantsInLine(t *testing.T, mixed ear.Sound, track int) {
	t.Helper()
	found, most := ear.Find(mixed, r.sound(t, track)), time.Duration(0)
	sure := 0
	for i, match := range found {
		if match.Correlation < heardAbove {
			continue
		}
		sure++
		most = max(most, (match.At - time.Duration(i)*ear.Piece).Abs())
	}
	t.Logf("%s lies within %v of the mix (%d pieces of %d)", r.whose(track), most, sure, len(found))
	if most > 20*time.Millisecond || sure < len(found)/2 {
		t.Errorf("%s is up to %v beside the mix, want 20 ms at most: %v", r.whose(track), most, found)
	}
}

// TestRecordingSurvivesKill9 kills the server in the middle of a recording.
func TestRecordingSurvivesKill9(t *testing.T) {
	s := serves(t)
	room := s.makes(`{"admissionPolicy": "anonymous", "autoRecord": true}`)
	alice := phoneOf(t, aliceSays, phoneConfig{codec: "PCMU/8000/1", transport: "udp", number: 1})
	carol := phoneOf(t, carolSays, phoneConfig{codec: "opus/48000/2", transport: "udp", number: 2})
	alice.dials("sip:" + room.ID + "@" + s.sip())
	carol.dials("sip:" + room.ID + "@" + s.sip())
	passes(11900 * time.Millisecond) // just before a page is due: the worst moment
	t.Log("# kill -9")
	s.kills()
	died := time.Now()
	s.starts(t)

	t.Log("# the conference is there, and its recording is closed")
	var all struct{ Conferences []meeting }
	s.asks("GET", "/v1/conferences", "", http.StatusOK, &all)
	if len(all.Conferences) != 1 || all.Conferences[0].ID != room.ID {
		t.Errorf("conferences after the restart: %+v, want %s", all.Conferences, room.ID)
	}
	r := s.recorded(room.ID)
	if !r.Interrupted {
		t.Errorf("the manifest does not say that it was interrupted (reason %q)", r.Reason)
	}
	for track := range r.Tracks {
		for _, segment := range r.Tracks[track].Segments {
			r.wantsGood(t, segment)
		}
		sound := r.sound(t, track)
		lost := died.Sub(r.Started) - sound.Duration()
		t.Logf("%s: %.2f s of %.2f, lost %.2f s", r.whose(track), sound.Duration().Seconds(), died.Sub(r.Started).Seconds(), lost.Seconds())
		if lost > 2*time.Second {
			t.Errorf("%s has lost the last %.2f s, want 2 s at most", r.whose(track), lost.Seconds())
		}
	}
	first := aliceSays.sound(t, alice.dir).Until(2 * ear.Piece)
	hears(t, "mixed", r.sound(t, 0), first.From(ear.Piece), "alice", true)
}

// TestRecordingOnRequestIsWAV records in the other format.
func TestRecordingOnRequestIsWAV(t *testing.T) {
	s := serves(t)
	room := s.makes(`{"admissionPolicy": "anonymous"}`)
	call := s.sipp(t, calls{to: room.ID}, inviting(speaking("rtpstream_audio_port", "sendrecv")), answered, acking(1, ""),
		does("rtp_stream", rawSpeech(t)+",-1,0"), pause(8*time.Second), does("rtp_stream", "pause"), bye(2))
	s.wantsParticipants(room.ID, 1, 5*time.Second)
	s.asks("POST", "/v1/conferences/"+room.ID+"/recording", `{"action": "start", "format": "wav"}`, http.StatusOK, nil)
	call.wantsSuccess(20 * time.Second)
	s.wantsParticipants(room.ID, 0, 5*time.Second)
	r := s.recorded(room.ID)
	for track := range r.Tracks {
		for _, segment := range r.Tracks[track].Segments {
			r.wantsGood(t, segment)
		}
	}
	hears(t, "mixed", r.sound(t, 0), aliceSays.sound(t, t.TempDir()).Until(2*ear.Piece), "alice", true)
}
