package focus

import (
	"context"
	"errors"
	"net/netip"
	"strings"
	"sync"
	"time"

	"github.com/seed-f3cefc8c/focus/pkg/b2bua"
	"github.com/seed-f3cefc8c/focus/pkg/conference"
	"github.com/seed-f3cefc8c/focus/pkg/confinfo"
	"github.com/seed-f3cefc8c/focus/pkg/sip"
)

// leg is the call of one participant, or of somebody who wants to be one: its SIP side, and its endpoint at the MCU.
type leg struct {
	*b2bua.Leg
	focus *Focus // set before anything else happens to it

	id        conference.EndpointID // unique in the conference
	visitor   visitor
	user      conference.UserID // as the roster and the MCU call it
	name      string
	agent     string     // the device
	session   string     // which of our URIs was dialled
	epid      string     // of the client, which its focus dialog carries too
	language  string     // of prompts
	address   netip.Addr // of its signalling
	way       string     // … and how that comes
	browser   bool       // by WebSocket, as only browsers do
	needPIN   bool
	waiting   bool            // in the lobby; owned by the loop after enter
	replaces  *leg            // whose place it takes (RFC 3891)
	successor *leg            // who takes its place; owned by the loop
	role      conference.Role // of somebody who is not in yet
	muted     bool            // as preset has it
	hears     *confinfo.Hears // as preset has it
	called    bool            // by the conference

	orders orders // to the MCU
	keyed  orders // commands by its keys

	// Owned by the request until enter, then by the loop.
	media   []conference.MediaStream
	joined  bool   // is in the roster
	ringing bool   // is being called
	reason  string // why it was hung up; "": the other side did
	late    bool   // joined while the conference was being recorded: everybody else has been told
	digits  way    // how its digits come
	typing  typing
}

// way is how a digit came.
type way string

const (
	byRTP  way = "RFC 4733"
	byINFO way = "INFO"
)

// newLeg knows what the INVITE says; the focus names the user.
func (s *Server) newLeg(tx *sip.ServerTransaction, who visitor, dialled conference.Kind) *leg {
	who.caller.LobbyCapable = true // a telephone waits wherever the MCU keeps it out of the mix
	l := &leg{
		id: conference.EndpointID(sip.NewTag()), visitor: who, name: clean(who.name), agent: clean(sip.HeaderValue(tx.Request(), "User-Agent")),
		address: tx.Source().Addr().Unmap(), way: signallingBy(tx.Transport(), tx.Source().Addr().Unmap()), browser: webSocket(tx.Transport()), session: conference.AudioVideo, language: s.language(tx.Request()), epid: epidOf(tx.Request()),
	}
	if dialled == conference.KindFocus {
		l.session = "focus"
	}
	return l
}

// language is the first one the caller's device asks for.
func (s *Server) language(req *sip.Request) string {
	tag, _, _ := strings.Cut(sip.HeaderValue(req, "Accept-Language"), ",")
	tag, _, _ = strings.Cut(tag, ";")
	tag = strings.TrimSpace(tag)
	if tag == "" || len(tag) > 35 || strings.Trim(tag, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-") != "" {
		return s.config.Language
	}
	return tag
}

const maxName = 128

// clean makes a display text fit for documents.
func clean(text string) string {
	if len(text) > maxName {
		text = text[:maxName]
	}
	return strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f || r == '\uFFFD' {
			return -1
		}
		return r
	}, strings.ToValidUTF8(text, ""))
}

func bracketed(address netip.Addr) string {
	if address.Is6() {
		return "[" + address.String() + "]"
	}
	return address.String()
}

// byeTime bounds how long the other side may take to answer BYE, its ACK included.
const byeTime = 35 * time.Second

func (l *leg) bye(ctx context.Context, code int, text string) {
	ctx, cancel := context.WithTimeout(ctx, byeTime)
	defer cancel()
	if err := l.Bye(ctx, code, text); err != nil && !errors.Is(err, sip.ErrDialogDone) {
		l.focus.log.Debug("BYE", "user", l.user, "err", err)
	}
}

// drop hangs up.
func (f *Focus) drop(l *leg, code int, text string) {
	if l.reason == "" {
		l.reason = text
	}
	if !f.leave(l) {
		return
	}
	f.log.Info("hanging up", "user", l.user, "status", code, "reason", text)
	f.server.run("hanging up", func(ctx context.Context) { l.bye(ctx, code, text) })
}

// leave takes a leg out, whoever ended it: from the roster, from the PIN dialogue, from the MCU. False when it was out already.
func (f *Focus) leave(l *leg) bool {
	if f.legs[l.id] != l {
		return false
	}
	delete(f.legs, l.id)
	delete(f.pins, l)
	f.conference.ForgetPIN(l.id)
	f.server.ended(l, time.Now())
	l.removeAtMCU()
	if l.joined {
		l.joined = false
		if _, err := f.conference.RemoveEndpoint(time.Now(), l.user, l.id); err != nil && !errors.Is(err, conference.ErrNoSuchUser) {
			f.log.Warn("leaving", "user", l.user, "err", err)
		}
		f.log.Info("left", "user", l.user)
	}
	f.lastOne()
	return true
}

// orders are commands for which nobody waits: they run one after the other, in their order.
type orders struct {
	mu      sync.Mutex
	queue   []func(ctx context.Context)
	running bool
}

// maxOrders is how many orders may wait before prompts are dropped. Only somebody who presses keys without end gets there.
const maxOrders = 64

// add queues what must happen: an endpoint is let in once, and removed twice at most.
func (o *orders) add(s *Server, order func(ctx context.Context)) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.enqueue(s, order)
}

// addPrompt queues what may be left out.
func (o *orders) addPrompt(s *Server, order func(ctx context.Context)) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if len(o.queue) < maxOrders {
		o.enqueue(s, order)
	}
}

func (o *orders) enqueue(s *Server, order func(ctx context.Context)) {
	o.queue = append(o.queue, order)
	if !o.running {
		o.running = true
		s.run("commanding the MCU", o.work)
	}
}

func (o *orders) work(ctx context.Context) {
	for order := o.next(); order != nil; order = o.next() {
		order(ctx)
	}
}

func (o *orders) next() func(ctx context.Context) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if len(o.queue) == 0 {
		o.running = false
		return nil
	}
	order := o.queue[0]
	o.queue = o.queue[1:]
	return order
}
