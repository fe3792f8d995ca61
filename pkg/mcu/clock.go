package mcu

import (
	"context"
	"fmt"
	"log/slog"
	"runtime"
	"runtime/debug"
	"sync/atomic"
	"time"

	"golang.org/x/sys/unix"

	"github.com/seed-f3cefc8c/focus/pkg/media"
	"github.com/seed-f3cefc8c/focus/pkg/mixer"
	"github.com/seed-f3cefc8c/focus/pkg/rtp"
)

const (
	// phases is how many moments of a frame conferences are spread over, so that they do not all mix, and send, at once.
	phases = 5
	// maxCatchUp is how many missed frames a late tick mixes; more are skipped and counted, since nobody wants to hear them.
	maxCatchUp = 3
	// clockQueue bounds the funcs waiting for a clock. Posting to a full queue waits: commands are answered late, not lost.
	clockQueue = 1024
	// complainEvery is how often a clock that is late says so, at most.
	complainEvery = 10 * time.Second
	// clockNice is the priority a clock's thread asks for: a tick that is late is heard by everybody.
	clockNice = -11
	// idlePackets bounds the packets a clock keeps for later.
	idlePackets = 4096
)

// ticking is what lives on a clock.
type ticking interface {
	// tick mixes one frame. now is the moment the frame was due.
	tick(now time.Time)
	// skip passes over frames that came too late to be mixed.
	skip(frames int)
}

// Clock is one goroutine that owns the media of its conferences: their sockets, mixers and legs. A core has one.
//
// It counts frames from a monotonic start, so that lateness never adds up: frame n of phase p is due at
// start + n·20 ms + p·4 ms, whenever the ones before it were mixed.
type Clock struct {
	queue  chan func()
	done   chan struct{}
	start  time.Time
	phase  [phases]phase
	lane   media.Lane    // of all its legs
	shared *media.Shared // ports of all legs with ICE, on any clock; nil: there are none
	batch  *media.Batch  // what sockets are read into
	pool   *rtp.Pool     // packets of all its legs

	load    atomic.Int64 // legs on this clock: what new conferences are placed by
	late    atomic.Uint64
	skipped atomic.Uint64

	log        *slog.Logger
	complained time.Time // when it last said that it skips
	confessed  uint64    // frames it had skipped by then
}

// phase is the conferences that tick at the same moment.
type phase struct {
	members []ticking
	frame   int64 // the last one mixed
}

// newClock starts a clock that runs until ctx ends.
func newClock(ctx context.Context, network media.Network, shared *media.Shared, logger *slog.Logger) *Clock {
	c := &Clock{shared: shared, queue: make(chan func(), clockQueue), done: make(chan struct{}), start: time.Now(), log: logger,
		lane: media.NewBurst(), batch: media.NewBatch(), pool: rtp.NewPool(idlePackets)}
	go c.loop(ctx, network)
	return c
}

// settle gives the clock a thread of its own, ahead of others if that is allowed, and a ring for its lane if the network has one. A test's network
// has neither.
func (c *Clock) settle(network media.Network) {
	n, ok := network.(media.RingNetwork)
	if !ok {
		return
	}
	runtime.LockOSThread() // a ring belongs to the thread that made it; the thread ends with the clock's goroutine
	if err := unix.Setpriority(unix.PRIO_PROCESS, 0, clockNice); err != nil {
		c.log.Debug("media has no priority over other threads", "err", err)
	}
	ring, err := n.NewRing()
	if err != nil {
		c.log.Info("media uses plain system calls", "err", err)
	}
	if ring != nil {
		c.lane = ring
	}
}

// post runs f on the clock's goroutine. It returns ctx's error when the clock has no room for it in time.
func (c *Clock) post(ctx context.Context, f func()) error {
	select {
	case c.queue <- f:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	case <-c.done:
		return context.Canceled
	}
}

// call is post, and waits until f has run. A panic in f is its error.
func (c *Clock) call(ctx context.Context, f func()) error {
	ran := make(chan error, 1)
	if err := c.post(ctx, func() { ran <- c.guard(f) }); err != nil {
		return err
	}
	select {
	case err := <-ran:
		return err
	case <-c.done:
		return context.Canceled
	}
}

// guard keeps a panic inside the command that it belongs to.
func (c *Clock) guard(f func()) (err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("panic on the clock: %v", r)
			c.log.Error("command failed", "err", err, "stack", string(debug.Stack()))
		}
	}()
	f()
	return nil
}

// wait returns when the loop has ended.
func (c *Clock) wait() { <-c.done }

func (c *Clock) loop(ctx context.Context, network media.Network) {
	defer close(c.done)
	c.settle(network)
	defer c.lane.Close()
	timer := time.NewTimer(time.Hour)
	defer timer.Stop()
	for {
		c.arm(timer)
		select {
		case <-ctx.Done():
			return
		case f := <-c.queue:
			_ = c.guard(f) // it is logged
		case <-timer.C:
		}
		c.runDue(time.Now())
		c.lane.Flush()
	}
}

// arm sets the timer to the next frame of a phase that has members; without any there is no tick at all.
func (c *Clock) arm(timer *time.Timer) {
	next, ok := c.next()
	if !ok {
		timer.Stop()
		return
	}
	timer.Reset(time.Until(next))
}

func (c *Clock) next() (next time.Time, ok bool) {
	for i := range c.phase {
		if len(c.phase[i].members) == 0 {
			continue
		}
		if due := c.due(i, c.phase[i].frame+1); !ok || due.Before(next) {
			next, ok = due, true
		}
	}
	return next, ok
}

func (c *Clock) due(phase int, frame int64) time.Time {
	return c.start.Add(time.Duration(frame)*mixer.FrameDuration + time.Duration(phase)*mixer.FrameDuration/phases)
}

// frameAt is the newest frame of a phase that is due.
func (c *Clock) frameAt(phase int, now time.Time) int64 {
	return int64((now.Sub(c.start) - time.Duration(phase)*mixer.FrameDuration/phases) / mixer.FrameDuration)
}

func (c *Clock) runDue(now time.Time) {
	for i := range c.phase {
		if p := &c.phase[i]; len(p.members) > 0 {
			c.run(i, p, c.frameAt(i, now))
		}
	}
}

func (c *Clock) run(i int, p *phase, newest int64) {
	missed := newest - p.frame
	if missed > 1 {
		c.late.Add(uint64(missed - 1))
	}
	if skip := missed - maxCatchUp; skip > 0 {
		c.skipped.Add(uint64(skip))
		c.complain()
		p.frame += skip
		for _, m := range p.members {
			m.skip(int(skip))
		}
	}
	if p.frame < newest {
		c.poll(time.Now())
	}
	for p.frame < newest {
		p.frame++
		now := c.due(i, p.frame)
		for _, m := range p.members {
			m.tick(now)
		}
	}
}

// poll fetches what has come for the legs of this clock, and on the shared ports for all others too.
func (c *Clock) poll(now time.Time) {
	c.lane.Poll(now)
	if c.shared != nil {
		c.shared.Poll(now)
	}
}

// complain says that the machine is too busy, once in a while.
func (c *Clock) complain() {
	now := time.Now()
	if now.Sub(c.complained) < complainEvery {
		return
	}
	c.complained = now
	total := c.skipped.Load()
	c.log.Warn("the machine is too busy for its conferences: audio was skipped", "frames", total-c.confessed)
	c.confessed = total
}

// add gives m the emptiest phase. It runs on the clock.
func (c *Clock) add(m ticking, now time.Time) {
	best := 0
	for i := range c.phase {
		if len(c.phase[i].members) < len(c.phase[best].members) {
			best = i
		}
	}
	p := &c.phase[best]
	if len(p.members) == 0 {
		p.frame = c.frameAt(best, now)
	}
	p.members = append(p.members, m)
}

// remove takes m off the clock. It runs on the clock, also inside a tick: the members are copied, those of this frame are all ticked.
func (c *Clock) remove(m ticking) {
	for i := range c.phase {
		members := c.phase[i].members
		for j, other := range members {
			if other == m {
				c.phase[i].members = append(members[:j:j], members[j+1:]...)
				return
			}
		}
	}
}
