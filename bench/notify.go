package main

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"github.com/seed-f3cefc8c/focus/internal/visitor"
)

// How the notification of one change is measured: so many in a conference, all of whom subscribe to its roster; and so many changes, far enough from
// one another that each is told alone.
const (
	notifyUsers    = 500
	notifyChanges  = 60
	notifyInterval = 400 * time.Millisecond
	notifyTarget   = 10.0 // ms
)

// notification is how an audience is told.
type notification struct {
	udp   bool // else over TCP
	quiet bool // nobody answers: BENOTIFY
}

// measure is what it costs to tell everybody in a conference of one change. Nobody is sent media; what the server does without any change is
// measured first, and subtracted. The load is another process.
func (n notification) measure(ctx context.Context, b *bench, r row) ([]figure, error) {
	if b.program == "" {
		return nil, errWholeServer
	}
	server, err := startFocus(b.program, "--trusted", "127.0.1.0/24", "--trusted-identity", "from", "--sip-rate", "0", "--sip-rate-per-source", "0",
		"--media-timeout", "1h")
	if err != nil {
		return nil, err
	}
	defer b.close(r.key, server)
	id, err := server.Conference(ctx)
	if err != nil {
		return nil, err
	}
	audience, err := n.gather(server.sip, id)
	defer func() {
		for _, v := range audience {
			v.Close()
		}
	}()
	if err != nil {
		return nil, err
	}
	time.Sleep(b.warmup) // the last ones have been told of everybody
	idle, _, err := server.changes(ctx, id, audience, 0)
	if err != nil {
		return nil, err
	}
	had := octets(audience)
	used, told, err := server.changes(ctx, id, audience, notifyChanges)
	if err != nil {
		return nil, err
	}
	each := milliseconds(used-idle) / notifyChanges
	target := notifyTarget
	notes := fmt.Sprintf("%d notifications of %d changes, documents of %d octets; %v of CPU, %v in the same time without changes",
		told, notifyChanges, (octets(audience)-had)/max(1, told), used, idle)
	b.log("%s: %.2f ms each, %s", r.key, each, notes)
	if want := int64(notifyUsers * notifyChanges); told < want {
		return nil, fmt.Errorf("%d notifications, want %d", told, want)
	}
	return []figure{{Row: r.title, What: "CPU", Value: each, Unit: "ms/change", Target: &target, Notes: notes}}, nil
}

// octets is how long all documents were together.
func octets(audience []*visitor.Visitor) (sum int64) {
	for _, v := range audience {
		_, octets := v.Told()
		sum += octets
	}
	return sum
}

// gather brings the audience in, from addresses of a hundred each.
func (n notification) gather(server, id string) (audience []*visitor.Visitor, err error) {
	connect, subscribe := visitor.Connect, (*visitor.Visitor).Subscribes
	if n.udp {
		connect = visitor.ConnectUDP
	}
	if n.quiet {
		subscribe = (*visitor.Visitor).SubscribesQuietly
	}
	for i := range notifyUsers {
		v, err := connect(server, fmt.Sprintf("127.0.1.%d", 1+i/perAddress), fmt.Sprintf("u%d", i), id)
		if err != nil {
			return audience, err
		}
		audience = append(audience, v)
		if err := v.Joins(9, "inactive"); err != nil {
			return audience, err
		}
		if err := subscribe(v); err != nil {
			return audience, err
		}
	}
	return audience, nil
}

// changes locks and unlocks the conference so often, and says what the server used for it and how many notifications came. With 0 it waits as long.
func (f *focusProcess) changes(ctx context.Context, id string, audience []*visitor.Visitor, n int) (used time.Duration, told int64, err error) {
	before, err := cpuTime(f.PID())
	if err != nil {
		return 0, 0, err
	}
	count := func() (sum int64) {
		for _, v := range audience {
			notifications, _ := v.Told()
			sum += notifications
		}
		return sum
	}
	had := count()
	for i := range notifyChanges {
		if n > 0 {
			body := fmt.Appendf(nil, `{"locked":%v}`, i%2 == 0)
			if err := f.ask(ctx, http.MethodPatch, "/v1/conferences/"+id, "application/json", body, nil); err != nil {
				return 0, 0, err
			}
		}
		time.Sleep(notifyInterval)
	}
	after, err := cpuTime(f.PID())
	return after - before, count() - had, err
}
