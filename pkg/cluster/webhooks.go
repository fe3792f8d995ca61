package cluster

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"time"
)

// Webhook is a server that is told what happens in conferences.
type Webhook struct {
	ID            string    // 16 hex digits
	Owner         string    // name of the user who registered it: it is told what that user may see
	Administrator bool      // it was registered with the rights of an administrator
	URL           string    //
	Secret        string    // signs what it is told; sealed in the store
	Events        []string  // types of events; none is all
	Conference    string    // id; "" is all that the owner may see
	Created       time.Time //
}

// Webhooks are those that are registered.
type Webhooks struct {
	bucket  bucket
	secrets *sealer
	adding  sync.Mutex // so that the bounds hold
}

// Bounds of Webhooks.
const (
	maxWebhooks   = 1024
	maxWebhooksOf = 32 // of one owner
)

// storedWebhook is a webhook as JSON.
type storedWebhook struct {
	ID            string    `json:"id"`
	Owner         string    `json:"owner"`
	Administrator bool      `json:"administrator,omitempty"`
	URL           string    `json:"url"`
	Secret        []byte    `json:"secret"` // sealed
	Events        []string  `json:"events,omitempty"`
	Conference    string    `json:"conference,omitempty"`
	Created       time.Time `json:"created"`
}

// Add stores a webhook and gives it its ID and the time. ErrTooManyWebhooks.
func (w *Webhooks) Add(ctx context.Context, hook Webhook) (Webhook, error) {
	w.adding.Lock()
	defer w.adding.Unlock()
	all, err := w.List(ctx, "")
	if err != nil {
		return Webhook{}, err
	}
	of := 0
	for _, other := range all {
		if other.Owner == hook.Owner {
			of++
		}
	}
	if len(all) >= maxWebhooks || of >= maxWebhooksOf {
		return Webhook{}, ErrTooManyWebhooks
	}
	var id [8]byte
	rand.Read(id[:])
	hook.ID, hook.Created = hex.EncodeToString(id[:]), time.Now().UTC()
	value, err := json.Marshal(storedWebhook{
		hook.ID, hook.Owner, hook.Administrator, hook.URL, w.secrets.seal(webhookPlace(hook.ID), hook.Secret), hook.Events, hook.Conference, hook.Created,
	})
	if err == nil {
		_, err = w.bucket.create(ctx, hook.ID, value)
	}
	if err != nil {
		return Webhook{}, fmt.Errorf("storing a webhook: %w", err)
	}
	return hook, nil
}

// List reads the webhooks of an owner, or all with "".
func (w *Webhooks) List(ctx context.Context, owner string) ([]Webhook, error) {
	entries, err := w.bucket.all(ctx)
	if err != nil {
		return nil, fmt.Errorf("listing webhooks: %w", err)
	}
	var hooks []Webhook
	for _, e := range entries {
		hook, err := w.unmarshal(e)
		if err != nil {
			return nil, err
		}
		if owner == "" || hook.Owner == owner {
			hooks = append(hooks, hook)
		}
	}
	return hooks, nil
}

// Remove takes out a webhook of an owner, or of anybody with "". ErrNoSuchWebhook.
func (w *Webhooks) Remove(ctx context.Context, id, owner string) error {
	e, err := w.bucket.get(ctx, encodeKey(id))
	if errors.Is(err, errKeyNotFound) {
		return ErrNoSuchWebhook
	}
	if err != nil {
		return fmt.Errorf("reading webhook %.40s: %w", id, err)
	}
	hook, err := w.unmarshal(e)
	if err != nil {
		return err
	}
	if owner != "" && hook.Owner != owner {
		return ErrNoSuchWebhook
	}
	if err := w.bucket.remove(ctx, e.key, e.revision); err != nil && !errors.Is(err, errRevision) { // else it is gone already
		return fmt.Errorf("removing webhook %.40s: %w", id, err)
	}
	return nil
}

func (w *Webhooks) unmarshal(e entry) (Webhook, error) {
	var s storedWebhook
	if err := json.Unmarshal(e.value, &s); err != nil {
		return Webhook{}, fmt.Errorf("reading webhook %s: %w", e.key, err)
	}
	secret, err := w.secrets.open(webhookPlace(s.ID), s.Secret)
	if err != nil {
		return Webhook{}, err
	}
	return Webhook{s.ID, s.Owner, s.Administrator, s.URL, secret, s.Events, s.Conference, s.Created}, nil
}

func webhookPlace(id string) string { return webhooksBucket + "/" + id + "/secret" }
