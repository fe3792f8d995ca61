package testenv

import (
	"bytes"
	"net"
	"net/http"
	"net/http/httptest"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/seed-f3cefc8c/focus/internal/xmlschema"
)

// written sees what the server writes to its sockets and answers over HTTPS. Each body that is XML goes to the schemas.
type written struct {
	documents *xmlschema.Documents

	mu    sync.Mutex
	kinds []string // of the documents: "BENOTIFY partial", "200 SERVICE", "HTTPS"; each once
}

// Written are the kinds of documents that the server has written so far, sorted: the method of a request, or status and method of a response, and
// the state of a roster; HTTPS for answers there.
func (w *World) Written() []string {
	w.written.mu.Lock()
	defer w.written.mu.Unlock()
	return slices.Sorted(slices.Values(w.written.kinds))
}

var rosterState = regexp.MustCompile(`^(?:<\?xml[^>]*>)?<conference-info [^>]* state="(\w+)"`)

func (x *written) document(kind, mediaType, body string) {
	if mediaType, _, _ = strings.Cut(mediaType, ";"); !strings.HasSuffix(mediaType, "+xml") || body == "" {
		return
	}
	if !strings.Contains(body, `fx:detail="unknown command `) { // its response has the name that the sender made up, which no schema can have
		x.documents.Add([]byte(body))
	}
	if state := rosterState.FindStringSubmatch(body); state != nil {
		kind += " " + state[1]
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	if !slices.Contains(x.kinds, kind) {
		x.kinds = append(x.kinds, kind)
	}
}

// message takes a whole message of SIP.
func (x *written) message(t *Text) {
	kind := t.Method()
	if code := t.Code(); code > 0 {
		kind = strconv.Itoa(code) + " " + kind
	}
	x.document(kind, t.Header("Content-Type"), t.Body)
}

// cutMessage takes the first message off what was written to a connection; ok is false while it is not complete.
func cutMessage(data []byte) (t *Text, rest []byte, ok bool) {
	head, after, ok := bytes.Cut(bytes.TrimLeft(data, "\r\n"), []byte("\r\n\r\n"))
	if !ok {
		return nil, data, false
	}
	t = ParseText(string(head))
	length, _ := strconv.Atoi(t.Header("Content-Length"))
	if len(after) < length {
		return nil, data, false
	}
	t.Body = string(after[:length])
	return t, after[length:], true
}

// seenPackets is a packet socket of the server's.
type seenPackets struct {
	net.PacketConn
	written *written
}

func (s seenPackets) WriteTo(p []byte, to net.Addr) (int, error) {
	if t, _, ok := cutMessage(p); ok {
		s.written.message(t)
	}
	return s.PacketConn.WriteTo(p, to)
}

// seenListener has the server's connections seen.
type seenListener struct {
	net.Listener
	written *written
}

func (s seenListener) Accept() (net.Conn, error) {
	conn, err := s.Listener.Accept()
	if err != nil {
		return nil, err
	}
	return &seenConn{Conn: conn, written: s.written}, nil
}

// seenConn is a connection of the server's.
type seenConn struct {
	net.Conn
	written *written

	mu      sync.Mutex
	pending []byte // the beginning of a message
}

func (s *seenConn) Write(p []byte) (int, error) {
	s.mu.Lock()
	s.pending = append(s.pending, p...)
	for {
		t, rest, ok := cutMessage(s.pending)
		if s.pending = rest; !ok {
			break
		}
		s.written.message(t)
	}
	s.mu.Unlock()
	return s.Conn.Write(p)
}

// answers has the answers of an HTTP handler seen.
func (x *written) answers(h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h.ServeHTTP(w, r)
		if answer, ok := w.(*httptest.ResponseRecorder); ok {
			x.document("HTTPS", answer.Header().Get("Content-Type"), answer.Body.String())
		}
	})
}
