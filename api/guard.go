package api

import (
	"log/slog"
	"net/http"
	"runtime/debug"
	"time"
)

// maxHeaderFields is far more than clients send; Server.MaxHeaderBytes bounds their length.
const maxHeaderFields = 64

// guarded sets the headers that keep browsers from misusing an answer, and refuses what is too much before anything looks at it.
func guarded(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Cache-Control", "no-store")
		h.Set("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'")
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("Strict-Transport-Security", "max-age=31536000")
		if headerFields(r.Header) > maxHeaderFields {
			h.Set("Connection", "close")
			problem(http.StatusRequestHeaderFieldsTooLarge, "Send fewer header fields.").write(w)
			return
		}
		next.ServeHTTP(w, r)
	})
}

func headerFields(h http.Header) (n int) {
	for _, values := range h {
		n += len(values)
	}
	return n
}

// logged writes a line per request, at Debug as there are many, and never a header: they hold credentials. A panic is answered
// and logged, and ends nothing but its request.
func (s *server) logged(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		started := time.Now()
		out := &statusWriter{ResponseWriter: w}
		defer func() {
			if p := recover(); p != nil {
				s.Logger.Error("panic in a request", "method", r.Method, "path", r.URL.Path, "panic", p, "stack", string(debug.Stack()))
				problem(http.StatusInternalServerError, "The server has made a mistake; its log says more.").write(out)
			}
			s.Logger.LogAttrs(r.Context(), slog.LevelDebug, "request", slog.String("method", r.Method), slog.String("path", r.URL.Path),
				slog.Int("status", out.status), slog.String("from", r.RemoteAddr), slog.Duration("took", time.Since(started)))
		}()
		next.ServeHTTP(out, r)
	})
}

// statusWriter remembers the status; a second one is dropped.
type statusWriter struct {
	http.ResponseWriter
	status int
}

func (w *statusWriter) WriteHeader(status int) {
	if w.status == 0 {
		w.status = status
		w.ResponseWriter.WriteHeader(status)
	}
}

func (w *statusWriter) Write(data []byte) (int, error) {
	w.WriteHeader(http.StatusOK)
	return w.ResponseWriter.Write(data)
}

// Unwrap is for http.ResponseController.
func (w *statusWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }
