package pcm

import (
	"fmt"
	"math"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

var resamplerPairs = [][2]int{
	{8000, 16000}, {8000, 48000}, {16000, 8000}, {16000, 48000}, {48000, 8000}, {48000, 16000},
	{12000, 48000}, {24000, 48000}, {32000, 48000}, {44100, 48000}, {44100, 8000}, {44100, 16000}, {22050, 8000}, {24000, 16000}, {12000, 8000},
}

func eachPair(t *testing.T, f func(t *testing.T, from, to int)) {
	for _, pair := range resamplerPairs {
		t.Run(fmt.Sprintf("%d to %d", pair[0], pair[1]), func(t *testing.T) { f(t, pair[0], pair[1]) })
	}
}

func TestResamplerKeepsTonesWithin90dB(t *testing.T) {
	eachPair(t, func(t *testing.T, from, to int) {
		for _, share := range []float64{0.05, 0.125, 0.25, 0.4, passEdge} {
			hz := share * float64(min(from, to))
			in := sine(from, hz, 29204, from/4) // -1 dBFS
			out := NewResampler(from, to).Process(nil, in)
			tone, rest := fit(out[to/20:], to, hz)
			if snr := dB(tone / rest); snr < 90 {
				t.Errorf("%.0f Hz: %.1f dB", hz, snr)
			}
			if gain := dB(tone / power(in)); math.Abs(gain) > 0.01 {
				t.Errorf("%.0f Hz: gain %.3f dB", hz, gain)
			}
		}
	})
}

func TestResamplerStopsWhatWouldFoldBack(t *testing.T) {
	t.Log("# nothing folds when going up: images are part of the test above")
	eachPair(t, func(t *testing.T, from, to int) {
		for hz := stopEdge * float64(min(from, to)); to < from && hz < float64(from)/2; hz += float64(to) / 16 {
			in := sine(from, hz, 29204, from/4)
			out := NewResampler(from, to).Process(nil, in)
			if left := dB((power(out[to/20:]) + 1e-9) / power(in)); left > -90 {
				t.Errorf("%.0f Hz: %.1f dB is left", hz, left)
			}
		}
	})
}

func TestResamplerFramesDoNotMatter(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		pair := rapid.SampledFrom(resamplerPairs).Draw(t, "rates")
		in := rapid.SliceOfN(rapid.Int16(), 1, 3000).Draw(t, "in")
		whole := NewResampler(pair[0], pair[1]).Process(nil, in)
		var parts []int16
		r := NewResampler(pair[0], pair[1])
		for rest := in; len(rest) > 0; {
			n := rapid.IntRange(1, len(rest)).Draw(t, "n")
			parts = r.Process(parts, rest[:n])
			rest = rest[n:]
		}
		if diff := cmp.Diff(whole, parts); diff != "" {
			t.Fatal(diff)
		}
	})
}

// slowResample is the definition: zeros between samples, the whole prototype, every down-th kept.
func slowResample(from, to int, in []int16) []int16 {
	r := NewResampler(from, to)
	length, cutoff := r.taps*r.up, (passEdge+stopEdge)/2*float64(min(from, to))/float64(from*r.up)
	var out []int16
	for at := 0; at < len(in)*r.up; at += r.down {
		sum, total := 0.0, 0.0
		for i := range length {
			if (at-i)%r.up != 0 {
				continue
			}
			tap := prototype(i, length, cutoff)
			total += tap
			if at >= i {
				sum += tap * float64(in[(at-i)/r.up])
			}
		}
		out = append(out, clip(float32(sum/total)))
	}
	return out
}

func TestResamplerIsTheSlowOne(t *testing.T) {
	in := make([]int16, 200)
	NewNoise(3).Fill(in, -20)
	for _, pair := range [][2]int{{8000, 16000}, {16000, 8000}, {8000, 48000}, {48000, 16000}, {32000, 48000}} {
		fast, slow := NewResampler(pair[0], pair[1]).Process(nil, in), slowResample(pair[0], pair[1], in)
		if len(fast) != len(slow) {
			t.Fatalf("%v: %d samples, want %d", pair, len(fast), len(slow))
		}
		for i := range fast {
			if d := int(fast[i]) - int(slow[i]); d < -1 || d > 1 {
				t.Fatalf("%v: sample %d is %d, want %d", pair, i, fast[i], slow[i])
			}
		}
	}
}

func TestPrimedResamplerContinues(t *testing.T) {
	eachPair(t, func(t *testing.T, from, to int) {
		in := sine(from, 400, 10000, from/5)
		half := len(in) / 2
		running := NewResampler(from, to)
		running.Process(nil, in[:half])
		primed := NewResampler(from, to)
		primed.Prime(in[half-from/40 : half])
		if diff := cmp.Diff(running.Process(nil, in[half:]), primed.Process(nil, in[half:])); diff != "" {
			t.Error(diff)
		}
	})
}

func TestCanResample(t *testing.T) {
	for _, tt := range []struct {
		from, to int
		want     bool
	}{{8000, 48000, true}, {44100, 48000, true}, {11025, 8000, true}, {0, 8000, false}, {-1, 8000, false}, {7999, 48000, false}, {1 << 30, 8000, false}} {
		if got := CanResample(tt.from, tt.to); got != tt.want {
			t.Errorf("%d to %d: %v", tt.from, tt.to, got)
		}
	}
}

func BenchmarkResampler(b *testing.B) {
	for _, pair := range [][2]int{{48000, 16000}, {16000, 48000}, {48000, 8000}, {8000, 48000}, {8000, 16000}, {16000, 8000}, {44100, 48000}} {
		b.Run(fmt.Sprintf("%d_%d", pair[0], pair[1]), func(b *testing.B) {
			r, in, out := NewResampler(pair[0], pair[1]), make([]int16, pair[0]/50), make([]int16, 0, 960)
			for b.Loop() {
				out = r.Process(out[:0], in)
			}
		})
	}
}
