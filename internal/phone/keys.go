package phone

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/seed-f3cefc8c/focus/pkg/media"
	"github.com/seed-f3cefc8c/focus/pkg/rtp"
	"github.com/seed-f3cefc8c/focus/pkg/sip"
)

const (
	keyTime   = 100 * time.Millisecond // a key is held
	keyPause  = 4                      // frames between keys
	keyVolume = -10                    // dBm0
	validKeys = "0123456789*#ABCD"
)

// Why keys are not pressed.
var (
	ErrNoKey    = errors.New("no such key: 0-9, *, #, A-D")
	ErrNoEvents = errors.New("the peer takes no telephone-events")
)

// keys are pressed one after the other, in the place of speech (RFC 4733).
type keys struct {
	payloadType uint8 // 0: not agreed
	clock       uint32
	presses     []press
	event       rtp.EventSender
	pause       int // frames until the next key
	payload     [4]byte
}

// press is a run of keys.
type press struct {
	digits string
	done   chan struct{}
}

// agree follows a new agreement: keys that cannot be sent any more are dropped.
func (k *keys) agree(payloadType uint8, clock uint32) {
	if k.payloadType, k.clock = payloadType, clock; payloadType == 0 {
		k.drop()
	}
}

// press sends the next packet of a key in the place of step RTP units of audio. It is false when no key is down.
func (k *keys) press(to *media.AudioSender, step uint32) bool {
	if !k.event.Active() && !k.begin() {
		return false
	}
	payload, begins, _ := k.event.Next(k.payload[:0], k.clock/50)
	to.WriteEvent(k.payloadType, payload, begins, step)
	if !k.event.Active() {
		k.pause = keyPause
		k.finish()
	}
	return true
}

// begin presses the next key, when it is time.
func (k *keys) begin() bool {
	if k.pause > 0 {
		k.pause--
		return false
	}
	if len(k.presses) == 0 {
		return false
	}
	p := &k.presses[0]
	digit := p.digits[0]
	p.digits = p.digits[1:]
	return k.event.Start(digit, keyVolume, keyTime, k.clock)
}

// finish ends a run with its last key.
func (k *keys) finish() {
	if k.presses[0].digits == "" {
		close(k.presses[0].done)
		k.presses = k.presses[1:]
	}
}

func (k *keys) drop() {
	for _, p := range k.presses {
		close(p.done)
	}
	k.presses, k.event = nil, rtp.EventSender{}
}

// Press sends keys as telephone-events (RFC 4733) and returns when the last is up.
func (p *Phone) Press(ctx context.Context, digits string) error {
	if digits == "" || strings.Trim(digits, validKeys) != "" {
		return fmt.Errorf("pressing keys: %w", ErrNoKey)
	}
	run := press{digits: digits, done: make(chan struct{})}
	agreed := false
	if !p.ask(func() {
		if agreed = p.line.keys.payloadType != 0; agreed {
			p.line.keys.presses = append(p.line.keys.presses, run)
		}
	}) {
		return fmt.Errorf("pressing keys: %w", sip.ErrDialogDone)
	}
	if !agreed {
		return fmt.Errorf("pressing keys: %w", ErrNoEvents)
	}
	select {
	case <-run.done:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// PressByINFO sends keys as INFO requests with application/dtmf-relay, one by one.
func (p *Phone) PressByINFO(ctx context.Context, digits string) error {
	if strings.Trim(digits, validKeys) != "" {
		return fmt.Errorf("pressing keys: %w", ErrNoKey)
	}
	for _, digit := range digits {
		body := fmt.Appendf(nil, "Signal=%c\r\nDuration=%d\r\n", digit, keyTime.Milliseconds())
		res, err := p.dialog.Request(ctx, sip.INFO, "application/dtmf-relay", body)
		if err == nil && !res.IsSuccess() {
			err = &sip.StatusError{Code: res.StatusCode, Reason: res.Reason, Response: res}
		}
		if err != nil {
			return fmt.Errorf("pressing key: %w", err)
		}
	}
	return nil
}
