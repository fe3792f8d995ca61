package focus

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"github.com/seed-f3cefc8c/focus/pkg/c3p"
	"github.com/seed-f3cefc8c/focus/pkg/conference"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func quietFocus() *Focus {
	s := &Server{log: slog.New(slog.DiscardHandler), focuses: make(map[conference.ID]*Focus)}
	s.ctx, s.cancel = context.WithCancel(context.Background())
	return s.newFocus(conference.Record{ID: "1234567890", Organizer: "sip:olivia@example.com", AdmissionPolicy: conference.Anonymous})
}

func TestAPanicEndsThatCommandAlone(t *testing.T) {
	f := quietFocus()
	go f.loop()
	var panicked *panicError
	if err := f.do(t.Context(), func() error { panic("oh") }); !errors.As(err, &panicked) {
		t.Errorf("error %v, want that of a panic", err)
	}
	f.post(func() { panic("again") })
	if err := f.do(t.Context(), func() error { return nil }); err != nil {
		t.Errorf("after two panics: %v", err)
	}
	f.post(func() { f.finish(480, "over") })
	<-f.done
	f.server.work.Wait()
	if err := f.do(t.Context(), func() error { return nil }); !errors.Is(err, errGone) {
		t.Errorf("after the end: %v, want errGone", err)
	}
}

func TestOrdersKeepTheirOrderAndTheirBound(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := quietFocus()
		var o orders
		hold := make(chan struct{})
		o.add(f.server, func(context.Context) { <-hold })
		synctest.Wait()
		var got []int
		for i := range maxOrders + 10 {
			o.addPrompt(f.server, func(context.Context) { got = append(got, i) })
		}
		const removal = 1000
		o.add(f.server, func(context.Context) { got = append(got, removal) })
		close(hold)
		f.server.work.Wait()
		if len(got) != maxOrders+1 || !slices.IsSorted(got) || got[maxOrders] != removal {
			t.Errorf("carried out %v, want the first %d prompts in their order, and the removal", got, maxOrders)
		}
	})
}

func TestSpeakingIsShownOnOneEndpointAndTakenFromAll(t *testing.T) {
	f, now := quietFocus(), time.Now()
	bob := conference.Caller{URI: "sip:bob@example.com", Authenticated: true}
	for _, id := range []conference.EndpointID{"desk", "mobile"} {
		endpoint := conference.Endpoint{ID: id, Status: conference.StatusConnected, Method: conference.DialedIn}
		if _, _, err := f.conference.Join(now, conference.Joining{Caller: bob, Endpoint: endpoint}); err != nil {
			t.Fatal(err)
		}
	}
	for _, speaking := range []bool{true, true, false} {
		for _, user := range []string{"sip:nobody@example.com", "sip:bob@example.com"} {
			f.notified(&c3p.Notification{Events: []c3p.Event{&c3p.Speaking{Keys: c3p.UserKeys{User: user}, Speaking: speaking}}})
		}
		if p, _ := f.conference.Participant("sip:bob@example.com"); p.Speaking() != speaking {
			t.Errorf("bob speaking: %v, want %v", p.Speaking(), speaking)
		}
	}
}

func TestClean(t *testing.T) {
	for in, want := range map[string]string{
		"Ålice":          "Ålice",
		"a\r\nb\x00c":    "abc",
		"\xff\xfebroken": "broken",
	} {
		if got := clean(in); got != want {
			t.Errorf("clean(%q) = %q, want %q", in, got, want)
		}
	}
}
