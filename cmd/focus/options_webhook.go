package main

import (
	"fmt"
	"strings"

	"github.com/seed-f3cefc8c/focus/api"
	"github.com/seed-f3cefc8c/focus/pkg/cluster"
	"github.com/seed-f3cefc8c/focus/pkg/webhook"
)

// readWebhook reads the one webhook that the configuration can name, and where others may be. No error shows the URL: it may hold a secret.
func (s *settings) readWebhook(o *options) error {
	for _, text := range words(s.WebhookNets) {
		network, err := parseNetwork(text)
		if err != nil {
			return fmt.Errorf("--webhook-networks %q: write networks like 10.0.0.0/8, or addresses, with commas between them", text)
		}
		o.webhookNetworks = append(o.webhookNetworks, network)
	}
	if s.Webhook == "" {
		if s.WebhookKey != "" || s.WebhookWhat != "" {
			return fmt.Errorf("--webhook-secret and --webhook-events are for the webhook of --webhook, which is not given")
		}
		return nil
	}
	if err := webhook.New(webhook.Config{Networks: o.webhookNetworks}).Check(s.Webhook); err != nil {
		return fmt.Errorf("--webhook: %w; --webhook-networks allows others", err)
	}
	if err := webhook.CheckSecret(s.WebhookKey); err != nil {
		return fmt.Errorf("--webhook-secret: %w", err)
	}
	events := words(s.WebhookWhat)
	if err := api.CheckHookEvents(events); err != nil {
		return fmt.Errorf("--webhook-events %q: %w", s.WebhookWhat, err)
	}
	o.webhooks = []cluster.Webhook{{ID: "configured", URL: s.Webhook, Secret: s.WebhookKey, Events: events}}
	return nil
}

// words are what stands between commas and spaces.
func words(text string) []string {
	return strings.FieldsFunc(text, func(r rune) bool { return r == ',' || r == ' ' })
}
