package media

import (
	"time"

	"github.com/seed-f3cefc8c/focus/pkg/codec"
	"github.com/seed-f3cefc8c/focus/pkg/pcm"
	"github.com/seed-f3cefc8c/focus/pkg/rtp"
)

const (
	maxPending = 24  // stretches kept; a step brings at most 16
	bridgeTime = 200 // divides the rate: a seam is bridged within 5 ms
)

// item is a stretch of sound that waits to be decoded, or was.
type item struct {
	segment rtp.Segment
	format  *format
	done    bool
	old     bool // of an earlier step, for warming up only
	seam    bool // does not continue what stands before it
}

// player turns the segments of steps into frames. It decodes when asked, and then everything it kept, in order, each packet once.
type player struct {
	format    *format // of the last packet
	rate      int
	clockRate uint32

	pending []item
	cold    bool // payloads were given up since the last decode

	fifo     []int16 // decoded, not played
	frame    []int16 // this step's
	produced bool
	heard    bool // Frame was called in this step
	merge    bool // this step makes one frame of two
	ahead    int  // RTP units that stay in the FIFO
	joint    bool // the next stretch does not continue the last
	unheard  bool // nobody took the last frame: this one begins at silence
	last     int16
	noiseGen *pcm.Noise
	sounding bool // the last stretch was sound, not silence

	ear         ear
	metered     int
	voice       codec.Voice
	blind       bool // the meter does not know
	background  int  // level of the room when nobody speaks
	comfort     bool // the sender said so (CN)
	decoded     int  // level of the last frame …
	heardBefore bool // … if somebody heard it
	only        *rtp.Packet
	onlyFormat  *format

	concealed, recovered, merged time.Duration
	unreadable                   uint64
}

func newPlayer(rate int) player {
	return player{
		rate: rate, frame: make([]int16, rate/framesPerSecond), pending: make([]item, 0, maxPending), ear: newEar(),
		noiseGen: pcm.NewNoise(1), metered: pcm.Silence, voice: codec.VoiceNo, background: pcm.Silence,
	}
}

// nextStep lets go of what the last step used.
func (p *player) nextStep() {
	p.unheard, p.heardBefore = !p.heard, p.heard
	if p.heard {
		p.decoded = pcm.LevelOf(p.frame)
	}
	kept := p.pending[:0]
	for _, it := range p.pending {
		if it.done {
			release(it)
			continue
		}
		it.old, it.segment.Next = true, nil
		kept = append(kept, it)
	}
	p.pending = kept
	p.produced, p.heard, p.merge, p.only = false, false, false, nil
	p.forgetOld()
}

// forgetOld keeps what the next step still plays a part of, and before that what the decoder needs to warm up.
func (p *player) forgetOld() {
	need := p.ahead
	if p.format != nil {
		need += p.format.warmUp
	}
	for i := len(p.pending) - 1; i >= 0; i-- {
		if need <= 0 || len(p.pending)-i > maxPending-16 {
			p.discard(i + 1)
			return
		}
		need -= p.pending[i].segment.Units
	}
}

// discard gives up the first n stretches.
func (p *player) discard(n int) {
	for _, it := range p.pending[:n] {
		release(it)
	}
	p.pending = p.pending[:copy(p.pending, p.pending[n:])]
	p.cold = true
}

func release(it item) {
	if it.segment.Packet != nil {
		it.segment.Packet.Release()
	}
}

func (p *player) push(it item) {
	if len(p.pending) == maxPending {
		p.discard(1)
	}
	it.seam, p.joint = p.joint, false
	p.pending = append(p.pending, it)
}

// use follows a change of payload type: the old codec's sound ends here.
func (p *player) use(f *format) {
	if p.format == f {
		return
	}
	if p.format != nil {
		p.joint = true
		f.reset()
	}
	if f.rate != p.rate {
		p.discard(len(p.pending))
		p.rate, p.fifo, p.cold = f.rate, p.fifo[:0], false
		p.frame = make([]int16, f.rate/framesPerSecond)
	}
	p.format = f
}

// forget drops what belongs to a format that is no longer negotiated.
func (p *player) forget(f *format) {
	if p.format == f {
		p.discard(len(p.pending))
		p.format, p.joint, p.only = nil, true, nil
	}
}

func (p *player) close() { p.discard(len(p.pending)) }

// Frame decodes this step's 20 ms into dst, which holds Rate()/50 samples. It is called at most once after each Advance.
func (s *AudioStream) Frame(dst []int16) {
	p := &s.player
	p.produce()
	copy(dst, p.frame)
	p.heard = true
}

// produce makes the frame of this step.
func (p *player) produce() {
	if p.produced {
		return
	}
	p.produced = true
	if p.cold && p.format != nil {
		p.format.reset()
		p.fifo = p.fifo[:0]
	}
	p.cold = false
	for i := range p.pending {
		if it := &p.pending[i]; !it.done {
			p.decode(it)
			it.done = true
		}
	}
	p.cut()
	if p.unheard {
		bridge(p.frame, 0, p.rate)
	}
	p.last = p.frame[len(p.frame)-1]
}

// cut takes the frame off the FIFO. What warming up left over is older than this step and goes; what is missing is silence.
func (p *player) cut() {
	n := len(p.frame)
	keep := p.samples(p.ahead)
	want := n + keep
	if p.merge {
		want += n
	}
	if extra := len(p.fifo) - want; extra > 0 {
		p.fifo = p.fifo[:copy(p.fifo, p.fifo[extra:])]
	}
	if p.merge && len(p.fifo) >= 2*n {
		p.fifo = mergeFrames(p.fifo, n, p.rate)
		p.merged += frameTime
	}
	got := copy(p.frame, p.fifo)
	clear(p.frame[got:])
	p.fifo = p.fifo[:copy(p.fifo, p.fifo[got:])]
}

func (p *player) samples(units int) int {
	if p.clockRate == 0 {
		return 0
	}
	return units * p.rate / int(p.clockRate)
}

// bridge bends the beginning of samples so that it continues last, over 5 ms.
func bridge(samples []int16, last int16, rate int) {
	n := min(rate/bridgeTime, len(samples))
	if n == 0 {
		return
	}
	step := int(last) - int(samples[0])
	for i := range n {
		samples[i] = clip(int(samples[i]) + step*(n-i)/n)
	}
}

func clip(v int) int16 { return int16(min(max(v, -32768), 32767)) }

// decode appends one stretch to the FIFO.
func (p *player) decode(it *item) {
	samples := p.samples(it.segment.Units)
	before := len(p.fifo)
	switch it.segment.Kind {
	case rtp.Play:
		p.decodePacket(it, samples)
	case rtp.Lost, rtp.Hold:
		p.conceal(it, samples)
	default:
		p.rest(samples)
	}
	// Whatever a decoder did, the stretch is as long as the time stamps say.
	for len(p.fifo) < before+samples {
		p.fifo = append(p.fifo, 0)
	}
	p.fifo = p.fifo[:before+samples]
}

func (p *player) decodePacket(it *item, samples int) {
	f, before := it.format, len(p.fifo)
	if f.decoder == nil {
		return
	}
	out, err := f.decoder.Decode(p.fifo, it.segment.Packet.Payload)
	if err != nil {
		p.unreadable++
		p.conceal(it, samples)
		return
	}
	p.fifo = out
	if f.waveform != nil {
		f.waveform.Good(p.fifo[before:])
	}
	if !p.sounding || it.seam {
		p.smooth(before)
	}
	p.sounding = true
}

// conceal makes up what is missing, from the packet behind it when that has a copy.
func (p *player) conceal(it *item, samples int) {
	f, before := it.format, len(p.fifo)
	length := time.Duration(samples) * time.Second / time.Duration(p.rate)
	switch {
	case f == nil || f.decoder == nil || p.comfort || !p.sounding:
		p.rest(samples)
		return
	case it.segment.Next != nil && f.recover != nil:
		p.recover(f, it.segment.Next.Payload, samples)
		p.recovered += length
	case f.conceal != nil:
		if out, err := f.conceal.Conceal(p.fifo, samples); err == nil {
			p.fifo = out
		}
	default:
		p.fifo = grow(p.fifo, samples)
		f.waveform.Conceal(p.fifo[before:])
	}
	if !it.old {
		p.concealed += length
	}
}

func (p *player) recover(f *format, next []byte, samples int) {
	if out, err := f.recover.Recover(p.fifo, next, samples); err == nil {
		p.fifo = out
	}
}

// rest is a pause: the sound ends without a step, and the noise of the room goes on when the sender told us of it.
func (p *player) rest(samples int) {
	before := len(p.fifo)
	p.fifo = grow(p.fifo, samples)
	quiet := p.fifo[before:]
	if p.comfort {
		p.noiseGen.Fill(quiet, p.background)
	} else {
		clear(quiet)
	}
	if p.sounding {
		p.smooth(before)
		if p.format != nil && p.format.waveform != nil {
			p.format.waveform.Reset()
		}
	}
	p.sounding = false
}

// smooth bridges the seam at sample at of the FIFO.
func (p *player) smooth(at int) {
	last := p.last
	if at > 0 {
		last = p.fifo[at-1]
	}
	bridge(p.fifo[at:], last, p.rate)
}

// grow appends n samples of any value.
func grow(s []int16, n int) []int16 {
	for cap(s) < len(s)+n {
		s = append(s[:cap(s)], 0)[:len(s)]
	}
	return s[:len(s)+n]
}
