package sip_test

import (
	"errors"
	"fmt"
	"io"
	"net"
	"runtime"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/seed-f3cefc8c/focus/pkg/sip"
)

// watched is a roster that bob watches, from the answer to his SUBSCRIBE on.
func watched(t *testing.T, w *world, story func(r *roster, n *sip.Notifier, ua *sip.UserAgent, bob *wire, toTag string)) {
	t.Helper()
	r := &roster{}
	n := sip.NewNotifier(r.config())
	ua := w.agent("192.0.2.1", sip.Config{Handler: notifying(n)})
	bob := w.wire("192.0.2.3:5060", "192.0.2.1:5060")
	bob.says(subscribeText(1, ""))
	tag := toTagOf(bob.heard("SIP/2.0 200")[0].text)
	bob.says(ok200(bob.heard("NOTIFY")[0].text))
	time.Sleep(10 * time.Second)
	story(r, n, ua, bob, tag)
}

func cseqOf(m message) string { return header(m.text, "CSeq") }

func TestRepeatedNotifications(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		watched(t, w, func(r *roster, _ *sip.Notifier, ua *sip.UserAgent, bob *wire, tag string) {
			r.happens("a")
			first := bob.heard("NOTIFY")[0]
			t.Log("# one at a time, and the same again until it is answered (Timer E)")
			r.happens("b")
			time.Sleep(500 * ms)
			if again := bob.heard("NOTIFY"); len(again) != 1 || again[0].text != first.text {
				t.Errorf("heard %v, want the same again", again)
			}
			bob.says(ok200(first.text, "Server: bob"))
			time.Sleep(600 * ms)
			second := bob.hearsNotify("active;expires=3589", "partial 3: b", 0)
			if cseqOf(first) != "2 NOTIFY" || cseqOf(second) != "3 NOTIFY" || header(first.text, "Via") == header(second.text, "Via") {
				t.Errorf("CSeq %q and %q", cseqOf(first), cseqOf(second))
			}
			t.Log("# Timer K: what comes again is absorbed")
			bob.says(ok200(second.text))
			bob.says(ok200(second.text))
			if s := ua.Stats(); s.Unmatched != 0 || s.Responses != 4 {
				t.Errorf("%d responses, %d unmatched", s.Responses, s.Unmatched)
			}
			time.Sleep(10 * time.Second)
			if got := ua.Stats().ClientTransactions; got != 0 {
				t.Errorf("%d client transactions", got)
			}
			t.Log("# an answer in other words, with another Contact: the next one goes there")
			r.happens("c")
			bob.says(answerTo(bob.heard("NOTIFY")[0].text, 200, "", "Contact: <sip:bob@192.0.2.3:5060;x=y>"))
			time.Sleep(time.Second)
			r.happens("d")
			fourth := bob.heard("NOTIFY")[0]
			if !strings.HasPrefix(fourth.text, "NOTIFY sip:bob@192.0.2.3:5060;x=y SIP/2.0\r\n") {
				t.Errorf("heard\n%s", fourth.text)
			}
			bob.says(ok200(fourth.text))
			t.Log("# and after a SUBSCRIBE with another one")
			time.Sleep(time.Second)
			bob.says(strings.Replace(subscribeText(2, tag), "Contact: <sip:bob@192.0.2.3>", "Contact: <sip:bob@192.0.2.3:5060;z>", 1))
			fifth := bob.hearsNotify("active;expires=3600", "full 6: a b c d", 200)
			if !strings.HasPrefix(fifth.text, "NOTIFY sip:bob@192.0.2.3:5060;z SIP/2.0\r\n") || cseqOf(fifth) != "6 NOTIFY" {
				t.Errorf("heard\n%s", fifth.text)
			}
		})
	})
}

// TestNotificationsWithCredentialsAreNotRepeated: each has a nonce count of its own.
func TestNotificationsWithCredentialsAreNotRepeated(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		watched(t, w, func(r *roster, _ *sip.Notifier, _ *sip.UserAgent, bob *wire, _ string) {
			r.subscriptions[0].Dialog().SetCredentials(func(string) (string, string, bool) { return "conf", "secret", true })
			r.happens("a")
			bob.says(answerTo(bob.heard("NOTIFY")[0].text, 401, "", `WWW-Authenticate: Digest realm="r", nonce="n", algorithm=MD5, qop="auth"`))
			again := bob.hearsNotify("active;expires=3590", "partial 2: a", 200)
			time.Sleep(time.Second)
			r.happens("b")
			next := bob.hearsNotify("active;expires=3589", "partial 3: b", 200)
			if !strings.Contains(header(again.text, "Authorization"), "nc=00000001") || !strings.Contains(header(next.text, "Authorization"), "nc=00000002") {
				t.Errorf("heard\n%s\n%s", again.text, next.text)
			}
		})
	})
}

func TestARepeatedNotificationThatFails(t *testing.T) {
	for name, row := range map[string]struct {
		answer func(bob *wire, notify string)
		want   func(error) bool
	}{
		"481":       {func(bob *wire, notify string) { bob.says(answerTo(notify, 481, "")) }, isStatus(481)},
		"no answer": {func(*wire, string) { time.Sleep(33 * time.Second) }, func(err error) bool { return errors.Is(err, sip.ErrTimeout) }},
		"100 alone": {func(bob *wire, notify string) {
			bob.says(answerTo(notify, 100, ""))
			time.Sleep(33 * time.Second)
		}, func(err error) bool { return errors.Is(err, sip.ErrTimeout) }},
	} {
		t.Run(name, func(t *testing.T) {
			inWorld(t, func(t *testing.T, w *world) {
				watched(t, w, func(r *roster, n *sip.Notifier, ua *sip.UserAgent, bob *wire, _ string) {
					r.happens("a")
					row.answer(bob, bob.heard("NOTIFY")[0].text)
					synctest.Wait()
					if n.Len() != 0 || ua.Stats().Dialogs != 0 || len(r.ended) != 1 || !row.want(r.ended[0]) {
						t.Errorf("%d subscriptions, %d dialogs, ended %v", n.Len(), ua.Stats().Dialogs, r.ended)
					}
				})
			})
		})
	}
}

func isStatus(code int) func(error) bool {
	return func(err error) bool {
		var refused *sip.StatusError
		return errors.As(err, &refused) && refused.Code == code
	}
}

// TestRepeatedNotificationsOverTCP: they go and are answered over the connection of the SUBSCRIBE; when that breaks, the subscription is over.
func TestRepeatedNotificationsOverTCP(t *testing.T) {
	for _, quietly := range []bool{false, true} {
		t.Run(fmt.Sprint("BENOTIFY ", quietly), func(t *testing.T) {
			r := &roster{}
			cfg := r.config()
			cfg.Packages[0].Interval = 0
			n := sip.NewNotifier(cfg)
			ua := sip.New(sip.Config{Handler: notifying(n)})
			defer ua.Close()
			l, err := net.Listen("tcp", "127.0.0.1:0")
			if err != nil {
				t.Fatal(err)
			}
			if err := ua.ListenTCP(l); err != nil {
				t.Fatal(err)
			}
			conn, err := net.Dial("tcp", l.Addr().String())
			if err != nil {
				t.Fatal(err)
			}
			defer conn.Close()
			method, extra := "NOTIFY", []string{}
			if quietly {
				method, extra = "BENOTIFY", []string{"Supported: ms-benotify"}
			}
			io.WriteString(conn, crlf(strings.Replace(subscribeText(1, "", extra...), "SIP/2.0/UDP", "SIP/2.0/TCP", 1)))
			messages := newMessages(conn)
			if ok := messages.next(t); !strings.HasPrefix(ok, "SIP/2.0 200") {
				t.Fatal(ok)
			}
			for i := range 50 {
				notify := messages.next(t)
				if got, want := header(notify, "CSeq"), fmt.Sprint(1+i, " ", method); got != want || !strings.HasPrefix(notify, method) {
					t.Fatalf("CSeq %q, want %q:\n%s", got, want, notify)
				}
				if !quietly {
					io.WriteString(conn, plainOK(notify))
				}
				r.happens(fmt.Sprint("u", i))
			}
			if quietly {
				return
			}
			conn.Close()
			r.happens("x")
			for deadline := time.Now().Add(5 * time.Second); n.Len() > 0 && time.Now().Before(deadline); {
				runtime.Gosched()
			}
			if n.Len() != 0 {
				t.Error("the subscription goes on without its connection")
			}
		})
	}
}
