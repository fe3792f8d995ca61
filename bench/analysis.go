package main

import (
	"math"
	"time"
)

const (
	presentAbove = toneLevel - 10 // dBov: a talker's tone is heard
	absentBelow  = toneLevel - 20 // dBov: one's own is not, nor that of people who are silent

	settling = 300 * time.Millisecond // from a change of talkers until only the new ones are heard
	leading  = 100 * time.Millisecond // before a change: still in the old turn
)

// level is how loud a tone is in x, in dBov: Goertzel's filter (1958) over all of x, which holds whole periods.
func level(x []int16, rate int, hz float64) float64 {
	if len(x) == 0 {
		return -127
	}
	w := 2 * math.Pi * hz / float64(rate)
	k := 2 * math.Cos(w)
	var s1, s2 float64
	for _, v := range x {
		s1, s2 = float64(v)+k*s1-s2, s1
	}
	power := s1*s1 + s2*s2 - k*s1*s2
	peak := 2 * math.Sqrt(max(power, 0)) / float64(len(x))
	return max(-127, 20*math.Log10(peak/math.Sqrt2/32768+1e-12))
}

// step is the largest difference between neighbouring samples.
func step(x []int16) int {
	largest := 0
	for i := 1; i < len(x); i++ {
		d := int(x[i]) - int(x[i-1])
		largest = max(largest, d, -d)
	}
	return largest
}

// onset is the first sample that is louder than a quarter of a tone; -1 when there is none.
func onset(x []int16) int {
	threshold := amplitude(toneLevel) / 4
	for i, v := range x {
		if math.Abs(float64(v)) > threshold {
			return i
		}
	}
	return -1
}

// verdict is what listening found.
type verdict struct {
	Turns   int     // turns of talkers that were listened to, by all listeners together
	Missing int     // tones that should have been heard
	Echoes  int     // listeners who heard themselves
	Strange int     // tones of people who were silent
	Changes int     // changes of talkers that were looked at
	Skipped int     // changes and turns that loss has spoilt
	Clicks  int     // changes with a step beyond the tones' own
	Worst   float64 // the largest step, in terms of the largest a clean sum of the tones has
}

// judge listens to one listener's sound. start is when frame 0 of everybody's script was due.
func (v *verdict) judge(s *sound, c *caller, start time.Time, tolerance float64) {
	if len(s.at) == 0 || c.script.talking == 0 {
		return
	}
	begin, end := s.at[0], s.at[len(s.at)-1]
	for turn := int64(1); ; turn++ {
		change := start.Add(time.Duration(turn) * turnFrames * frameDuration)
		if change.Add(turnFrames * frameDuration).After(end) {
			return
		}
		if change.Add(-settling).After(begin) {
			v.change(s, c, change, turn, tolerance)
			v.turn(s, c, change, turn)
		}
	}
}

// turn looks for the tones while nobody starts or stops.
func (v *verdict) turn(s *sound, c *caller, change time.Time, turn int64) {
	first, last := s.between(change.Add(settling), change.Add(turnFrames*frameDuration-leading))
	if !s.whole(first, last) {
		v.Skipped++
		return
	}
	v.Turns++
	for tone, wanted := range c.script.audible(turn, c.seat) {
		l := level(s.samples(first, last), s.rate, tones[tone])
		switch {
		case wanted && l < presentAbove:
			v.Missing++
		case !wanted && l > absentBelow && c.script.tone(turn, c.seat) == tone:
			v.Echoes++
		case !wanted && l > absentBelow:
			v.Strange++
		}
	}
}

// change looks for clicks around a change of talkers. "No sample step above the tone's own": at any moment there are the
// tones of one turn only, so the larger of their sums is the bound.
func (v *verdict) change(s *sound, c *caller, change time.Time, turn int64, tolerance float64) {
	first, last := s.between(change.Add(-leading), change.Add(settling))
	if !s.whole(first, last) {
		v.Skipped++
		return
	}
	v.Changes++
	bound := max(c.script.steepest(turn-1, c.seat, s.rate), c.script.steepest(turn, c.seat, s.rate))
	ratio := float64(step(s.samples(first, last))) / bound
	v.Worst = max(v.Worst, ratio)
	if ratio > 1+tolerance {
		v.Clicks++
	}
}

// audible says for each tone whether a seat should hear it in a turn.
func (s script) audible(turn int64, seat int) (wanted [len(tones)]bool) {
	for i := range s.talking {
		if s.seat(turn, i) != seat {
			wanted[s.pitch(turn, i)] = true
		}
	}
	return wanted
}

// steepest is the largest step in the sum of tones that a seat hears in a turn.
func (s script) steepest(turn int64, seat, rate int) (sum float64) {
	for tone, wanted := range s.audible(turn, seat) {
		if wanted {
			sum += steepest(rate, tones[tone])
		}
	}
	return sum
}

// delays are how long each mark took to a listener: from when its first packet was sent to when its first sample arrived. What
// the codec alone takes has been subtracted, and so is the packet's own 20 ms, which is the same on either side.
func delays(s *sound, p *program, sent []time.Time) (all []time.Duration, lost int) {
	for _, t := range sent {
		first, last := s.between(t, t.Add(markEvery/2*frameDuration))
		if first == last || s.at[0].After(t) {
			continue
		}
		at := onset(s.samples(first, last))
		if at < 0 {
			lost++
			continue
		}
		arrived := s.at[first+at/s.frame()].Add(p.length(at % s.frame()))
		all = append(all, arrived.Sub(t)-p.markDelay)
	}
	return all, lost
}
