package demo

import (
	"context"
	"fmt"
	"time"
)

const (
	refresh   = 50 * time.Millisecond  // of the meters
	breath    = 600 * time.Millisecond // after a turn, so that the last word has come out at the other end
	quietFor  = 700 * time.Millisecond // without a sound, and the announcement is over
	longest   = 8 * time.Second        // that an announcement is waited for
	audibleDB = -50                    // dBov
)

// quiet waits until the server has said what it has to say.
func (m *meeting) quiet(ctx context.Context) error {
	deadline := time.Now().Add(longest)
	silentSince := time.Now()
	return m.until(ctx, func(now time.Time) bool {
		for _, l := range m.levels() {
			if l.Hears > audibleDB {
				silentSince = now
			}
		}
		return now.Sub(silentSince) >= quietFor || now.After(deadline)
	})
}

// turn lets callers speak, and judges what the other one heard of it.
func (m *meeting) turn(ctx context.Context, length time.Duration, speakers []*caller) error {
	began := map[*caller]int{m.alice: m.alice.position(), m.bob: m.bob.position()}
	var last time.Time // when the longest speech is over
	for _, s := range speakers {
		speech := s.beginning(length)
		s.line.Say(s.rate, speech)
		if end := time.Now().Add(time.Duration(len(speech)) * time.Second / time.Duration(s.rate)); end.After(last) {
			last = end
		}
	}
	if err := m.until(ctx, func(now time.Time) bool { return now.Sub(last) >= breath }); err != nil {
		return err
	}
	for _, s := range speakers {
		listener := m.other(s)
		said := envelope(s.beginning(length), s.rate)
		h := judge(said, listener.since(began[listener]))
		h.Talker, h.Listener, h.Together = s.name, listener.name, len(speakers) > 1
		if !h.Together {
			h.Echo = judge(said, s.since(began[s])).Heard
		}
		h.Heard = h.Heard && !h.Echo
		m.hearings = append(m.hearings, h)
	}
	return nil
}

func (m *meeting) other(c *caller) *caller {
	if c == m.alice {
		return m.bob
	}
	return m.alice
}

func (m *meeting) levels() []Levels { return []Levels{m.alice.levels(), m.bob.levels()} }

// until shows the levels until over says so, or a call has ended.
func (m *meeting) until(ctx context.Context, over func(now time.Time) bool) error {
	ticker := time.NewTicker(refresh)
	defer ticker.Stop()
	for {
		select {
		case now := <-ticker.C:
			m.Show.Levels(m.levels())
			if over(now) {
				return nil
			}
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-m.alice.line.Done():
			return fmt.Errorf("the call of Alice has ended: %w", m.alice.line.Err())
		case <-m.bob.line.Done():
			return fmt.Errorf("the call of Bob has ended: %w", m.bob.line.Err())
		}
	}
}
