package main

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/seed-f3cefc8c/focus/api"
	"github.com/seed-f3cefc8c/focus/pkg/webhook"
)

// TestAWebhookIsToldAcrossACrash: what was acknowledged is there after kill -9, and what is told is signed.
func TestAWebhookIsToldAcrossACrash(t *testing.T) {
	if _, err := exec.LookPath("curl"); err != nil {
		t.Skip("no curl")
	}
	const secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
	told := make(chan api.Event, 100)
	receiver := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		var e api.Event
		if err := webhook.Verify(r.Header, secret, time.Now(), body); err != nil || json.Unmarshal(body, &e) != nil {
			t.Errorf("%v: %s", err, body)
		}
		told <- e
	}))
	defer receiver.Close()
	wants := func(what string, this func(e api.Event) bool) {
		t.Helper()
		patience := time.After(10 * time.Second)
		for {
			select {
			case e := <-told:
				if this(e) {
					return
				}
			case <-patience:
				t.Fatalf("not told %s", what)
			}
		}
	}
	s := newServer(t)
	t.Setenv("FOCUS_WEBHOOK_NETWORKS", "127.0.0.0/8")
	s.start()
	ask := `curl -sS --fail-with-body --cacert data/ca.pem -H "Authorization: Bearer $(cat data/cli.token)" -H 'Content-Type: application/json' ` +
		"https://localhost:" + s.ports[2] + "/v1/webhooks"
	s.shell(ask + ` -d '{"url":"` + receiver.URL + `","secret":"` + secret + `"}'`)
	s.command.Process.Signal(syscall.SIGKILL)
	s.command.Wait()
	s.start()
	if list := s.shell(ask); !strings.Contains(list, receiver.URL) || strings.Contains(list, "whsec_") {
		t.Errorf("after kill -9: %s", list)
	}
	s.shell("bin/focus conference new --id meeting --policy anonymous")
	alice := s.calls("alice")
	wants("that alice is in", func(e api.Event) bool { return len(e.Participants) == 1 })
	alice.HangUp(t.Context())
	s.shell("bin/focus conference end meeting")
	wants("that it has ended", func(e api.Event) bool { return e.Type == api.EventEnded })
	s.stop()
	if log := s.log.String(); strings.Contains(log, "whsec_") {
		t.Errorf("a secret is in the log: %s", log)
	}
}
