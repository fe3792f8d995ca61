package focus

import (
	"context"
	"errors"
	"sync"
	"time"
)

// hub tells everybody who watches a conference that there is news. Its way, in a straight line:
//
//  1. The loop has done a piece of work and calls moved: if the revision is another one, it drops a token into kick. That is all that the loop
//     does for any number of watchers.
//  2. hub.loop takes the token, and asks the conference's loop for what has changed since it last asked (take, progressSince).
//  3. The mirror compares, and says whether there is anything to see.
//  4. fanOut wakes the watchers. The first change goes out at once, then there is a pause of at least newsInterval.
//  5. Each watcher asks for what differs between what it was last told and now (since): the first one to ask has it made, all others at the same
//     revision share it.
type hub struct {
	focus *Focus
	kick  chan struct{} // one token: there is news
	told  uint64        // revision that moved has seen; owned by the loop of the focus

	taking sync.Mutex // held while the conference is asked
	asked  int        // how often

	mu       sync.Mutex
	live     *mirror // for a Watch: also who speaks
	quiet    *mirror // for subscriptions: telephones cannot show who speaks, and it is much
	watchers map[*watcher]struct{}
	running  bool
	ready    chan struct{} // closed when the mirrors show something
}

// watcher is one who watches: a subscription, or a Watch.
type watcher struct {
	mirror *mirror // that it looks at
	wake   func()  // there is news; must not block

	subscription *subscription // nil for a Watch
}

// newsInterval is the least time between two fanOuts: "at most 5 notifications a second".
const newsInterval = 200 * time.Millisecond

func newHub(f *Focus) *hub {
	return &hub{
		focus: f, kick: make(chan struct{}, 1), live: newMirror(f.since, true), quiet: newMirror(f.since, false),
		watchers: map[*watcher]struct{}{}, ready: make(chan struct{}),
	}
}

// moved is called on the loop of the focus after each piece of work.
func (h *hub) moved(revision uint64) {
	if revision == h.told {
		return
	}
	h.told = revision
	select {
	case h.kick <- struct{}{}:
	default: // it will see this change too
	}
}

// add lets somebody watch; with the first one the hub begins to work, and then it does until the meeting ends. False: it has.
func (h *hub) add(w *watcher) bool {
	h.mu.Lock()
	h.watchers[w] = struct{}{}
	start, over := !h.running, w.mirror.ended
	h.running = true
	h.mu.Unlock()
	if start {
		h.focus.server.run("telling the watchers of "+string(h.focus.id), h.loop)
	}
	return !over
}

// await waits until there is something to see.
func (h *hub) await(ctx context.Context) error {
	select {
	case <-h.ready:
		return nil
	case <-h.focus.server.ctx.Done():
		return errClosing
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

func (h *hub) leave(w *watcher) {
	h.mu.Lock()
	defer h.mu.Unlock()
	delete(h.watchers, w)
}

// loop ends with the meeting.
func (h *hub) loop(ctx context.Context) {
	h.begin(ctx)
	for {
		select {
		case <-h.kick:
		case <-h.focus.stopped:
			h.end()
			return
		}
		if err := h.take(ctx); err != nil && !errors.Is(err, errGone) {
			h.focus.log.Warn("watchers are not told", "err", err)
		}
		if h.fanOut() && !h.pause(newsInterval) {
			h.end()
			return
		}
	}
}

// begin fills the mirror. Nobody is woken: who watches asks for everything first.
func (h *hub) begin(ctx context.Context) {
	defer close(h.ready)
	if err := h.take(ctx); err != nil && !errors.Is(err, errGone) {
		h.focus.log.Warn("watchers are not told", "err", err)
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	h.live.fanned, h.quiet.fanned = h.live.revision, h.quiet.revision
}

// pause is false when the meeting ends meanwhile.
func (h *hub) pause(d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-h.focus.stopped:
		return false
	}
}

// take asks the conference what has changed.
func (h *hub) take(ctx context.Context) error {
	h.taking.Lock()
	defer h.taking.Unlock()
	h.asked++
	h.mu.Lock()
	known := h.live.known
	h.mu.Unlock()
	var p progress
	if err := h.focus.do(ctx, func() error { p = h.focus.progressSince(known); return nil }); err != nil {
		return err
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	h.live.apply(p, h.focus.server.shared)
	h.quiet.apply(p, h.focus.server.shared)
	return nil
}

// fanOut wakes the watchers for whom there is something that they have not been woken for. Many are woken in groups, over half of newsInterval: a
// thousand notifications at once would keep the cores from the media.
func (h *hub) fanOut() bool {
	waking := h.waking()
	group := max(minGroup, (len(waking)+groups-1)/groups)
	for i, w := range waking {
		if i > 0 && i%group == 0 {
			h.pause(newsInterval / 2 / groups)
		}
		w.wake()
	}
	return len(waking) > 0
}

const (
	groups   = 10  // at most, at one fanOut
	minGroup = 100 // some two milliseconds of one core; each group wakes that core and the readers of the answers once more
)

func (h *hub) waking() (waking []*watcher) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for w := range h.watchers {
		if w.mirror.fanned != w.mirror.revision {
			waking = append(waking, w)
		}
	}
	h.live.fanned, h.quiet.fanned = h.live.revision, h.quiet.revision
	return waking
}

func (h *hub) end() {
	h.mu.Lock()
	h.live.end()
	h.quiet.end()
	h.mu.Unlock()
	h.fanOut()
}

// refresh gives who knows nothing what is true now, not what was last told.
func (h *hub) refresh(ctx context.Context, revision uint64) error {
	if err := h.await(ctx); err != nil || revision != 0 {
		return err
	}
	if err := h.take(ctx); err != nil {
		select {
		case <-h.focus.stopped: // the end is news too
			return nil
		default:
			return err
		}
	}
	return nil
}
