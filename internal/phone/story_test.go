package phone_test

import (
	"context"
	"errors"
	"fmt"
	"math"
	"net"
	"net/netip"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"github.com/seed-f3cefc8c/focus/internal/phone"
	"github.com/seed-f3cefc8c/focus/pkg/codec"
	"github.com/seed-f3cefc8c/focus/pkg/codec/g711"
	"github.com/seed-f3cefc8c/focus/pkg/media"
	"github.com/seed-f3cefc8c/focus/pkg/rtp"
	"github.com/seed-f3cefc8c/focus/pkg/sdp"
	"github.com/seed-f3cefc8c/focus/pkg/sip"
	"github.com/seed-f3cefc8c/focus/pkg/sip/siptest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// world is a network in memory, in virtual time, with an exchange in its middle that passes the packets of two callers to each other.
type world struct {
	*testing.T
	sip    *siptest.Network
	media  *media.Memory
	ua     *sip.UserAgent
	codecs []*codec.Codec
	refuse int // answer calls with this status

	mu       sync.Mutex
	legs     []*leg
	requests []string // in dialogs: method and body
}

func inWorld(t *testing.T, story func(w *world)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		w := &world{T: t, sip: siptest.NewNetwork(), media: &media.Memory{}, codecs: []*codec.Codec{g711.PCMU}}
		w.ua = sip.New(sip.Config{Handler: w})
		conn, err := w.sip.ListenPacket("192.0.2.1:5060")
		if err != nil {
			t.Fatal(err)
		}
		listener, err := w.sip.Listen("192.0.2.1:5060")
		if err != nil {
			t.Fatal(err)
		}
		if err := errors.Join(w.ua.ListenUDP(conn), w.ua.ListenTCP(listener)); err != nil {
			t.Fatal(err)
		}
		story(w)
		w.ua.Close()
		for _, l := range w.legs {
			close(l.done)
		}
	})
}

// leg is one caller at the exchange.
type leg struct {
	w         *world
	dialog    *sip.Dialog
	session   *sdp.Session
	conn      media.Conn
	audio     *sdp.Stream
	events    rtp.Events
	digits    string
	done      chan struct{}
	direction sdp.Direction
}

func (w *world) ServeSIP(tx *sip.ServerTransaction) {
	if w.refuse > 0 {
		tx.Reply(w.refuse)
		return
	}
	conn, err := w.media.Listen(netip.MustParseAddrPort("192.0.2.1:0"))
	if err != nil {
		w.Error(err)
		return
	}
	l := &leg{w: w, session: sdp.NewSession(1), conn: conn, done: make(chan struct{})}
	if l.dialog, err = w.ua.NewServerDialog(tx, tx.ContactURI("conf"), l); err != nil {
		w.Error(err)
		return
	}
	w.mu.Lock()
	w.legs = append(w.legs, l)
	w.mu.Unlock()
	body := l.negotiate(tx.Request().Body())
	l.dialog.Provisional(180, "", nil)
	l.dialog.Accept("application/sdp", body)
	go l.relay()
}

// negotiate answers an offer; without one it makes one.
func (l *leg) negotiate(body []byte) []byte {
	l.w.mu.Lock()
	defer l.w.mu.Unlock()
	if len(body) == 0 {
		return []byte(l.session.Offer(l.local(), l.capabilities()).String())
	}
	offer, err := sdp.Parse(string(body))
	if err != nil {
		l.w.Error(err)
		return nil
	}
	answer, agreed, err := l.session.Answer(offer, l.local(), l.capabilities())
	if err != nil {
		return []byte("nonsense")
	}
	l.audio = agreed.Audio
	return []byte(answer.String())
}

func (l *leg) local() sdp.Local { return sdp.Local{Addr: l.conn.LocalAddr(), Direction: l.direction} }
func (l *leg) capabilities() sdp.Capabilities {
	return sdp.Capabilities{Codecs: l.w.codecs}
}

func (l *leg) complete(body []byte) {
	l.w.mu.Lock()
	defer l.w.mu.Unlock()
	answer, err := sdp.Parse(string(body))
	if err != nil {
		l.w.Errorf("answer %q: %v", body, err)
		return
	}
	agreed, err := l.session.Complete(answer, l.capabilities())
	if err != nil {
		l.w.Error(err)
		return
	}
	l.audio = agreed.Audio
}

func (l *leg) ServeDialog(d *sip.Dialog, tx *sip.ServerTransaction) {
	req := tx.Request()
	l.w.mu.Lock()
	l.w.requests = append(l.w.requests, fmt.Sprintf("%s %s", req.Method, req.Body()))
	l.w.mu.Unlock()
	if req.Method == sip.INVITE {
		d.AcceptTx(tx, "application/sdp", l.negotiate(req.Body()))
		return
	}
	d.AcceptTx(tx, "", nil)
}

func (l *leg) Acknowledged(_ *sip.Dialog, ack *sip.Request, err error) {
	if err == nil && len(ack.Body()) > 0 {
		l.complete(ack.Body())
	}
}

// reoffers asks the phone for something else.
func (l *leg) reoffers(direction sdp.Direction) {
	l.w.Helper()
	l.direction = direction
	res, err := l.dialog.Invite(l.w.Context(), "application/sdp", l.negotiate(nil))
	if err != nil || res.StatusCode != 200 {
		l.w.Fatalf("re-INVITE: %v, %v", res, err)
	}
	l.complete(res.Body())
}

// relay passes packets to the other caller until the story ends.
func (l *leg) relay() {
	batch := media.NewBatch()
	pool := rtp.NewPool(4)
	for {
		select {
		case <-l.done:
			return
		case <-time.After(5 * time.Millisecond):
		}
		l.w.mu.Lock()
		for n := 1; n > 0; {
			n = l.conn.ReadBatch(batch, time.Now())
			for i := range n {
				l.pass(pool, batch.Datagrams[i].Data)
			}
		}
		l.w.mu.Unlock()
	}
}

func (l *leg) pass(pool *rtp.Pool, data []byte) {
	p := pool.Get()
	defer p.Release()
	if p.Parse(p.Buffer()[:copy(p.Buffer(), data)]) == nil && p.Header.PayloadType == l.audio.TelephoneEvent {
		if d, ok, _ := l.events.Receive(p); ok {
			l.digits += string(rune(d.Digit))
		}
		return
	}
	for _, other := range l.w.legs {
		if other != l && other.audio != nil && other.audio.Remote.IsValid() {
			_ = other.conn.WriteTo(data, media.NewDestination(other.audio.Remote))
		}
	}
}

// caller is a phone and what was heard with it.
type caller struct {
	w *world
	*phone.Phone
	mu    sync.Mutex
	rate  int
	heard []int16
}

func (w *world) config(host string) phone.Config {
	return phone.Config{
		Target: "sip:1234567890@192.0.2.1", Identity: "sip:" + host + "@example.com", Codecs: w.codecs, Address: netip.MustParseAddr(host),
		Network: phone.Network{
			ListenPacket: w.sip.ListenPacket, Media: w.media,
			Dial: func(ctx context.Context, _, addr string) (net.Conn, error) {
				return w.sip.DialFrom(ctx, host+":0", addr)
			},
		},
	}
}

func (w *world) dials(host string, change ...func(*phone.Config)) *caller {
	w.Helper()
	c := &caller{w: w}
	config := w.config(host)
	config.Hears = c.hears
	for _, f := range change {
		f(&config)
	}
	var err error
	if c.Phone, err = phone.Dial(w.Context(), config); err != nil {
		w.Fatal(err)
	}
	return c
}

func (c *caller) hears(rate int, frame []int16) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.rate, c.heard = rate, append(c.heard, frame...)
}

func (c *caller) hangsUp() {
	c.w.Helper()
	if err := c.HangUp(context.Background()); err != nil {
		c.w.Error(err)
	}
}

// level is how loud a tone is in the last half second that was heard, in dB below full scale.
func (c *caller) level(hz float64) float64 {
	c.mu.Lock()
	defer c.mu.Unlock()
	x := c.heard[max(0, len(c.heard)-c.rate/2):]
	var re, im float64
	for i, s := range x {
		a := 2 * math.Pi * hz * float64(i) / float64(c.rate)
		re += float64(s) * math.Cos(a)
		im += float64(s) * math.Sin(a)
	}
	return 20 * math.Log10(2*math.Hypot(re, im)/float64(len(x)+1)/32768+1e-9)
}

func (c *caller) wantsTone(hz float64, why string) {
	c.w.Helper()
	if l := c.level(hz); l < -25 {
		c.w.Errorf("%v Hz is heard at %.0f dB, want about -17: %s", hz, l, why)
	}
}

func (c *caller) wantsNoTone(hz float64, why string) {
	c.w.Helper()
	if l := c.level(hz); l > -50 {
		c.w.Errorf("%v Hz is heard at %.0f dB, want silence: %s", hz, l, why)
	}
}
