package api

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/seed-f3cefc8c/focus/pkg/c3p"
	"github.com/seed-f3cefc8c/focus/pkg/cluster"
	"github.com/seed-f3cefc8c/focus/pkg/conference"
	"github.com/seed-f3cefc8c/focus/pkg/suggest"
	"github.com/seed-f3cefc8c/focus/pkg/webhook"
)

// Webhooks are those that are registered; *cluster.Webhooks are.
type Webhooks interface {
	// Add fails with cluster.ErrTooManyWebhooks, Remove with cluster.ErrNoSuchWebhook.
	Add(ctx context.Context, hook cluster.Webhook) (cluster.Webhook, error)
	List(ctx context.Context, owner string) ([]cluster.Webhook, error)
	Remove(ctx context.Context, id, owner string) error
}

// HookSender posts messages; *webhook.Sender does.
type HookSender interface {
	Check(url string) error
	// Send returns when the message is taken, or with webhook.ErrGone, webhook.ErrGaveUp, or that ctx has ended.
	Send(ctx context.Context, to webhook.Target, id string, body []byte) error
}

// NewWebhook is a server that wants to be told what happens in conferences.
type NewWebhook struct {
	URL        string   `json:"url"`                  // https://HOST/PATH
	Secret     string   `json:"secret,omitempty"`     // whsec_ and base64; one is made without
	Events     []string `json:"events,omitempty"`     // full, partial, ended; all of them without
	Conference string   `json:"conference,omitempty"` // id; all that its owner may see without
}

// Webhook is a webhook as it is.
type Webhook struct {
	ID         string    `json:"id"`
	URL        string    `json:"url"`
	Secret     string    `json:"secret,omitempty"` // in the answer that made it only
	Events     []string  `json:"events,omitempty"`
	Conference string    `json:"conference,omitempty"`
	Owner      string    `json:"owner"`
	Created    time.Time `json:"created"`
}

// WebhookList is a list.
type WebhookList struct {
	Webhooks []Webhook `json:"webhooks"`
}

var hookEvents = []string{EventFull, EventPartial, EventEnded}

// CheckHookEvents says which of some types of events there is not.
func CheckHookEvents(events []string) error {
	for _, event := range events {
		if !slices.Contains(hookEvents, event) {
			return errors.New("events are full, partial and ended" + suggest.Hint(event, hookEvents))
		}
	}
	if len(events) > len(hookEvents) {
		return errors.New("events are named once")
	}
	return nil
}

// stored is the webhook as the cluster keeps it.
func (n *NewWebhook) stored() (cluster.Webhook, *Problem) {
	hook := cluster.Webhook{URL: n.URL, Secret: n.Secret, Events: n.Events}
	if hook.Secret == "" {
		hook.Secret = webhook.NewSecret()
	}
	if err := webhook.CheckSecret(hook.Secret); err != nil {
		return hook, badField("secret", sentence(err.Error())+" Leave it out and one is made.")
	}
	if err := CheckHookEvents(n.Events); err != nil {
		return hook, badField("events", sentence(err.Error()))
	}
	if n.Conference != "" {
		id, err := conference.ParseID(n.Conference)
		if err != nil {
			return hook, badField("conference", "conference is the id of one, or is left out for all.")
		}
		hook.Conference = string(id)
	}
	return hook, nil
}

func (s *server) postWebhook(w http.ResponseWriter, r *http.Request, who c3p.Principal) {
	var wanted NewWebhook
	refusal := readJSON(w, r, &wanted)
	var added cluster.Webhook
	if refusal == nil {
		added, refusal = s.addWebhook(r.Context(), who, &wanted)
	}
	if refusal != nil {
		refusal.write(w)
		return
	}
	s.hooks.add(added)
	made := webhookOf(added)
	made.Secret = added.Secret
	w.Header().Set("Location", "/v1/webhooks/"+made.ID)
	writeJSON(w, http.StatusCreated, made)
}

// addWebhook stores a webhook. It is told what its owner may see, with the rights that its owner has now, and not more than later.
func (s *server) addWebhook(ctx context.Context, who c3p.Principal, wanted *NewWebhook) (cluster.Webhook, *Problem) {
	if s.Webhooks == nil || s.HookSender == nil {
		return cluster.Webhook{}, failed(c3p.ReasonNotImplemented, "")
	}
	hook, refusal := wanted.stored()
	if refusal != nil {
		return hook, refusal
	}
	if err := s.HookSender.Check(wanted.URL); err != nil {
		return hook, badField("url", sentence(err.Error())+" The setting webhook-networks allows others.")
	}
	owner, err := s.Users.Get(ctx, nameOf(who))
	if err != nil {
		return hook, s.accountProblem(err)
	}
	hook.Owner, hook.Administrator = owner.Name, who.Role == c3p.RoleAdministrator
	added, err := s.Webhooks.Add(ctx, hook)
	if err != nil {
		return hook, s.accountProblem(err)
	}
	return added, nil
}

// nameOf is the name of a user of this server.
func nameOf(who c3p.Principal) string {
	name, _, _ := strings.Cut(strings.TrimPrefix(who.URI, "sip:"), "@")
	return name
}

// ownerOf is whose webhooks somebody sees: "" is everybody's.
func ownerOf(who c3p.Principal) string {
	if who.Role == c3p.RoleAdministrator {
		return ""
	}
	return nameOf(who)
}

func (s *server) getWebhooks(w http.ResponseWriter, r *http.Request, who c3p.Principal) {
	list := WebhookList{Webhooks: []Webhook{}}
	if s.Webhooks != nil {
		stored, err := s.Webhooks.List(r.Context(), ownerOf(who))
		if err != nil {
			s.accountProblem(err).write(w)
			return
		}
		for _, hook := range stored {
			list.Webhooks = append(list.Webhooks, webhookOf(hook))
		}
	}
	writeJSON(w, http.StatusOK, list)
}

func (s *server) deleteWebhook(w http.ResponseWriter, r *http.Request, who c3p.Principal) {
	id, err := variable(r, "id"), cluster.ErrNoSuchWebhook
	if s.Webhooks != nil {
		err = s.Webhooks.Remove(r.Context(), id, ownerOf(who))
	}
	if err != nil {
		s.accountProblem(err).write(w)
		return
	}
	s.hooks.remove(id)
	w.WriteHeader(http.StatusNoContent)
}

func webhookOf(hook cluster.Webhook) Webhook {
	return Webhook{
		ID: hook.ID, URL: hook.URL, Events: hook.Events, Conference: hook.Conference, Owner: hook.Owner, Created: hook.Created.UTC().Truncate(time.Second),
	}
}
