package api

import (
	"context"
	"encoding/json"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/seed-f3cefc8c/focus/pkg/cluster"
	"github.com/seed-f3cefc8c/focus/pkg/conference"
	"github.com/seed-f3cefc8c/focus/pkg/webhook"
)

// post is the way to all receivers.
type post struct {
	mu    sync.Mutex
	got   []string // target, id, type
	fails error
	slow  time.Duration
}

func (p *post) Check(url string) error {
	if !strings.HasPrefix(url, "https://") {
		return webhook.ErrTarget
	}
	return nil
}

func (p *post) Send(ctx context.Context, to webhook.Target, id string, body []byte) error {
	p.mu.Lock()
	slow, fails := p.slow, p.fails
	p.mu.Unlock()
	select {
	case <-time.After(slow):
	case <-ctx.Done():
		return ctx.Err()
	}
	if fails != nil {
		return fails
	}
	var e Event
	if err := json.Unmarshal(body, &e); err != nil {
		return err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.got = append(p.got, strings.TrimPrefix(to.URL, "https://")+" "+e.Type)
	return nil
}

// wants compares what was posted since the last time, and forgets it.
func (p *post) wants(t *testing.T, want ...string) {
	t.Helper()
	synctest.Wait()
	p.mu.Lock()
	defer p.mu.Unlock()
	if strings.Join(p.got, ", ") != strings.Join(want, ", ") {
		t.Errorf("posted %q, want %q", p.got, want)
	}
	p.got = nil
}

func withHooks(t *testing.T, story func(w *world, h *happening, p *post)) {
	t.Helper()
	inTime(t, func(w *world, h *happening, _ *http.Client) {
		p := &post{}
		w.handler.server.HookSender = p
		story(w, h, p)
	})
}

func (w *world) registers(body string, who string) Webhook {
	w.t.Helper()
	var made Webhook
	if err := json.Unmarshal([]byte(w.wants(w.do("POST", "/v1/webhooks", body, as(who)), 201, body)), &made); err != nil {
		w.t.Fatal(err)
	}
	return made
}

func TestWebhooksAreToldInOrder(t *testing.T) {
	withHooks(t, func(w *world, h *happening, p *post) {
		t := w.t
		made := w.registers(`{"url":"https://a"}`, "alice")
		if webhook.CheckSecret(made.Secret) != nil || made.Owner != "alice" {
			t.Errorf("made %+v", made)
		}
		w.registers(`{"url":"https://b","events":["ended"]}`, "root")
		w.registers(`{"url":"https://c","conference":"other"}`, "root")
		p.wants(t, "a full")

		t.Log("# the conference starts: who is told already is not told twice")
		w.handler.ConferenceStarted("2718281828")
		p.wants(t)
		h.happens(leaves())
		p.wants(t, "a partial")

		t.Log("# a receiver that does not answer for a while is told then what has happened")
		p.mu.Lock()
		p.slow = time.Minute
		p.mu.Unlock()
		for range 10 {
			h.happens(leaves())
			synctest.Wait()
		}
		time.Sleep(3 * time.Minute)
		p.wants(t, "a partial", "a full")

		t.Log("# one that takes nothing is told everything in the end")
		p.mu.Lock()
		p.fails, p.slow = webhook.ErrGaveUp, time.Hour
		p.mu.Unlock()
		h.happens(leaves())
		time.Sleep(time.Hour)
		p.mu.Lock()
		p.fails, p.slow = nil, 0
		p.mu.Unlock()
		time.Sleep(time.Hour)
		p.wants(t, "a full")

		t.Log("# the meeting ends")
		h.happens(News{Ended: true})
		synctest.Wait()
		h.mu.Lock()
		h.news = nil
		h.mu.Unlock()
		p.mu.Lock()
		if got := strings.Join(p.got, ", "); got != "a ended, b ended" && got != "b ended, a ended" {
			t.Errorf("posted %q", got)
		}
		p.got = nil
		p.mu.Unlock()

		t.Log("# and another begins, without alice's webhook")
		w.wantsProblem(w.do("DELETE", "/v1/webhooks/"+made.ID, "", as("nobody")), 401, "")
		w.wants(w.do("DELETE", "/v1/webhooks/"+made.ID, "", as("alice")), 204, "hers")
		w.registers(`{"url":"https://d"}`, "alice")
		h.happens(News{Full: true, Document: meeting()})
		w.handler.ConferenceStarted("2718281828")
		p.wants(t, "d full")
	})
}

func TestWhatAWebhookIsNotTold(t *testing.T) {
	withHooks(t, func(w *world, h *happening, p *post) {
		t := w.t
		h.refuses = conference.ErrNotPermitted
		made := w.registers(`{"url":"https://a"}`, "alice")
		p.wants(t)
		h.mu.Lock()
		h.refuses = nil
		h.mu.Unlock()
		w.handler.ConferenceStarted("2718281828")
		p.wants(t, "a full")

		t.Log("# alice may no longer see it: that is noticed with the next heartbeat")
		h.mu.Lock()
		h.refuses = conference.ErrNotPermitted
		h.mu.Unlock()
		time.Sleep(heartbeat)
		h.happens(leaves())
		p.wants(t)

		t.Log("# a receiver that answers 410 is forgotten")
		h.mu.Lock()
		h.refuses = nil
		h.mu.Unlock()
		p.mu.Lock()
		p.fails = webhook.ErrGone
		p.mu.Unlock()
		w.handler.ConferenceStarted("2718281828")
		synctest.Wait()
		if list := w.wants(w.do("GET", "/v1/webhooks", "", as("alice")), 200, "a list"); strings.Contains(list, made.ID) {
			t.Errorf("it is still there: %s", list)
		}

		t.Log("# the log has no secret")
		if log := w.log.String(); strings.Contains(log, "whsec_") || strings.Contains(log, made.Secret) {
			t.Errorf("log: %s", log)
		}
	})
}

// TestWebhooksSurvive: those that are stored are told after a restart, and those of the configuration with them.
func TestWebhooksSurvive(t *testing.T) {
	withHooks(t, func(w *world, h *happening, p *post) {
		t := w.t
		if _, err := w.store.Webhooks.Add(t.Context(), cluster.Webhook{Owner: "alice", URL: "https://a", Secret: webhook.NewSecret()}); err != nil {
			t.Fatal(err)
		}
		w.handler.server.FixedWebhooks = []cluster.Webhook{{ID: "configured", URL: "https://f", Secret: webhook.NewSecret(), Events: []string{EventEnded}}}
		if err := w.handler.LoadWebhooks(t.Context()); err != nil {
			t.Fatal(err)
		}
		w.handler.ConferenceStarted("2718281828")
		p.wants(t, "a full")
		w.wants(w.do("DELETE", "/v1/users/alice", "", as("root")), 204, "alice goes")
		time.Sleep(heartbeat)
		h.happens(News{Ended: true})
		p.wants(t, "f ended")
	})
}

func TestWebhooksThatAreRefused(t *testing.T) {
	w := newWorld(t)
	w.wantsProblem(w.do("POST", "/v1/webhooks", `{"url":"https://a"}`, as("alice")), 501, "cannot do that")
	w.handler.server.HookSender = &post{}
	for body, want := range map[string]string{
		`{}`:                                     "webhook-networks",
		`{"url":"http://a"}`:                     "webhook-networks",
		`{"url":"https://a","secret":"x"}`:       "Leave it out",
		`{"url":"https://a","events":["endet"]}`: `did you mean "ended"?`,
		`{"url":"https://a","events":["ended","ended","ended","ended"]}`: "once",
		`{"url":"https://a","conference":"a-b"}`:                         "the id of one",
		`{"uri":"https://a"}`:                                            `did you mean "url"?`,
	} {
		w.wantsProblem(w.do("POST", "/v1/webhooks", body, as("alice")), 400, want)
	}
	w.wantsProblem(w.do("DELETE", "/v1/webhooks/0123456789abcdef", "", as("alice")), 404, "no such webhook")
}
