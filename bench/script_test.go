package main

import (
	"testing"

	"github.com/seed-f3cefc8c/focus/pkg/codec/g711"
)

func TestTalkersTakeTurns(t *testing.T) {
	s := script{seats: 10, talking: 3}
	spoke := map[int]int{}
	for turn := range int64(10) {
		heard := map[int]bool{}
		for seat := range s.seats {
			tone := s.tone(turn, seat)
			if tone < 0 {
				continue
			}
			if heard[tone] {
				t.Errorf("turn %d: two have tone %d", turn, tone)
			}
			heard[tone] = true
			spoke[seat]++
			if turn > 0 && s.tone(turn-1, seat) >= 0 {
				t.Errorf("seat %d talks in turns %d and %d", seat, turn-1, turn)
			}
			for other := range s.seats {
				if turn > 0 && s.tone(turn-1, other) == tone {
					t.Errorf("tone %d is in turns %d and %d", tone, turn-1, turn)
				}
			}
		}
		if len(heard) != s.talking {
			t.Errorf("turn %d has %d talkers", turn, len(heard))
		}
	}
	if len(spoke) != s.seats {
		t.Errorf("%d of %d seats ever spoke", len(spoke), s.seats)
	}
}

func TestNobodyHearsHimself(t *testing.T) {
	s := script{seats: 10, talking: 3}
	for turn := range int64(20) {
		for seat := range s.seats {
			own, count := s.tone(turn, seat), 0
			for tone, wanted := range s.audible(turn, seat) {
				if wanted {
					count++
				}
				if wanted && tone == own {
					t.Errorf("turn %d: seat %d should hear itself", turn, seat)
				}
			}
			want := s.talking
			if own >= 0 {
				want--
			}
			if count != want {
				t.Errorf("turn %d: seat %d should hear %d tones, want %d", turn, seat, count, want)
			}
		}
	}
}

func TestPayloads(t *testing.T) {
	p := mustProgram(t, g711.PCMU)
	same := func(a, b []byte) bool { return &a[0] == &b[0] }
	s := script{seats: 10, talking: 3}
	loop := p.noise[0]
	for _, tt := range []struct {
		name  string
		frame int64
		want  []byte
	}{
		{"seat 0 talks in turn 0", 50, p.turns[0][50]},
		{"and goes on from the noise behind its tone", turnFrames + 3, p.turns[0][turnFrames+3]},
		{"and then from its loop", turnFrames + tailFrames, loop[turnFrames+tailFrames]},
		{"which repeats", 2*turnFrames + 50, loop[50]},
	} {
		if !same(s.payload(p, 0, tt.frame, loop), tt.want) {
			t.Errorf("%s: another payload in frame %d", tt.name, tt.frame)
		}
	}
	marks := script{seats: 10, marks: true}
	for n := range int64(20) {
		for seat := range marks.seats {
			is := same(marks.payload(p, seat, n*markEvery, loop), p.mark[0])
			if is != (seat == marks.marker(n)) {
				t.Errorf("mark %d: seat %d gives it: %v", n, seat, is)
			}
		}
	}
}
