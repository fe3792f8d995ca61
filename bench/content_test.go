package main

import (
	"math"
	"sync"
	"testing"
	"time"

	"github.com/seed-f3cefc8c/focus/pkg/codec"
	"github.com/seed-f3cefc8c/focus/pkg/codec/g711"
	"github.com/seed-f3cefc8c/focus/pkg/codec/g722"
	"github.com/seed-f3cefc8c/focus/pkg/codec/opus"
	"github.com/seed-f3cefc8c/focus/pkg/pcm"
)

func codecs() []*codec.Codec {
	all := []*codec.Codec{g711.PCMU, g722.G722}
	if opus.Available {
		all = append(all, opus.Opus)
	}
	return all
}

// programs are made once for all tests: they are thousands of encodings, and do not change.
var programs = sync.OnceValues(func() (map[*codec.Codec]*program, error) {
	all := map[*codec.Codec]*program{}
	for _, c := range codecs() {
		p, err := newProgram(c)
		if err != nil {
			return nil, err
		}
		all[c] = p
	}
	return all, nil
})

func mustProgram(t *testing.T, c *codec.Codec) *program {
	t.Helper()
	all, err := programs()
	if err != nil {
		t.Fatal(err)
	}
	return all[c]
}

// decoded is what payloads sound like.
func decoded(t *testing.T, p *program, payloads ...[]byte) (out []int16) {
	t.Helper()
	decoder, err := p.codec.NewDecoder(p.rate)
	if err != nil {
		t.Fatal(err)
	}
	defer decoder.Close()
	for _, payload := range payloads {
		if out, err = decoder.Decode(out, payload); err != nil {
			t.Fatal(err)
		}
	}
	return out
}

func TestWhatCallersSaySoundsLikeIt(t *testing.T) {
	for _, c := range codecs() {
		t.Run(c.Name, func(t *testing.T) {
			p := mustProgram(t, c)
			for i, loop := range p.noise {
				if len(loop) != loopFrames {
					t.Fatalf("noise %d has %d frames", i, len(loop))
				}
				if l := pcm.LevelOf(decoded(t, p, loop...)); l < noiseLevel-6 || l > noiseLevel+6 {
					t.Errorf("noise %d is %d dBov, want %d", i, l, noiseLevel)
				}
			}
			for i, said := range p.turns {
				if len(said) != turnFrames+tailFrames {
					t.Fatalf("%v Hz has %d frames", tones[i], len(said))
				}
				x := decoded(t, p, said...)[10*p.samples() : 90*p.samples()]
				for j, hz := range tones {
					l := level(x, p.rate, hz)
					if i == j && l < presentAbove || i != j && l > absentBelow {
						t.Errorf("the tone of %v Hz sounds like %.0f dBov at %v Hz", tones[i], l, hz)
					}
				}
			}
		})
	}
}

func TestTheCodecsOwnDelayIsKnown(t *testing.T) {
	// RFC 6716 §2: libopus looks ahead 2.5 ms, and 4 ms more "for the SILK layer".
	want := map[string][2]time.Duration{
		"PCMU": {0, time.Millisecond}, "G722": {time.Millisecond, 3 * time.Millisecond}, "opus": {2 * time.Millisecond, 9 * time.Millisecond},
	}
	for _, c := range codecs() {
		d := mustProgram(t, c).markDelay
		if w := want[c.Name]; d < w[0] || d > w[1] {
			t.Errorf("%s delays the mark by %v, want %v to %v", c.Name, d, w[0], w[1])
		}
	}
}

func TestATonesSteepestStep(t *testing.T) {
	for _, hz := range tones {
		for _, rate := range []int{8000, 16000, 48000} {
			x := sine(rate, hz, rate, toneLevel)
			if got, bound := float64(step(x)), steepest(rate, hz); got > bound+1 || got < bound*0.95 {
				t.Errorf("%v Hz at %d: step %v, said to be %.1f", hz, rate, got, bound)
			}
		}
	}
	if l := pcm.LevelOf(sine(8000, 1000, 8000, toneLevel)); math.Abs(float64(l-toneLevel)) > 1 {
		t.Errorf("a tone of %d dBov measures %d", toneLevel, l)
	}
}
