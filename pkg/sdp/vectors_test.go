package sdp

import (
	"errors"
	"path/filepath"
	"strings"
	"testing"

	"github.com/seed-f3cefc8c/focus/internal/testdata"
)

// TestPublicFiles reads descriptions from browsers, cameras, specifications and fuzzers: "every one that begins with v=0 and
// has m-lines parses or fails with a line number ...; an offer with no medium we know is answered with port 0 per m-line, or
// 488".
func TestPublicFiles(t *testing.T) {
	parsed := 0
	for _, file := range files(t, "sdp-public") {
		offer, err := Parse(read(t, file))
		if err != nil {
			var syntax *SyntaxError
			if !errors.As(err, &syntax) || syntax.Line < 1 {
				t.Errorf("%s: err = %v, want a line", filepath.Base(file), err)
			}
			if !refusable(file) {
				t.Errorf("%s: %v", filepath.Base(file), err)
			}
			continue
		}
		parsed++
		checkAnswer(t, offer)
	}
	if parsed < 88 {
		t.Errorf("%d files could be read, want 88 or more", parsed)
	}
}

// refusable are the files that are no session descriptions, or say themselves that they are wrong.
func refusable(file string) bool {
	name := strings.TrimSuffix(filepath.Base(file), ".sdp")
	switch name {
	case "sdptransform-invalid", // f=
		"rsdparsa-03", "rsdparsa-08", "rsdparsa-11", // begin with comments, which SDP does not have
		"webrtc-unittest-3", "webrtc-unittest-6", "webrtc-unittest-7": // do not begin with v=0
		return true
	}
	return false
}

// TestRealClients: "An audio conference accepts every one that has PCMU, PCMA, G.722 or Opus", as far as it is plain RTP.
func TestRealClients(t *testing.T) {
	for _, file := range files(t, "sdp-real-clients") {
		t.Run(filepath.Base(file), func(t *testing.T) {
			offer := parse(t, read(t, file))
			checkAnswer(t, offer)
			local := here
			if offer.AudioAddr().Is6() {
				local = here6
			}
			_, agreed, err := Answer(offer, local, all)
			if want := wantWarning(offer); warning(err) != want {
				t.Fatalf("err = %v, want warning %d", err, want)
			}
			if err == nil && agreed.Audio.Send.Codec == nil {
				t.Error("no codec was agreed")
			}
		})
	}
}

// wantWarning decides by eye what the client must be told.
func wantWarning(offer *Description) int {
	text := offer.String()
	switch {
	case !strings.Contains(text, "m=audio"), strings.Contains(text, "RTP/SAVP") && !strings.Contains(text, " RTP/AVP"):
		return WarnMediaType
	case strings.Contains(text, "m=audio") && !strings.Contains(text, " RTP/AVP"):
		return WarnTransportProtocol
	}
	return 0
}

func files(t *testing.T, folder string) []string {
	t.Helper()
	found, err := filepath.Glob(filepath.Join(testdata.Dir(t, folder), "*.sdp"))
	if err != nil || len(found) == 0 {
		t.Fatalf("no files in %s: %v", folder, err)
	}
	return found
}
