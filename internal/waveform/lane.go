package waveform

import (
	"image/color"
	"math"
	"time"
)

// columns is how many pixels a lane is wide.
const columns = 1200

// Lane is the sound of one voice over the time of the picture, as far as a picture shows it: the highest, the lowest and the mean
// of each column of pixels. Sound may come in any order; what lies outside is left out.
type Lane struct {
	Name  string
	Note  string // a small line below the name
	Color color.RGBA

	length  time.Duration
	columns [columns]column
}

// column is one pixel's worth of sound.
type column struct {
	high, low int16
	squares   float64
	samples   int
}

// NewLane makes an empty lane for a picture that is length long.
func NewLane(name, note string, ink color.RGBA, length time.Duration) *Lane {
	return &Lane{Name: name, Note: note, Color: ink, length: max(length, time.Millisecond)}
}

// Add lays mono sound with rate samples per second into the lane, from at on.
func (l *Lane) Add(at time.Duration, rate int, samples []int16) {
	perSample := columns / l.length.Seconds() / float64(rate)
	first := columns * at.Seconds() / l.length.Seconds()
	for i, s := range samples {
		if x := int(math.Floor(first + float64(i)*perSample)); x >= 0 && x < columns {
			l.columns[x].add(s)
		}
	}
}

func (c *column) add(s int16) {
	c.high, c.low = max(c.high, s), min(c.low, s)
	c.squares += float64(s) * float64(s)
	c.samples++
}

// rms is the mean loudness of the column, on the scale of samples.
func (c *column) rms() float64 {
	if c.samples == 0 {
		return 0
	}
	return math.Sqrt(c.squares / float64(c.samples))
}

// peak is the largest sample of the lane, its sign taken away.
func (l *Lane) peak() (p int) {
	for i := range l.columns {
		p = max(p, int(l.columns[i].high), -int(l.columns[i].low))
	}
	return p
}
