package api

import (
	_ "embed"
	"io"
	"net/http"
)

// openAPI is the specification of all routes.
//
//go:embed openapi.yaml
var openAPI string

func (s *server) getOpenAPI(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "application/yaml") // RFC 9512
	io.WriteString(w, openAPI)
}

// getHealth says that the process lives: who watches it restarts it otherwise.
func (s *server) getHealth(w http.ResponseWriter, r *http.Request) {
	io.WriteString(w, "ok\n")
}

// getReady says whether requests would succeed now: a load balancer sends them elsewhere otherwise. Strangers are not told why.
func (s *server) getReady(w http.ResponseWriter, r *http.Request) {
	if s.Ready == nil {
		io.WriteString(w, "ready\n")
		return
	}
	if err := s.Ready(r.Context()); err != nil {
		s.Logger.Warn("not ready", "err", err)
		unavailable("The server is not ready: its log says why.").write(w)
		return
	}
	io.WriteString(w, "ready\n")
}
