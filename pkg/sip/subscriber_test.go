package sip_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/seed-f3cefc8c/focus/pkg/sip"
)

// reader subscribes and writes down what it is told.
type reader struct {
	told   []string
	states []string
}

func (r *reader) wants(t *testing.T, expires time.Duration) sip.Subscribing {
	return sip.Subscribing{
		Target: mustURI(t, "sip:conf@192.0.2.1"), From: mustURI(t, "sip:alice@example.com"), Event: sip.Event{Package: "conference"},
		Accept: []string{"application/conference-info+xml"}, Expires: expires,
		Notified: func(state sip.SubscriptionState, notify *sip.Request) {
			r.told, r.states = append(r.told, string(notify.Body())), append(r.states, state.State)
		},
	}
}

func TestASubscriberRefreshes(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		conf, alice := &roster{}, &reader{}
		n := sip.NewNotifier(conf.config())
		w.agent("192.0.2.1", sip.Config{Handler: notifying(n)})
		phone := w.agent("192.0.2.2", sip.Config{})
		s, err := phone.Subscribe(t.Context(), alice.wants(t, 10*time.Minute))
		if err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		t.Log("# for a day, on a subscription of ten minutes")
		time.Sleep(24 * time.Hour)
		conf.happens("bob")
		synctest.Wait()
		if n.Len() != 1 || s.Err() != nil || s.State().State != sip.SubscriptionActive || !strings.HasSuffix(alice.told[len(alice.told)-1], ": bob") {
			t.Fatalf("%d subscriptions; %v, %+v; told %q", n.Len(), s.Err(), s.State(), alice.told[len(alice.told)-1])
		}
		if len(alice.told) > 200 || len(alice.told) < 140 {
			t.Errorf("%d notifications in a day, one for each refresh", len(alice.told))
		}
		if err := s.Unsubscribe(t.Context()); err != nil {
			t.Error(err)
		}
		synctest.Wait()
		if n.Len() != 0 || !errors.Is(s.Err(), sip.ErrSubscriptionDone) || phone.Stats().Dialogs != 0 {
			t.Errorf("%d subscriptions, %v, %d dialogs", n.Len(), s.Err(), phone.Stats().Dialogs)
		}
	})
}

func TestASubscriberIsToldWhyItIsOver(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		conf, alice := &roster{}, &reader{}
		n := sip.NewNotifier(conf.config())
		w.agent("192.0.2.1", sip.Config{Handler: notifying(n)})
		phone := w.agent("192.0.2.2", sip.Config{})
		s, err := phone.Subscribe(t.Context(), alice.wants(t, time.Hour))
		if err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		n.Close(t.Context(), 10*time.Second)
		<-s.Done()
		if after, again := s.State().Resubscribe(); !again || after != 10*time.Second {
			t.Errorf("again %v after %v: %+v", again, after, s.State())
		}
	})
}

// subscribing starts a SUBSCRIBE whose notifier is the wire.
func subscribing(t *testing.T, w *world, cfg sip.Subscribing) (conf *wire, result chan error, got **sip.Subscriber) {
	phone := w.agent("192.0.2.2", sip.Config{})
	conf = w.wire("192.0.2.1:5060", "192.0.2.2:5060")
	result, got = make(chan error, 1), new(*sip.Subscriber)
	go func() {
		s, err := phone.Subscribe(t.Context(), cfg)
		*got = s
		result <- err
	}()
	synctest.Wait()
	return conf, result, got
}

// notifyText is a NOTIFY of the subscription that a SUBSCRIBE asked for.
func notifyText(subscribe, branch, tag, state, event string) string {
	return strings.Join([]string{
		"NOTIFY sip:alice@192.0.2.2:5060 SIP/2.0", "Via: SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bK" + branch, "Max-Forwards: 70",
		"From: " + header(subscribe, "To") + ";tag=" + tag, "To: " + header(subscribe, "From"), "Call-ID: " + header(subscribe, "Call-ID"),
		"CSeq: 7 NOTIFY", "Contact: <sip:conf@192.0.2.1>", "Event: " + event, "Subscription-State: " + state, "Content-Length: 0", "", "",
	}, "\n")
}

func TestNotifyBeforeTheAnswerAndFromAFork(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		alice := &reader{}
		conf, result, got := subscribing(t, w, alice.wants(t, time.Hour))
		subscribe := conf.hears("SUBSCRIBE", 0)[0].text
		t.Log("# the NOTIFY makes the dialog, not the 200")
		conf.says(notifyText(subscribe, "1", "one", "active;expires=300", "conference"))
		conf.hears("SIP/2.0 200", 0)
		conf.says(answerTo(subscribe, 200, "one", "Expires: 3600", "Contact: <sip:conf@192.0.2.1>"))
		if err := <-result; err != nil {
			t.Fatal(err)
		}
		t.Log("# another notifier, to whom the SUBSCRIBE was forked, is not wanted")
		conf.says(notifyText(subscribe, "2", "two", "active;expires=300", "conference"))
		conf.hears("SIP/2.0 481", 0)
		for event, want := range map[string]string{"presence": "SIP/2.0 489", "conference;id=1": "SIP/2.0 481"} {
			conf.says(notifyText(subscribe, "3"+event, "one", "active", event))
			conf.hears(want, 0)
		}
		conf.says(notifyText(subscribe, "4", "one", "", "conference"))
		conf.hears("SIP/2.0 400", 0)
		t.Log(`# "a 404, 405, 410, 416, 480-485, 489, 501, or 604 response, the subscriber MUST consider the subscription terminated"`)
		time.Sleep(time.Hour - 32*time.Second)
		again := conf.heard("SUBSCRIBE")
		if len(again) == 0 {
			t.Fatal("not refreshed")
		}
		conf.says(answerTo(again[0].text, 481, ""))
		var refused *sip.StatusError
		if !errors.As((*got).Err(), &refused) || refused.Code != 481 || !slices.Equal(alice.states, []string{"active"}) {
			t.Errorf("over for %v; told %v", (*got).Err(), alice.states)
		}
	})
}

func TestNoNotifyAtAll(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		alice := &reader{}
		conf, result, got := subscribing(t, w, alice.wants(t, time.Hour))
		conf.says(answerTo(conf.hears("SUBSCRIBE", 0)[0].text, 200, "one", "Expires: 3600"))
		if err := <-result; err != nil {
			t.Fatal(err)
		}
		t.Log("# Timer N, 64*T1")
		time.Sleep(32*time.Second - ms)
		if (*got).Err() != nil {
			t.Errorf("over before Timer N: %v", (*got).Err())
		}
		time.Sleep(2 * ms)
		if !errors.Is((*got).Err(), sip.ErrTimeout) {
			t.Errorf("over for %v", (*got).Err())
		}
	})
}

func TestARefreshThatIsTooBriefOrFails(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		alice := &reader{}
		conf, result, got := subscribing(t, w, alice.wants(t, 100*time.Second))
		subscribe := conf.hears("SUBSCRIBE", 0)[0].text
		conf.says(answerTo(subscribe, 200, "one", "Expires: 100"))
		<-result
		conf.says(notifyText(subscribe, "1", "one", "active;expires=100", "conference"))
		conf.heard("SIP/2.0")
		time.Sleep(68 * time.Second)
		conf.says(answerTo(conf.hears("SUBSCRIBE", 68*time.Second)[0].text, 423, "", "Min-Expires: 1000"))
		longer := conf.hears("SUBSCRIBE", 68*time.Second)[0].text
		if header(longer, "Expires") != "1000" {
			t.Errorf("asks for %s", header(longer, "Expires"))
		}
		t.Log("# refused for another reason: the subscription goes on until its end, and is tried again before")
		conf.says(answerTo(longer, 500, ""))
		time.Sleep(16*time.Second + ms)
		conf.says(answerTo(conf.hears("SUBSCRIBE", 84*time.Second)[0].text, 500, ""))
		if (*got).Err() != nil {
			t.Errorf("over for %v", (*got).Err())
		}
		time.Sleep(16 * time.Second)
		if !errors.Is((*got).Err(), sip.ErrTimeout) {
			t.Errorf("over for %v", (*got).Err())
		}
	})
}

func TestASubscriberLogsIn(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		conf, alice := &roster{}, &reader{}
		n := sip.NewNotifier(conf.config())
		digest := sip.NewDigest(sip.DigestConfig{Realm: "example.com", Credentials: sip.CredentialsFunc(
			func(_ context.Context, name, realm string, a sip.Algorithm) (string, bool) {
				return sip.HA1(a, name, realm, "secret"), true
			})})
		w.agent("192.0.2.1", sip.Config{Handler: sip.HandlerFunc(func(tx *sip.ServerTransaction) {
			if _, err := digest.Authenticate(tx.Context(), tx.Request(), time.Now()); err != nil {
				tx.Respond(digest.Challenge(tx.Request(), err, time.Now()))
				return
			}
			n.Serve(tx, nil)
		})})
		phone := w.agent("192.0.2.2", sip.Config{})
		cfg := alice.wants(t, time.Hour)
		var refused *sip.StatusError
		if _, err := phone.Subscribe(t.Context(), cfg); !errors.As(err, &refused) || refused.Code != 401 {
			t.Errorf("without password: %v", err)
		}
		cfg.Credentials = func(string) (string, string, bool) { return "alice", "secret", true }
		s, err := phone.Subscribe(t.Context(), cfg)
		if err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		if !slices.Equal(alice.told, []string{"full 1: "}) {
			t.Errorf("told %q", alice.told)
		}
		if err := s.Unsubscribe(t.Context()); err != nil {
			t.Error(err)
		}
	})
}
