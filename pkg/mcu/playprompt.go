package mcu

import (
	"context"
	"fmt"
	"time"

	"github.com/seed-f3cefc8c/focus/pkg/c3p"
	"github.com/seed-f3cefc8c/focus/pkg/mixer"
	"github.com/seed-f3cefc8c/focus/pkg/pcm"
)

const (
	// promptRate is what prompts are kept at; the mixer resamples them to what the conference runs at.
	promptRate = 16000
	// maxRepeats bounds how often one command speaks.
	maxRepeats = 20
)

// player is where a prompt goes: a member, or the room.
type player interface {
	Play(rate int, clip []int16) bool
	StopPlaying()
}

// playback is a prompt being spoken.
type playback struct {
	keys        c3p.EndpointKeys
	id          string
	clips       [][]int16
	repeats     int   // left
	pause       int64 // between repeats, in frames
	length      int64 // of all clips, in frames
	next        int64 // frame at which the next round begins, or it is over
	stopOnDigit bool
}

// playPrompt speaks to one endpoint, to a user, or to everybody. What was being spoken there ends.
func (s *Server) playPrompt(ctx context.Context, call *c3p.Call) (c3p.Command, error) {
	command := call.Request.Command.(*c3p.PlayPrompt)
	c, err := s.conference(command.Keys.Conference)
	if err != nil {
		return nil, err
	}
	if command.Keys.User == "" {
		return nil, c.speakToAll(ctx, command)
	}
	var spoken error
	err = c.clock.call(ctx, func() { spoken = c.speakToUser(command) })
	if err != nil {
		return nil, err
	}
	return nil, spoken
}

func (c *Conference) speakToAll(ctx context.Context, command *c3p.PlayPrompt) error {
	p, err := c.newPlayback(command, c.language)
	if err != nil {
		return err
	}
	return c.clock.call(ctx, func() {
		c.stopPlayback(c.mixer, c.playback, c3p.OutcomeInterrupted)
		c.playback = p
	})
}

func (c *Conference) speakToUser(command *c3p.PlayPrompt) error {
	spoken := fmt.Errorf("user %s: %w", command.Keys.User, errNoEndpoint)
	for _, l := range c.legsOf(command.Keys.User) {
		if command.Keys.Endpoint != "" && command.Keys.Endpoint != l.endpoint || l.member == nil { // without an answer nobody hears
			continue
		}
		p, err := c.newPlayback(command, l.language)
		if err != nil {
			return err
		}
		l.stopPlayback(c3p.OutcomeInterrupted)
		l.playback, spoken = p, nil
	}
	return spoken
}

// newPlayback finds the clips; nil is the wish for silence.
func (c *Conference) newPlayback(command *c3p.PlayPrompt, language string) (*playback, error) {
	if len(command.Prompts) == 0 {
		return nil, nil
	}
	if command.Language != "" {
		language = command.Language
	}
	p := &playback{
		keys: command.Keys, id: command.ID, stopOnDigit: command.StopOnDigit,
		repeats: min(max(command.Repeat, 1), maxRepeats), pause: int64(command.Interval / mixer.FrameDuration),
	}
	for _, name := range command.Prompts {
		clip := c.server.config.Prompts.PCM(language, name, promptRate)
		if clip == nil {
			return nil, fmt.Errorf("prompt %q: %w", name, errNoPrompt)
		}
		p.clips = append(p.clips, clip)
		p.length += int64((len(clip) + promptRate/50 - 1) / (promptRate / 50))
	}
	return p, nil
}

// speak goes on with a playback when its time has come, and reports whether it is over.
func (p *playback) speak(frame int64, to player) (over bool) {
	if frame < p.next {
		return false
	}
	if p.repeats == 0 {
		return true
	}
	p.repeats--
	for _, clip := range p.clips {
		to.Play(promptRate, clip)
	}
	p.next = frame + p.length
	if p.repeats > 0 {
		p.next += p.pause
	}
	return false
}

// speak goes on with everything that is being spoken.
func (c *Conference) speak() {
	if c.playback != nil && c.playback.speak(c.frames, c.mixer) {
		p := c.playback
		c.playback = nil
		c.finished(p, c3p.OutcomeFinished)
	}
	for _, l := range c.legs {
		if l.playback != nil && l.playback.speak(c.frames, l.member) {
			p := l.playback
			l.playback = nil
			c.finished(p, c3p.OutcomeFinished)
		}
	}
}

func (c *Conference) stopPlayback(where player, p *playback, outcome string) {
	if p != nil {
		where.StopPlaying()
		c.finished(p, outcome)
	}
}

func (l *Leg) stopPlayback(outcome string) {
	p := l.playback
	l.playback = nil
	l.conference.stopPlayback(l.member, p, outcome)
}

func (c *Conference) finished(p *playback, outcome string) {
	c.tell(&c3p.PromptFinished{Keys: p.keys, ID: p.id, Outcome: outcome})
}

// The tones that say somebody came or left: two notes up, two notes down.
const toneLevel = -30 // dBov

func tones(first, second float64) []int16 {
	return append(pcm.Tone(promptRate, first, 90*time.Millisecond, toneLevel), pcm.Tone(promptRate, second, 130*time.Millisecond, toneLevel)...)
}

// tone is a sound for the whole room.
type tone struct{ clip []int16 }

var (
	toneJoined = tone{tones(523, 784)}
	toneLeft   = tone{tones(784, 523)}
)

// announce plays a tone to everybody who is there, if tones are wanted.
func (c *Conference) announce(t tone) {
	if c.announcements && c.mixer.Len() > 1 {
		c.mixer.Play(promptRate, t.clip)
	}
}
