package mixer_test

import (
	"testing"
	"time"

	"github.com/seed-f3cefc8c/focus/pkg/mixer"
	"github.com/seed-f3cefc8c/focus/pkg/pcm"
)

func TestWhoHearsWhom(t *testing.T) {
	r := newRoom(t, mixer.Config{ComfortNoise: pcm.Silence})
	alice, bob, carol := r.joins(8000, 400), r.joins(8000, 700), r.joins(8000, 1100)
	everybody := []*person{alice, bob, carol}
	listen := func() {
		r.runs(time.Second) // fades are over
		for _, p := range everybody {
			p.forget()
		}
		r.runs(time.Second)
	}
	alice.talking, bob.talking = true, true
	t.Log("# carol, who only listens, is not to hear bob")
	carol.member.SetFilter(&mixer.Filter{IDs: []string{bob.name}})
	listen()
	carol.hears(alice, 1, "not in her filter")
	carol.hears(bob, 0, "in her filter")
	alice.hears(bob, 1, "it is carol's filter")
	t.Log("# alice, who talks, hears nobody but carol")
	alice.member.SetFilter(&mixer.Filter{Only: true, IDs: []string{carol.name}})
	carol.talking = true
	listen()
	alice.hears(carol, 1, "the only one")
	alice.hears(bob, 0, "not the only one")
	alice.hears(alice, 0, "own voice")
	bob.hears(alice, 1, "alice may talk to all")
	t.Log("# both hear everybody again, without a click")
	for _, p := range []*person{alice, carol} {
		p.heard = p.heard[len(p.heard)-160:]
		p.member.SetFilter(nil)
	}
	r.runs(2 * time.Second)
	alice.hears(bob, 1, "no filter")
	carol.hears(bob, 1, "no filter")
	if got, own := largestStep(carol.heard), alice.own(8000)+bob.own(8000); got > own {
		t.Errorf("step of %.0f, the tones' own is %.0f", got, own)
	}
}

// TestWhoLeavesStaysUnheard: the end of a voice is the voice still.
func TestWhoLeavesStaysUnheard(t *testing.T) {
	r := newRoom(t, mixer.Config{ComfortNoise: pcm.Silence})
	alice, bob := r.joins(8000, 400), r.joins(8000, 700)
	alice.talking = true
	bob.member.SetFilter(&mixer.Filter{IDs: []string{alice.name}})
	r.runs(time.Second)
	bob.forget()
	r.runs(100 * time.Millisecond)
	r.mix.Remove(alice.member)
	r.runs(time.Second)
	for i, x := range bob.heard {
		if x > 1 || x < -1 {
			t.Fatalf("sample %d is %d", i, x)
		}
	}
}

// TestNewcomerWithAFilter hears nothing of whom he is not to hear, not even for the length of a fade.
func TestNewcomerWithAFilter(t *testing.T) {
	r := newRoom(t, mixer.Config{ComfortNoise: pcm.Silence})
	alice := r.joins(8000, 400)
	alice.talking = true
	r.runs(time.Second)
	ear := &person{t: t, name: "newcomer", rate: 8000, hz: 700, peak: 4000, format: alice.format}
	r.mix.Add(mixer.MemberConfig{
		Source: ear, Sink: ear, Format: ear.format, Encoder: &linearEncoder{}, ID: ear.name, Filter: &mixer.Filter{Only: true},
	})
	r.runs(time.Second)
	for i, x := range ear.heard {
		if x > 1 || x < -1 {
			t.Fatalf("sample %d is %d", i, x)
		}
	}
	bell := &person{hz: 1500, peak: 4634} // -20 dBov
	t.Log("# but an announcement to the room is for all")
	r.mix.Play(8000, pcm.Tone(8000, bell.hz, 2*time.Second, -20))
	ear.forget()
	r.runs(time.Second)
	ear.hears(bell, 1, "the room")
}

func TestFiltersHaveABound(t *testing.T) {
	mix := mixer.New(mixer.Config{})
	t.Cleanup(mix.Close)
	taken := 0
	for range 200 {
		if mix.Add(mixer.MemberConfig{}).SetFilter(&mixer.Filter{}) {
			taken++
		}
	}
	if taken != 128 {
		t.Errorf("%d filters were taken", taken)
	}
}
