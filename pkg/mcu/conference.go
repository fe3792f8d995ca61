package mcu

import (
	"context"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"runtime/debug"
	"sync/atomic"
	"time"

	"github.com/seed-f3cefc8c/focus/pkg/c3p"
	"github.com/seed-f3cefc8c/focus/pkg/confinfo"
	"github.com/seed-f3cefc8c/focus/pkg/mixer"
	"github.com/seed-f3cefc8c/focus/pkg/sdp"
)

const (
	// watchEvery is how many frames lie between two looks at who speaks: five times a second is as fast as people read.
	watchEvery = 10
	// samplesPerFrame is the length of a frame on the conference clock, which counts samples at 48 kHz.
	samplesPerFrame = 960
)

// Conference is the media plane of one conference. Its state belongs to its clock's goroutine.
type Conference struct {
	entity                           string // the focus URI
	id, subject, organizer, language string
	server                           *Server
	clock                            *Clock
	log                              *slog.Logger
	began                            time.Time
	epoch                            uint64       // of the focus that commands it; guarded by the server's lock
	encryption                       atomic.Value // string, a value of confinfo.Encryption…; empty: as the server has it

	mixer         *mixer.Mixer
	legs          []*Leg
	frames        int64 // the conference clock: frames since it began, skipped ones included
	ticking       bool
	ended         bool
	announcements bool                     // join and leave tones
	filters       map[string]*mixer.Filter // whom users hear, by user; not there: everybody
	playback      *playback
	recording     *recording
	buffer        [samplesPerFrame]int16
}

func (s *Server) newConference(document *confinfo.Document) *Conference {
	c := &Conference{
		entity: document.Entity, server: s, clock: s.quietest(), log: s.config.Logger.With("conference", document.Entity),
		began:         time.Now(),
		mixer:         mixer.New(mixer.Config{Seed: rand.Uint64()}),
		announcements: true,
		filters:       make(map[string]*mixer.Filter),
	}
	if s := document.ConferenceState; s != nil && s.Announcements != nil {
		c.announcements = *s.Announcements
	}
	if d := document.Description; d != nil {
		c.id, c.subject, c.organizer, c.language = d.ConferenceID, d.Subject, d.Organizer, d.Language
		c.encryption.Store(d.Encryption)
	}
	return c
}

// position is now on the conference clock, in samples at 48 kHz.
func (c *Conference) position() int64 { return c.frames * samplesPerFrame }

// tick is one frame: what came in, the mix, what is recorded of it, and then who is speaking or gone.
func (c *Conference) tick(now time.Time) {
	defer c.rescue()
	c.frames++
	read := time.Now()
	for _, l := range c.legs {
		l.poll(c.clock.batch, read)
	}
	c.speak()
	c.mixer.Tick(now)
	for _, l := range c.legs {
		l.tickAlone(now)
	}
	c.record()
	if c.frames%watchEvery == 0 {
		c.watch(now)
	}
}

// skip passes over frames that came too late: time goes on for recordings and for the timestamps that are sent.
func (c *Conference) skip(frames int) {
	c.frames += int64(frames)
	for _, l := range c.legs {
		l.skip(frames)
	}
}

// rescue turns a panic that is no leg's own into the end of this conference's legs: the other conferences go on.
func (c *Conference) rescue() {
	r := recover()
	if r == nil {
		return
	}
	c.log.Error("mix failed", "err", r, "stack", string(debug.Stack()))
	now := time.Now()
	for len(c.legs) > 0 {
		l := c.legs[0]
		l.failed = fmt.Errorf("panic while mixing: %v", r)
		c.unlink(l, now)
		c.tellRoster(l.departed(now))
	}
}

// watch reports who began or stopped to speak, and takes out the legs that are gone.
func (c *Conference) watch(now time.Time) {
	var dead []*Leg
	for _, l := range c.legs {
		l.reportSpeaking()
		l.reportProtection()
		l.reportQuality(now)
		if l.gone(now) {
			dead = append(dead, l)
		}
	}
	for _, l := range dead {
		c.unlink(l, now)
		c.tellRoster(l.departed(now))
	}
}

// link brings a leg onto the clock. It runs there.
func (c *Conference) link(l *Leg, agreed *negotiated, now time.Time) {
	if !c.ticking {
		c.catchUp(now)
		c.clock.add(c, now)
		c.ticking = true
	}
	c.legs = append(c.legs, l)
	c.clock.load.Add(1)
	l.transport.Ride(c.clock.lane)
	switch {
	case agreed != nil:
		l.apply(agreed)
		l.enter()
	case l.policy() == sdp.Required: // the answer is still to come
		l.transport.Protect()
	}
}

// catchUp moves the conference clock over the time in which there was no tick.
func (c *Conference) catchUp(now time.Time) {
	if !c.ticking {
		c.frames = max(c.frames, int64(now.Sub(c.began)/mixer.FrameDuration))
	}
}

// unlink takes a leg out of the mix and off the clock, and closes it. It runs on the clock; a conference without legs has
// no tick.
func (c *Conference) unlink(l *Leg, now time.Time) {
	for i, other := range c.legs {
		if other != l {
			continue
		}
		c.legs = append(c.legs[:i:i], c.legs[i+1:]...)
		c.clock.load.Add(-1)
		l.end(now)
		if len(c.legsOf(l.user)) == 0 {
			delete(c.filters, l.user)
		}
		break
	}
	if len(c.legs) == 0 && c.ticking {
		c.clock.remove(c)
		c.ticking = false
	}
}

// leg finds a leg by its keys. It runs on the clock.
func (c *Conference) leg(user, endpoint string) *Leg {
	for _, l := range c.legs {
		if l.user == user && l.endpoint == endpoint {
			return l
		}
	}
	return nil
}

// end closes recordings and legs, and waits until that is done.
func (c *Conference) end(ctx context.Context, reason string) {
	var stopped *recording
	_ = c.clock.call(ctx, func() {
		now := time.Now()
		c.ended = true
		stopped = c.detachRecording()
		for len(c.legs) > 0 {
			c.unlink(c.legs[0], now)
		}
		c.mixer.Close()
	})
	if stopped != nil {
		stopped.stop(reason)
	}
}

// tell sends news of this conference to the focus.
func (c *Conference) tell(events ...c3p.Event) {
	c.server.news.tell(&c3p.Notification{From: c.entity, To: c.entity, Events: events})
}

func (c *Conference) tellRoster(document *confinfo.Document) {
	c.server.news.tell(&c3p.Notification{From: c.entity, To: c.entity, Conference: document})
}
