//go:build cgo

package opus

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"testing"

	"github.com/pion/opus"

	"github.com/seed-f3cefc8c/focus/pkg/codec"
)

func TestSpeechComesBack(t *testing.T) {
	for _, rate := range rates {
		for _, ms := range []int{10, 20, 40, 60} {
			t.Run(fmt.Sprintf("%d Hz %d ms", rate, ms), func(t *testing.T) {
				speech := syntheticSpeech(rate, -20, 3)
				payloads := encodeAll(t, rate, ms, codec.Params{}, speech)
				for _, payload := range payloads {
					if got := Opus.Duration(payload); got != 48*ms {
						t.Fatalf("duration %d, want %d", got, 48*ms)
					}
				}
				got := decodeAll(t, rate, payloads)
				if want := len(payloads) * rate * ms / 1000; len(got) != want {
					t.Fatalf("%d samples, want %d", len(got), want)
				}
				if got, want := level(got), level(speech); math.Abs(got-want) > 1.5 {
					t.Errorf("level %.1f dBov, want %.1f", got, want)
				}
			})
		}
	}
}

// An implementation that shares no line with libopus understands what we send.
func TestPionDecodesOurPayloads(t *testing.T) {
	for _, p := range []codec.Params{{}, {Bitrate: 16000}, {Bitrate: 64000}, {CBR: true}, {MaxPlaybackRate: 8000}} {
		payloads := encodeAll(t, 48000, 20, p, syntheticSpeech(48000, -20, 2))
		ours := decodeAll(t, 48000, payloads)
		d, err := opus.NewDecoderWithOutput(48000, 1)
		if err != nil {
			t.Fatal(err)
		}
		var theirs []int16
		frame := make([]int16, 960)
		for i, payload := range payloads {
			if _, err := d.DecodeToInt16(payload, frame); err != nil {
				t.Fatalf("%+v: payload %d: %v", p, i, err)
			}
			theirs = append(theirs, frame...)
		}
		if got := signalToNoise(ours, theirs); got < 30 {
			t.Errorf("%+v: the two decoders agree to %.1f dB, want 30", p, got)
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
	return 10 * math.Log10(signal/(noise+1e-9))
}

func TestParamsReachTheEncoder(t *testing.T) {
	speech := syntheticSpeech(48000, -20, 4)
	bytes := func(p codec.Params, pcm []int16) (n int) {
		for _, payload := range encodeAll(t, 48000, 20, p, pcm) {
			n += len(payload)
		}
		return n
	}
	t.Log("# the bit rate is that of maxaveragebitrate")
	if n, want := bytes(codec.Params{Bitrate: 16000}, speech), 16000/8*4; n < want*7/10 || n > want*12/10 {
		t.Errorf("%d bytes in 4 s, want about %d", n, want)
	}
	t.Log("# a constant bit rate is constant")
	for _, payload := range encodeAll(t, 48000, 20, codec.Params{Bitrate: 24000, CBR: true}, speech) {
		if len(payload) != 60 {
			t.Fatalf("payload of %d bytes, want 60", len(payload))
		}
	}
	t.Log("# silence costs next to nothing with DTX")
	if n := bytes(codec.Params{DTX: true}, make([]int16, 48000*4)); n > 1500 {
		t.Errorf("4 s of silence are %d bytes", n)
	}
	t.Log("# a receiver of 8 kHz gets narrowband, configurations 0 to 3")
	for _, payload := range encodeAll(t, 48000, 20, codec.Params{MaxPlaybackRate: 8000}, speech) {
		if payload[0]>>3 > 3 {
			t.Fatalf("configuration %d", payload[0]>>3)
		}
	}
	t.Log("# the highest bit rate still fits into a datagram")
	for _, payload := range encodeAll(t, 48000, 60, codec.Params{Bitrate: 510000}, whiteNoise(48000, -10, 1)) {
		if len(payload) > maxPayload {
			t.Fatalf("payload of %d bytes", len(payload))
		}
	}
}

// One packet in ten is lost. What is put in its place is better than silence, and
// better with redundancy than without.
func TestLossIsRecovered(t *testing.T) {
	speech := syntheticSpeech(48000, -20, 10)
	payloads := encodeAll(t, 48000, 20, codec.Params{FEC: true, PacketLoss: 20, Bitrate: 32000}, speech)
	whole := decodeAll(t, 48000, payloads)
	replay := func(lost func(d codec.Decoder, pcm []int16, next []byte) ([]int16, error)) float64 {
		d := mustDecoder(t, 48000)
		var pcm []int16
		var err error
		for i, payload := range payloads {
			if i%10 == 5 && i+1 < len(payloads) {
				pcm, err = lost(d, pcm, payloads[i+1])
			} else {
				pcm, err = d.Decode(pcm, payload)
			}
			if err != nil {
				t.Fatal(err)
			}
		}
		if len(pcm) != len(whole) {
			t.Fatalf("%d samples, want %d", len(pcm), len(whole))
		}
		return signalToNoise(whole, pcm)
	}
	concealed := replay(func(d codec.Decoder, pcm []int16, _ []byte) ([]int16, error) {
		return d.(codec.Concealer).Conceal(pcm, 960)
	})
	recovered := replay(func(d codec.Decoder, pcm []int16, next []byte) ([]int16, error) {
		return d.(codec.Recoverer).Recover(pcm, next, 960)
	})
	t.Logf("concealed %.1f dB, recovered %.1f dB", concealed, recovered)
	if concealed < 3 || recovered < concealed+2 {
		t.Errorf("concealed %.1f dB, recovered %.1f dB", concealed, recovered)
	}
}

func TestRecoverConcealsWithoutRedundancy(t *testing.T) {
	payloads := encodeAll(t, 48000, 20, codec.Params{}, syntheticSpeech(48000, -20, 1))
	for _, next := range [][]byte{payloads[20], nil, {3}} {
		d := mustDecoder(t, 48000)
		pcm, err := d.(codec.Recoverer).Recover(nil, next, 960)
		if err != nil || len(pcm) != 960 {
			t.Errorf("recovering from %d bytes: %d samples, %v", len(next), len(pcm), err)
		}
	}
}

func TestResetForgets(t *testing.T) {
	speech := syntheticSpeech(16000, -20, 1)
	e, err := Opus.NewEncoder(16000, codec.Params{})
	if err != nil {
		t.Fatal(err)
	}
	first, err := e.Encode(nil, speech[:320])
	if err != nil {
		t.Fatal(err)
	}
	e.Reset()
	again, err := e.Encode(nil, speech[:320])
	if err != nil || string(first) != string(again) {
		t.Errorf("the encoder remembers: %x, then %x, %v", first, again, err)
	}
	d := mustDecoder(t, 16000)
	one, _ := d.Decode(nil, first)
	d.Reset()
	two, _ := d.Decode(nil, first)
	if !slices.Equal(one, two) {
		t.Error("the decoder remembers")
	}
}

func TestRefusals(t *testing.T) {
	if _, err := Opus.NewEncoder(44100, codec.Params{}); !errors.Is(err, codec.ErrRate) {
		t.Errorf("encoder at 44.1 kHz: %v", err)
	}
	if _, err := Opus.NewDecoder(0); !errors.Is(err, codec.ErrRate) {
		t.Errorf("decoder at 0 Hz: %v", err)
	}
	e, err := Opus.NewEncoder(48000, codec.Params{Bitrate: 1, Complexity: 99, PacketLoss: 1000})
	if err != nil {
		t.Fatalf("wild parameters are bounded, not refused: %v", err)
	}
	for _, n := range []int{0, 1, 479, 481, 1440, 1 << 20} {
		if _, err := e.Encode(nil, make([]int16, n)); !errors.Is(err, codec.ErrFrame) {
			t.Errorf("frame of %d samples: %v", n, err)
		}
	}
	d := mustDecoder(t, 48000)
	for _, payload := range [][]byte{nil, {3}, {3, 0}, {3, 63}, {0xff, 49}, {1, 1}} {
		if _, err := d.Decode(nil, payload); !errors.Is(err, codec.ErrPayload) {
			t.Errorf("payload %x: %v", payload, err)
		}
	}
	for _, samples := range []int{-960, 0, 100, 5761, 1 << 40} {
		if _, err := d.(codec.Concealer).Conceal(nil, samples); !errors.Is(err, codec.ErrFrame) {
			t.Errorf("concealing %d samples: %v", samples, err)
		}
	}
}

func TestClosedCodersSaySo(t *testing.T) {
	e, err := Opus.NewEncoder(48000, codec.Params{})
	if err != nil {
		t.Fatal(err)
	}
	d := mustDecoder(t, 48000)
	for range 2 {
		e.Close()
		d.Close()
	}
	e.Reset()
	d.Reset()
	e.(codec.IndependentEncoder).Independent(true)
	if _, err := e.Encode(nil, make([]int16, 960)); !errors.Is(err, codec.ErrClosed) {
		t.Errorf("encoding: %v", err)
	}
	if _, err := d.Decode(nil, []byte{0}); !errors.Is(err, codec.ErrClosed) {
		t.Errorf("decoding: %v", err)
	}
	if _, err := d.(codec.Concealer).Conceal(nil, 960); !errors.Is(err, codec.ErrClosed) {
		t.Errorf("concealing: %v", err)
	}
}

// The decoder mixes a stereo stream down. The payload is a stereo SILK frame of
// a code 0 packet: any bytes will do.
func TestStereoBecomesMono(t *testing.T) {
	pcm, err := mustDecoder(t, 16000).Decode(nil, []byte{9<<3 | 4, 0x55, 0x12, 0x9a, 0x33, 0x42, 0x17})
	if err != nil || len(pcm) != 320 {
		t.Errorf("%d samples, %v, want 320", len(pcm), err)
	}
}

func TestNoAllocations(t *testing.T) {
	e, err := Opus.NewEncoder(48000, codec.Params{FEC: true, PacketLoss: 10})
	if err != nil {
		t.Fatal(err)
	}
	d, m := mustDecoder(t, 48000), Opus.NewMeter()
	frame := syntheticSpeech(48000, -20, 0.02)
	payload, pcm := make([]byte, 0, 2*maxPayload), make([]int16, 0, 960)
	allocations := testing.AllocsPerRun(50, func() {
		payload, _ = e.Encode(payload[:0], frame)
		pcm, _ = d.Decode(pcm[:0], payload)
		pcm, _ = d.(codec.Concealer).Conceal(pcm[:0], 960)
		pcm, _ = d.(codec.Recoverer).Recover(pcm[:0], payload, 960)
		m.Level(payload)
		duration(payload)
	})
	if allocations != 0 {
		t.Errorf("%v allocations per frame, want 0", allocations)
	}
}

func BenchmarkEncode(b *testing.B) {
	for _, rate := range rates {
		b.Run(fmt.Sprint(rate), func(b *testing.B) {
			speech, n, at := syntheticSpeech(rate, -20, 4), rate/50, 0
			e, err := Opus.NewEncoder(rate, codec.Params{})
			if err != nil {
				b.Fatal(err)
			}
			dst := make([]byte, 0, maxPayload)
			for b.Loop() {
				dst, _ = e.Encode(dst[:0], speech[at:at+n])
				at = (at + n) % len(speech)
			}
		})
	}
}

func BenchmarkDecode(b *testing.B) {
	for _, rate := range rates {
		b.Run(fmt.Sprint(rate), func(b *testing.B) {
			payloads := encodeAll(b, rate, 20, codec.Params{}, syntheticSpeech(rate, -20, 4))
			d, dst, i := mustDecoder(b, rate), make([]int16, 0, rate/50), 0
			for b.Loop() {
				dst, _ = d.Decode(dst[:0], payloads[i])
				i = (i + 1) % len(payloads)
			}
		})
	}
}

func BenchmarkLevel(b *testing.B) {
	payloads := encodeAll(b, 48000, 20, codec.Params{}, syntheticSpeech(48000, -20, 4))
	m, i := Opus.NewMeter(), 0
	for b.Loop() {
		m.Level(payloads[i])
		i = (i + 1) % len(payloads)
	}
}
