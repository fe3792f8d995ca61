package api

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/seed-f3cefc8c/focus/pkg/c3p"
	"github.com/seed-f3cefc8c/focus/pkg/sip/siptest"
)

// endless is a body that counts what is read of it.
type endless struct{ read int }

func (e *endless) Read(p []byte) (int, error) { e.read += len(p); return len(p), nil }
func (e *endless) Close() error               { return nil }

func TestBodiesAreRefusedAtAFixedCost(t *testing.T) {
	w := newWorld(t)
	for _, test := range []struct {
		why    string
		length int64
		most   int
	}{
		{"100 MB, announced", 100 << 20, 0},
		{"of unknown length", -1, 1 << 20},
	} {
		body := &endless{}
		response := w.do("POST", "/c3p", "", as("alice"), func(r *http.Request) { r.Body, r.ContentLength = body, test.length })
		w.wantsProblem(response, 413, "256 KB")
		if body.read > test.most {
			t.Errorf("%s: %d bytes were read", test.why, body.read)
		}
		if response.Header.Get("Connection") != "close" {
			t.Errorf("%s: the connection is kept, and the rest of the body with it", test.why)
		}
	}

	t.Log("# of a stranger nothing is read at all")
	body := &endless{}
	w.wantsProblem(w.do("POST", "/c3p", "", func(r *http.Request) { r.Body, r.ContentLength = body, -1 }), 401, "Log in")
	if body.read > 0 {
		t.Errorf("%d bytes were read", body.read)
	}
}

func TestTypesOfBodies(t *testing.T) {
	w := newWorld(t)
	for _, contentType := range []string{"", "text/xml", "application/json", c3p.MediaType + "; charset=utf-16", "/;"} {
		w.wantsProblem(w.do("POST", "/c3p", addConference, as("alice"), with("Content-Type", contentType)), 415, c3p.MediaType)
	}
	w.wantsProblem(w.do("POST", "/v1/conferences", `{}`, as("alice"), with("Content-Encoding", "gzip")), 415, "Content-Encoding")
	w.wants(w.do("POST", "/v1/conferences/x/recording", `{"action":"stop"}`, as("alice"), with("Content-Type", "Application/JSON; charset=UTF-8")), 200, "it is JSON")
}

func TestAPanicEndsOneRequest(t *testing.T) {
	w := newWorld(t)
	w.serve = func(*c3p.Call) (c3p.Command, error) { panic("of the focus") }
	w.wantsProblem(w.do("GET", "/v1/conferences", "", as("alice")), 500, "mistake")
	w.wantsProblem(w.do("POST", "/c3p", addConference, as("alice")), 500, "mistake")
	w.serve = nil
	w.wants(w.do("POST", "/c3p", addConference, as("alice")), 200, "the next one is served, and not with the answer of the panic")
}

// serveInMemory serves h on a network in memory and returns a way to connect.
func serveInMemory(t *testing.T, h http.Handler) (dial func() net.Conn) {
	network := siptest.NewNetwork()
	listener, err := network.Listen("192.0.2.1:443")
	if err != nil {
		t.Fatal(err)
	}
	server := NewServer(h, nil, slog.New(slog.DiscardHandler))
	done := make(chan error, 1)
	go func() { done <- server.Serve(LimitListener(listener, 8, 4)) }()
	t.Cleanup(func() {
		server.Close()
		<-done
		time.Sleep(time.Second) // net/http lets a refused peer read why for half a second
	})
	return func() net.Conn {
		conn, err := network.Dial(t.Context(), "tcp", "192.0.2.1:443")
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { conn.Close() })
		return conn
	}
}

func TestSlowAndBulkyClients(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		dial := serveInMemory(t, http.NotFoundHandler())

		t.Log("# a byte a second does not hold a connection")
		began := time.Now()
		slow := dial()
		go func() {
			for {
				if _, err := io.WriteString(slow, "G"); err != nil {
					return
				}
				time.Sleep(time.Second)
			}
		}()
		io.Copy(io.Discard, slow)
		if took := time.Since(began); took > 10*time.Second {
			t.Errorf("it was held for %v", took)
		}

		t.Log("# 10,000 header fields are refused before the last is there")
		bulky := dial()
		go func() {
			fmt.Fprint(bulky, "GET / HTTP/1.1\r\nHost: x\r\n")
			for n := range 10_000 {
				if _, err := fmt.Fprintf(bulky, "X-%d: y\r\n", n); err != nil {
					return
				}
			}
		}()
		response, err := http.ReadResponse(bufio.NewReader(bulky), nil)
		if err != nil || response.StatusCode != http.StatusRequestHeaderFieldsTooLarge {
			t.Errorf("got %v, %v", response, err)
		}
	})
}

func TestManyHeaderFieldsThatAreShort(t *testing.T) {
	w := newWorld(t)
	response := w.do("GET", "/healthz", "", func(r *http.Request) { r.Header["A"] = make([]string, 100) })
	w.wantsProblem(response, http.StatusRequestHeaderFieldsTooLarge, "fewer")
}

func TestOneAddressCannotTakeAllConnections(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		dial := serveInMemory(t, http.NotFoundHandler())
		for range 4 {
			dial()
		}
		synctest.Wait()
		fifth := dial()
		fmt.Fprint(fifth, "GET / HTTP/1.1\r\nHost: x\r\n\r\n")
		if _, err := http.ReadResponse(bufio.NewReader(fifth), nil); err == nil {
			t.Error("the fifth connection of one address is served")
		}
	})
}

func TestARetryWaitsForTheFirst(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := testAnswers(rememberFor)
		var served atomic.Int32
		name, body := answerName{"sip:alice@example.com", "1"}, []byte("<request/>")
		slow := work{pending: []byte("wait"), serve: func(context.Context) ([]byte, error) {
			served.Add(1)
			time.Sleep(3 * time.Second)
			return []byte("done"), nil
		}}
		asks := func(ctx context.Context, patience time.Duration) string {
			answer, err := a.once(name, body, false, slow)
			if err != nil {
				return err.Error()
			}
			text, err := a.wait(ctx, answer, patience)
			if err != nil {
				return err.Error()
			}
			return string(text)
		}

		t.Log("# the client of the first goes away after a second; its retry comes at once")
		var all sync.WaitGroup
		gone, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		all.Go(func() { asks(gone, time.Minute) })
		synctest.Wait()
		all.Go(func() {
			if got := asks(t.Context(), time.Minute); got != "done" {
				t.Errorf("got %q", got)
			}
		})
		all.Wait()
		if served.Load() != 1 {
			t.Errorf("it was served %d times", served.Load())
		}

		t.Log("# a minute later it is a new command, which nobody waits for longer than two seconds")
		time.Sleep(rememberFor)
		if got := asks(t.Context(), 2*time.Second); got != "wait" || served.Load() != 2 {
			t.Errorf("%q; it was served %d times", got, served.Load())
		}
		answer := a.find(name)
		if text, err := a.wait(t.Context(), answer, time.Minute); string(text) != "done" || err != nil {
			t.Errorf("fetched %q, %v", text, err)
		}
		time.Sleep(rememberFor - time.Second)
		if a.find(name) == nil {
			t.Error("the answer is forgotten before its minute is over")
		}
		time.Sleep(time.Second)
		if a.find(name) != nil {
			t.Error("the answer is still there")
		}
	})
}

func testAnswers(keep time.Duration) *answers {
	return newAnswers(keep, func(f func(context.Context)) bool { go f(context.Background()); return true })
}

func TestAnswersAreBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := testAnswers(rememberFor)
		asks := func(sender, number string, size int) {
			answer, err := a.once(answerName{sender, number}, nil, false, work{serve: func(context.Context) ([]byte, error) { return make([]byte, size), nil }})
			if err != nil {
				t.Fatal(err)
			}
			a.wait(t.Context(), answer, time.Minute)
			synctest.Wait()
		}
		for n := range 1000 {
			asks("alice", fmt.Sprint(n), 100<<10)
		}
		if a.bytes > maxAnswerBytes+maxSingleAnswer {
			t.Errorf("%d bytes are remembered", a.bytes)
		}
		for n := range 2 * maxAnswers {
			asks("bob", fmt.Sprint(n), 0)
		}
		if len(a.byKey) > maxAnswers || len(a.byName) > maxAnswers || len(a.order) > maxAnswers {
			t.Errorf("%d answers are remembered", len(a.byKey))
		}
		time.Sleep(time.Hour)
		asks("carol", "1", 0)
		if len(a.byKey) != 1 || len(a.byName) != 1 || a.bytes != overheadOfAnswer {
			t.Errorf("an hour later %d answers, %d bytes", len(a.byKey), a.bytes)
		}

		t.Log("# what is being carried out is bounded too, for everybody by himself and in all")
		stuck := work{serve: func(ctx context.Context) ([]byte, error) { <-ctx.Done(); return nil, ctx.Err() }}
		for n := range maxWorking {
			if _, err := a.once(answerName{fmt.Sprint("user", n/maxWorkingOf), fmt.Sprint(n)}, nil, false, stuck); err != nil {
				t.Fatal(n, err)
			}
			if n == maxWorkingOf-1 {
				if _, err := a.once(answerName{"user0", "more"}, nil, false, stuck); err != errTooMuchWork {
					t.Errorf("one more of the same: %v", err)
				}
			}
		}
		if _, err := a.once(answerName{"carol", "2"}, nil, false, stuck); err != errTooMuchWork {
			t.Errorf("one more: %v", err)
		}
		time.Sleep(maxCommandTime)
		synctest.Wait()
		a.find(answerName{})
		if a.total != 0 || len(a.working) != 0 || len(a.byKey) != 0 || len(a.byName) != 0 {
			t.Errorf("after it all: %d, %d, %d", a.total, len(a.working), len(a.byKey))
		}
	})
}

func FuzzDecode(f *testing.F) {
	f.Add([]byte(`{"id":"2718281828","expires":"2030-01-01T15:00:00Z","invitees":["sip:bob@example.com"],"autoRecord":true}`))
	f.Add([]byte(`{"pni":1}`))
	f.Add([]byte(`{"pin":"1","pin":"2"}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		var n NewConference
		refusal := decode(data, &n)
		if refusal != nil {
			refusal.write(httptest.NewRecorder())
			return
		}
		request := &c3p.Request{RequestID: "1", Command: n.command()}
		if _, err := c3p.ParseRequest(request.AppendXML(nil)); err != nil && strings.Contains(err.Error(), "syntax") {
			t.Errorf("%q became XML that nobody can read: %v", data, err)
		}
	})
}
