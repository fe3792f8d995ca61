package g722

import (
	"errors"
	"math"
	"slices"
	"testing"

	"github.com/seed-f3cefc8c/focus/pkg/codec"
)

// delay of analysis and synthesis filter together, in samples.
const delay = 22

func TestSpeechComesBack(t *testing.T) {
	for _, dBov := range []float64{-40, -20, -10} {
		speech := syntheticSpeech(dBov, 3)
		got := decodeAll(t, encodeAll(t, speech))
		if snr := signalToNoise(speech[:len(speech)-delay], got[delay:]); snr < 15 {
			t.Errorf("speech of %v dBov comes back with %.1f dB", dBov, snr)
		}
	}
}

func signalToNoise(want, got []int16) float64 {
	var signal, noise float64
	for i := range want {
		e := float64(want[i]) - float64(got[i])
		signal += float64(want[i]) * float64(want[i])
		noise += e * e
	}
	return 10 * math.Log10((signal+1e-9)/(noise+1e-9))
}

// The filter alone is transparent: what is split is put together again.
func TestFilterReconstructs(t *testing.T) {
	for _, hz := range []float64{100, 1000, 3500, 4000, 4500, 7000} {
		tone := sineWave(hz, -20, 0.5)
		var split analysis
		var join synthesis
		got := make([]int16, 0, len(tone))
		for rest := tone; len(rest) > 0; {
			n := split.fill(rest)
			for i := range n {
				low, high := split.bands(i)
				join.put(i, low, high)
			}
			split.forget(n)
			got = got[:len(got)+2*n]
			join.samples(got[len(got)-2*n:])
			rest = rest[2*n:]
		}
		if snr := signalToNoise(tone[100:len(tone)-delay], got[100+delay:]); snr < 40 {
			t.Errorf("%v Hz comes back with %.1f dB", hz, snr)
		}
	}
}

// The quantizer has no search; here is one.
func TestQuantizerAgainstTheSearch(t *testing.T) {
	for log := int32(0); log <= maxLowerLog; log += 64 {
		l := lowerBand{log: log, scale: lowerScale[log>>6]}
		for difference := int32(math.MinInt16); difference <= math.MaxInt16; difference += 17 {
			sign := difference >> 31
			m := 1
			for m < 30 && difference^sign >= decisionLevels[m]*l.scale>>12 {
				m++
			}
			probe := l
			if got, want := probe.encode(difference), lowerCodes[1+sign][m]; got != want {
				t.Fatalf("scale factor %d, difference %d: %d, want %d", l.scale, difference, got, want)
			}
		}
	}
}

// Packets may come in any length; the filters do not care where they are cut.
func TestCutsDoNotMatter(t *testing.T) {
	speech := syntheticSpeech(-20, 1)
	whole, err := mustEncoder(t).Encode(nil, speech)
	if err != nil {
		t.Fatal(err)
	}
	want, err := mustDecoder(t).Decode(nil, whole)
	if err != nil {
		t.Fatal(err)
	}
	for _, size := range []int{1, 7, 80, 160, 161, 480} {
		e, d := mustEncoder(t), mustDecoder(t)
		var got []int16
		for rest := speech; len(rest) > 0; rest = rest[min(2*size, len(rest)):] {
			payload, err := e.Encode(nil, rest[:min(2*size, len(rest))])
			if err != nil {
				t.Fatal(err)
			}
			if got, err = d.Decode(got, payload); err != nil {
				t.Fatal(err)
			}
		}
		if !slices.Equal(got, want) {
			t.Errorf("packets of %d bytes decode differently", size)
		}
	}
}

// A decoder that skipped packets (nobody could hear them) starts from zero. It
// fades in and is never loud by mistake.
func TestDecoderWarmsUp(t *testing.T) {
	payloads := encodeAll(t, syntheticSpeech(-20, 8))
	whole := decodeAll(t, payloads)
	var ratios [16][]float64
	for start := 10; start+len(ratios) < len(payloads); start += 5 {
		d := mustDecoder(t)
		for i := range ratios {
			at := start + i
			pcm, err := d.Decode(nil, payloads[at])
			if err != nil {
				t.Fatal(err)
			}
			reference := whole[at*320 : at*320+320]
			if level(reference) < -50 {
				continue
			}
			ratios[i] = append(ratios[i], signalToNoise(reference, pcm))
			if level(pcm) > level(reference)+6 {
				t.Errorf("packet %d after the start is %.1f dBov, should be %.1f", i, level(pcm), level(reference))
			}
		}
	}
	var medians []float64
	for _, r := range ratios {
		slices.Sort(r)
		medians = append(medians, r[len(r)/2])
	}
	t.Logf("median signal to noise by packet after the start: %.0f dB", medians)
	if medians[6] < 10 || medians[12] < 20 {
		t.Errorf("medians are %.0f dB", medians)
	}
}

// What the meter's comment promises.
func TestLevel(t *testing.T) {
	for _, row := range []struct {
		name      string
		pcm       func(dBov float64) []int16
		low, high float64 // the mean of what it says above the truth, dB
	}{
		{"speech", func(dBov float64) []int16 { return syntheticSpeech(dBov, 4) }, -12, 3},
		{"noise", func(dBov float64) []int16 { return whiteNoise(dBov, 2) }, 5, 11},
		{"tone of 400 Hz", func(dBov float64) []int16 { return sineWave(400, dBov, 2) }, -26, 3},
	} {
		for _, dBov := range []float64{-60, -40, -20} {
			m, d := G722.NewMeter(), mustDecoder(t)
			var sum, n float64
			for i, payload := range encodeAll(t, row.pcm(dBov)) {
				decoded, err := d.Decode(nil, payload)
				if err != nil {
					t.Fatal(err)
				}
				got, _ := m.Level(payload)
				if want := level(decoded); i > 5 && want > -70 {
					sum += float64(got) - want
					n++
				}
			}
			t.Logf("%s of %v dBov: %+.1f dB", row.name, dBov, sum/n)
			if mean := sum / n; mean < row.low || mean > row.high {
				t.Errorf("%s of %v dBov: %+.1f dB, want %v to %v", row.name, dBov, mean, row.low, row.high)
			}
		}
	}
}

func TestLevelOfSilence(t *testing.T) {
	payloads := encodeAll(t, make([]int16, 16000))
	m := G722.NewMeter()
	var got int
	for _, payload := range payloads {
		got, _ = m.Level(payload)
	}
	if got > -70 {
		t.Errorf("silence is %d dBov", got)
	}
	if got, _ := m.Level(nil); got != codec.Silence {
		t.Errorf("nothing is %d dBov", got)
	}
}

// The meter of a receiver that lost half a second agrees with one that lost
// nothing within three packets, and never says more than was there.
func TestMeterSurvivesLoss(t *testing.T) {
	payloads := encodeAll(t, syntheticSpeech(-20, 2))
	all, some := G722.NewMeter(), G722.NewMeter()
	for i, payload := range payloads {
		want, _ := all.Level(payload)
		if i >= 20 && i < 45 {
			continue
		}
		got, _ := some.Level(payload)
		if miss := max(got-want, want-got); got > want+3 || i >= 48 && miss > 1 {
			t.Errorf("packet %d is %d dBov, without loss %d", i, got, want)
		}
	}
}

func TestRefusals(t *testing.T) {
	if _, err := G722.NewEncoder(8000, codec.Params{}); !errors.Is(err, codec.ErrRate) {
		t.Errorf("encoder at 8 kHz: %v", err)
	}
	if _, err := G722.NewDecoder(48000); !errors.Is(err, codec.ErrRate) {
		t.Errorf("decoder at 48 kHz: %v", err)
	}
	if _, err := mustEncoder(t).Encode(nil, make([]int16, 319)); !errors.Is(err, codec.ErrFrame) {
		t.Errorf("319 samples: %v", err)
	}
	if _, err := mustDecoder(t).Decode(nil, nil); !errors.Is(err, codec.ErrPayload) {
		t.Errorf("empty payload: %v", err)
	}
}

func TestNoAllocations(t *testing.T) {
	e, d, m := mustEncoder(t), mustDecoder(t), G722.NewMeter()
	frame, payload, pcm := make([]int16, 320), make([]byte, 0, 160), make([]int16, 0, 320)
	allocations := testing.AllocsPerRun(50, func() {
		payload, _ = e.Encode(payload[:0], frame)
		pcm, _ = d.Decode(pcm[:0], payload)
		m.Level(payload)
	})
	if allocations != 0 {
		t.Errorf("%v allocations per frame, want 0", allocations)
	}
}

func FuzzDecode(f *testing.F) {
	f.Add([]byte{0xfa, 0x00, 0xff, 0x3f, 0xc0})
	f.Fuzz(func(t *testing.T, payload []byte) {
		pcm, err := mustDecoder(t).Decode([]int16{7}, payload)
		if (err != nil) != (len(payload) == 0) || len(pcm) != 1+2*len(payload) || pcm[0] != 7 {
			t.Errorf("%d bytes decode to %d samples, %v", len(payload), len(pcm)-1, err)
		}
		if level, _ := G722.NewMeter().Level(payload); level > 0 || level < codec.Silence {
			t.Errorf("level %d", level)
		}
		if G722.Duration(payload) != len(payload) {
			t.Errorf("duration of %d bytes is %d", len(payload), G722.Duration(payload))
		}
	})
}

// Encoding is total: no samples can break the saturations that were left out.
func FuzzEncode(f *testing.F) {
	f.Add([]byte{0x7f, 0xff, 0x80, 0x00})
	f.Fuzz(func(t *testing.T, data []byte) {
		pcm := make([]int16, len(data)&^1)
		for i := range pcm {
			pcm[i] = int16(data[i])<<8 | int16(data[len(data)-1-i])
		}
		payload, err := mustEncoder(t).Encode(nil, pcm)
		if err != nil || len(payload) != len(pcm)/2 {
			t.Errorf("%d samples make %d bytes, %v", len(pcm), len(payload), err)
		}
	})
}
