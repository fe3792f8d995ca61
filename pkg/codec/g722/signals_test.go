package g722

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/seed-f3cefc8c/focus/pkg/codec"
)

// The people of these tests.

func sineWave(hz, dBov, seconds float64) []int16 {
	pcm := make([]int16, int(16000*seconds))
	for i := range pcm {
		pcm[i] = clip(math.Sqrt2 * amplitude(dBov) * math.Sin(2*math.Pi*hz*float64(i)/16000))
	}
	return pcm
}

func whiteNoise(dBov, seconds float64) []int16 {
	r := rand.New(rand.NewPCG(1, 2))
	pcm := make([]int16, int(16000*seconds))
	for i := range pcm {
		pcm[i] = clip(amplitude(dBov) * r.NormFloat64())
	}
	return pcm
}

// syntheticSpeech is a buzz of wandering pitch through two wandering formants, in
// syllables of 200 ms with a short gap after each fifth.
func syntheticSpeech(dBov, seconds float64) []int16 {
	samples := make([]float64, int(16000*seconds))
	r := rand.New(rand.NewPCG(3, 4))
	var phase float64
	var low, high resonator
	for i := range samples {
		t := float64(i) / 16000
		pitch := 120 + 30*math.Sin(2*math.Pi*0.7*t)
		phase += pitch / 16000
		pulse := 0.02 * r.NormFloat64()
		if phase >= 1 {
			phase--
			pulse++
		}
		loud := math.Pow(math.Sin(math.Pi*5*t), 2)
		if int(t*5)%6 == 5 {
			loud = 0
		}
		v := low.filter(pulse, 500+200*math.Sin(2*math.Pi*1.3*t), 80)
		samples[i] = loud * (v + high.filter(v, 1500+500*math.Sin(2*math.Pi*0.9*t), 120))
	}
	return scaled(samples, dBov)
}

type resonator struct{ y1, y2 float64 }

func (f *resonator) filter(x, hz, width float64) float64 {
	r := math.Exp(-math.Pi * width / 16000)
	y := (1-r)*x + 2*r*math.Cos(2*math.Pi*hz/16000)*f.y1 - r*r*f.y2
	f.y1, f.y2 = y, f.y1
	return y
}

func scaled(samples []float64, dBov float64) []int16 {
	var sum float64
	for _, v := range samples {
		sum += v * v
	}
	gain := amplitude(dBov) / math.Sqrt(sum/float64(len(samples)))
	pcm := make([]int16, len(samples))
	for i, v := range samples {
		pcm[i] = clip(gain * v)
	}
	return pcm
}

func amplitude(dBov float64) float64 { return 32768 * math.Pow(10, dBov/20) }

func clip(v float64) int16 { return int16(max(math.MinInt16, min(math.Round(v), math.MaxInt16))) }

func level(pcm []int16) float64 {
	var sum float64
	for _, v := range pcm {
		sum += float64(v) * float64(v)
	}
	return 10 * math.Log10(sum/float64(len(pcm))/(1<<30)+1e-13)
}

// encodeAll cuts pcm into frames of 20 ms.
func encodeAll(tb testing.TB, pcm []int16) (payloads [][]byte) {
	tb.Helper()
	e := mustEncoder(tb)
	for ; len(pcm) >= 320; pcm = pcm[320:] {
		payload, err := e.Encode(nil, pcm[:320])
		if err != nil {
			tb.Fatal(err)
		}
		payloads = append(payloads, payload)
	}
	return payloads
}

func decodeAll(tb testing.TB, payloads [][]byte) (pcm []int16) {
	tb.Helper()
	d := mustDecoder(tb)
	var err error
	for _, payload := range payloads {
		if pcm, err = d.Decode(pcm, payload); err != nil {
			tb.Fatal(err)
		}
	}
	return pcm
}

func mustEncoder(tb testing.TB) codec.Encoder {
	tb.Helper()
	e, err := G722.NewEncoder(16000, codec.Params{})
	if err != nil {
		tb.Fatal(err)
	}
	return e
}

func mustDecoder(tb testing.TB) codec.Decoder {
	tb.Helper()
	d, err := G722.NewDecoder(16000)
	if err != nil {
		tb.Fatal(err)
	}
	return d
}
