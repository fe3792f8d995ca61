package webhook

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"time"
)

// Config is what a Sender needs; all may be left zero.
type Config struct {
	Networks []netip.Prefix     // that are not public and may be sent to nevertheless, also without TLS
	TLS      func() *tls.Config // of each connection; nil: the system's roots
	Name     string             // for User-Agent
	Logger   *slog.Logger
}

// Sender posts messages. Safe for concurrent use.
type Sender struct {
	config Config
	log    *slog.Logger
	client *http.Client
}

// Target is who gets messages.
type Target struct{ URL, Secret string }

// Bounds of a delivery.
const (
	attemptTime   = 10 * time.Second
	firstPause    = time.Second
	longestPause  = 5 * time.Minute
	giveUpAfter   = time.Hour
	maxAnswer     = 64 << 10 // of a body that nobody reads
	maxConnsATime = 8        // to one host
)

// Errors of Send.
var (
	ErrGone   = errors.New("the receiver wants no more") // 410
	ErrGaveUp = errors.New("the receiver does not take it")
)

// New makes a sender.
func New(config Config) *Sender {
	s := &Sender{config: config, log: config.Logger}
	if s.log == nil {
		s.log = slog.New(slog.DiscardHandler)
	}
	dialer := &net.Dialer{Timeout: attemptTime, Control: s.control}
	transport := &http.Transport{ // without Proxy: it would be asked to connect where we must not
		DialContext: dialer.DialContext, MaxConnsPerHost: maxConnsATime, MaxIdleConns: 64, IdleConnTimeout: 30 * time.Second,
		DisableCompression: true, MaxResponseHeaderBytes: 16 << 10, TLSHandshakeTimeout: attemptTime,
	}
	if config.TLS != nil {
		transport.TLSClientConfig = config.TLS()
	}
	s.client = &http.Client{
		Transport: transport, Timeout: attemptTime,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	return s
}

// Close ends idle connections.
func (s *Sender) Close() { s.client.CloseIdleConnections() }

// Send posts a JSON message until the receiver has taken it with 2xx: at once, then after pauses that grow to five minutes, for an hour. All
// attempts carry the same id; the receiver may get it more than once. ErrGone, ErrGaveUp, ErrTarget, ErrSecret, or that ctx has ended.
func (s *Sender) Send(ctx context.Context, to Target, id string, body []byte) error {
	key, err := keyOf(to.Secret)
	if err != nil {
		return err
	}
	began, pause := time.Now(), firstPause
	for attempt := 1; ; attempt++ {
		err := s.post(ctx, to.URL, key, id, body)
		switch {
		case err == nil, errors.Is(err, ErrGone), ctx.Err() != nil:
			return err
		case time.Since(began) >= giveUpAfter:
			return fmt.Errorf("%w: %d attempts, the last: %w", ErrGaveUp, attempt, err)
		}
		s.log.Debug("webhook is not taken", "id", id, "attempt", attempt, "err", err)
		if err := wait(ctx, jittered(pause)); err != nil {
			return err
		}
		pause = min(2*pause, longestPause)
	}
}

// jittered is half a pause to a whole one: receivers that come back are not hit by all at once.
func jittered(pause time.Duration) time.Duration {
	return pause/2 + rand.N(pause/2)
}

func wait(ctx context.Context, pause time.Duration) error {
	timer := time.NewTimer(pause)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// post makes one attempt. Its error does not name the URL: that may hold a secret of the receiver's.
func (s *Sender) post(ctx context.Context, target string, key []byte, id string, body []byte) error {
	if err := s.Check(target); err != nil {
		return err
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, target, bytes.NewReader(body))
	if err != nil {
		return ErrTarget
	}
	request.Header.Set("Content-Type", "application/json")
	if s.config.Name != "" {
		request.Header.Set("User-Agent", s.config.Name)
	}
	sign(request.Header, key, id, time.Now(), body)
	response, err := s.client.Do(request)
	if err != nil {
		var wrapped *url.Error
		if errors.As(err, &wrapped) {
			err = wrapped.Err
		}
		return err
	}
	defer response.Body.Close()
	_, _ = io.CopyN(io.Discard, response.Body, maxAnswer)
	switch {
	case response.StatusCode == http.StatusGone:
		return ErrGone
	case response.StatusCode < 200 || response.StatusCode > 299:
		return fmt.Errorf("answered %d", response.StatusCode)
	}
	return nil
}
