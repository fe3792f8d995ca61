package sip

import (
	"context"
	"fmt"
	"math/rand/v2"
	"strconv"
	"strings"
	"time"
)

// Update sends an UPDATE (RFC 3311), with an offer or without, and tries again what the peer was too busy for, as [Dialog.Invite] does. While an
// offer or another UPDATE is open there is [ErrPending].
func (d *Dialog) Update(ctx context.Context, contentType string, body []byte, headers ...Header) (*Response, error) {
	for {
		res, err := d.updateOnce(ctx, contentType, body, headers)
		if err != nil || res.IsSuccess() {
			return res, err
		}
		if wait, again := d.tryAgain(res); !again {
			return res, nil
		} else if err := d.pause(ctx, wait); err != nil {
			return res, fmt.Errorf("UPDATE after %d: %w", res.StatusCode, err)
		}
	}
}

func (d *Dialog) updateOnce(ctx context.Context, contentType string, body []byte, headers []Header) (*Response, error) {
	d.mu.Lock()
	if d.updating || len(body) > 0 && d.exchange.Open {
		d.mu.Unlock()
		return nil, fmt.Errorf("UPDATE: %w", ErrPending)
	}
	d.updating = true
	d.mu.Unlock()
	defer func() {
		d.mu.Lock()
		d.updating = false
		d.mu.Unlock()
	}()
	return d.Request(ctx, UPDATE, contentType, body, headers...)
}

// tryAgain says whether a refusal is only for now, and how long to wait: 491 by glare (RFC 3261 §14.1), 500 with a Retry-After of the overlapping
// requests of §14.2 and RFC 3311 §5.2, 422 when a longer session will do.
func (d *Dialog) tryAgain(res *Response) (wait time.Duration, again bool) {
	switch res.StatusCode {
	case 491:
		return d.backOff(), true
	case 422:
		return 0, d.raiseSession(res)
	case 500:
		text, _, _ := strings.Cut(HeaderValue(res, "Retry-After"), ";")
		seconds, err := strconv.Atoi(strings.TrimSpace(text))
		return time.Duration(seconds) * time.Second, err == nil && seconds >= 0 && seconds <= 10
	}
	return 0, false
}

// backOff: "If the UAC is the owner of the Call-ID of the dialog ID ..., T has a randomly chosen value between 2.1 and 4 seconds in units of 10
// ms. If the UAC is not the owner of the Call-ID of the dialog ID, T has a randomly chosen value of between 0 and 2 seconds" (RFC 3261 §14.1).
func (d *Dialog) backOff() time.Duration {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.s.Caller {
		return 2100*time.Millisecond + time.Duration(rand.IntN(191))*10*time.Millisecond
	}
	return time.Duration(rand.IntN(201)) * 10 * time.Millisecond
}

func (d *Dialog) pause(ctx context.Context, wait time.Duration) error {
	select {
	case <-time.After(wait):
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-d.Done():
		return ErrDialogDone
	}
}
