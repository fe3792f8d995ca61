package mcu

import (
	"context"
	"log/slog"
	"sync/atomic"

	"github.com/seed-f3cefc8c/focus/pkg/c3p"
)

// newsQueue bounds the notifications on their way to the focus. When it is full the newest is dropped and counted: the
// clock must not wait for a focus.
const newsQueue = 8192

// news carries notifications from the clocks to the focus, in order.
type news struct {
	listener c3p.Listener
	queue    chan *c3p.Notification
	done     chan struct{}
	dropped  atomic.Uint64 // not yet told to the log
}

func newNews(ctx context.Context, listener c3p.Listener, logger *slog.Logger) *news {
	n := &news{listener: listener, queue: make(chan *c3p.Notification, newsQueue), done: make(chan struct{})}
	go n.loop(ctx, logger)
	return n
}

// tell queues a notification and never blocks.
func (n *news) tell(notification *c3p.Notification) {
	select {
	case n.queue <- notification:
	default:
		n.dropped.Add(1)
	}
}

func (n *news) wait() { <-n.done }

func (n *news) loop(ctx context.Context, logger *slog.Logger) {
	defer close(n.done)
	for {
		select {
		case <-ctx.Done():
			return
		case notification := <-n.queue:
			if err := n.listener.NotifyC3P(ctx, notification); err != nil {
				logger.Warn("notification not taken", "conference", notification.From, "err", err)
			}
			if dropped := n.dropped.Swap(0); dropped > 0 {
				logger.Error("the focus is too slow: notifications were dropped", "count", dropped)
			}
		}
	}
}
