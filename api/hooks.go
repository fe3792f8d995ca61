package api

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"sync"

	"github.com/seed-f3cefc8c/focus/pkg/c3p"
	"github.com/seed-f3cefc8c/focus/pkg/cluster"
	"github.com/seed-f3cefc8c/focus/pkg/conference"
	"github.com/seed-f3cefc8c/focus/pkg/webhook"
)

// hooks tells webhooks. Each has a stream of its own for each conference that is on, as a client of /events has: so what it is told is in order,
// has no queue, and while a receiver does not answer what happens is put together.
//
//	started    a conference is on: whoever may watch it gets a stream
//	tell       the meeting, from the full state to its end
//	send       one event, until it is taken
type hooks struct {
	server *server

	streams quota

	mu   sync.Mutex
	byID map[string]*hook
}

// hook is one webhook and the conferences that it is being told of.
type hook struct {
	cluster.Webhook
	fixed     bool // of the configuration
	ctx       context.Context
	cancel    context.CancelFunc
	following *following
}

// maxHookStreams bounds those of all webhooks.
const maxHookStreams = 4096

// load reads those that are stored, and takes those of the configuration.
func (h *hooks) load(ctx context.Context) error {
	for _, fixed := range h.server.FixedWebhooks {
		h.enter(fixed, true)
	}
	if h.server.Webhooks == nil {
		return nil
	}
	stored, err := h.server.Webhooks.List(ctx, "")
	for _, one := range stored {
		h.enter(one, false)
	}
	return err
}

func (h *hooks) enter(w cluster.Webhook, fixed bool) *hook {
	entered := &hook{Webhook: w, fixed: fixed}
	entered.ctx, entered.cancel = context.WithCancel(h.server.running.ctx)
	entered.following = &following{
		server: h.server, quota: &h.streams, meeting: func(id conference.ID) error { return h.meeting(entered, id) },
		full: func(id conference.ID) {
			h.server.Logger.Warn("too many conferences are on to tell all webhooks", "webhook", w.ID, "conference", id)
		},
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.byID == nil {
		h.byID = map[string]*hook{}
	}
	h.byID[w.ID] = entered
	return entered
}

// add takes a new one, which is told of the conferences that are on.
func (h *hooks) add(w cluster.Webhook) {
	added := h.enter(w, false)
	if h.server.Watches == nil {
		return
	}
	for _, id := range h.server.Watches.Running() {
		h.follow(added, id)
	}
}

func (h *hooks) remove(id string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if removed := h.byID[id]; removed != nil {
		removed.following.close()
		removed.cancel()
		delete(h.byID, id)
	}
}

// started is called when a conference is on.
func (h *hooks) started(id conference.ID) {
	h.mu.Lock()
	all := make([]*hook, 0, len(h.byID))
	for _, one := range h.byID {
		all = append(all, one)
	}
	h.mu.Unlock()
	for _, one := range all {
		h.follow(one, id)
	}
}

// follow has a webhook told of a conference, if it wants to be.
func (h *hooks) follow(to *hook, id conference.ID) {
	if to.Conference == "" || to.Conference == string(id) {
		to.following.follow(id)
	}
}

// meeting is one stream, to the end of the meeting. Conferences that the owner may not see are passed over.
func (h *hooks) meeting(to *hook, id conference.ID) error {
	err := h.tell(to, id)
	if err != nil && to.ctx.Err() == nil {
		h.server.Logger.Debug("webhook is not told", "webhook", to.ID, "conference", id, "err", err)
	}
	return err
}

func (h *hooks) tell(to *hook, id conference.ID) error {
	check := func(ctx context.Context) (c3p.Principal, error) { return h.principal(ctx, to) }
	who, err := check(to.ctx)
	if err != nil {
		return fmt.Errorf("owner of the webhook: %w", err)
	}
	watch, err := h.server.Watches.Watch(to.ctx, who, id)
	if err != nil {
		return err
	}
	defer watch.Close()
	st := &stream{server: h.server, who: who, check: check, watch: watch, story: story{server: h.server, id: id}}
	return st.run(to.ctx, &hookOutlet{hooks: h, hook: to, stream: st})
}

// principal is as whom a webhook watches: its owner, as far as that one still has the rights with which it was registered.
func (h *hooks) principal(ctx context.Context, to *hook) (c3p.Principal, error) {
	if to.fixed {
		return principal(h.server.userURI(serverUser), true), nil
	}
	owner, err := h.server.Users.Get(ctx, to.Owner)
	return principal(owner.URI, to.Administrator && owner.Administrator), err
}

// hookOutlet sends events to a webhook.
type hookOutlet struct {
	hooks  *hooks
	hook   *hook
	stream *stream
}

// send returns when the event is taken. Its id is the same however often it is sent, also after a restart.
func (o *hookOutlet) send(ctx context.Context, e *Event) error {
	if len(o.hook.Events) > 0 && !slices.Contains(o.hook.Events, e.Type) {
		return nil
	}
	body, err := json.Marshal(e)
	if err != nil {
		return err
	}
	id := fmt.Sprintf("%s.%s.%d", o.hook.ID, e.Conference, e.Revision)
	err = o.hooks.server.HookSender.Send(ctx, webhook.Target{URL: o.hook.URL, Secret: o.hook.Secret}, id, body)
	switch {
	case errors.Is(err, webhook.ErrGone):
		o.hooks.gone(o.hook)
	case errors.Is(err, webhook.ErrGaveUp):
		o.hooks.server.Logger.Warn("webhook does not take events", "webhook", o.hook.ID, "conference", e.Conference, "err", err)
		o.stream.known = 0 // what comes next tells everything
		return nil
	}
	return err
}

func (o *hookOutlet) beat(context.Context) error { return nil }

func (o *hookOutlet) refuse(_ context.Context, refusal *Problem) error { return refusal }

// gone takes out a webhook whose receiver wants no more.
func (h *hooks) gone(to *hook) {
	h.server.Logger.Warn("webhook is removed: its receiver answers 410", "webhook", to.ID)
	h.remove(to.ID)
	if to.fixed {
		return
	}
	if err := h.server.Webhooks.Remove(h.server.running.ctx, to.ID, ""); err != nil && !errors.Is(err, cluster.ErrNoSuchWebhook) {
		h.server.Logger.Error("removing a webhook", "webhook", to.ID, "err", err)
	}
}
