package main

import (
	"testing"
	"time"

	"github.com/seed-f3cefc8c/focus/pkg/codec/g711"
)

// listenerOf is a caller in a seat of a room of ten with three talkers, and what it would hear from a perfect server, turn by turn.
type listenerOf struct {
	*caller
	start time.Time
	sound *sound
}

func newListener(t *testing.T, seat int, turns int64) *listenerOf {
	t.Helper()
	p := mustProgram(t, g711.PCMU)
	l := &listenerOf{
		caller: &caller{seat: seat, script: script{seats: 10, talking: 3}, program: p},
		start:  time.Now(), sound: &sound{rate: p.rate},
	}
	for n := range turns * turnFrames {
		frame := p.hiss(uint64(n), 1)
		for tone, wanted := range l.script.audible(n/turnFrames, seat) {
			if wanted && n%turnFrames < toneFrames {
				for i, v := range sine(p.rate, tones[tone], p.samples(), toneLevel) {
					frame[i] += v
				}
			}
		}
		l.sound.at = append(l.sound.at, l.start.Add(time.Duration(n+1)*frameDuration))
		l.sound.broken = append(l.sound.broken, false)
		l.sound.pcm = append(l.sound.pcm, frame...)
	}
	return l
}

func (l *listenerOf) judged() (v verdict) {
	v.judge(l.sound, l.caller, l.start, waveformTolerance)
	return v
}

// frame is where frame n of what is heard lies.
func (l *listenerOf) frame(n int64) []int16 { return l.sound.samples(int(n), int(n)+1) }

func TestAPerfectServerIsFoundPerfect(t *testing.T) {
	for _, seat := range []int{0, 3, 9} { // talkers of different turns
		v := newListener(t, seat, 6).judged()
		if v.Turns != 5 || v.Changes != 5 || v.Missing+v.Echoes+v.Strange+v.Clicks+v.Skipped > 0 {
			t.Errorf("seat %d: %+v", seat, v)
		}
	}
}

func TestAToneThatIsMissing(t *testing.T) {
	l := newListener(t, 9, 6)
	gone := sine(l.program.rate, tones[l.script.pitch(2, 1)], l.program.samples(), toneLevel)
	for n := int64(2 * turnFrames); n < 2*turnFrames+toneFrames; n++ {
		for i, v := range gone {
			l.frame(n)[i] -= v
		}
	}
	if v := l.judged(); v.Missing != 1 || v.Strange+v.Echoes != 0 {
		t.Errorf("%+v", v)
	}
}

func TestSomebodyHearsHimself(t *testing.T) {
	l := newListener(t, 6, 6) // talks in turn 2
	tone := l.script.tone(2, 6)
	for n := int64(2 * turnFrames); n < 2*turnFrames+toneFrames; n++ {
		for i, v := range sine(l.program.rate, tones[tone], l.program.samples(), toneLevel) {
			l.frame(n)[i] += v / 2
		}
	}
	if v := l.judged(); v.Echoes != 1 || v.Missing+v.Strange != 0 {
		t.Errorf("%+v", v)
	}
}

func TestASilentPersonIsHeard(t *testing.T) {
	l := newListener(t, 9, 6)
	for n := int64(2*turnFrames + 20); n < 2*turnFrames+80; n++ {
		for i, v := range sine(l.program.rate, tones[l.script.pitch(4, 2)], l.program.samples(), toneLevel) {
			l.frame(n)[i] += v / 4
		}
	}
	if v := l.judged(); v.Strange != 1 || v.Missing+v.Echoes != 0 {
		t.Errorf("%+v", v)
	}
}

func TestAClick(t *testing.T) {
	l := newListener(t, 9, 6)
	l.frame(3*turnFrames + 2)[80] += 9000
	if v := l.judged(); v.Clicks != 1 || v.Missing+v.Strange+v.Echoes != 0 {
		t.Errorf("%+v", v)
	}
}

func TestLossSpoilsWhatItIsIn(t *testing.T) {
	l := newListener(t, 9, 6)
	l.sound.broken[3*turnFrames+2] = true // in the change to turn 3
	l.frame(3*turnFrames + 2)[80] += 9000
	if v := l.judged(); v.Clicks != 0 || v.Changes != 4 || v.Turns != 5 || v.Skipped != 1 {
		t.Errorf("%+v", v)
	}
}

func TestDelays(t *testing.T) {
	p := mustProgram(t, g711.PCMU)
	const wanted = 33 * time.Millisecond
	start := time.Now()
	s := &sound{rate: p.rate}
	stream := p.hiss(1, 150)
	sent := []time.Time{start.Add(time.Second), start.Add(2 * time.Second)}
	for _, at := range sent {
		// The packet of frame n arrives at n·20 ms, so what is sent at t with a delay of d is at sample (t+d) of the stream.
		from := int((at.Sub(start) + wanted) * time.Duration(p.rate) / time.Second)
		copy(stream[from:], sine(p.rate, markTone, markFrames*p.samples(), toneLevel))
	}
	for n := range 150 {
		s.at = append(s.at, start.Add(time.Duration(n)*frameDuration))
		s.broken = append(s.broken, false)
	}
	s.pcm = stream
	got, lost := delays(s, p, append(sent, start.Add(2600*time.Millisecond)))
	if len(got) != 2 || lost != 1 {
		t.Fatalf("%d delays, %d marks lost", len(got), lost)
	}
	for _, d := range got {
		if (d - wanted).Abs() > time.Millisecond {
			t.Errorf("delay %v, want %v", d, wanted)
		}
	}
}
