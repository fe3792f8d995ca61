package testenv

import (
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"strings"
	"sync"
	"testing/synctest"
	"time"

	"github.com/seed-f3cefc8c/focus/pkg/sip"
)

// Phone is somebody with a SIP telephone.
type Phone struct {
	w    *World
	UA   *sip.UserAgent
	Name string
	Host string
	From string // sip:NAME@elsewhere.example
	User string // logs in with this name when asked; "": never
	Pass string

	LateOffer   bool   // INVITE without SDP, the answer in the ACK
	NoAnswer    bool   // not even there
	Transport   string // ";transport=tcp" or ""
	Server      string // where it sends its requests; "": Address
	Body        string // of INVITE; "": an offer
	ContentType string
	Headers     []sip.Header // of INVITE, and of the 200 of who picks up
	NoContact   bool

	Asked func(tx *sip.ServerTransaction)      // a request outside of dialogs; nil answers 501
	Lets  func(tx *sip.ServerTransaction) bool // is asked about requests in dialogs; false: it has answered. nil lets all through

	conn     net.Conn // the last one that it has opened
	dialog   *sip.Dialog
	response *sip.Response
	err      error
	done     chan struct{}
	cancel   context.CancelFunc

	mu       sync.Mutex
	requests []*sip.Request // that came in the dialog
	notified func(*sip.Dialog, *sip.ServerTransaction)
	Holds    bool // answers offers with inactive
	Refuses  int  // offers are refused with that status
	Answers  int  // calls are answered with that status at once; 0: they ring
	Silent   bool // answers no INFO
}

// Phone makes one at an address of its own.
func (w *World) Phone(name string) *Phone {
	w.Helper()
	w.phones++
	p := &Phone{w: w, Name: name, Host: fmt.Sprintf("192.0.2.%d", 10+w.phones), From: "sip:" + name + "@elsewhere.example", Pass: Password}
	p.UA = sip.New(sip.Config{Name: "phone", Handler: sip.HandlerFunc(p.asked), Dial: func(ctx context.Context, _, addr string) (net.Conn, error) {
		conn, err := w.Net.DialFrom(ctx, p.Host+":0", addr)
		p.mu.Lock()
		p.conn = conn
		p.mu.Unlock()
		return conn, err
	}})
	w.Cleanup(func() { p.UA.Close() })
	packets, listener := w.sockets(p.Host + ":5060")
	w.serve(p.UA, packets, listener)
	return p
}

func (p *Phone) asked(tx *sip.ServerTransaction) {
	switch {
	case p.Asked != nil:
		p.Asked(tx)
	case tx.Request().Method == sip.INVITE:
		p.Takes(tx)
	default:
		_ = tx.Reply(501)
	}
}

// SDP is what the phone offers.
func (p *Phone) SDP(direction string) string { return SDP(p.Host, 4000, direction) }

// Dials calls a URI by way of the server; WantsAnswer or WantsRefusal says what came of it.
func (p *Phone) Dials(uri string) {
	p.w.Helper()
	target, err := sip.ParseURI(uri)
	if err != nil {
		p.w.Fatal(err)
	}
	from, err := sip.ParseURI(p.From)
	if err != nil {
		p.w.Fatal(err)
	}
	inv := p.invitation(target, from)
	ctx, cancel := context.WithCancel(context.Background())
	p.cancel, p.done = cancel, make(chan struct{})
	p.w.Cleanup(cancel)
	go func() {
		defer close(p.done)
		p.dialog, p.response, p.err = p.UA.Invite(ctx, inv)
	}()
	synctest.Wait()
}

func (p *Phone) invitation(target, from sip.URI) sip.Invitation {
	route, _ := sip.ParseURI("sip:" + or(p.Server, Address) + ";lr" + p.Transport)
	inv := sip.Invitation{
		Target: target, From: from, FromName: p.Name, Handler: p,
		Headers:     append([]sip.Header{sip.NewHeader("Route", "<"+route.String()+">")}, p.Headers...),
		ContentType: "application/sdp", Body: []byte(p.SDP("sendrecv")),
		Credentials: func(string) (string, string, bool) { return p.User, p.Pass, p.User != "" },
	}
	if p.Body != "" {
		inv.Body = []byte(p.Body)
	}
	if p.ContentType != "" {
		inv.ContentType = p.ContentType
	}
	if p.LateOffer {
		inv.Body, inv.ContentType = nil, ""
		inv.Answer = func(*sip.Response) (string, []byte) {
			if p.NoAnswer {
				return "", nil
			}
			return "application/sdp", []byte(p.SDP("sendrecv"))
		}
	}
	return inv
}

// WantsAnswer waits for the 200 and returns it.
func (p *Phone) WantsAnswer() *sip.Response {
	p.w.Helper()
	<-p.done
	synctest.Wait()
	if p.err != nil {
		p.w.Fatalf("%s calls: %v", p.Name, p.err)
	}
	return p.response
}

// WantsRefusal waits for the final answer, which must have that status, or one of several, and returns it.
func (p *Phone) WantsRefusal(statuses ...int) *sip.Response {
	p.w.Helper()
	<-p.done
	synctest.Wait()
	var refused *sip.StatusError
	if !errors.As(p.err, &refused) || !slices.Contains(statuses, refused.Code) {
		p.w.Fatalf("%s calls: %v, want %d", p.Name, p.err, statuses)
	}
	return refused.Response
}

// GivesUp cancels the call.
func (p *Phone) GivesUp() {
	p.cancel()
	<-p.done
	synctest.Wait()
}

// HangsUp ends the call.
func (p *Phone) HangsUp() {
	p.w.Helper()
	if err := p.dialog.Bye(context.Background()); err != nil {
		p.w.Errorf("%s hangs up: %v", p.Name, err)
	}
	synctest.Wait()
}

// ComesAndGoes dials, gives up when nobody answers in time, and else stays for a while. It is for crowds: it needs no quiet around it.
func (p *Phone) ComesAndGoes(uri string, patience, stay time.Duration) {
	target, _ := sip.ParseURI(uri)
	from, _ := sip.ParseURI(p.From)
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	dialog, _, err := p.UA.Invite(ctx, p.invitation(target, from))
	if err != nil {
		return
	}
	select {
	case <-time.After(stay):
	case <-dialog.Done():
	}
	_ = dialog.Bye(context.Background())
}

// Asks sends a request in the dialog, re-INVITE included, and wants that status.
func (p *Phone) Asks(method sip.Method, contentType, body string, status int, headers ...sip.Header) *sip.Response {
	p.w.Helper()
	send := func(ctx context.Context) (*sip.Response, error) {
		switch {
		case method == sip.INVITE && body == "":
			return p.dialog.InviteWithoutOffer(ctx, func(*sip.Response) (string, []byte) {
				return "application/sdp", []byte(p.SDP("sendrecv"))
			})
		case method == sip.INVITE:
			return p.dialog.Invite(ctx, contentType, []byte(body))
		case body == "":
			return p.dialog.Request(ctx, method, "", nil)
		}
		return p.dialog.Request(ctx, method, contentType, []byte(body), headers...)
	}
	res, err := send(context.Background())
	if err != nil || res.StatusCode != status {
		p.w.Fatalf("%s of %s: %v, %v, want %d", method, p.Name, res, err, status)
	}
	synctest.Wait()
	return res
}

// AsksOutside sends a request outside of calls and returns the answer.
func (p *Phone) AsksOutside(method sip.Method, uri, require string) *sip.Response {
	p.w.Helper()
	target, err := sip.ParseURI(uri)
	if err != nil {
		p.w.Fatal(err)
	}
	req := sip.NewRequest(method, target)
	sip.AddHeader(req, "Route", "<sip:"+Address+";lr>")
	sip.AddHeader(req, "From", "<"+p.From+">")
	if !p.NoContact {
		sip.AddHeader(req, "Contact", "<sip:"+p.Name+"@"+p.Host+">")
	}
	if require != "" {
		sip.AddHeader(req, "Require", require)
	}
	res, err := p.UA.Do(context.Background(), req)
	if err != nil {
		p.w.Fatalf("%s of %s: %v", method, p.Name, err)
	}
	return res
}

// LosesConnection breaks the connection to the server; the next request opens another one.
func (p *Phone) LosesConnection() {
	p.mu.Lock()
	conn := p.conn
	p.mu.Unlock()
	conn.Close()
	synctest.Wait()
}

// Presses sends a key by INFO.
func (p *Phone) Presses(keys string) {
	p.w.Helper()
	for _, key := range keys {
		p.Asks(sip.INFO, "application/dtmf-relay", fmt.Sprintf("Signal=%c\r\nDuration=160\r\n", key), 200)
	}
}

// WantsBye wants the call ended by the server within a time, and the Reason header to hold a text.
func (p *Phone) WantsBye(within time.Duration, reason string) {
	p.w.Helper()
	select {
	case <-p.dialog.Done():
	case <-time.After(within):
		p.w.Fatalf("%s: no BYE after %v", p.Name, within)
	}
	synctest.Wait()
	for _, req := range p.Requests() {
		if req.Method == sip.BYE {
			if got := sip.HeaderValue(req, "Reason"); !strings.Contains(got, reason) {
				p.w.Errorf("%s: BYE with Reason %q, want %q in it", p.Name, got, reason)
			}
			return
		}
	}
	p.w.Errorf("%s: the call is over without BYE", p.Name)
}

// Dialog is that of the call, after WantsAnswer.
func (p *Phone) Dialog() *sip.Dialog { return p.dialog }

// Talks says whether the call is up.
func (p *Phone) Talks() bool {
	synctest.Wait()
	return p.dialog != nil && p.dialog.State() == sip.Confirmed
}

// Requests are those that came in the dialog; with methods, only those of them.
func (p *Phone) Requests(methods ...sip.Method) (requests []*sip.Request) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, req := range p.requests {
		if len(methods) == 0 || slices.Contains(methods, req.Method) {
			requests = append(requests, req)
		}
	}
	return requests
}

// ServeDialog implements sip.DialogHandler: offers are answered, everything else is 200.
func (p *Phone) ServeDialog(d *sip.Dialog, tx *sip.ServerTransaction) {
	if p.Lets != nil && !p.Lets(tx) {
		return
	}
	p.mu.Lock()
	p.requests = append(p.requests, tx.Request())
	direction := "sendrecv"
	if p.Holds {
		direction = "inactive"
	}
	notified := p.notified
	p.mu.Unlock()
	switch {
	case tx.Request().Method == sip.NOTIFY && notified != nil && strings.HasPrefix(sip.HeaderValue(tx.Request(), "Event"), "conference"):
		notified(d, tx)
	case tx.Request().Method == sip.INVITE && p.Refuses != 0:
		_ = tx.Reply(p.Refuses)
	case tx.Request().Method == sip.INVITE:
		_ = d.AcceptTx(tx, "application/sdp", []byte(p.SDP(direction)))
	case tx.Request().Method == sip.INFO && p.Silent:
	default:
		_ = d.AcceptTx(tx, "", nil)
	}
}

// Acknowledged implements sip.DialogHandler.
func (p *Phone) Acknowledged(*sip.Dialog, *sip.Request, error) {}
