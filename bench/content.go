package main

import (
	"fmt"
	"math"
	"time"

	"github.com/seed-f3cefc8c/focus/pkg/codec"
	"github.com/seed-f3cefc8c/focus/pkg/pcm"
)

const (
	frameDuration = 20 * time.Millisecond
	toneLevel     = -20 // dBov of each talker
	noiseLevel    = -60 // dBov of those who do not talk

	turnFrames = 100 // talkers change every 2 s …
	toneFrames = 97  // … and the last 60 ms of a turn are noise, so that no two turns sound at once
	tailFrames = 25  // noise that was encoded behind the tone, before a caller goes back to its loop
	loopFrames = 200 // 4 s of noise, over and over
	noiseLoops = 16  // different ones

	markFrames = 5 // 100 ms of tone: the mark that a delay is measured by
)

// tones are the pitches of talkers, in Hz. Multiples of 50 fill a frame with whole periods, so a tone starts and ends at zero
// and Goertzel's filter tells them apart exactly.
var tones = [...]float64{350, 450, 550, 650, 750, 850, 950, 1050, 1150, 1250, 1350, 1450}

// callerBitrate is what callers spend on Opus: that of a browser, whose encoder uses the SILK layer then.
const callerBitrate = 32000

// markTone is the pitch of the mark.
const markTone = 1000.0

// program is all that a caller can say in one codec, as payloads of 20 ms, encoded once before anything is measured.
type program struct {
	codec     *codec.Codec
	rate      int
	noise     [noiseLoops][][]byte
	turns     [len(tones)][][]byte // turnFrames, then tailFrames
	mark      [][]byte             // markFrames of tone, then tailFrames
	markDelay time.Duration        // from the mark's first sample to where onset finds it, through the codec alone
}

func newProgram(c *codec.Codec) (*program, error) {
	p := &program{codec: c, rate: c.Rates[0]}
	for i := range p.noise {
		loop, err := p.encode(p.hiss(uint64(i), 2*loopFrames))
		if err != nil {
			return nil, err
		}
		p.noise[i] = loop[loopFrames:] // the encoder has settled, so that the loop closes well
	}
	for i, hz := range tones {
		said, err := p.said(hz, toneFrames, turnFrames-toneFrames+tailFrames)
		if err != nil {
			return nil, err
		}
		p.turns[i] = said
	}
	var err error
	if p.mark, err = p.said(markTone, markFrames, tailFrames); err == nil {
		p.markDelay, err = p.direct()
	}
	return p, err
}

// said encodes a tone with room noise around it, and returns the packets from the tone on.
func (p *program) said(hz float64, tone, after int) ([][]byte, error) {
	sound := p.hiss(uint64(hz), loopFrames)
	sound = append(sound, sine(p.rate, hz, tone*p.samples(), toneLevel)...)
	sound = append(sound, p.hiss(uint64(hz)+1, after)...)
	payloads, err := p.encode(sound)
	if err != nil {
		return nil, err
	}
	return payloads[loopFrames:], nil
}

// direct measures the delay of the mark when nothing but the codec is in its way.
func (p *program) direct() (time.Duration, error) {
	decoder, err := p.codec.NewDecoder(p.rate)
	if err != nil {
		return 0, err
	}
	defer decoder.Close()
	var heard []int16
	for _, payload := range append(p.noise[0][:loopFrames:loopFrames], p.mark...) {
		if heard, err = decoder.Decode(heard, payload); err != nil {
			return 0, err
		}
	}
	before := loopFrames * p.samples()
	at := onset(heard[before:])
	if at < 0 {
		return 0, fmt.Errorf("%s: the mark is lost in the codec", p.codec.Name)
	}
	return p.length(at), nil
}

// samples is the number in a frame.
func (p *program) samples() int { return p.rate / 50 }

// length is how long n samples take.
func (p *program) length(n int) time.Duration {
	return time.Duration(n) * time.Second / time.Duration(p.rate)
}

func (p *program) hiss(seed uint64, frames int) []int16 {
	out := make([]int16, frames*p.samples())
	pcm.NewNoise(seed+1).Fill(out, noiseLevel)
	return out
}

func (p *program) encode(sound []int16) (payloads [][]byte, err error) {
	encoder, err := p.codec.NewEncoder(p.rate, codec.Params{Bitrate: callerBitrate})
	if err != nil {
		return nil, err
	}
	defer encoder.Close()
	for n := p.samples(); len(sound) >= n; sound = sound[n:] {
		payload, err := encoder.Encode(nil, sound[:n])
		if err != nil {
			return nil, err
		}
		payloads = append(payloads, payload)
	}
	return payloads, nil
}

// sine is a tone that starts at zero.
func sine(rate int, hz float64, samples int, dBov float64) []int16 {
	out := make([]int16, samples)
	for i := range out {
		out[i] = int16(math.Round(amplitude(dBov) * math.Sin(2*math.Pi*hz*float64(i)/float64(rate))))
	}
	return out
}

// amplitude is the peak of a sine of dBov, which is RMS against 32768.
func amplitude(dBov float64) float64 { return 32768 * math.Sqrt2 * math.Pow(10, dBov/20) }

// steepest is the largest step between two samples of a tone at toneLevel.
func steepest(rate int, hz float64) float64 {
	return 2 * amplitude(toneLevel) * math.Sin(math.Pi*hz/float64(rate))
}
