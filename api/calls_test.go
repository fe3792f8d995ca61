package api

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/gorilla/mux"

	"github.com/seed-f3cefc8c/focus/pkg/c3p"
	"github.com/seed-f3cefc8c/focus/pkg/quality"
)

// someCalls are records, the newest first. An empty Call-ID fails to be read.
type someCalls []*quality.Report

func (c someCalls) Newest(_ context.Context, callID string) iter.Seq2[*quality.Report, error] {
	return func(yield func(*quality.Report, error) bool) {
		for _, r := range c {
			switch {
			case r.CallID == "":
				yield(nil, errors.New("the disk is broken"))
				return
			case callID != "" && callID != r.CallID:
			case !yield(r, nil):
				return
			}
		}
	}
}

// asks is what a handler answers to GET.
func asks(handler func(http.ResponseWriter, *http.Request, c3p.Principal), path string, variables map[string]string, accept ...string) *httptest.ResponseRecorder {
	r := httptest.NewRequest("GET", path, nil)
	r.Header["Accept"] = accept
	w := httptest.NewRecorder()
	handler(w, mux.SetURLVars(r, variables), principal("sip:admin@example.org", true))
	return w
}

func TestCallsAreListed(t *testing.T) {
	var calls someCalls
	for n := range 60 {
		calls = append(calls, &quality.Report{CallID: fmt.Sprint(n), Conference: fmt.Sprintf("sip:o@example.org;gruu;opaque=app:conf:focus:id:ROOM%04d", n%2)})
	}
	s := &server{Config: Config{Calls: calls, Logger: slog.New(slog.DiscardHandler)}}
	for query, want := range map[string]string{
		"":                              "50, 0 to 49",
		"?limit=1":                      "1, 0 to 0",
		"?conference=room0001":          "30, 1 to 59",
		"?conference=ROOM0000&limit=3":  "3, 0 to 4",
		"?conference=OOM0000":           "0",
		"?limit=1000":                   "60, 0 to 59",
		"?limit=0":                      "400",
		"?limit=1001":                   "400",
		"?limit=x":                      "400",
		"?conference=ROOM0001&limit=-1": "400",
	} {
		answer := asks(s.getCalls, "/v1/calls"+query, nil)
		var list CallList
		err := json.Unmarshal(answer.Body.Bytes(), &list)
		got := fmt.Sprint(len(list.Calls))
		if n := len(list.Calls); n > 0 {
			got += fmt.Sprintf(", %s to %s", list.Calls[0].CallID, list.Calls[n-1].CallID)
		}
		if answer.Code != http.StatusOK {
			got = fmt.Sprint(answer.Code)
		}
		if err != nil || got != want {
			t.Errorf("%s: %s, %v; want %s", query, got, err, want)
		}
	}
	s.Calls = append(calls[:2:2], &quality.Report{})
	if answer := asks(s.getCalls, "/v1/calls", nil); answer.Code != http.StatusServiceUnavailable {
		t.Errorf("with a broken disk: %d", answer.Code)
	}
	if answer := asks((&server{}).getCalls, "/v1/calls", nil); strings.TrimSpace(answer.Body.String()) != `{"calls":[]}` {
		t.Errorf("without records: %s", answer.Body)
	}
}

func TestACallInThreeForms(t *testing.T) {
	start := time.Date(2026, 3, 4, 5, 6, 7, 0, time.UTC)
	call := &quality.Report{CallID: "6dg/37f@192.0.2.10", LocalID: "sip:ABC@example.org", RemoteID: "sip:alice@example.org", Start: start, Stop: start.Add(time.Minute), Local: &quality.Metrics{Packets: 3000}}
	s := &server{Config: Config{Calls: someCalls{call, {}}, Logger: slog.New(slog.DiscardHandler)}}
	inPath := map[string]string{"callID": "6dg%2F37f@192.0.2.10"}
	for _, row := range []struct {
		accept []string
		want   string
	}{
		{nil, "application/json"},
		{[]string{"*/*"}, "application/json"},
		{[]string{"application/vq-rtcpxr"}, "application/vq-rtcpxr"},
		{[]string{"application/vq-rtcpxr+xml"}, "application/vq-rtcpxr+xml"},
		{[]string{"text/html, application/vq-rtcpxr;q=0.5, application/*;q=0.4"}, "application/vq-rtcpxr"},
		{[]string{"application/json;q=0", "*/*;q=0.1, application/vq-rtcpxr;q=0"}, "application/vq-rtcpxr+xml"},
		{[]string{"text/html"}, "406"},
		{[]string{"application/json;q=2"}, "406"},
		{[]string{";;;"}, "406"},
	} {
		answer := asks(s.getCall, "/v1/calls/x", inPath, row.accept...)
		got := answer.Header().Get("Content-Type")
		if answer.Code != http.StatusOK {
			got = fmt.Sprint(answer.Code)
		}
		if got != row.want {
			t.Errorf("Accept %q: %s, want %s", row.accept, got, row.want)
		}
	}
	if r, err := quality.ParseText(asks(s.getCall, "/v1/calls/x", inPath, quality.MediaType).Body.Bytes()); err != nil || r.CallID != call.CallID {
		t.Errorf("as text: %+v, %v", r, err)
	}
	if r, err := quality.ParseXML(asks(s.getCall, "/v1/calls/x", inPath, quality.XMLMediaType).Body.Bytes()); err != nil || r.CallID != call.CallID {
		t.Errorf("as XML: %+v, %v", r, err)
	}
	for id, status := range map[string]int{"other": http.StatusServiceUnavailable, "": http.StatusNotFound} { // the broken disk may hold the other one
		if answer := asks(s.getCall, "/v1/calls/x", map[string]string{"callID": id}); answer.Code != status {
			t.Errorf("%q: %d, want %d", id, answer.Code, status)
		}
	}
	if answer := asks((&server{Config: Config{Calls: someCalls{call}}}).getCall, "/v1/calls/x", map[string]string{"callID": "other"}); answer.Code != http.StatusNotFound {
		t.Errorf("of another call: %d", answer.Code)
	}
}
