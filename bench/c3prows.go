package main

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/seed-f3cefc8c/focus/pkg/c3p"
)

// c3pClients send C3P at once, each the next command when the last one is answered.
const c3pClients = 10

// latencies are how long commands took. Its methods may be used by all clients at once.
type latencies struct {
	mu   sync.Mutex
	took []time.Duration
}

func (l *latencies) add(took time.Duration) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.took = append(l.took, took)
}

// forget drops what the warm-up took.
func (l *latencies) forget() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.took = nil
}

// quantile is the time that a part of the commands did not exceed, in milliseconds.
func (l *latencies) quantile(part float64) float64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.took) == 0 {
		return 0
	}
	slices.Sort(l.took)
	return milliseconds(l.took[min(len(l.took)-1, int(part*float64(len(l.took))))])
}

func (l *latencies) figures(r row, o *sipOutcome) []figure {
	return []figure{
		o.figure(r, "rate", o.rate(), "requests/s", nil, ""),
		o.figure(r, "CPU", 1000*o.perCall(), "µs/request", nil, ""),
		o.figure(r, "p50", l.quantile(0.5), "ms", nil, ""),
		o.figure(r, "p99", l.quantile(0.99), "ms", nil, ""),
	}
}

// timed measures each exchange, from the end of the warm-up on.
func (l *latencies) timed(b *bench, exchange func(*sipClient) error) func(*sipClient) error {
	time.AfterFunc(b.warmup, l.forget)
	return func(c *sipClient) error {
		began := time.Now()
		err := exchange(c)
		l.add(time.Since(began))
		return err
	}
}

func askConference(id string) []byte {
	request := &c3p.Request{RequestID: "1", Command: &c3p.GetConference{Keys: c3p.ConferenceKeys{ID: id}}}
	return request.AppendXML(nil)
}

// c3pByHTTPS posts to a conference in which nobody is. A command that only looks is carried out each time.
func c3pByHTTPS(ctx context.Context, b *bench, r row) ([]figure, error) {
	if b.program == "" {
		return nil, errWholeServer
	}
	server, err := startFocus(b.program)
	if err != nil {
		return nil, err
	}
	defer b.close(r.key, server)
	id, err := server.Conference(ctx)
	if err != nil {
		return nil, err
	}
	server.http.Transport.(*http.Transport).MaxIdleConnsPerHost = c3pClients
	body, took := askConference(id), &latencies{}
	l := &sipLoad{network: "udp", server: server.sip, atOnce: c3pClients}
	l.exchange = took.timed(b, func(*sipClient) error {
		var answer []byte
		return server.ask(ctx, http.MethodPost, "/c3p", c3p.MediaType, body, &answer)
	})
	o, err := l.measure(ctx, server.PID(), b.warmup, b.window)
	if err != nil {
		return nil, err
	}
	b.log("%s: %s", r.key, o.notes())
	return took.figures(r, o), nil
}

// c3pByINFO has each client join the focus first.
func c3pByINFO(ctx context.Context, b *bench, r row) ([]figure, error) {
	took := &latencies{}
	l := &sipLoad{network: "tcp", atOnce: c3pClients}
	l.exchange = took.timed(b, func(c *sipClient) error {
		if c.contentType == "" {
			return c.joinFocus()
		}
		c.infos++
		c.number-- // the dialog stays
		return c.asks("INFO", 1+c.infos, string(askConference(c.target)))
	})
	o, err := b.load(ctx, r.key, l, "--trusted", "127.0.0.1", "--trusted-identity", "from")
	if err != nil {
		return nil, err
	}
	return took.figures(r, o), nil
}

// joinFocus makes the focus dialog of a client.
func (c *sipClient) joinFocus() error {
	c.contentType = c3p.MediaType
	add := fmt.Sprintf(`<request xmlns="urn:ietf:params:xml:ns:cccp" C3PVersion="1" requestId="0"><addUser>`+
		`<conferenceKeys xmlns:m="http://schemas.microsoft.com/rtc/2005/08/confinfoextensions" m:conference-id="%s"/>`+
		`<user xmlns="urn:ietf:params:xml:ns:conference-info" entity="sip:bench@127.0.0.1"><endpoint entity="{%d}"/></user></addUser></request>`, c.target, c.number)
	if err := c.asks("INVITE", 1, add); err != nil {
		return err
	}
	c.dialog()
	return c.writes("ACK", 1, "")
}
