package mixer

import (
	"slices"

	"github.com/seed-f3cefc8c/focus/pkg/pcm"
)

// bus is the sum of a conference at one rate.
type bus struct {
	rate, era int
	voices    int         // in the sum
	sum       []int32     // of all voices
	scratch   []int32     // room for sum minus own
	common    []int16     // what everybody hears who is not heard
	before    []int16     // common of the last tick
	noise     []int16     // comfort noise, see quiet
	noisy     bool        // noise has been made this tick
	limiter   pcm.Limiter // as it was at the end of the last tick, until finish
	source    *pcm.Noise  // of noise
	level     int         // of noise, dBov
}

// tune makes the bus run at rate, with an empty past.
func (b *bus) tune(rate, era int, source *pcm.Noise, level int) {
	n := rate / framesPerSecond
	b.rate, b.era, b.source, b.level = rate, era, source, level
	b.sum = slices.Grow(b.sum[:0], n)[:n]
	b.scratch = slices.Grow(b.scratch[:0], n)[:n]
	b.common = slices.Grow(b.common[:0], n)[:n]
	b.before = slices.Grow(b.before[:0], n)[:n]
	b.noise = slices.Grow(b.noise[:0], n)[:n]
	b.limiter = pcm.Limiter{}
	clear(b.common)
}

func (b *bus) begin() {
	b.common, b.before = b.before, b.common
	b.voices = 0
	clear(b.sum)
	b.noisy = false
}

// quiet is the comfort noise of this tick, the same for everybody, made when somebody first asks.
func (b *bus) quiet() []int16 {
	if !b.noisy {
		b.source.Fill(b.noise, b.level)
		b.noisy = true
	}
	return b.noise
}

func (b *bus) add(frame []int16) {
	pcm.AddTo(b.sum, frame)
	b.voices++
}

// finish makes the common mix.
func (b *bus) finish() {
	if b.voices == 0 {
		pcm.AddTo(b.sum, b.quiet())
	}
	b.limiter.Process(b.common, b.sum)
}

// last is the past of a path that plays the room at volume base.
func (b *bus) last(base float32) []int16 {
	if base == 0 {
		return nil
	}
	return b.before
}

// attenuate fades sum in place from one volume to another.
func attenuate(sum []int32, from, to float32) {
	if from == 1 && to == 1 {
		return
	}
	step := (to - from) / float32(max(1, len(sum)))
	for i, x := range sum {
		from += step
		sum[i] = int32(float32(x) * from)
	}
}
