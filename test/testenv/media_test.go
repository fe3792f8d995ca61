package testenv_test

import (
	"strings"
	"testing"
	"time"

	"github.com/seed-f3cefc8c/focus/pkg/c3p"
	"github.com/seed-f3cefc8c/focus/pkg/confinfo"
	"github.com/seed-f3cefc8c/focus/test/testenv"
)

// With the real MCU: the same documents mean the same to both.

func TestWithMediaJoinHoldAndNoMedia(t *testing.T) {
	testenv.RunWithMedia(t, func(w *testenv.World) {
		w.Conference(room)
		alice, bob := w.Phone("alice"), w.Phone("bob")
		alice.Dials(dial)
		if body := string(alice.WantsAnswer().Body()); !strings.Contains(body, "m=audio 2") || !strings.Contains(body, "198.51.100.1") {
			w.Errorf("answer %q", body)
		}
		bob.LateOffer = true
		bob.Dials(dial)
		bob.WantsAnswer()
		w.WantsRoster(room, "sip:alice@elsewhere.example;guest=1", "sip:bob@elsewhere.example;guest=2")

		w.Log("# alice holds and resumes")
		for _, direction := range []string{"inactive", "sendrecv"} {
			alice.Asks("INVITE", sdp, alice.SDP(direction), 200)
			if got := w.Document(room).Users[0].Endpoints[0].Media[0]; got.Status != direction || got.Sends != "PCMU" || got.Receives != "PCMU" {
				w.Errorf("roster says %+v, want %s in PCMU", got, direction)
			}
		}
		alice.Asks("INVITE", "", "", 200)
		alice.Asks("UPDATE", sdp, "v=0\r\nrubbish", 400)

		w.Log("# nobody sends anything for a minute")
		alice.WantsBye(70*time.Second, "no media")
		bob.WantsBye(70*time.Second, "no media")
		w.WantsRoster(room)
	})
}

func TestWithMediaRefusedOffer(t *testing.T) {
	testenv.RunWithMedia(t, func(w *testenv.World) {
		w.Conference(room)
		alice := w.Phone("alice")
		for body, status := range map[string]int{
			"v=0\r\nrubbish\r\n": 400,
			strings.Replace(alice.SDP("sendrecv"), "m=audio 4000 RTP/AVP 0", "m=audio 4000 RTP/AVP 4", 1): 488,
			strings.Replace(alice.SDP("sendrecv"), "m=audio", "m=video", 1):                               488,
		} {
			alice.Body = body
			alice.Dials(dial)
			alice.WantsRefusal(status)
		}
		w.WantsRoster(room)
	})
}

func TestWithMediaPIN(t *testing.T) {
	testenv.RunWithMedia(t, func(w *testenv.World) {
		w.Conference(room, withPIN)
		alice, mallory := w.Phone("alice"), w.Phone("mallory")
		alice.Dials(dial)
		alice.WantsAnswer()
		mallory.LateOffer = true
		mallory.Dials(dial)
		mallory.WantsAnswer()
		w.Later(2 * time.Second)

		w.Log("# alice knows the PIN, mallory does not; she hears so before the call ends")
		alice.Presses("4711#")
		w.WantsRoster(room, "sip:alice@elsewhere.example;guest=1")
		for range 3 {
			mallory.Presses("0000#")
			w.Later(time.Second)
		}
		if !mallory.Talks() {
			w.Fatal("hung up before mallory could hear why")
		}
		mallory.WantsBye(10*time.Second, "wrong PIN")
		if !alice.Talks() {
			w.Error("alice's call is over")
		}
	})
}

func TestWithMediaRecording(t *testing.T) {
	testenv.RunWithMedia(t, func(w *testenv.World) {
		yes := true
		w.Conference(room, func(d *confinfo.Description) { d.AutoRecord = &yes })
		alice := w.Phone("alice")
		alice.Dials(dial)
		alice.WantsAnswer()
		w.Later(time.Second)
		state := func() string { return w.Document(room).ConferenceState.Recording }
		if got := state(); got != confinfo.RecordingStarted {
			w.Errorf("recording %s", got)
		}
		w.Fails(testenv.As("olivia"), &c3p.StartRecording{Keys: testenv.Keys(room)}, c3p.ReasonAnotherRecordingInProgress)
		w.Succeeds(testenv.As("olivia"), &c3p.PauseRecording{Keys: testenv.Keys(room)})
		w.Later(time.Second)
		if got := state(); got != confinfo.RecordingPaused {
			w.Errorf("recording %s", got)
		}
		w.Succeeds(testenv.As("olivia"), &c3p.ResumeRecording{Keys: testenv.Keys(room)})
		alice.HangsUp()
		w.Later(time.Second)
		if got := state(); got != confinfo.RecordingStopped {
			w.Errorf("recording %s", got)
		}
	})
}
