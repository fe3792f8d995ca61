package demo

import (
	"bytes"
	"embed"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"
	"time"

	"github.com/seed-f3cefc8c/focus/internal/phone"
	"github.com/seed-f3cefc8c/focus/pkg/pcm"
	"github.com/seed-f3cefc8c/focus/pkg/recorder"
)

//go:embed voices/*.opus
var voices embed.FS

// step is how finely levels are kept.
const step = 20 * time.Millisecond

// caller is one of the two: what it says, and how loud everything was that it heard.
type caller struct {
	name   string
	speech []int16 // with rate samples a second
	rate   int
	line   *phone.Phone

	mu    sync.Mutex
	heard []int8 // dBov of each 20 ms since the call was answered
}

func newCaller(name string) (*caller, error) {
	c := &caller{name: name}
	file, err := voices.ReadFile("voices/" + c.user() + ".opus")
	if err != nil {
		return nil, err
	}
	if c.rate, c.speech, err = decode(file); err != nil {
		return nil, fmt.Errorf("%s's voice: %w", name, err)
	}
	return c, nil
}

func (c *caller) user() string { return strings.ToLower(c.name) }

func decode(file []byte) (rate int, samples []int16, err error) {
	r, err := recorder.NewReader(bytes.NewReader(file))
	if err != nil {
		return 0, nil, err
	}
	defer r.Close()
	block := make([]int16, r.Rate())
	for {
		n, err := r.Read(block)
		samples = append(samples, block[:n]...)
		if errors.Is(err, io.EOF) {
			return r.Rate(), samples, nil
		}
		if err != nil {
			return 0, nil, err
		}
	}
}

func (c *caller) connect(line *phone.Phone) { c.line = line }

// hears runs on the phone's goroutine.
func (c *caller) hears(_ int, frame []int16) {
	level := int8(pcm.LevelOf(frame))
	c.mu.Lock()
	defer c.mu.Unlock()
	c.heard = append(c.heard, level)
}

// position is how many steps have been heard.
func (c *caller) position() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return len(c.heard)
}

// since are the levels heard from a position on.
func (c *caller) since(position int) []int8 {
	c.mu.Lock()
	defer c.mu.Unlock()
	return append([]int8(nil), c.heard[min(position, len(c.heard)):]...)
}

// beginning is the first part of the speech, or all of it when length is 0.
func (c *caller) beginning(length time.Duration) []int16 {
	n := int(length.Seconds() * float64(c.rate))
	if n == 0 || n > len(c.speech) {
		return c.speech
	}
	return c.speech[:n]
}

func (c *caller) levels() Levels {
	says, hears := c.line.Levels()
	return Levels{Name: c.name, Says: says, Hears: hears}
}

func (c *caller) summary() Caller {
	s := c.line.Stats()
	return Caller{
		Name: c.name, Codec: c.line.Codec(), Sent: s.Sent.Packets, Received: s.Heard.Received, Lost: s.Heard.Lost,
		RoundTripMS: s.Transport.RoundTrip.Milliseconds(),
	}
}
