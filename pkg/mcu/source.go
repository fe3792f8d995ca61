package mcu

import (
	"fmt"
	"runtime/debug"
	"time"

	"github.com/seed-f3cefc8c/focus/pkg/pcm"
)

// voice is a leg as the mixer hears it: its stream, with what is recorded tapped off on the way. It implements mixer.Source,
// and keeps a panic in the stream inside the leg: the leg ends, the mix goes on.
type voice struct {
	leg   *Leg
	level pcm.Level
}

func (v *voice) Rate() int { return v.leg.stream.Rate() }

func (v *voice) Advance(now time.Time) (level pcm.Level) {
	defer v.leg.rescue("advancing")
	v.level = pcm.Level{DBov: pcm.Silence}
	if v.leg.failed == nil {
		v.level = v.leg.stream.Advance(now)
	}
	return v.level
}

func (v *voice) Frame(dst []int16) {
	defer v.leg.rescue("decoding")
	if v.leg.failed != nil {
		clear(dst)
		return
	}
	v.leg.stream.Frame(dst)
	v.leg.tapFrame(dst)
}

// outlet is where the mixer leaves what the leg hears. It implements mixer.Sink.
type outlet struct{ leg *Leg }

func (o outlet) WritePayload(payload []byte, duration uint32) {
	defer o.leg.rescue("sending")
	o.leg.sender.WritePayload(payload, duration)
}

// rescue turns a panic into the end of this leg.
func (l *Leg) rescue(doing string) {
	if r := recover(); r != nil {
		l.failed = fmt.Errorf("panic while %s: %v", doing, r)
		l.log.Error("leg failed", "err", l.failed, "stack", string(debug.Stack()))
	}
}
