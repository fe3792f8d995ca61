package main

// script says who talks when in a room. Turn t has talking speakers: the next ones in the order of seats, each with a tone
// that nobody has in this turn or in the one before it.
type script struct {
	seats   int
	talking int
	marks   bool // instead: one seat a second gives the mark
}

// markEvery is how many frames lie between two marks.
const markEvery = 50

// tone is what a seat says in a turn: an index of tones, or -1.
func (s script) tone(turn int64, seat int) int {
	for i := range s.talking {
		if s.seat(turn, i) == seat {
			return s.pitch(turn, i)
		}
	}
	return -1
}

// seat is who speaks as the i-th of a turn.
func (s script) seat(turn int64, i int) int {
	return int((turn*int64(s.talking) + int64(i)) % int64(s.seats))
}

func (s script) pitch(turn int64, i int) int {
	return int((turn*int64(s.talking) + int64(i)) % int64(len(tones)))
}

// marker is the seat whose turn it is to give the mark number n.
func (s script) marker(n int64) int { return int(n * 7 % int64(s.seats)) }

// payload is what a seat sends as its frame n; loop is its room noise.
func (s script) payload(p *program, seat int, n int64, loop [][]byte) []byte {
	if s.marks {
		if k := n % markEvery; s.marker(n/markEvery) == seat && k < int64(len(p.mark)) {
			return p.mark[k]
		}
		return loop[n%loopFrames]
	}
	turn, k := n/turnFrames, n%turnFrames
	if tone := s.tone(turn, seat); tone >= 0 {
		return p.turns[tone][k]
	}
	if turn > 0 && k < tailFrames {
		if tone := s.tone(turn-1, seat); tone >= 0 {
			return p.turns[tone][turnFrames+k]
		}
	}
	return loop[n%loopFrames]
}
