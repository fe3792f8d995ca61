package api

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"time"
)

// sse is a stream of server-sent events (HTML §9.2): each has its type, what to resume by as its id, and JSON as its data.
type sse struct {
	out     io.Writer
	control *http.ResponseController
}

// serveSSE keeps the request open, against the time-outs of the server: each event has its own.
func (s *server) serveSSE(ctx context.Context, w http.ResponseWriter, t telling) {
	out := &sse{w, http.NewResponseController(w)}
	_ = out.control.SetReadDeadline(time.Time{}) // else the connection would end with that of the request
	w.Header().Set("Content-Type", "text/event-stream")
	w.Header().Set("X-Accel-Buffering", "no") // proxies in front pass each event on
	w.WriteHeader(http.StatusOK)
	_ = out.control.Flush() // it may be long until something happens
	_ = t.run(ctx, out)     // who goes away has said all there is to say
}

func (o *sse) send(_ context.Context, e *Event) error {
	id := ""
	switch {
	case e.Cursor != "": // here and not in the data too, as it is long
		id = "id: " + e.Cursor + "\n"
		bare := *e
		bare.Cursor, e = "", &bare
	case e.Revision != 0:
		id = fmt.Sprintf("id: %d\n", e.Revision)
	}
	data, err := json.Marshal(e)
	if err != nil {
		return err
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
