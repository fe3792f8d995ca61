package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/seed-f3cefc8c/focus/pkg/codec"
	"github.com/seed-f3cefc8c/focus/pkg/media"
	"github.com/seed-f3cefc8c/focus/pkg/sdp"
)

// scenario is a load and for how long it is looked at.
type scenario struct {
	codec      *codec.Codec
	protection protection // of all callers; the zero value: in the clear
	rooms      int
	seats      int // in each room
	talking    int // of them
	muted      bool
	marks      bool
	recorded   bool
	ice        bool // all callers have it: they share one port of the server
	plain      bool // the server uses plain system calls, no io_uring
	warmup     time.Duration
	window     time.Duration
	tolerance  float64 // of clicks: how much steeper than the tones a step may be, for what the codec adds
	profile    string  // file of a CPU profile of the window
}

// outcome is what was measured.
type outcome struct {
	Participants int
	CPU          time.Duration // the server's, in the window
	Window       time.Duration
	Memory       int64 // octets that the calls added, all together
	Expected     int   // packets, by timestamps, all callers together
	Received     int
	Silent       int // callers who heard nothing at all
	Skipped      int // of those expected: the server was late and never sent them, by sequence numbers
	Jitter       time.Duration
	Late         time.Duration // how late the load itself sent: p99
	Delays       []time.Duration
	LostMarks    int
	Heard        verdict
	Idle, Steal  float64 // of the machine, in per cent
	Waiting      float64 // of the window in which something waited for a core, in per cent
	Allocations  float64 // per packet, in and out; negative when the system does not tell
}

// perParticipant is the milliseconds of CPU of a participant-second.
func (o *outcome) perParticipant() float64 {
	return o.CPU.Seconds() * 1000 / (float64(o.Participants) * o.Window.Seconds())
}

// cores is how many of them the server kept busy, in per cent of one.
func (o *outcome) cores() float64 { return 100 * o.CPU.Seconds() / o.Window.Seconds() }

// loss is in per cent of what the server should have sent.
func (o *outcome) loss() float64 {
	if o.Expected == 0 {
		return 100
	}
	return 100 * float64(o.Expected-o.Received) / float64(o.Expected)
}

// run measures a scenario on a system that has nothing else to do.
func (sc scenario) run(ctx context.Context, sys system) (*outcome, error) {
	p, err := newProgram(sc.codec)
	if err != nil {
		return nil, err
	}
	l, err := newLoad(sc.rooms, sc.seats, script{seats: sc.seats, talking: sc.talking, marks: sc.marks}, p)
	if err != nil {
		return nil, err
	}
	defer l.close()
	before, err := residentMemory(sys.PID())
	if err != nil {
		return nil, err
	}
	if err := sc.dial(ctx, sys, l); err != nil {
		return nil, err
	}
	l.listen(ears, sc.window)
	l.run()
	time.Sleep(sc.warmup)
	o, err := sc.measure(sys, l)
	l.stop()
	if err != nil {
		return nil, err
	}
	after, err := residentMemory(sys.PID())
	o.Memory = after - before
	return o, errors.Join(err, o.listen(l, sc.tolerance))
}

// dial makes the conferences and calls them.
func (sc scenario) dial(ctx context.Context, sys system, l *load) error {
	for room := range sc.rooms {
		conference, err := sys.Conference(ctx)
		if err != nil {
			return err
		}
		for _, c := range l.callers[room*sc.seats : (room+1)*sc.seats] {
			if err := sc.call(ctx, sys, conference, c, l.rtcp.LocalAddr().Port()); err != nil {
				return fmt.Errorf("%s: %w", c.name, err)
			}
		}
		if sc.muted {
			if err := sys.Mute(ctx, conference); err != nil {
				return err
			}
		}
		if sc.recorded {
			if err := sys.Record(ctx, conference); err != nil {
				return err
			}
		}
	}
	return nil
}

func (sc scenario) call(ctx context.Context, sys system, conference string, c *caller, rtcp uint16) error {
	offer := c.offer(rtcp)
	if sc.ice {
		c.path = newICEPath()
		offer = c.path.offer(offer, c)
	}
	agree, offer, err := sc.protection.offer(c, offer)
	if err != nil {
		return err
	}
	answer, err := sys.Call(ctx, conference, c.name, offer)
	if err != nil {
		return err
	}
	agreed, err := completed(offer, answer, sc.codec)
	if err != nil {
		return err
	}
	c.to = media.NewDestination(agreed.Remote)
	if c.path != nil {
		if err := c.path.connect(c, agreed.RemoteICE); err != nil {
			return err
		}
	}
	return agree(agreed)
}

// completed is the audio that a caller offered and a server answered.
func completed(offer, answer string, c *codec.Codec) (*sdp.Stream, error) {
	offered, err := sdp.Parse(offer)
	if err != nil {
		return nil, err
	}
	answered, err := sdp.Parse(answer)
	if err != nil {
		return nil, err
	}
	agreed, err := sdp.Complete(offered, answered, sdp.Capabilities{Codecs: []*codec.Codec{c}, SDES: true, DTLS: true, RTCPMux: true})
	if err != nil {
		return nil, err
	}
	return agreed.Audio, nil
}

// measure looks at the server for the length of the window.
func (sc scenario) measure(sys system, l *load) (*outcome, error) {
	o := &outcome{Participants: len(l.callers)}
	stop := func() error { return nil }
	if sc.profile != "" {
		var err error
		if stop, err = sys.Profile(sc.profile); err != nil {
			return nil, err
		}
	}
	allocated := sys.Allocations()
	cpu, err := cpuTime(sys.PID())
	if err != nil {
		return nil, err
	}
	rest, waited, began := machineTime(), pressure(), time.Now()
	l.measure(sc.window)
	after, err := cpuTime(sys.PID())
	o.CPU, o.Window = after-cpu, time.Since(began)
	o.Idle, o.Steal = machineTime().since(rest)
	o.Waiting = 100 * (pressure() - waited).Seconds() / o.Window.Seconds()
	o.Allocations = float64(sys.Allocations()-allocated) / (2 * float64(len(l.callers)) * o.Window.Seconds() * 50)
	return o, errors.Join(err, stop())
}

// listen adds up what the callers counted, and judges what was heard.
func (o *outcome) listen(l *load, tolerance float64) error {
	jitter, late := new(histogram), new(histogram)
	for _, w := range l.workers {
		jitter.merge(w.jitter)
		late.merge(w.late)
	}
	o.Jitter, o.Late = jitter.quantile(0.99), late.quantile(0.99)
	marks := map[int][]time.Time{}
	for _, c := range l.callers {
		o.Expected += c.heard.frames(c.units)
		o.Received += c.heard.received
		o.Skipped += c.heard.frames(c.units) - c.heard.expected()
		if c.heard.received == 0 {
			o.Silent++
		}
		marks[c.room] = append(marks[c.room], c.sent...)
	}
	for _, c := range l.callers {
		if c.ear == nil {
			continue
		}
		s, err := c.ear.decode()
		if err != nil {
			return err
		}
		o.Heard.judge(s, c, l.start, tolerance)
		o.hearMarks(s, c, marks[c.room])
	}
	return nil
}

// hearMarks measures the delay of the marks that others gave.
func (o *outcome) hearMarks(s *sound, c *caller, sent []time.Time) {
	own := map[time.Time]bool{}
	for _, t := range c.sent {
		own[t] = true
	}
	var others []time.Time
	for _, t := range sent {
		if !own[t] {
			others = append(others, t)
		}
	}
	d, lost := delays(s, c.program, others)
	o.Delays = append(o.Delays, d...)
	o.LostMarks += lost
}
