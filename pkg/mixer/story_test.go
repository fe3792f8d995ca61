package mixer_test

import (
	"slices"
	"testing"
	"time"

	"github.com/seed-f3cefc8c/focus/pkg/mixer"
	"github.com/seed-f3cefc8c/focus/pkg/pcm"
)

func TestEverybodyHearsTheOthersAndNotHimself(t *testing.T) {
	r := newRoom(t, mixer.Config{})
	alice, bob, carol := r.joins(8000, 400), r.joins(8000, 700), r.joins(8000, 1100)
	alice.talking, bob.talking = true, true
	r.runs(time.Second)
	alice.hears(alice, 0, "own voice")
	alice.hears(bob, 1, "bob talks")
	bob.hears(alice, 1, "alice talks")
	bob.hears(bob, 0, "own voice")
	carol.hears(alice, 1, "she only listens")
	carol.hears(bob, 1, "she only listens")
	if carol.decodes != 0 {
		t.Errorf("carol is silent and was decoded %d times", carol.decodes)
	}
	if alice.member.Speaking() != true || carol.member.Speaking() || !bob.member.Heard() {
		t.Error("the roster has the wrong speakers")
	}
}

func TestListenersShareOneEncode(t *testing.T) {
	r := newRoom(t, mixer.Config{})
	people := []*person{}
	for i := range 100 {
		people = append(people, r.joins(8000, 300+20*float64(i)))
	}
	for _, talker := range people[:3] {
		talker.talking = true
	}
	r.runs(time.Second)
	before := r.mix.Stats()
	r.runs(time.Second)
	if got := r.mix.Stats().Encodes - before.Encodes; got != 4*50 {
		t.Errorf("%d encodes in a second, want 4 per tick: 3 who talk and one for 97 listeners", got)
	}
	for _, p := range people {
		if p.packets != 100 || p.clock != 16000 {
			t.Fatalf("%d packets of %d units, want 100 of 16000", p.packets, p.clock)
		}
	}
}

func TestMute(t *testing.T) {
	r := newRoom(t, mixer.Config{})
	alice, bob := r.joins(16000, 400), r.joins(16000, 700)
	alice.talking = true
	r.runs(time.Second)
	t.Log("# alice is muted by the presenter")
	alice.member.SetMuted(true)
	bob.heard = nil
	r.runs(time.Second)
	bob.hears(alice, 0, "muted by the presenter")
	if alice.member.Speaking() {
		t.Error("the roster shows a muted member speaking")
	}
	t.Log("# and may speak again")
	bob.heard = bob.heard[:0]
	alice.member.SetMuted(false)
	r.runs(time.Second)
	bob.hears(alice, 1, "unmuted")
	if got, own := largestStep(bob.heard), alice.own(16000); got > own+60 {
		t.Errorf("step of %.0f, the tone's own is %.0f", got, own)
	}
}

func TestDeaf(t *testing.T) {
	r := newRoom(t, mixer.Config{})
	alice, bob, carol := r.joins(8000, 400), r.joins(8000, 700), r.joins(8000, 1100)
	alice.talking, bob.talking = true, true
	r.runs(time.Second)
	t.Log("# bob, who talks, and carol, who listens, are made deaf")
	for _, p := range []*person{bob, carol} {
		p.member.SetDeaf(true)
		p.heard = p.heard[len(p.heard)-160:]
	}
	r.runs(time.Second)
	alice.hears(bob, 1, "the deaf can speak")
	bob.hears(alice, 0, "deaf")
	carol.hears(alice, 0, "deaf")
	carol.hears(bob, 0, "deaf")
	t.Log("# carol can still be told something")
	r.runs(time.Second)
	carol.heard = carol.heard[len(carol.heard)-160:]
	bell := &person{hz: 1500, peak: 4634} // -20 dBov
	if !carol.member.Play(8000, pcm.Tone(8000, bell.hz, 2*time.Second, -20)) {
		t.Fatal("refused")
	}
	r.runs(time.Second)
	carol.hears(bell, 1, "private prompt")
	bob.hears(bell, 0, "private prompt for somebody else")
	r.runs(2 * time.Second)
	t.Log("# and hears again")
	for _, p := range []*person{bob, carol} {
		p.member.SetDeaf(false)
		p.heard = p.heard[len(p.heard)-160:]
	}
	r.runs(time.Second)
	bob.hears(alice, 1, "no longer deaf")
	carol.hears(bob, 1, "no longer deaf")
	for _, p := range []*person{bob, carol} {
		if got, own := largestStep(p.heard), alice.own(8000)+bob.own(8000); got > own {
			t.Errorf("step of %.0f, the tones' own is %.0f", got, own)
		}
	}
}

func TestGain(t *testing.T) {
	r := newRoom(t, mixer.Config{})
	alice, bob := r.joins(8000, 400), r.joins(8000, 700)
	alice.talking = true
	alice.member.SetGain(-12)
	r.runs(time.Second)
	bob.hears(alice, 0.2512, "turned down by 12 dB")
	alice.member.SetGain(6)
	r.runs(time.Second)
	bob.heard = bob.heard[len(bob.heard)/2:]
	bob.hears(alice, 1.995, "turned up by 6 dB")
	alice.peak = 20000
	r.runs(time.Second)
	bob.heard = bob.heard[len(bob.heard)*2/3:]
	if top := slices.Max(bob.heard); top > 32000 {
		t.Errorf("turned up beyond full scale: clipped at %d", top)
	}
}

func TestTenTalkAtOnce(t *testing.T) {
	r := newRoom(t, mixer.Config{MaxHeard: 10})
	listener, talkers := r.joins(16000, 250), []*person{}
	for i := range 10 {
		p := r.joins(16000, 400+210*float64(i))
		p.talking, p.peak = true, 8000
		talkers = append(talkers, p)
	}
	r.runs(2 * time.Second)
	for _, p := range talkers {
		got := amplitude(listener.heard[len(listener.heard)/2:], 16000, p.hz) / p.peak
		if got < 0.25 || got > 1 {
			t.Errorf("%.0f Hz arrives at %.2f of its loudness", p.hz, got)
		}
	}
	flat := 0
	for i := 1; i < len(listener.heard); i++ {
		if listener.heard[i] == listener.heard[i-1] && (listener.heard[i] > 32000 || listener.heard[i] < -32000) {
			flat++
		}
	}
	if flat > 0 {
		t.Errorf("%d clipped samples", flat)
	}
}

func TestTheLoudestAreHeardAndStayHeard(t *testing.T) {
	r := newRoom(t, mixer.Config{MaxHeard: 5})
	listener, talkers := r.joins(8000, 250), []*person{}
	for i := range 8 {
		p := r.joins(8000, 400+210*float64(i))
		p.talking, p.peak = true, 1000*float64(i+1)
		talkers = append(talkers, p)
	}
	r.runs(time.Second)
	for i, p := range talkers {
		if want := i >= 3; p.member.Heard() != want {
			t.Errorf("talker %d of 8: heard is %v", i, !want)
		}
	}
	t.Log("# the first of those left out gets as loud as the softest heard, which is not enough to take his place")
	talkers[2].peak = 4500
	r.runs(time.Second)
	if talkers[2].member.Heard() || !talkers[3].member.Heard() {
		t.Error("the floor was taken by somebody not clearly louder")
	}
	t.Log("# now he shouts")
	talkers[2].peak = 9000
	listener.heard = listener.heard[len(listener.heard)-160:]
	r.runs(time.Second)
	if !talkers[2].member.Heard() || talkers[3].member.Heard() {
		t.Error("who shouts is not heard")
	}
	listener.hears(talkers[3], 0, "the softest")
}

func TestPacketTimes(t *testing.T) {
	r := newRoom(t, mixer.Config{})
	bob := r.joins(8000, 700)
	bob.talking = true
	var listeners []*person
	for _, ms := range []time.Duration{10, 20, 30, 40, 60} {
		listeners = append(listeners, r.joinsAs(mixer.Format{Codec: linear8, Ptime: ms * time.Millisecond}, 400))
	}
	r.runs(1200 * time.Millisecond)
	whole := bob.own(8000)
	for _, p := range listeners {
		if want := int(1200 * time.Millisecond / p.format.Ptime); p.packets != want || p.clock != 9600 {
			t.Errorf("%v: %d packets of %d units in all, want %d of 9600", p.format.Ptime, p.packets, p.clock, want)
		}
		p.hears(bob, 1, p.format.Ptime.String())
	}
	t.Log("# everybody talks for a while, and stops again, in the middle of packets")
	for i := range 36 {
		listeners[i%5].talking = !listeners[i%5].talking
		r.runs(100 * time.Millisecond)
	}
	for _, p := range listeners {
		p.talking = false
	}
	r.runs(1200 * time.Millisecond)
	for _, p := range listeners {
		if p.clock != 8*(1200+3600+1200) {
			t.Errorf("%v: the clock is at %d", p.format.Ptime, p.clock)
		}
		if got := largestStep(p.heard); got > whole+4*listeners[0].own(8000)+50 {
			t.Errorf("%v: step of %.0f", p.format.Ptime, got)
		}
		p.hears(bob, 1, "bob talked all the time")
	}
}

func TestLateJoinFitsThePhase(t *testing.T) {
	r := newRoom(t, mixer.Config{})
	format := mixer.Format{Codec: linear8, Ptime: 60 * time.Millisecond}
	alice := r.joinsAs(format, 400)
	alice.talking = true
	r.runs(100 * time.Millisecond)
	bob := r.joinsAs(format, 700)
	carol := r.joinsAs(mixer.Format{Codec: linear16, Ptime: 60 * time.Millisecond}, 900)
	r.runs(20 * time.Millisecond)
	if alice.packets != 2 || bob.packets != 1 || carol.packets != 1 {
		t.Errorf("packets %d, %d, %d after 120 ms; want 2, 1, 1: all begin together", alice.packets, bob.packets, carol.packets)
	}
	r.runs(time.Second)
	bob.hears(alice, 1, "joined late")
}

func TestSilenceIsComfortNoise(t *testing.T) {
	r := newRoom(t, mixer.Config{ComfortNoise: -66})
	alice, bob := r.joins(8000, 400), r.joins(8000, 700)
	r.runs(time.Second)
	if got := pcm.LevelOf(alice.heard); got < -68 || got > -64 {
		t.Errorf("an empty room sounds at %d dBov", got)
	}
	t.Log("# only bob talks: he hears the room")
	bob.talking = true
	r.runs(time.Second)
	if got := pcm.LevelOf(bob.heard); got < -68 || got > -64 {
		t.Errorf("who talks alone hears %d dBov", got)
	}
}

func TestAnnouncementsReachEverybody(t *testing.T) {
	r := newRoom(t, mixer.Config{})
	alice, bob := r.joins(8000, 400), r.joins(16000, 700)
	alice.talking = true
	bell := &person{hz: 1500, peak: 4634}
	r.runs(time.Second)
	alice.heard, bob.heard = nil, nil
	if !r.mix.Play(44100, pcm.Tone(44100, bell.hz, time.Second, -20)) {
		t.Fatal("refused")
	}
	r.runs(900 * time.Millisecond)
	alice.hears(bell, 1, "announcement")
	bob.hears(bell, 1, "announcement")
	bob.hears(alice, 1, "goes on below it")
	r.runs(time.Second)
	bob.heard = nil
	r.runs(time.Second)
	bob.hears(bell, 0, "it is over")
	t.Log("# the queue has an end, and odd rates are refused")
	for range 16 {
		r.mix.Play(8000, make([]int16, 10))
	}
	if r.mix.Play(8000, make([]int16, 10)) || alice.member.Play(7999, make([]int16, 10)) {
		t.Error("accepted")
	}
	r.mix.StopPlaying()
	r.runs(100 * time.Millisecond)
	if !r.mix.Play(8000, make([]int16, 10)) {
		t.Error("refused after StopPlaying")
	}
}

func TestRateFollowsTheMembers(t *testing.T) {
	for _, listening := range []int{8000, 16000, 48000} {
		r := newRoom(t, mixer.Config{})
		alice, bob := r.joins(8000, 400), r.joins(listening, 600)
		alice.talking = true
		r.runs(time.Second)
		wants := func(rate int, why string) {
			t.Helper()
			if got := r.mix.Rate(); got != rate {
				t.Errorf("conference at %d Hz, want %d: %s", got, rate, why)
			}
		}
		wants(listening, "the best its members use")
		own := alice.own(listening)
		for _, other := range []int{48000, 16000} {
			carol := r.joins(other, 900)
			r.runs(time.Second)
			wants(max(listening, other), "carol joined")
			dan := r.joins(other, 900)
			dan.rate = 8000
			r.mix.Remove(carol.member)
			r.runs(time.Second)
			r.mix.Remove(dan.member)
			r.runs(time.Second)
			wants(listening, "they left")
		}
		if got := largestStep(bob.heard[listening/10:]); got > own*1.05+4 {
			t.Errorf("%d Hz: step of %.0f when the rate changed, the tone's own is %.0f", listening, got, own)
		}
		bob.heard = bob.heard[len(bob.heard)-listening:]
		bob.hears(alice, 1, "after all changes")
	}
}

func TestWhoLeavesFadesOut(t *testing.T) {
	r := newRoom(t, mixer.Config{})
	alice, bob := r.joins(8000, 400), r.joins(8000, 700)
	alice.talking, alice.peak = true, 16000
	r.runs(490 * time.Millisecond)
	r.mix.Remove(alice.member)
	decodes := alice.decodes
	r.runs(time.Second)
	if alice.decodes != decodes {
		t.Error("a removed source was asked for a frame")
	}
	if got, own := largestStep(bob.heard), alice.own(8000); got > own+60 {
		t.Errorf("step of %.0f, the tone's own is %.0f", got, own)
	}
	r.mix.Remove(alice.member)
	if r.mix.Len() != 1 {
		t.Errorf("%d members", r.mix.Len())
	}
}

type tape struct {
	rate  int
	sound []int16
}

func (t *tape) WriteFrame(rate int, frame []int16) {
	t.rate = rate
	t.sound = append(t.sound, frame...)
}

func TestRecorderGetsTheFullMix(t *testing.T) {
	r := newRoom(t, mixer.Config{})
	alice, bob := r.joins(16000, 400), r.joins(16000, 700)
	recorder := &tape{}
	r.mix.AddFrameSink(recorder)
	r.runs(100 * time.Millisecond)
	if recorder.rate != 16000 || len(recorder.sound) != 1600 || pcm.LevelOf(recorder.sound) != pcm.Silence {
		t.Errorf("%d samples at %d Hz of %d dBov, want 100 ms of silence", len(recorder.sound), recorder.rate, pcm.LevelOf(recorder.sound))
	}
	alice.talking, bob.talking = true, true
	r.runs(time.Second)
	for _, p := range []*person{alice, bob} {
		if got := amplitude(recorder.sound[3200:], 16000, p.hz) / p.peak; got < 0.98 || got > 1.02 {
			t.Errorf("%.0f Hz is on tape at %.2f", p.hz, got)
		}
	}
	r.mix.RemoveFrameSink(recorder)
	length := len(recorder.sound)
	r.runs(100 * time.Millisecond)
	if len(recorder.sound) != length {
		t.Error("still recording")
	}
}

func TestNewFormatInTheMiddle(t *testing.T) {
	r := newRoom(t, mixer.Config{})
	alice, bob := r.joins(8000, 400), r.joins(8000, 700)
	alice.talking, bob.talking = true, true
	r.runs(time.Second)
	bob.forget()
	bob.format = mixer.Format{Codec: linear16, Ptime: 40 * time.Millisecond}
	bob.member.SetFormat(bob.format, &linearEncoder{})
	r.runs(time.Second)
	if bob.clock != 16000 {
		t.Errorf("%d units in a second of the new format", bob.clock)
	}
	bob.hears(alice, 1, "in the new format")
	bob.hears(bob, 0, "own voice")
}
