package api

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"time"
)

// sse is a stream of server-sent events (HTML §9.2): each has its type, the revision as its id, and JSON as its data.
type sse struct {
	out     io.Writer
	control *http.ResponseController
}

// serveSSE keeps the request open, against the time-outs of the server: each event has its own.
func (s *server) serveSSE(ctx context.Context, w http.ResponseWriter, st *stream) {
	out := &sse{w, http.NewResponseController(w)}
	_ = out.control.SetReadDeadline(time.Time{}) // else the connection would end with that of the request
	w.Header().Set("Content-Type", "text/event-stream")
	w.Header().Set("X-Accel-Buffering", "no") // proxies in front pass each event on
	w.WriteHeader(http.StatusOK)
	_ = st.run(ctx, out) // who goes away has said all there is to say
}

func (o *sse) send(_ context.Context, e *Event) error {
	data, err := json.Marshal(e)
	if err != nil {
		return err
	}
	id := ""
	if e.Revision != 0 {
		id = fmt.Sprintf("id: %d\n", e.Revision)
	}
	return o.write(fmt.Appendf(nil, "event: %s\n%sdata: %s\n\n", e.Type, id, data))
}

// beat is a comment, which clients ignore.
func (o *sse) beat(context.Context) error { return o.write([]byte(":\n\n")) }

func (o *sse) refuse(_ context.Context, refusal *Problem) error {
	data, err := json.Marshal(refusal)
	if err != nil {
		return err
	}
	return o.write(fmt.Appendf(nil, "event: problem\ndata: %s\n\n", data))
}

func (o *sse) write(text []byte) error {
	_ = o.control.SetWriteDeadline(time.Now().Add(writePatience))
	if _, err := o.out.Write(text); err != nil {
		return err
	}
	return o.control.Flush()
}
