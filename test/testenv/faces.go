package testenv

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing/synctest"

	"github.com/seed-f3cefc8c/focus/api"
	"github.com/seed-f3cefc8c/focus/pkg/c3p"
	"github.com/seed-f3cefc8c/focus/pkg/cluster"
)

// API is the HTTPS side of the world's focus, without events.
func (w *World) API() http.Handler {
	handler := api.New(api.Config{
		C3P: w.Focus, Users: w.Store.Users, Tokens: w.Store.Tokens, Registrar: w.Focus.Registrar(), Limiter: cluster.NewLimiter(),
		Domain: Domain, Realm: Domain, Logger: w.log,
	})
	w.Cleanup(handler.Close)
	return w.written.answers(handler)
}

// Posts sends a command over HTTPS and returns the response.
func (w *World) Posts(h http.Handler, name string, command c3p.Command) *c3p.Response {
	w.Helper()
	w.next++
	request := &c3p.Request{RequestID: fmt.Sprint(w.next), From: As(name).URI, To: "sip:" + Domain, Command: command}
	answer := w.HTTP(h, name, "POST", "/c3p", c3p.MediaType, string(request.AppendXML(nil)))
	response, err := c3p.ParseResponse(answer.Body.Bytes())
	if err != nil {
		w.Fatalf("%s over HTTPS: %d %s", command.Name(), answer.Code, answer.Body)
	}
	return response
}

// HTTP sends a request with somebody's password.
func (w *World) HTTP(h http.Handler, name, method, path, contentType, body string) *httptest.ResponseRecorder {
	w.Helper()
	r := httptest.NewRequestWithContext(w.Context(), method, path, strings.NewReader(body))
	r.SetBasicAuth(name, Password)
	if body != "" {
		r.Header.Set("Content-Type", contentType)
	}
	answer := httptest.NewRecorder()
	h.ServeHTTP(answer, r)
	synctest.Wait()
	return answer
}

// JSON sends a request of the JSON API and returns the reason of its refusal; "" when it was obeyed.
func (w *World) JSON(h http.Handler, name, method, path, body string) c3p.Reason {
	w.Helper()
	answer := w.HTTP(h, name, method, path, "application/json", body)
	if answer.Code < 300 {
		return ""
	}
	var problem api.Problem
	if err := json.Unmarshal(answer.Body.Bytes(), &problem); err != nil || problem.Reason == "" {
		w.Fatalf("%s %s: %d %s", method, path, answer.Code, answer.Body)
	}
	return problem.Reason
}
