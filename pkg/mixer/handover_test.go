package mixer_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/seed-f3cefc8c/focus/pkg/codec"
	"github.com/seed-f3cefc8c/focus/pkg/codec/g711"
	"github.com/seed-f3cefc8c/focus/pkg/codec/g722"
	"github.com/seed-f3cefc8c/focus/pkg/codec/opus"
	"github.com/seed-f3cefc8c/focus/pkg/mixer"
)

// seam is how much larger than in a stream that is never handed over a step between samples may be. The decision record measured 1.18
// for a tone after 100 ms on both encoders.
const seam = 1.25

func realCodecs() map[string]*codec.Codec {
	rows := map[string]*codec.Codec{"PCMU": g711.PCMU, "PCMA": g711.PCMA, "G722": g722.G722}
	if opus.Available {
		rows["opus"] = opus.Opus
	}
	return rows
}

// decoded is what the person's telephone plays of what it got.
func (p *person) decoded() []int16 {
	decoder, err := p.format.Codec.NewDecoder(p.format.Rate())
	if err != nil {
		p.t.Fatal(err)
	}
	defer decoder.Close()
	var out []int16
	for _, payload := range p.payload {
		if out, err = decoder.Decode(out, payload); err != nil {
			p.t.Fatal(err)
		}
	}
	return out
}

// meeting lets carol hold a tone for 12 s, and alice, bob and dan listen; with changes, alice and bob speak in turns of two seconds.
func meeting(t *testing.T, format mixer.Format, changes bool) (alice, bob, carol, dan *person) {
	r := newRoom(t, mixer.Config{})
	alice, bob = r.joinsAs(format, 620), r.joinsAs(format, 810)
	carol, dan = r.joinsAs(format, 440), r.joinsAs(format, 1000)
	carol.talking = true
	for second := range 12 {
		if changes && second%2 == 0 {
			alice.talking, bob.talking = second%6 == 2, second%6 == 4
		}
		r.runs(time.Second)
	}
	return alice, bob, carol, dan
}

func TestHandOverIsNotHeard(t *testing.T) {
	for name, row := range realCodecs() {
		for _, ptime := range []time.Duration{20 * time.Millisecond, 60 * time.Millisecond} {
			t.Run(name+" "+ptime.String(), func(t *testing.T) {
				format := mixer.Format{Codec: row, Ptime: ptime}
				quiet, _, _, _ := meeting(t, format, false)
				alice, bob, carol, dan := meeting(t, format, true)
				rate := format.Rate()
				own := largestStep(quiet.decoded()[rate/2:])
				// Alice and bob hear each other come and go; that adds the step of one more tone.
				limit := seam * (own + max(alice.own(rate), bob.own(rate)))
				for _, p := range []*person{alice, bob, dan} {
					got := largestStep(p.decoded()[rate/2:])
					t.Logf("%.0f Hz: step %.0f, limit %.0f", p.hz, got, limit)
					if got > limit {
						t.Errorf("the %.0f Hz person hears a step of %.0f; the tones' own is %.0f", p.hz, got, limit/seam)
					}
				}
				if got := amplitude(carol.decoded()[rate/2:], rate, carol.hz); got > 50 {
					t.Errorf("carol hears herself at %.0f", got)
				}
			})
		}
	}
}

// TestOneTalkerIsHandedOverWithoutASeam has one listener who speaks now and then, and hears nothing but a tone all the time: every step
// above the tone's own is the hand-over.
func TestOneTalkerIsHandedOverWithoutASeam(t *testing.T) {
	for name, row := range realCodecs() {
		for _, company := range []bool{true, false} {
			t.Run(fmt.Sprintf("%s company %v", name, company), func(t *testing.T) {
				format := mixer.Format{Codec: row, Ptime: 20 * time.Millisecond}
				r := newRoom(t, mixer.Config{})
				carol, alice := r.joinsAs(format, 440), r.joinsAs(format, 620)
				if company {
					r.joinsAs(format, 1000)
				}
				carol.talking = true
				r.runs(2 * time.Second)
				for turn := range 10 {
					alice.talking = turn%2 == 0
					r.runs(time.Duration(1960+20*turn) * time.Millisecond)
				}
				rate := format.Rate()
				heard := alice.decoded()
				own := largestStep(heard[rate/2 : 2*rate])
				got := largestStep(heard[2*rate:])
				t.Logf("step %.0f, the tone's own %.0f: %.2f", got, own, got/own)
				if got > seam*own {
					t.Errorf("step of %.0f, %.2f times the tone's own", got, got/own)
				}
			})
		}
	}
}

func TestDTXIsPassedOn(t *testing.T) {
	if !opus.Available {
		t.Skip("built without libopus")
	}
	r := newRoom(t, mixer.Config{ComfortNoise: -127})
	format := mixer.Format{Codec: opus.Opus, Params: codec.Params{DTX: true}, Ptime: 20 * time.Millisecond}
	alice := r.joinsAs(format, 440)
	r.runs(4 * time.Second)
	if alice.empty < 100 || alice.packets != 200 || alice.clock != 4*48000 {
		t.Errorf("%d of %d packets in silence need not be sent, clock %d", alice.empty, alice.packets, alice.clock)
	}
}
