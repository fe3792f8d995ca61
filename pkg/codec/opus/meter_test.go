//go:build cgo

package opus

import (
	"fmt"
	"math"
	"slices"
	"testing"

	"github.com/seed-f3cefc8c/focus/pkg/codec"
)

// voiceShare is the share of packets with voice, of those after the first second
// (in which the encoder gets to know the noise).
func voiceShare(payloads [][]byte, perSecond int) float64 {
	m, voiced := Opus.NewMeter(), 0
	for i, payload := range payloads {
		if _, voice := m.Level(payload); voice == codec.VoiceYes && i >= perSecond {
			voiced++
		}
	}
	return float64(voiced) / float64(len(payloads)-perSecond)
}

func TestVoiceIsWhatTheEncoderThought(t *testing.T) {
	for _, ms := range []int{10, 20, 40, 60} {
		for _, row := range []struct {
			name      string
			pcm       []int16
			low, high float64 // share of packets with voice
		}{
			{"noise at -60 dBov", whiteNoise(48000, -60, 6), 0, 0.1},
			{"a tone that does not end is no voice", sineWave(48000, 440, -20, 6), 0, 0.1},
			{"speech at -20 dBov", syntheticSpeech(48000, -20, 6), 0.6, 1},
			{"speech at -40 dBov", syntheticSpeech(48000, -40, 6), 0.6, 1},
		} {
			t.Run(fmt.Sprintf("%s in %d ms", row.name, ms), func(t *testing.T) {
				payloads := encodeAll(t, 48000, ms, codec.Params{Bitrate: 24000}, row.pcm)
				if voiced := voiceShare(payloads, 1000/ms); voiced < row.low || voiced > row.high {
					t.Errorf("%.0f %% of the packets have voice, want %.0f to %.0f", 100*voiced, 100*row.low, 100*row.high)
				}
			})
		}
	}
}

// The estimate beside what decoding gives. This buzz is the worst case, because the
// filters have more to add to it than to any voice; redundancy, which stands for the
// frame before, makes it worse.
func TestLevelIsNearTheDecodedOne(t *testing.T) {
	for _, row := range []struct {
		params      codec.Params
		half, ninth float64 // dB that half, that nine tenths of the packets are within
	}{
		{codec.Params{Bitrate: 32000}, 11, 16},
		{codec.Params{Bitrate: 16000}, 11, 16},
		{codec.Params{FEC: true, PacketLoss: 10}, 14, 22},
	} {
		var misses []float64
		for _, dBov := range []float64{-45, -35, -25, -15} {
			misses = append(misses, levelMisses(t, row.params, syntheticSpeech(48000, dBov, 4))...)
		}
		slices.Sort(misses)
		half, ninth := misses[len(misses)/2], misses[len(misses)*9/10]
		t.Logf("%+v: half within %.1f dB, nine tenths within %.1f dB", row.params, half, ninth)
		if half > row.half || ninth > row.ninth {
			t.Errorf("%+v: half within %.1f dB, nine tenths within %.1f dB", row.params, half, ninth)
		}
	}
}

// levelMisses leaves out what is too soft to matter.
func levelMisses(t *testing.T, p codec.Params, pcm []int16) (misses []float64) {
	return levelMissesIn(t, 20, p, pcm)
}

func levelMissesIn(t *testing.T, ms int, p codec.Params, pcm []int16) (misses []float64) {
	d, m := mustDecoder(t, 48000), Opus.NewMeter()
	for _, payload := range encodeAll(t, 48000, ms, p, pcm) {
		decoded, err := d.Decode(nil, payload)
		if err != nil {
			t.Fatal(err)
		}
		if want := level(decoded); want > -62 {
			got, _ := m.Level(payload)
			misses = append(misses, math.Abs(float64(got)-want))
		}
	}
	return misses
}

func TestDTXIsSilence(t *testing.T) {
	payloads := encodeAll(t, 48000, 20, codec.Params{DTX: true}, make([]int16, 48000*2))
	dBov, voice := Opus.NewMeter().Level(payloads[len(payloads)-1])
	if dBov != codec.Silence || voice != codec.VoiceNo {
		t.Errorf("%x is %d dBov, voice %v", payloads[len(payloads)-1], dBov, voice)
	}
}

func TestMusicIsUnknown(t *testing.T) {
	payloads := encodeAll(t, 48000, 10, codec.Params{Bitrate: 128000}, whiteNoise(48000, -20, 1))
	last := payloads[len(payloads)-1]
	if toc(last[0]).mode() != celt {
		t.Fatalf("configuration %d is not CELT-only", last[0]>>3)
	}
	if _, voice := Opus.NewMeter().Level(last); voice != codec.VoiceUnknown {
		t.Errorf("voice is %v", voice)
	}
}

// Frames without SILK tell the energies of their bands, in steps of 6 dB. The buzz again is the worst case: what its harmonics are raised by counts for
// all of it.
func TestLevelOfCELTIsNearTheDecodedOne(t *testing.T) {
	for _, ms := range []int{10, 20, 40} {
		for _, row := range []struct {
			name        string
			pcm         []int16
			half, ninth float64 // dB that half, that nine tenths of the packets are within
		}{
			{"noise", whiteNoise(48000, -60, 4), 1.5, 2.5},
			{"tone", sineWave(48000, 440, -25, 4), 5, 6},
			{"high tone", sineWave(48000, 3000, -40, 4), 6, 7},
			{"soft speech", syntheticSpeech(48000, -45, 4), 12, 17},
			{"speech", syntheticSpeech(48000, -20, 4), 13, 18},
		} {
			for _, bitrate := range []int{celtBitrate, 96000} {
				misses := levelMissesIn(t, ms, codec.Params{Bitrate: bitrate}, row.pcm)
				slices.Sort(misses)
				half, ninth := misses[len(misses)/2], misses[len(misses)*9/10]
				t.Logf("%s in %d ms at %d bit/s: half within %.1f dB, nine tenths within %.1f dB", row.name, ms, bitrate, half, ninth)
				if half > row.half || ninth > row.ninth {
					t.Errorf("%s in %d ms at %d bit/s: half within %.1f dB, nine tenths within %.1f dB", row.name, ms, bitrate, half, ninth)
				}
			}
		}
	}
}

// After a loss the prediction is wrong for a moment.
func TestLevelOfCELTRecoversFromLoss(t *testing.T) {
	m := Opus.NewMeter()
	payloads := encodeAll(t, 48000, 20, codec.Params{}, append(whiteNoise(48000, -60, 2), sineWave(48000, 440, -20, 2)...))
	for i, payload := range payloads {
		if i >= 95 && i < 105 { // with them goes what told the tone from the noise
			continue
		}
		got, _ := m.Level(payload)
		if quiet := i > 10 && i < 95; quiet && got > -55 {
			t.Errorf("noise of packet %d is %d dBov", i, got)
		}
		if i > 130 && (got < -27 || got > -14) {
			t.Errorf("the tone of packet %d is %d dBov", i, got)
		}
	}
}
