// Package waveform draws sound over time: a lane for each voice, one above the other, and a scale of seconds below them. It needs
// nothing but the standard library: not even a font.
package waveform

import (
	"fmt"
	"image"
	"image/color"
	"image/draw"
	"image/png"
	"io"
	"time"
)

// Measures in pixels.
const (
	nameWidth  = 190
	laneHeight = 120
	laneGap    = 14
	titleSpace = 52
	axisSpace  = 44
	margin     = 24
	large      = 2 // scale of text
	maxGain    = 4 // of quiet pictures
)

var (
	paper  = color.RGBA{0xff, 0xff, 0xff, 0xff}
	ground = color.RGBA{0xf4, 0xf5, 0xf7, 0xff}
	grid   = color.RGBA{0xdf, 0xe2, 0xe7, 0xff}
	ink    = color.RGBA{0x22, 0x26, 0x2d, 0xff}
	faint  = color.RGBA{0x6b, 0x72, 0x80, 0xff}
)

// Inks are colours that people tell apart, also those who see fewer: the first for a mix, the others for voices (Okabe and Ito).
var Inks = []color.RGBA{
	{0x3f, 0x48, 0x57, 0xff}, {0x00, 0x72, 0xb2, 0xff}, {0xd5, 0x5e, 0x00, 0xff}, {0x00, 0x9e, 0x73, 0xff}, {0xcc, 0x79, 0xa7, 0xff}, {0xe6, 0x9f, 0x00, 0xff},
}

// Picture is what is drawn. All lanes are as long as it is.
type Picture struct {
	Title  string
	Length time.Duration
	Lanes  []*Lane
}

// WritePNG draws the picture.
func (p *Picture) WritePNG(w io.Writer) error { return png.Encode(w, p.draw()) }

func (p *Picture) draw() *image.RGBA {
	height := titleSpace + len(p.Lanes)*(laneHeight+laneGap) + axisSpace
	dst := image.NewRGBA(image.Rect(0, 0, margin+nameWidth+columns+margin, height))
	fill(dst, dst.Bounds(), paper)
	text(dst, margin, 20, large, ink, clip(large, nameWidth+columns, p.Title))
	for i, l := range p.Lanes {
		fill(dst, p.room(i), ground)
		text(dst, margin, p.room(i).Min.Y+laneHeight/2-18, large, l.Color, clip(large, nameWidth-12, l.Name))
		text(dst, margin, p.room(i).Min.Y+laneHeight/2+6, 1, faint, clip(1, nameWidth-12, l.Note))
	}
	p.axis(dst)
	gain := p.gain()
	for i, l := range p.Lanes {
		l.draw(dst, p.room(i), gain)
	}
	return dst
}

// room is where the sound of a lane is drawn.
func (p *Picture) room(lane int) image.Rectangle {
	top := titleSpace + lane*(laneHeight+laneGap)
	return image.Rect(margin+nameWidth, top, margin+nameWidth+columns, top+laneHeight)
}

// gain is one for all lanes, so that they can be compared: the loudest fills its lane.
func (p *Picture) gain() float64 {
	peak := 1
	for _, l := range p.Lanes {
		peak = max(peak, l.peak())
	}
	return min(maxGain, 32000/float64(peak))
}

// draw fills each column from its lowest to its highest sample, and darker as far as its mean reaches.
func (l *Lane) draw(dst *image.RGBA, room image.Rectangle, gain float64) {
	middle := room.Min.Y + laneHeight/2
	reach := func(s float64) int { return int(s * gain / 32768 * (laneHeight / 2)) }
	light := mix(l.Color, ground)
	for x := range l.columns {
		c := &l.columns[x]
		at := room.Min.X + x
		fill(dst, image.Rect(at, middle-reach(float64(c.high)), at+1, middle-reach(float64(c.low))+1), light)
		fill(dst, image.Rect(at, middle-reach(c.rms()), at+1, middle+reach(c.rms())+1), l.Color)
	}
}

// axis draws the seconds.
func (p *Picture) axis(dst *image.RGBA) {
	step := tick(p.Length)
	bottom := p.room(len(p.Lanes)).Min.Y - laneGap
	for at := time.Duration(0); at <= p.Length; at += step {
		x := margin + nameWidth + min(columns-1, int(int64(columns)*int64(at)/int64(max(p.Length, 1))))
		fill(dst, image.Rect(x, titleSpace-6, x+1, bottom+6), grid)
		label := clock(at)
		text(dst, x-width(large, label)/2, bottom+12, large, faint, label)
	}
}

// tick is the distance between marks: a round number, and not more than sixteen of them.
func tick(length time.Duration) time.Duration {
	for _, seconds := range []int{1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 1200, 1800} {
		if d := time.Duration(seconds) * time.Second; length/d <= 16 {
			return d
		}
	}
	return max(time.Hour, (length / 16).Round(time.Hour))
}

func clock(at time.Duration) string {
	seconds := int(at / time.Second)
	if seconds < 60 {
		return fmt.Sprintf("%ds", seconds)
	}
	return fmt.Sprintf("%d:%02d", seconds/60, seconds%60)
}

func fill(dst *image.RGBA, where image.Rectangle, c color.RGBA) {
	draw.Draw(dst, where, image.NewUniform(c), image.Point{}, draw.Src)
}

// mix is a third of a and the rest b.
func mix(a, b color.RGBA) color.RGBA {
	m := func(x, y uint8) uint8 { return uint8((int(x) + 2*int(y)) / 3) }
	return color.RGBA{m(a.R, b.R), m(a.G, b.G), m(a.B, b.B), 0xff}
}
