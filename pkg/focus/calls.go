package focus

import (
	"context"
	"sync"
	"time"

	"github.com/seed-f3cefc8c/focus/pkg/c3p"
	"github.com/seed-f3cefc8c/focus/pkg/confinfo"
	"github.com/seed-f3cefc8c/focus/pkg/quality"
)

// finalTime is how long the record of a call waits for the MCU's last word about its media.
const finalTime = 5 * time.Second

// calls knows how the calls that are on sound, by what their MCUs report, and writes a report of each when it is over. No conference's loop
// is asked or waits.
type calls struct {
	mu sync.Mutex
	on map[callKey]*call
}

// callKey is an endpoint of a conference. Its user is not part of it: a guest may become one.
type callKey struct{ conference, endpoint string }

func (l *leg) callKey() callKey { return callKey{l.focus.uri, string(l.id)} }

type call struct {
	report quality.Report
	said   bool // the MCU has said its last word, and final is closed
	final  chan struct{}
}

// begin notes a call that was answered. It runs on the loop.
func (c *calls) begin(l *leg, now time.Time) {
	dialog := l.Dialog()
	id := dialog.ID()
	local, remote := dialog.Local(), dialog.Remote()
	report := quality.Report{
		Conference: l.focus.uri, CallID: id.CallID, LocalTag: id.LocalTag, RemoteTag: id.RemoteTag,
		LocalID: local.String(), RemoteID: remote.String(), Outgoing: l.called, Agent: l.agent, Start: now, Stop: now,
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.on == nil {
		c.on = make(map[callKey]*call)
	}
	c.on[l.callKey()] = &call{report: report, final: make(chan struct{})}
}

// heard takes what an MCU says of a call. Calls that nobody knows are over.
func (c *calls) heard(q *c3p.Quality) {
	c.mu.Lock()
	defer c.mu.Unlock()
	on := c.on[callKey{q.Keys.Conference, q.Keys.Endpoint}]
	if on == nil || on.said {
		return
	}
	r := &on.report
	r.Codec, r.LocalAddr, r.RemoteAddr, r.Local, r.Remote = q.Report.Codec, q.Report.LocalAddr, q.Report.RemoteAddr, q.Report.Local, q.Report.Remote
	if q.Final {
		on.said = true
		close(on.final)
	}
}

// take is the report of a call that is over, once.
func (c *calls) take(key callKey) (report quality.Report, found bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	on := c.on[key]
	if on == nil {
		return report, false
	}
	delete(c.on, key)
	return on.report, true
}

// now is what was last said of a call.
func (c *calls) now(key callKey) (local, remote *quality.Metrics) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if on := c.on[key]; on != nil {
		return on.report.Local, on.report.Remote
	}
	return nil, nil
}

// describe adds to a document how each stream sounds. Only who asks is told: a roster that changed every 5 s for every stream would be news to
// everybody.
func (c *calls) describe(document *confinfo.Document) {
	for i := range document.Users {
		for j := range document.Users[i].Endpoints {
			e := &document.Users[i].Endpoints[j]
			local, remote := c.now(callKey{document.Entity, e.Entity})
			if local != nil && len(e.Media) > 0 {
				e.Media[0].Received, e.Media[0].Sent = local, remote
			}
		}
	}
}

// ended has the report of a call written when the MCU has said its last word about it, or does not say it in time.
func (s *Server) ended(l *leg, now time.Time) {
	key, reason, protection := l.callKey(), l.reason, ""
	if reason == "" {
		reason = "hung up"
	}
	for _, m := range l.media {
		protection = m.Protection
	}
	s.calls.mu.Lock()
	on := s.calls.on[key]
	s.calls.mu.Unlock()
	if on == nil {
		return
	}
	s.run("reporting a call", func(ctx context.Context) {
		timer := time.NewTimer(finalTime)
		defer timer.Stop()
		select {
		case <-on.final:
		case <-timer.C:
		case <-ctx.Done():
		}
		if report, found := s.calls.take(key); found {
			report.Stop, report.Reason, report.Protection = now, reason, protection
			s.reported(ctx, &report)
		}
	})
}

// reported hands a report on.
func (s *Server) reported(ctx context.Context, report *quality.Report) {
	if s.config.CallEnded != nil {
		s.config.CallEnded(report)
	}
	if s.config.Collector != "" {
		s.publishQuality(ctx, report)
	}
}
