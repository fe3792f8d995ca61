package api

import (
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/seed-f3cefc8c/focus/pkg/c3p"
)

// TestACommandThatTakesLong is answered with pending after two seconds, and to be fetched by who sent it.
func TestACommandThatTakesLong(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		var fails error
		w.serve = func(*c3p.Call) (c3p.Command, error) {
			time.Sleep(5 * time.Second)
			return &c3p.AddConference{Conference: meeting()}, fails
		}
		asks := func(method, path, body, code string) {
			t.Helper()
			begin := time.Now()
			got := w.wants(w.do(method, path, body, as("alice")), 200, path)
			if !strings.Contains(got, `code="`+code+`"`) || time.Since(begin) > patience {
				t.Errorf("%s %s: after %v %s, want code %s", method, path, time.Since(begin), got, code)
			}
		}
		told, leave := w.handler.server.finals.listen("sip:alice@example.com")
		defer leave()

		t.Log("# alice sends it, and again, and asks for it; it is carried out once")
		asks("POST", "/c3p", addConference, "pending")
		asks("POST", "/c3p", addConference, "pending")
		asks("GET", "/c3p/1", "", "success")
		asks("POST", "/c3p", addConference, "success")
		if len(w.calls) != 1 {
			t.Errorf("the focus was asked %d times", len(w.calls))
		}
		synctest.Wait() // the answer can be fetched a moment before the streams are told
		select {
		case f := <-told:
			if f.requestID != "1" || !strings.Contains(string(f.document), `code="success"`) {
				t.Errorf("told %s %s", f.requestID, f.document)
			}
		default:
			t.Error("alice's stream was told nothing")
		}

		t.Log("# root is not alice")
		w.wantsProblem(w.do("GET", "/c3p/1", "", as("root")), 404, "is remembered")
		time.Sleep(rememberFor)
		w.wantsProblem(w.do("GET", "/c3p/1", "", as("alice")), 404, "is remembered")

		t.Log("# what was pending and gets no answer in the end is a failure, and may be tried again")
		w.down = errors.New("gone")
		asks2 := strings.Replace(addConference, `requestId="1"`, `requestId="2"`, 1)
		w.slow = 5 * time.Second
		asks("POST", "/c3p", asks2, "pending")
		time.Sleep(5 * time.Second)
		asks("GET", "/c3p/2", "", "failure")
		w.down, w.slow = nil, 0
		asks("POST", "/c3p", asks2, "pending")
		time.Sleep(5 * time.Second)
		asks("GET", "/c3p/2", "", "success")
		w.handler.Close()
	})
}

func TestIdempotencyKey(t *testing.T) {
	w := newWorld(t)
	w.serve = func(*c3p.Call) (c3p.Command, error) { return &c3p.AddConference{Conference: meeting()}, nil }
	key := with("Idempotency-Key", "8e03978e-40d5-43dd-bc93-6894a57f9324")
	first := w.do("POST", "/v1/conferences", `{"subject":"Team"}`, as("alice"), key)
	location, body := first.Header.Get("Location"), w.wants(first, 201, "it is made")
	again := w.do("POST", "/v1/conferences", `{"subject" : "Team"}`, as("alice"), key)
	if got := w.wants(again, 201, "the same"); got != body || again.Header.Get("Location") != location || len(w.calls) != 1 {
		t.Errorf("got %s, want %s; %d commands", got, body, len(w.calls))
	}
	w.wantsProblem(w.do("POST", "/v1/conferences", `{"subject":"Other"}`, as("alice"), key), 422, "make a new key")
	w.wants(w.do("POST", "/v1/conferences", `{"subject":"Team"}`, as("root"), key), 201, "root's key is another")
	w.wantsProblem(w.do("POST", "/v1/conferences", `{}`, as("alice"), with("Idempotency-Key", strings.Repeat("x", 129))), 400, "at most 128")

	t.Log("# what was refused is tried anew")
	fail := true
	w.serve = func(*c3p.Call) (c3p.Command, error) {
		if fail {
			return nil, &c3p.Error{Reason: c3p.ReasonServiceUnavailable}
		}
		return &c3p.AddConference{Conference: meeting()}, nil
	}
	next := with("Idempotency-Key", "next")
	w.wantsProblem(w.do("POST", "/v1/conferences", `{}`, as("alice"), next), 503, "no room")
	fail = false
	w.wants(w.do("POST", "/v1/conferences", `{}`, as("alice"), next), 201, "now there is room")
}
