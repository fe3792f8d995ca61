package phone

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"

	"github.com/seed-f3cefc8c/focus/pkg/sdp"
	"github.com/seed-f3cefc8c/focus/pkg/sip"
)

// frame is the step of a phone's life.
const frame = 20 * time.Millisecond

// maxLate is how many frames are made up for after a late tick; more are skipped.
const maxLate = 10

// linger bounds the wait for a CANCEL to be answered.
const linger = time.Second

// Phone is in one call. Its methods may be called from any goroutine.
type Phone struct {
	config Config
	ua     *sip.UserAgent
	dialog *sip.Dialog
	line   *line

	mu        sync.Mutex // one step of offer/answer at a time; guards the fields below
	session   *sdp.Session
	direction sdp.Direction // what we want at most
	rekey     bool          // our next offer has new keys
	running   bool          // the line belongs to the phone's goroutine

	tasks   chan func() // for the line's goroutine
	stopped chan struct{}
	hungUp  sync.Once

	said, heard atomic.Int32 // dBov of the last frame
	codec       atomic.Value // string
	protection  atomic.Value // string
}

// Dial calls and returns when the call is answered. Refusals are a *sip.StatusError. When ctx ends first, the call is cancelled.
func Dial(ctx context.Context, config Config) (*Phone, error) {
	p := newPhone(config)
	if err := p.dial(ctx); err != nil {
		p.abandon()
		return nil, fmt.Errorf("calling %s: %w", config.Target, err)
	}
	p.talk(p.dialog)
	return p, nil
}

func newPhone(config Config) *Phone {
	if config.Network.Media == nil {
		config.Network = System(nil)
	}
	p := &Phone{config: config, tasks: make(chan func()), stopped: make(chan struct{}), session: sdp.NewSession(rand.Uint64() >> 2)}
	p.codec.Store("")
	p.protection.Store("")
	return p
}

// talk begins the call.
func (p *Phone) talk(dialog *sip.Dialog) {
	p.mu.Lock()
	p.dialog, p.running = dialog, true
	p.mu.Unlock()
	go p.run()
}

func (p *Phone) dial(ctx context.Context) error {
	target, err := sip.ParseURI(p.config.Target)
	if err != nil {
		return err
	}
	from, err := sip.ParseURI(p.config.Identity)
	if err != nil {
		return err
	}
	server, err := p.start(ctx, target, nil)
	if err == nil && server.Transport == "UDP" {
		_, err = p.listen()
	}
	if err != nil {
		return err
	}
	return p.invite(ctx, target, from)
}

// start makes the line and the user agent, whose requests go to the server of that URI. handler takes those of others; nil refuses them.
func (p *Phone) start(ctx context.Context, uri sip.URI, handler sip.Handler) (server sip.Target, err error) {
	if server, err = p.config.destination(ctx, uri); err != nil {
		return server, err
	}
	if !p.config.Address.IsValid() {
		if p.config.Address, err = towards(server.Addr); err != nil {
			return server, err
		}
	}
	if p.line, err = newLine(p); err != nil {
		return server, err
	}
	p.ua = sip.New(sip.Config{
		Name: "focus-phone", Logger: p.config.Logger, Handler: handler, Dial: p.config.Network.Dial,
		Locate: func(context.Context, sip.URI) ([]sip.Target, error) { return []sip.Target{server}, nil },
	})
	return server, nil
}

// listen opens the socket for SIP over UDP.
func (p *Phone) listen() (net.Addr, error) {
	conn, err := p.config.Network.ListenPacket(netip.AddrPortFrom(p.config.Address, 0).String())
	if err != nil {
		return nil, err
	}
	return conn.LocalAddr(), p.ua.ListenUDP(conn)
}

func (p *Phone) invite(ctx context.Context, target, from sip.URI) error {
	invitation := sip.Invitation{
		Target: target, From: from, FromName: p.config.Name, Handler: p, Credentials: p.config.Credentials,
		Headers: []sip.Header{sip.NewHeader("Allow", allow)},
	}
	var answering error
	if p.config.LateOffer {
		invitation.Answer = func(res *sip.Response) (string, []byte) {
			answer, err := p.answer(res.Body())
			answering = err
			return mediaType, answer
		}
	} else {
		invitation.ContentType, invitation.Body = mediaType, p.offer()
	}
	dialog, res, err := p.ua.Invite(ctx, invitation)
	if err != nil {
		return err
	}
	p.dialog = dialog
	if !p.config.LateOffer {
		answering = p.complete(res.Body())
	}
	if answering != nil {
		_ = dialog.Bye(ctx, sip.ReasonHeader("SIP", 488, "answer not acceptable"))
	}
	return answering
}

// abandon frees a phone whose call was not answered.
func (p *Phone) abandon() {
	if p.ua != nil {
		for end := time.Now().Add(linger); p.ua.Stats().ClientTransactions > 0 && time.Now().Before(end); {
			time.Sleep(frame) // the answer to a CANCEL is on its way
		}
		p.ua.Close()
	}
	if p.line != nil {
		p.line.close()
	}
}

// run is the phone's goroutine.
func (p *Phone) run() {
	defer close(p.stopped)
	next := time.Now()
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		select {
		case task := <-p.tasks:
			task()
		case now := <-timer.C:
			next = p.line.tick(now, next)
			timer.Reset(time.Until(next))
		case <-p.dialog.Done():
			p.line.close()
			return
		}
	}
}

// ask has f run on the phone's goroutine and waits for it; false when the call is over.
func (p *Phone) ask(f func()) bool {
	done := make(chan struct{})
	select {
	case p.tasks <- func() { f(); close(done) }:
		<-done
		return true
	case <-p.stopped:
		return false
	}
}

// Done is closed when the call is over, whoever ended it.
func (p *Phone) Done() <-chan struct{} { return p.stopped }

// Err says why the call is over.
func (p *Phone) Err() error { return context.Cause(p.dialog.Context()) }

// HangUp ends the call with BYE, unless it is over already, and frees the phone. It must be called once the phone is not needed any more.
func (p *Phone) HangUp(ctx context.Context, reason ...sip.Header) (err error) {
	p.hungUp.Do(func() {
		if err = p.dialog.Bye(ctx, reason...); errors.Is(err, sip.ErrDialogDone) {
			err = nil
		}
		<-p.stopped
		p.ua.Close()
	})
	return err
}
