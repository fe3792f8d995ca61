package pcm

import "testing"

// hear feeds one level for some steps and counts those taken for speech.
func hear(d *Detector, dBov, steps int) (voiced int) {
	for range steps {
		if d.Voice(dBov) {
			voiced++
		}
	}
	return voiced
}

func TestDetectorHearsSpeechInNoise(t *testing.T) {
	d := NewDetector()
	t.Log("# alice's room hums at -60 dBov")
	if got := hear(d, -60, 500); got != 0 {
		t.Errorf("room noise was speech for %d steps", got)
	}
	t.Log("# she says a word of 300 ms")
	if !d.Voice(-28) {
		t.Error("the first step of a word was missed")
	}
	hear(d, -28, 14)
	t.Log("# and stops: the hangover lasts 400 ms")
	if got := hear(d, -60, 100); got != voiceHangover {
		t.Errorf("speech for %d steps after the word, want %d", got, voiceHangover)
	}
}

func TestDetectorLearnsTheNoiseOfTheRoom(t *testing.T) {
	d := NewDetector()
	t.Log("# bob is in a car: -45 dBov all the time")
	if hear(d, -45, 2*floorWindow+voiceHangover); hear(d, -45, 200) != 0 {
		t.Error("the car still talks after 3 s")
	}
	t.Log("# he speaks 15 dB above it, with pauses between words")
	for range 20 {
		if got := hear(d, -30, 15); got != 15 {
			t.Fatalf("%d of 15 steps of speech heard", got)
		}
		hear(d, -45, 15)
	}
	t.Log("# the car stops; a quiet word is speech again")
	hear(d, -65, 2*floorWindow)
	if !d.Voice(-50) {
		t.Error("a quiet word in a quiet room was missed")
	}
}

func TestDetectorKeepsAHeldTone(t *testing.T) {
	if got := hear(NewDetector(), -20, 3000); got != 3000 {
		t.Errorf("a tone of a minute was speech for %d of 3000 steps", got)
	}
}

func TestDetectorLearnsNothingFromLostPackets(t *testing.T) {
	d := NewDetector()
	hear(d, -48, 4*floorWindow)
	hear(d, Silence, 4*floorWindow)
	if d.Voice(-48) {
		t.Error("after a gap the noise of the room was taken for speech")
	}
}
