package mcu

import (
	"context"
	"encoding/binary"
	"fmt"
	"log/slog"
	"math"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/seed-f3cefc8c/focus/pkg/c3p"
	"github.com/seed-f3cefc8c/focus/pkg/codec"
	"github.com/seed-f3cefc8c/focus/pkg/codec/g711"
	"github.com/seed-f3cefc8c/focus/pkg/confinfo"
	"github.com/seed-f3cefc8c/focus/pkg/media"
	"github.com/seed-f3cefc8c/focus/pkg/sdp"
	"github.com/seed-f3cefc8c/focus/pkg/srtp"
)

const room = "sip:alice@example.com;gruu;opaque=app:conf:focus:id:7H3K92QD"

// world is an MCU on an in-memory network, commanded as a focus would: every document goes through XML and back.
type world struct {
	*testing.T
	network *media.Memory
	server  *Server
	next    int

	mu   sync.Mutex
	news []*c3p.Notification
}

func newWorld(t *testing.T, change ...func(*Config)) *world {
	w := &world{T: t, network: &media.Memory{}}
	config := Config{
		Network: w.network, Address: netip.MustParseAddr("192.0.2.10"), Ports: [2]uint16{20000, 29999}, Clocks: 1,
		Codecs: Codecs(), Prompts: beeps{}, Logger: slog.New(slog.DiscardHandler),
	}
	for _, f := range change {
		f(&config)
	}
	server, err := New(config, w)
	if err != nil {
		t.Fatal(err)
	}
	w.server = server
	w.succeeds(&c3p.AddConference{Conference: &confinfo.Document{Entity: room, Description: &confinfo.Description{ConferenceID: "7H3K92QD"}}})
	return w
}

func (w *world) close() {
	w.Helper()
	if err := w.server.Close(); err != nil {
		w.Error(err)
	}
}

// NotifyC3P takes the MCU's news, through XML.
func (w *world) NotifyC3P(_ context.Context, n *c3p.Notification) error {
	again, err := c3p.ParseNotification(n.AppendXML(nil))
	if err != nil {
		w.Errorf("notification: %v", err)
		return err
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.news = append(w.news, again)
	return nil
}

func (w *world) events() (all []c3p.Event) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, n := range w.news {
		all = append(all, n.Events...)
	}
	return all
}

// command sends one command through XML and back.
func (w *world) command(command c3p.Command) *c3p.Response {
	w.Helper()
	w.next++
	request := &c3p.Request{RequestID: fmt.Sprint(w.next), From: room, To: room, Command: command}
	request, err := c3p.ParseRequest(request.AppendXML(nil))
	if err != nil {
		w.Fatalf("%s: %v", command.Name(), err)
	}
	response, err := w.server.ServeC3P(w.Context(), &c3p.Call{Principal: c3p.Principal{Role: c3p.RoleFocus}, Request: request})
	if err != nil {
		w.Fatalf("%s: %v", command.Name(), err)
	}
	if response, err = c3p.ParseResponse(response.AppendXML(nil)); err != nil {
		w.Fatalf("answer to %s: %v", command.Name(), err)
	}
	return response
}

func (w *world) succeeds(command c3p.Command) c3p.Command {
	w.Helper()
	response := w.command(command)
	if err := response.Err(); err != nil {
		w.Fatalf("%s: %v", command.Name(), err)
	}
	return response.Body
}

func (w *world) fails(command c3p.Command, want c3p.Reason) {
	w.Helper()
	if response := w.command(command); response.Reason != want {
		w.Errorf("%s: code %s, reason %q; want failure with %q", command.Name(), response.Code, response.Reason, want)
	}
}

// beeps are prompts that sound like 1500 Hz for a second.
type beeps struct{}

func (beeps) PCM(_, name string, rate int) []int16 {
	if strings.HasPrefix(name, "no-") {
		return nil
	}
	return sine(rate, 1500, rate, 8000)
}

func sine(rate int, hz float64, samples int, amplitude float64) []int16 {
	out := make([]int16, samples)
	for i := range out {
		out[i] = int16(amplitude * math.Sin(2*math.Pi*hz*float64(i)/float64(rate)))
	}
	return out
}

// phone speaks G.711 RTP: a tone of its own, and keeps what it hears.
type phone struct {
	w         *world
	name      string
	conn      media.Conn
	to        *media.Destination
	hz        float64
	sequence  uint16
	timestamp uint32
	heard     []int16
	packets   int
	encoder   codec.Encoder
	decoder   codec.Decoder
	batch     *media.Batch
	secret    *secret // nil: in the clear

	association *srtp.Association // of DTLS
	made        chan srtp.AssociationKeys
}

func (w *world) phone(name string, hz float64) *phone {
	w.next++
	conn, err := w.network.Listen(netip.MustParseAddrPort(fmt.Sprintf("192.0.2.%d:4000", 20+w.next)))
	if err != nil {
		w.Fatal(err)
	}
	p := &phone{w: w, name: name, conn: conn, hz: hz, batch: media.NewBatch()}
	p.encoder, _ = g711.PCMU.NewEncoder(8000, codec.Params{})
	p.decoder, _ = g711.PCMU.NewDecoder(8000)
	return p
}

func (p *phone) user() string { return "sip:" + p.name + "@example.com" }

func (p *phone) keys() c3p.EndpointKeys {
	return c3p.EndpointKeys{Conference: room, User: p.user(), Endpoint: "{" + p.name + "}"}
}

func (p *phone) sdp(direction string) string {
	a := p.conn.LocalAddr()
	return fmt.Sprintf("v=0\r\no=- 1 1 IN IP4 %[1]s\r\ns=-\r\nc=IN IP4 %[1]s\r\nt=0 0\r\nm=audio %[2]d RTP/AVP 0 101\r\na=rtpmap:101 telephone-event/8000\r\na=%[3]s\r\n",
		a.Addr(), a.Port(), direction)
}

func (p *phone) invitation(endpoint confinfo.Endpoint) *c3p.AddUser {
	endpoint.Entity = p.keys().Endpoint
	return &c3p.AddUser{Keys: c3p.ConferenceKeys{Entity: room},
		User: &confinfo.User{Entity: p.user(), DisplayText: p.name, Endpoints: []confinfo.Endpoint{endpoint}}}
}

// joins brings the phone into the room with an offer.
func (p *phone) joins(change ...func(*confinfo.Endpoint)) *phone {
	p.w.Helper()
	endpoint := confinfo.Endpoint{SDP: &confinfo.SDP{Type: confinfo.SDPOffer, Text: p.sdp("sendrecv")}}
	for _, f := range change {
		f(&endpoint)
	}
	body := p.w.succeeds(p.invitation(endpoint)).(*c3p.AddUser)
	p.answered(body.User.Endpoints[0].SDP)
	return p
}

func (p *phone) answered(answer *confinfo.SDP) {
	p.w.Helper()
	if answer == nil {
		p.w.Fatalf("%s got no session description", p.name)
	}
	d, err := sdp.Parse(answer.Text)
	if err != nil {
		p.w.Fatal(err)
	}
	var port int
	_, line, _ := strings.Cut(d.String(), "m=audio ")
	if _, err := fmt.Sscan(line, &port); err != nil || port == 0 {
		p.w.Fatalf("%s got %q", p.name, answer.Text)
	}
	p.to = media.NewDestination(netip.AddrPortFrom(netip.MustParseAddr("192.0.2.10"), uint16(port)))
}

// packet sends one RTP packet.
func (p *phone) packet(payloadType byte, payload []byte) {
	b := make([]byte, 12, 12+len(payload))
	b[0], b[1] = 0x80, payloadType
	binary.BigEndian.PutUint16(b[2:], p.sequence)
	binary.BigEndian.PutUint32(b[4:], p.timestamp)
	binary.BigEndian.PutUint32(b[8:], uint32(p.conn.LocalAddr().Addr().As4()[3]))
	p.sequence++
	b = append(b, payload...)
	if p.secret != nil {
		if p.secret.out.Key().IsZero() {
			return
		}
		var err error
		if b, err = p.secret.out.Seal(append(make([]byte, 0, len(b)+srtp.MaxOverhead), b...)); err != nil {
			p.w.Fatalf("%s seals: %v", p.name, err)
		}
	}
	_ = p.conn.WriteTo(b, p.to)
}

// step is 20 ms of a phone's life: listen, then say something.
func (p *phone) step() {
	p.takesKeys()
	for {
		n := p.conn.ReadBatch(p.batch, time.Now())
		for i := range n {
			p.hear(p.batch.Datagrams[i].Data)
		}
		if n == 0 {
			break
		}
	}
	frame := make([]int16, 160)
	if p.hz > 0 {
		for i := range frame {
			frame[i] = int16(6000 * math.Sin(2*math.Pi*p.hz*float64(int(p.timestamp)+i)/8000))
		}
	}
	payload, _ := p.encoder.Encode(nil, frame)
	p.packet(0, payload)
	p.timestamp += 160
}

func (p *phone) hear(data []byte) {
	if p.association != nil && len(data) > 1 && data[0] < 64 {
		p.association.Receive(data, time.Now())
		return
	}
	if p.secret != nil && len(data) > 1 && data[1]&0x7f < 64 && p.secret.in.HasKeys() {
		plain, err := p.secret.in.Open(make([]byte, 0, len(data)), data, time.Now())
		if err != nil {
			p.secret.bad++
		}
		data = plain
	}
	if len(data) < 12 || data[1]&0x7f != 0 {
		return
	}
	p.packets++
	p.heard, _ = p.decoder.Decode(p.heard, data[12:])
}

// talk lets the phones live for d.
func (w *world) talk(d time.Duration, phones ...*phone) {
	for range d / (20 * time.Millisecond) {
		for _, p := range phones {
			p.step()
		}
		time.Sleep(20 * time.Millisecond)
	}
}

// forget starts listening anew.
func (p *phone) forget() { p.heard, p.packets = nil, 0 }

// level is how loud a tone is in what the phone heard in its last half second, in dB below full scale.
func (p *phone) level(hz float64) float64 {
	x := p.heard[max(0, len(p.heard)-4000):]
	if len(x) == 0 {
		return -127
	}
	var re, im float64
	for i, s := range x {
		a := 2 * math.Pi * hz * float64(i) / 8000
		re += float64(s) * math.Cos(a)
		im += float64(s) * math.Sin(a)
	}
	return 20 * math.Log10(2*math.Hypot(re, im)/float64(len(x))/32768+1e-9)
}

const audible = -40 // dB: the tones are at −15

func (p *phone) wantsTone(hz float64, why string) {
	p.w.Helper()
	if l := p.level(hz); l < audible {
		p.w.Errorf("%s hears %v Hz at %.0f dB in %d packets; want it heard: %s", p.name, hz, l, p.packets, why)
	}
}

func (p *phone) wantsNoTone(hz float64, why string) {
	p.w.Helper()
	if l := p.level(hz); l >= audible {
		p.w.Errorf("%s hears %v Hz at %.0f dB; want it not heard: %s", p.name, hz, l, why)
	}
}
