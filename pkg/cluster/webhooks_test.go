package cluster

import (
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestWebhooks(t *testing.T) {
	inBothWorlds(t, func(t *testing.T, c *Cluster) {
		ctx := t.Context()
		added, err := c.Webhooks.Add(ctx, Webhook{Owner: "alice", URL: "https://example.com/hook", Secret: "whsec_1", Events: []string{"full"}, Conference: "abc"})
		check(t, err)
		other, err := c.Webhooks.Add(ctx, Webhook{Owner: "bob", URL: "https://example.org/", Secret: "whsec_2", Administrator: true})
		check(t, err)
		got, err := c.Webhooks.List(ctx, "alice")
		if diff := cmp.Diff([]Webhook{added}, got); diff != "" || err != nil {
			t.Errorf("alice's: %s %v", diff, err)
		}
		if all, err := c.Webhooks.List(ctx, ""); len(all) != 2 || err != nil {
			t.Errorf("all: %v %v", all, err)
		}
		if err := c.Webhooks.Remove(ctx, other.ID, "alice"); !errors.Is(err, ErrNoSuchWebhook) {
			t.Errorf("alice removes bob's: %v", err)
		}
		check(t, c.Webhooks.Remove(ctx, other.ID, ""))
		for _, id := range []string{other.ID, "", "../x"} {
			if err := c.Webhooks.Remove(ctx, id, ""); !errors.Is(err, ErrNoSuchWebhook) {
				t.Errorf("%q is removed again: %v", id, err)
			}
		}
		for range maxWebhooksOf - 1 {
			_, err := c.Webhooks.Add(ctx, Webhook{Owner: "alice"})
			check(t, err)
		}
		if _, err := c.Webhooks.Add(ctx, Webhook{Owner: "alice"}); !errors.Is(err, ErrTooManyWebhooks) {
			t.Errorf("one more: %v", err)
		}
	})
}
