package testenv

import (
	"context"
	"fmt"
	"math"
	"net/netip"
	"sync"
	"time"

	"github.com/seed-f3cefc8c/focus/internal/phone"
	"github.com/seed-f3cefc8c/focus/pkg/codec"
	"github.com/seed-f3cefc8c/focus/pkg/codec/g711"
	"github.com/seed-f3cefc8c/focus/pkg/pcm"
)

// Caller is somebody whose telephone has media: it says a tone, and keeps what it hears.
type Caller struct {
	*phone.Phone
	w    *World
	name string
	hz   float64

	mu    sync.Mutex
	heard []int16 // the last second, at 8000 Hz
}

// callerRate is the rate of a caller's codec.
const callerRate = 8000

// Calls brings a caller into a conference, with a tone of his own.
func (w *World) Calls(name, uri string, hz float64, change func(*phone.Config)) *Caller {
	w.Helper()
	c := &Caller{w: w, name: name, hz: hz}
	w.phones++
	config := phone.Config{
		Target: uri, Identity: "sip:" + name + "@elsewhere.example", Server: Address, Codecs: []*codec.Codec{g711.PCMU},
		Address: netip.MustParseAddr(fmt.Sprintf("192.0.2.%d", 100+w.phones)), Hears: c.hears,
		Network: phone.Network{ListenPacket: w.Net.ListenPacket, Media: w.Media},
	}
	if change != nil {
		change(&config)
	}
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	p, err := phone.Dial(ctx, config)
	if err != nil {
		w.Fatalf("%s: %v", name, err)
	}
	c.Phone = p
	w.Cleanup(func() { _ = p.HangUp(context.Background()) })
	p.Say(callerRate, pcm.Tone(callerRate, hz, 90*time.Second, -12))
	return c
}

func (c *Caller) hears(_ int, frame []int16) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.heard = append(c.heard, frame...)
	c.heard = c.heard[max(0, len(c.heard)-callerRate):]
}

// Level is how loud a tone was in the last second that the caller heard, in dB below full scale.
func (c *Caller) Level(hz float64) float64 {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.heard) == 0 {
		return -127
	}
	var re, im float64
	for i, s := range c.heard {
		a := 2 * math.Pi * hz * float64(i) / callerRate
		re += float64(s) * math.Cos(a)
		im += float64(s) * math.Sin(a)
	}
	return 20 * math.Log10(2*math.Hypot(re, im)/float64(len(c.heard))/32768+1e-9)
}

// WantsToHear fails unless the caller hears the others.
func (c *Caller) WantsToHear(others ...*Caller) {
	c.w.Helper()
	for _, o := range others {
		if l := c.Level(o.hz); l < -30 {
			c.w.Errorf("%s hears %s at %.0f dB", c.name, o.name, l)
		}
	}
}
