package sip_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/seed-f3cefc8c/focus/pkg/sip"
)

// roster is a resource in the shape of a conference: a revision with each change, full documents for who knows nothing, partial ones for the rest.
type roster struct {
	mu            sync.Mutex
	changes       []string // the revision of each is its place, from 1
	subscriptions []*sip.Subscription
	ended         []error
	pending       bool
	refusal       error
	asked         []sip.SubscribeRequest
}

func (r *roster) config(change ...func(*sip.NotifierConfig)) sip.NotifierConfig {
	cfg := sip.NotifierConfig{Packages: []sip.EventPackage{{
		Name: "conference", Types: []string{"application/conference-info+xml"}, Interval: time.Second, Subscribe: r.subscribe,
	}}}
	for _, special := range change {
		special(&cfg)
	}
	return cfg
}

func (r *roster) subscribe(_ context.Context, request sip.SubscribeRequest) (sip.Grant, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.asked = append(r.asked, request)
	return sip.Grant{
		Contact: request.Transaction.ContactURI("conf"), Pending: r.pending, State: r.state,
		Opened: func(s *sip.Subscription) {
			r.mu.Lock()
			defer r.mu.Unlock()
			r.subscriptions = append(r.subscriptions, s)
		},
		Closed: func(s *sip.Subscription, cause error) {
			r.mu.Lock()
			defer r.mu.Unlock()
			r.subscriptions = slices.DeleteFunc(r.subscriptions, func(other *sip.Subscription) bool { return other == s })
			r.ended = append(r.ended, cause)
		},
	}, r.refusal
}

func (r *roster) state(_ context.Context, request sip.StateRequest) (sip.StateDocument, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	revision := uint64(len(r.changes)) + 1 // an empty conference is something to know
	if request.Since == revision {
		return sip.StateDocument{Revision: revision}, nil
	}
	state, news := "full", r.changes
	if request.Since != 0 {
		state, news = "partial", r.changes[request.Since-1:]
	}
	return sip.StateDocument{Body: fmt.Appendf(nil, "%s %d: %s", state, request.Version, strings.Join(news, " ")), Revision: revision}, nil
}

func (r *roster) happens(what ...string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.changes = append(r.changes, what...)
	for _, s := range r.subscriptions {
		s.Changed()
	}
}

// notifying serves SUBSCRIBE outside of dialogs.
func notifying(n *sip.Notifier) sip.Handler {
	return sip.HandlerFunc(func(tx *sip.ServerTransaction) {
		if tx.Request().Method != sip.SUBSCRIBE {
			tx.Reply(405)
			return
		}
		n.Serve(tx, nil)
	})
}

// notified has a notifier of a roster at 192.0.2.1, and bob, who speaks to it.
func (w *world) notified(r *roster, change ...func(*sip.NotifierConfig)) (*sip.Notifier, *sip.UserAgent, *wire) {
	w.t.Helper()
	n := sip.NewNotifier(r.config(change...))
	return n, w.agent("192.0.2.1", sip.Config{Handler: notifying(n)}), w.wire("192.0.2.3:5060", "192.0.2.1:5060")
}

// subscribeText is what bob sends; extra lines come with it, and a To tag if it is no first one.
func subscribeText(cseq int, toTag string, extra ...string) string {
	text := request("SUBSCRIBE", fmt.Sprint("s", cseq), fmt.Sprint(cseq, " SUBSCRIBE"))
	if toTag != "" {
		text = strings.Replace(text, "To: <sip:conf@example.com>", "To: <sip:conf@example.com>;tag="+toTag, 1)
	}
	if !strings.Contains(strings.Join(extra, "\n"), "Event:") {
		extra = append(extra, "Event: conference")
	}
	return strings.Replace(text, "Content-Length: 0", strings.Join(append(extra, "Content-Length: 0"), "\n"), 1)
}

func toTagOf(message string) string {
	_, tag, _ := strings.Cut(header(message, "To"), "tag=")
	return tag
}

func bodyOf(message string) string {
	_, body, _ := strings.Cut(message, "\r\n\r\n")
	return body
}

// hearsNotify wants one notification with that state, and that document, and answers it.
func (p *wire) hearsNotify(state, document string, code int, extra ...string) message {
	p.t.Helper()
	got := p.heard("NOTIFY ")
	if len(got) != 1 {
		p.t.Fatalf("heard NOTIFY %d times, want once: %v", len(got), got)
	}
	if s := header(got[0].text, "Subscription-State"); s != state {
		p.t.Errorf("Subscription-State %q, want %q", s, state)
	}
	if body := bodyOf(got[0].text); body != document {
		p.t.Errorf("document %q, want %q", body, document)
	}
	if header(got[0].text, "Event") == "" || header(got[0].text, "Contact") == "" {
		p.t.Errorf("no Event or Contact:\n%s", got[0].text)
	}
	if code != 0 {
		p.says(answerTo(got[0].text, code, "", extra...))
	}
	return got[0]
}

func TestASubscriptionFromBeginningToEnd(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		r := &roster{}
		n, ua, bob := w.notified(r)
		r.happens("alice")

		t.Log(`# "notifiers MUST send a NOTIFY request immediately to communicate the current resource state to the subscriber"`)
		bob.says(subscribeText(1, "", "Expires: 600"))
		ok := bob.hears("SIP/2.0 200", 0)[0].text
		if header(ok, "Expires") != "600" || header(ok, "Event") != "conference" || header(ok, "Contact") == "" {
			t.Errorf("answered\n%s", ok)
		}
		first := bob.hearsNotify("active;expires=600", "full 1: alice", 200)
		if got := header(first.text, "Content-Type"); got != "application/conference-info+xml" {
			t.Errorf("Content-Type %q", got)
		}
		if tag := toTagOf(ok); !strings.Contains(header(first.text, "From"), tag) {
			t.Errorf("From %q, want tag %s", header(first.text, "From"), tag)
		}

		t.Log("# the first change is told at once, and only what changed")
		time.Sleep(10 * time.Second)
		r.happens("carol")
		bob.hearsNotify("active;expires=590", "partial 2: carol", 200)

		t.Log("# a refresh gets everything again")
		bob.says(subscribeText(2, toTagOf(ok), "Expires: 300"))
		bob.hears("SIP/2.0 200", 10*time.Second)
		bob.hearsNotify("active;expires=300", "full 3: alice carol", 200)

		t.Log("# nothing new: nothing is sent")
		time.Sleep(time.Minute)
		r.happens()
		bob.hears("NOTIFY")

		t.Log(`# Expires: 0 ends it`)
		bob.says(subscribeText(3, toTagOf(ok), "Expires: 0"))
		if got := header(bob.hears("SIP/2.0 200", 70*time.Second)[0].text, "Expires"); got != "0" {
			t.Errorf("Expires %q", got)
		}
		bob.hearsNotify("terminated;reason=timeout", "full 4: alice carol", 200)
		if n.Len() != 0 || ua.Stats().Dialogs != 0 || len(r.ended) != 1 || !errors.Is(r.ended[0], sip.ErrSubscriptionDone) {
			t.Errorf("%d subscriptions, %d dialogs, ended %v", n.Len(), ua.Stats().Dialogs, r.ended)
		}
		bob.says(subscribeText(4, toTagOf(ok), "Expires: 600"))
		bob.hears("SIP/2.0 481", 70*time.Second)
	})
}

func TestWhatASubscribeIsRefusedFor(t *testing.T) {
	for name, row := range map[string]struct {
		headers []string
		want    string
		name    string
		value   string
	}{
		"another package":   {[]string{"Event: presence"}, "SIP/2.0 489", "Allow-Events", "refer,conference"},
		"other case":        {[]string{"Event: Conference"}, "SIP/2.0 489", "Allow-Events", "refer,conference"},
		"no package":        {[]string{"Event: ;id=5"}, "SIP/2.0 489", "", ""},
		"only by REFER":     {[]string{"Event: refer"}, "SIP/2.0 403", "", ""},
		"no body we have":   {[]string{"Accept: application/pidf+xml, text/*"}, "SIP/2.0 406", "Accept", "application/conference-info+xml"},
		"refused by q":      {[]string{"Accept: application/*;q=0.0"}, "SIP/2.0 406", "", ""},
		"too short":         {[]string{"Expires: 59"}, "SIP/2.0 423", "Min-Expires", "60"},
		"no number":         {[]string{"Expires: soon"}, "SIP/2.0 400", "", ""},
		"any body":          {[]string{"Accept: text/plain, */*;q=0.1"}, "SIP/2.0 200", "Expires", "3600"},
		"much too long":     {[]string{"Expires: 99999999999999999999999"}, "SIP/2.0 200", "Expires", "3600"},
		"shorter than asks": {[]string{"Expires: 7200", "Accept: application/conference-info+xml"}, "SIP/2.0 200", "Expires", "3600"},
		"compact event":     {[]string{"o: conference", "Event: conference"}, "SIP/2.0 200", "", ""},
	} {
		t.Run(name, func(t *testing.T) {
			inWorld(t, func(t *testing.T, w *world) {
				n, _, bob := w.notified(&roster{})
				bob.says(subscribeText(1, "", row.headers...))
				got := bob.heard("SIP/2.0")
				if len(got) != 1 || !strings.HasPrefix(got[0].text, row.want) || header(got[0].text, row.name) != row.value && row.name != "" {
					t.Errorf("answered %v, want %s with %s: %s", got, row.want, row.name, row.value)
				}
				if granted := row.want == "SIP/2.0 200"; granted != (n.Len() == 1) {
					t.Errorf("%d subscriptions", n.Len())
				}
			})
		})
	}
}

func TestPolicyRefuses(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		n := sip.NewNotifier((&roster{refusal: errors.New("not you")}).config())
		ua := w.agent("192.0.2.1", sip.Config{Handler: notifying(n)})
		bob := w.wire("192.0.2.3:5060", "192.0.2.1:5060")
		for i := range 300 { // what was reserved is given back
			bob.says(strings.ReplaceAll(subscribeText(1, ""), "z9hG4bK", fmt.Sprint("z9hG4bK", i)))
		}
		if got := bob.heard("SIP/2.0 403"); len(got) != 300 || n.Len() != 0 || ua.Stats().Dialogs != 0 {
			t.Errorf("%d times 403; %d subscriptions", len(got), n.Len())
		}
	})
}

func TestAFetch(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		n, ua, bob := w.notified(&roster{})
		t.Log(`# "an immediate fetch without a persistent subscription may be effected by sending a SUBSCRIBE with an "Expires" of 0"`)
		bob.says(subscribeText(1, "", "Expires: 0"))
		bob.hears("SIP/2.0 200", 0)
		bob.hearsNotify("terminated;reason=timeout", "full 1: ", 200)
		if n.Len() != 0 || ua.Stats().Dialogs != 0 {
			t.Errorf("%d subscriptions left", n.Len())
		}
	})
}

func TestNobodyRefreshes(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		n, _, bob := w.notified(&roster{})
		bob.says(subscribeText(1, "", "Expires: 60"))
		bob.hearsNotify("active;expires=60", "full 1: ", 200)
		time.Sleep(time.Minute - ms)
		bob.hears("NOTIFY")
		time.Sleep(2 * ms)
		bob.hearsNotify("terminated;reason=timeout", "", 200)
		if n.Len() != 0 {
			t.Errorf("%d subscriptions left", n.Len())
		}
	})
}

func TestTheNewestStateWins(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		r := &roster{}
		_, _, bob := w.notified(r)
		bob.says(subscribeText(1, ""))
		bob.hearsNotify("active;expires=3600", "full 1: ", 200)
		time.Sleep(9 * time.Second)
		t.Log("# the first of many changes is told at once")
		for i := range 10 {
			r.happens(fmt.Sprint("u", i))
			synctest.Wait()
			time.Sleep(10 * ms)
		}
		told := bob.hearsNotify("active;expires=3591", "partial 2: u0", 0)
		if told.at != 9*time.Second {
			t.Errorf("told at %v", told.at)
		}
		t.Log("# the rest waits for its turn, and for the answer to the last one")
		time.Sleep(300 * ms)
		bob.says(answerTo(told.text, 200, ""))
		bob.hears("NOTIFY")
		time.Sleep(600 * ms)
		if told = bob.hearsNotify("active;expires=3590", "partial 3: u1 u2 u3 u4 u5 u6 u7 u8 u9", 200); told.at != 10*time.Second {
			t.Errorf("told at %v", told.at)
		}
	})
}

func TestTheRestIsToldTogether(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		r := &roster{}
		_, _, bob := w.notified(r)
		bob.says(subscribeText(1, ""))
		bob.hearsNotify("active;expires=3600", "full 1: ", 200)
		time.Sleep(time.Second)
		r.happens("a")
		bob.hearsNotify("active;expires=3599", "partial 2: a", 200)
		r.happens("b")
		time.Sleep(500 * ms)
		r.happens("c")
		bob.hears("NOTIFY")
		time.Sleep(500 * ms)
		if told := bob.hearsNotify("active;expires=3598", "partial 3: b c", 200); told.at != 2*time.Second {
			t.Errorf("told at %v, want a second after the last", told.at)
		}
	})
}

func TestANotifyThatFails(t *testing.T) {
	for _, code := range []int{404, 405, 408, 410, 416, 480, 481, 485, 489, 501, 604} {
		t.Run(fmt.Sprint(code), func(t *testing.T) {
			inWorld(t, func(t *testing.T, w *world) {
				r := &roster{}
				n, ua, bob := w.notified(r)
				bob.says(subscribeText(1, ""))
				bob.hearsNotify("active;expires=3600", "full 1: ", code)
				var refused *sip.StatusError
				if n.Len() != 0 || ua.Stats().Dialogs != 0 || len(r.ended) != 1 || !errors.As(r.ended[0], &refused) || refused.Code != code {
					t.Errorf("%d subscriptions, %d dialogs, ended %v", n.Len(), ua.Stats().Dialogs, r.ended)
				}
			})
		})
	}
}

func TestNobodyAnswersANotify(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		r := &roster{}
		n, _, bob := w.notified(r)
		bob.says(subscribeText(1, ""))
		t.Log(`# "due to expiration of SIP Timer F (transaction timeout), the notifier SHOULD remove the subscription"`)
		time.Sleep(32*time.Second - ms)
		if n.Len() != 1 {
			t.Error("gone before Timer F")
		}
		time.Sleep(2 * ms)
		synctest.Wait()
		if n.Len() != 0 || !errors.Is(r.ended[0], sip.ErrTimeout) {
			t.Errorf("%d subscriptions, ended %v", n.Len(), r.ended)
		}
	})
}

func TestANotifyThatIsPutOff(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		r := &roster{}
		n, _, bob := w.notified(r)
		bob.says(subscribeText(1, ""))
		bob.hearsNotify("active;expires=3600", "full 1: ", 503, "Retry-After: 7 (busy)")
		r.happens("alice")
		time.Sleep(7*time.Second - ms)
		bob.hears("NOTIFY")
		time.Sleep(ms)
		t.Log("# what did not arrive did not count: still the first document")
		bob.hearsNotify("active;expires=3593", "full 1: alice", 500)
		t.Log("# without Retry-After it waits for a change; the third refusal in a row is the last")
		time.Sleep(time.Minute)
		bob.hears("NOTIFY")
		r.happens("bob")
		bob.hearsNotify("active;expires=3533", "full 1: alice bob", 500)
		if n.Len() != 0 {
			t.Errorf("%d subscriptions left", n.Len())
		}
	})
}

func TestPiggybackAndBENOTIFY(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		r := &roster{}
		n, _, bob := w.notified(r)
		r.happens("alice")
		bob.says(subscribeText(1, "", "Supported: com.microsoft.autoextend", "Supported: ms-benotify", "Proxy-Require: ms-benotify", "Supported: ms-piggyback-first-notify"))
		ok := bob.hears("SIP/2.0 200", 0)[0].text
		for name, want := range map[string]string{
			"ms-piggyback-cseq": "1", "Supported": "ms-benotify, ms-piggyback-first-notify", "Subscription-State": "active;expires=3600",
			"Content-Type": "application/conference-info+xml", "Event": "conference",
		} {
			if got := header(ok, name); got != want {
				t.Errorf("%s: %q, want %q", name, got, want)
			}
		}
		if got := bodyOf(ok); got != "full 1: alice" {
			t.Errorf("document %q", got)
		}
		bob.hears("NOTIFY")
		bob.hears("BENOTIFY")

		t.Log("# news come by BENOTIFY, which nobody answers, and each one renews the subscription")
		for i := range 3 {
			time.Sleep(50 * time.Minute)
			r.happens("bob")
			told := bob.heard("BENOTIFY ")
			if len(told) != 1 || bodyOf(told[0].text) != fmt.Sprintf("partial %d: bob", i+2) || header(told[0].text, "CSeq") != fmt.Sprintf("%d BENOTIFY", i+2) ||
				header(told[0].text, "Subscription-State") != "active;expires=3600" {
				t.Errorf("heard %v", told)
			}
		}
		time.Sleep(time.Hour)
		bob.hears("BENOTIFY", 210*time.Minute)
		if n.Len() != 0 {
			t.Errorf("%d subscriptions left", n.Len())
		}
	})
}

func TestPendingUntilSomebodyDecides(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		r := &roster{pending: true}
		n, _, bob := w.notified(r)
		bob.says(subscribeText(1, "", "Supported: ms-piggyback-first-notify"))
		if ok := bob.hears("SIP/2.0 200", 0)[0].text; bodyOf(ok) != "" {
			t.Errorf("a secret was told:\n%s", ok)
		}
		bob.hearsNotify("pending;expires=3600", "", 200)
		r.happens("alice")
		r.subscriptions[0].Activate()
		bob.hearsNotify("active;expires=3600", "full 1: alice", 200)
		r.subscriptions[0].Terminate(sip.Rejected, 0)
		bob.hearsNotify("terminated;reason=rejected", "", 200)
		if n.Len() != 0 {
			t.Errorf("%d subscriptions left", n.Len())
		}
	})
}

func TestTooManySubscriptions(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		r := &roster{}
		n := sip.NewNotifier(r.config(func(cfg *sip.NotifierConfig) { cfg.Max, cfg.MaxPerSource = 3, 2 }))
		w.agent("192.0.2.1", sip.Config{Handler: notifying(n)})
		subscribe := func(p *wire, call string) string {
			p.says(strings.NewReplacer("Call-ID: story", "Call-ID: "+call, "z9hG4bK", "z9hG4bK"+call).Replace(subscribeText(1, "")))
			for _, told := range p.heard("NOTIFY") {
				p.says(answerTo(told.text, 200, ""))
			}
			answers := p.heard("SIP/2.0")
			return strings.Fields(answers[len(answers)-1].text)[1]
		}
		bob, eve := w.wire("192.0.2.3:5060", "192.0.2.1:5060"), w.wire("192.0.2.4:5060", "192.0.2.1:5060")
		got := []string{subscribe(bob, "a"), subscribe(bob, "b"), subscribe(bob, "c"), subscribe(eve, "d"), subscribe(eve, "e")}
		if want := []string{"200", "200", "503", "200", "503"}; !slices.Equal(got, want) {
			t.Errorf("answers %v, want %v", got, want)
		}
		r.subscriptions[0].Terminate(sip.NoResource, 0)
		bob.hearsNotify("terminated;reason=noresource", "", 200)
		if code := subscribe(bob, "f"); code != "200" {
			t.Errorf("after one has ended: %s", code)
		}
	})
}

func TestAPeerWhoSubscribesForMany(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		r := &roster{}
		n := sip.NewNotifier(r.config(func(cfg *sip.NotifierConfig) {
			cfg.MaxPerSource, cfg.Exempt = 1, func(p sip.Peer) bool { return p.Address.Addr().String() == "192.0.2.3" }
		}))
		w.agent("192.0.2.1", sip.Config{Handler: notifying(n)})
		for address, want := range map[string]int{"192.0.2.3:5060": 3, "192.0.2.4:5060": 1} {
			p, before := w.wire(address, "192.0.2.1:5060"), n.Len()
			for _, call := range []string{"a", "b", "c"} {
				p.says(strings.NewReplacer("Call-ID: story", "Call-ID: "+call+address[8:9], "z9hG4bK", "z9hG4bK"+call).Replace(subscribeText(1, "")))
			}
			if got := n.Len() - before; got != want {
				t.Errorf("%s has %d subscriptions, want %d", address, got, want)
			}
		}
	})
}

func TestASubscriptionInACall(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		r, call := &roster{}, &leg{}
		n := sip.NewNotifier(r.config())
		call.answer = func(d *sip.Dialog, tx *sip.ServerTransaction) {
			if tx.Request().Method == sip.SUBSCRIBE {
				n.Serve(tx, d)
				return
			}
			d.AcceptTx(tx, "", nil)
		}
		var dialogs []*sip.Dialog
		w.agent("192.0.2.1", sip.Config{Handler: accepts(t, call, &dialogs)})
		bob := w.wire("192.0.2.3:5060", "192.0.2.1:5060")
		bob.says(request("INVITE", "1", "1 INVITE"))
		tag := toTagOf(bob.hears("SIP/2.0 200", 0)[0].text)
		bob.says(strings.Replace(request("ACK", "2", "1 ACK"), "conf@example.com>", "conf@example.com>;tag="+tag, 1))
		for _, event := range []string{"Event: conference", "Event: conference;id=2"} {
			bob.says(subscribeText(2+strings.Count(event, "id"), tag, event))
			bob.hears("SIP/2.0 200", 0)
		}
		if n.Len() != 2 {
			t.Fatalf("%d subscriptions, want 2 in one dialog", n.Len())
		}
		t.Log("# a NOTIFY that is refused ends its subscription, not the call")
		for _, told := range bob.hears("NOTIFY", 0, 0) {
			code := 200
			if header(told.text, "Event") == "conference;id=2" {
				code = 481
			}
			bob.says(answerTo(told.text, code, ""))
		}
		if n.Len() != 1 || dialogs[0].State() != sip.Confirmed {
			t.Errorf("%d subscriptions, dialog %v", n.Len(), dialogs[0].State())
		}
		t.Log("# the end of the call is the end of the subscription")
		bob.says(strings.Replace(request("BYE", "9", "9 BYE"), "conf@example.com>", "conf@example.com>;tag="+tag, 1))
		bob.hears("SIP/2.0 200", 0)
		bob.hears("NOTIFY")
		if n.Len() != 0 || len(r.ended) != 2 {
			t.Errorf("%d subscriptions, ended %v", n.Len(), r.ended)
		}
	})
}

func TestTheNotifierGoesAway(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		n, _, bob := w.notified(&roster{})
		bob.says(subscribeText(1, ""))
		bob.hearsNotify("active;expires=3600", "full 1: ", 200)
		closed := make(chan error, 1)
		go func() { closed <- n.Close(t.Context(), 10*time.Second) }()
		bob.hearsNotify("terminated;reason=probation;retry-after=10", "", 200)
		if err := <-closed; err != nil {
			t.Error(err)
		}
	})
}

func TestAPanicInAPackage(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		cfg := sip.NotifierConfig{Packages: []sip.EventPackage{{Name: "conference", Types: []string{"a/b"},
			Subscribe: func(_ context.Context, r sip.SubscribeRequest) (sip.Grant, error) {
				return sip.Grant{Contact: r.Transaction.ContactURI("c"), State: func(context.Context, sip.StateRequest) (sip.StateDocument, error) { panic("oh") }}, nil
			}}}}
		ua := w.agent("192.0.2.1", sip.Config{Handler: notifying(sip.NewNotifier(cfg))})
		bob := w.wire("192.0.2.3:5060", "192.0.2.1:5060")
		bob.says(subscribeText(1, ""))
		bob.hearsNotify("active;expires=3600", "", 200)
		if ua.Stats().Panics != 1 {
			t.Errorf("%d panics", ua.Stats().Panics)
		}
	})
}
