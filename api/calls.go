package api

import (
	"context"
	"encoding/json"
	"iter"
	"net/http"
	"strconv"
	"strings"

	"github.com/seed-f3cefc8c/focus/pkg/c3p"
	"github.com/seed-f3cefc8c/focus/pkg/quality"
)

// Calls are the records of the calls that are over.
type Calls interface {
	// Newest yields those of a Call-ID, all with "", the newest first. An error is the last thing that it yields.
	Newest(ctx context.Context, callID string) iter.Seq2[*quality.Report, error]
}

// CallList is a list, the newest first.
type CallList struct {
	Calls []*quality.Report `json:"calls"`
}

// How many calls a list has: without limit, and at most.
const (
	defaultCalls = 50
	maxCalls     = 1000
)

// callForms are how the record of a call is written, the one without a wish first.
var callForms = []struct {
	mediaType string
	write     func(*quality.Report) ([]byte, error)
}{
	{"application/json", func(r *quality.Report) ([]byte, error) { return json.Marshal(r) }},
	{quality.MediaType, func(r *quality.Report) ([]byte, error) { return r.AppendText(nil), nil }},
	{quality.XMLMediaType, func(r *quality.Report) ([]byte, error) { return r.AppendXML(nil), nil }},
}

// getCalls lists those of all conferences, or of one.
func (s *server) getCalls(w http.ResponseWriter, r *http.Request, _ c3p.Principal) {
	limit, refusal := callLimit(r)
	if refusal != nil {
		refusal.write(w)
		return
	}
	list, err := s.newestCalls(r.Context(), r.URL.Query().Get("conference"), limit)
	if err != nil {
		s.callsProblem(err).write(w)
		return
	}
	writeJSON(w, http.StatusOK, list)
}

func callLimit(r *http.Request) (int, *Problem) {
	text := r.URL.Query().Get("limit")
	if text == "" {
		return defaultCalls, nil
	}
	limit, err := strconv.Atoi(text)
	if err != nil || limit < 1 || limit > maxCalls {
		return 0, badField("limit", "limit is a number from 1 to "+strconv.Itoa(maxCalls)+".")
	}
	return limit, nil
}

func (s *server) newestCalls(ctx context.Context, conference string, limit int) (list CallList, err error) {
	list.Calls = []*quality.Report{}
	if s.Calls == nil {
		return list, nil
	}
	for call, err := range s.Calls.Newest(ctx, "") {
		if err != nil {
			return list, err
		}
		if conference == "" || isOf(call, conference) {
			list.Calls = append(list.Calls, call)
		}
		if len(list.Calls) == limit {
			break
		}
	}
	return list, nil
}

// isOf tells if a call was into the conference of that id.
func isOf(call *quality.Report, id string) bool {
	at := strings.LastIndexByte(call.Conference, ':')
	return strings.EqualFold(call.Conference[at+1:], id)
}

// getCall is one record, in the form that the client likes best.
func (s *server) getCall(w http.ResponseWriter, r *http.Request, _ c3p.Principal) {
	var known []string
	for _, form := range callForms {
		known = append(known, form.mediaType)
	}
	best := preferred(r.Header.Values("Accept"), known)
	if best < 0 {
		problem(http.StatusNotAcceptable, "A call is written as "+strings.Join(known, ", ")+".").write(w)
		return
	}
	call, refusal := s.call(r.Context(), variable(r, "callID"))
	if refusal != nil {
		refusal.write(w)
		return
	}
	body, err := callForms[best].write(call)
	if err != nil {
		s.callsProblem(err).write(w)
		return
	}
	w.Header().Set("Content-Type", callForms[best].mediaType)
	w.Header().Set("Vary", "Accept")
	w.Write(body)
}

func (s *server) call(ctx context.Context, id string) (*quality.Report, *Problem) {
	if s.Calls != nil && id != "" {
		for call, err := range s.Calls.Newest(ctx, id) {
			if err != nil {
				return nil, s.callsProblem(err)
			}
			return call, nil
		}
	}
	return nil, problem(http.StatusNotFound, "There is no record of such a call: GET /v1/calls lists the newest.")
}

func (s *server) callsProblem(err error) *Problem {
	s.Logger.Error("reading the records of calls", "err", err)
	return unavailable("The records of calls cannot be read: the log says why.")
}
