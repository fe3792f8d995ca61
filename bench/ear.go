package main

import (
	"time"
)

// ear keeps the packets a listener got, to be decoded when nothing is measured any more.
type ear struct {
	program *program
	kept    []heard
	bytes   []byte
}

type heard struct {
	packet
	begin, end int // of its payload in bytes
}

// newEar has room for d of packets, so that listening allocates nothing.
func newEar(p *program, d time.Duration) *ear {
	n := int(d/frameDuration) + 100
	return &ear{program: p, kept: make([]heard, 0, n), bytes: make([]byte, 0, 200*n)}
}

func (e *ear) keep(p packet, payload []byte) {
	begin := len(e.bytes)
	e.bytes = append(e.bytes, payload...)
	e.kept = append(e.kept, heard{packet: p, begin: begin, end: len(e.bytes)})
}

// sound is what a listener heard: a frame for each packet.
type sound struct {
	rate   int
	at     []time.Time // when each frame arrived
	broken []bool      // the frame is not the one after the frame before it
	pcm    []int16
}

// frame is the number of samples in each.
func (s *sound) frame() int { return s.rate / 50 }

// decode turns what was kept into sound. Packets that overtook others are left out.
func (e *ear) decode() (*sound, error) {
	decoder, err := e.program.codec.NewDecoder(e.program.rate)
	if err != nil {
		return nil, err
	}
	defer decoder.Close()
	s := &sound{rate: e.program.rate}
	for i, h := range e.kept {
		step := int16(1)
		if i > 0 {
			step = int16(h.sequence - e.kept[i-1].sequence)
		}
		if step <= 0 {
			continue
		}
		before := len(s.pcm)
		if s.pcm, err = decoder.Decode(s.pcm, e.bytes[h.begin:h.end]); err != nil || len(s.pcm)-before != s.frame() {
			s.pcm = append(s.pcm[:before], make([]int16, s.frame())...)
			step = 0
		}
		s.at = append(s.at, h.at)
		s.broken = append(s.broken, step != 1)
	}
	return s, nil
}

// between are the frames that arrived from a to b: [first, last).
func (s *sound) between(a, b time.Time) (first, last int) {
	for first < len(s.at) && s.at[first].Before(a) {
		first++
	}
	last = first
	for last < len(s.at) && s.at[last].Before(b) {
		last++
	}
	return first, last
}

// whole is whether no frame in [first, last) is broken.
func (s *sound) whole(first, last int) bool {
	for _, b := range s.broken[first:last] {
		if b {
			return false
		}
	}
	return true
}

func (s *sound) samples(first, last int) []int16 { return s.pcm[first*s.frame() : last*s.frame()] }
