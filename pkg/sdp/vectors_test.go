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

// TestRealClients: "An audio conference accepts every one that has PCMU, PCMA, G.722 or Opus": the encrypted ones too, as soon as
// there are keys.
func TestRealClients(t *testing.T) {
	for _, file := range files(t, "sdp-real-clients") {
		t.Run(filepath.Base(file), func(t *testing.T) {
			offer := parse(t, read(t, file))
			checkAnswer(t, offer)
			for _, with := range []struct {
				caps Capabilities
				keys bool
			}{{all, false}, {secured, true}} {
				_, agreed, err := Answer(offer, localFor(offer, with.keys), with.caps)
				warned, security := wantOfReal(offer, with.keys)
				if warning(err) != warned {
					t.Fatalf("keys %t: err = %v, want warning %d", with.keys, err, warned)
				}
				if err == nil && (agreed.Audio.Send.Codec == nil || agreed.Audio.Security != security) {
					t.Errorf("keys %t: agreed %v, want it %v", with.keys, agreed.Audio.Security, security)
				}
			}
		})
	}
}

// wantOfReal decides by eye what the client must be told, and how its media is protected.
func wantOfReal(offer *Description, keys bool) (warned int, _ Security) {
	text := offer.String()
	has := func(part string) bool { return strings.Contains(text, part) }
	switch {
	case !has("m=audio"):
		return WarnMediaType, Clear
	case keys && has("a=fingerprint"):
		return 0, DTLS
	case keys && has("a=crypto"):
		return 0, SDES
	case has("RTP/SAVP") && !has(" RTP/AVP"), has("a=encryption:required"):
		return WarnMediaType, Clear
	}
	return 0, Clear
}

// TestLyncTakesThePlainKey: "for a=crypto with |2^31|1:1 (lifetime and MKI) and unknown a=cryptoscale the plain line is taken".
func TestLyncTakesThePlainKey(t *testing.T) {
	for _, file := range files(t, "sdp-real-clients") {
		if !strings.Contains(file, "cryptoscale") {
			continue
		}
		_, stream := answer(t, read(t, file), keyedA, secured)
		if stream.RemoteCrypto.Tag != 3 || strings.Contains(stream.RemoteCrypto.KeyParams, "1:1") {
			t.Errorf("taken: %v, want line 3", stream.RemoteCrypto)
		}
	}
}

func files(t *testing.T, folder string) []string {
	t.Helper()
	found, err := filepath.Glob(filepath.Join(testdata.Dir(t, folder), "*.sdp"))
	if err != nil || len(found) == 0 {
		t.Fatalf("no files in %s: %v", folder, err)
	}
	return found
}
