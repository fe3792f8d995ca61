package mcu

import (
	"bytes"
	"context"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/seed-f3cefc8c/focus/pkg/c3p"
)

// slowFocus takes one notification at a time, when it is let.
type slowFocus chan struct{}

func (f slowFocus) NotifyC3P(context.Context, *c3p.Notification) error { <-f; return nil }

// A focus that does not listen costs news, which the log tells, and never a clock's time.
func TestNewsForASlowFocus(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		focus, log := make(slowFocus), &bytes.Buffer{}
		n := newNews(ctx, focus, slog.New(slog.NewTextHandler(log, nil)))
		n.tell(&c3p.Notification{})
		synctest.Wait() // it is with the focus
		for range newsQueue + 3 {
			n.tell(&c3p.Notification{})
		}
		close(focus)
		synctest.Wait()
		cancel()
		n.wait()
		if !strings.Contains(log.String(), "notifications were dropped\" count=3") {
			t.Errorf("the log says %q, want that 3 were dropped", log)
		}
	})
}
