//go:build soak

package hostile

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"net/http"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/seed-f3cefc8c/focus/api"
	"github.com/seed-f3cefc8c/focus/internal/phone"
	"github.com/seed-f3cefc8c/focus/pkg/c3p"
	"github.com/seed-f3cefc8c/focus/pkg/codec"
	"github.com/seed-f3cefc8c/focus/pkg/confinfo"
	"github.com/seed-f3cefc8c/focus/pkg/mcu"
	"github.com/seed-f3cefc8c/focus/pkg/media"
	"github.com/seed-f3cefc8c/focus/pkg/pcm"
	"github.com/seed-f3cefc8c/focus/pkg/srtp"
)

const (
	soakRooms    = 5
	soakPhones   = 50
	mediaTimeout = 5 * time.Second
)

// Fifty telephones call, talk, hold, press keys, are muted, give up early and lose their power, for SOAK (3m). Afterwards nobody is in
// a conference, and the server has as many descriptors and sockets as before.
func TestSoak(t *testing.T) {
	d, err := time.ParseDuration(os.Getenv("SOAK"))
	if err != nil {
		d = 3 * time.Minute
	}
	dtls, err := srtp.NewDTLS(time.Now())
	if err != nil {
		t.Fatal(err)
	}
	s := &soak{server: serve(t, "--media-timeout", mediaTimeout.String()), dtls: dtls}
	for n := range soakRooms {
		body := fmt.Sprintf(`{"id":"soak%d","admissionPolicy":"anonymous"}`, n)
		if status, answer := s.post(loopback, "/v1/conferences", "application/json", strings.NewReader(body)); status != http.StatusCreated {
			t.Fatalf("%d %s", status, answer)
		}
	}
	s.run(5 * time.Second) // what is made once is made now
	s.settle()
	before := s.resources()
	t.Logf("%v of calls; before: %+v", d, before)
	s.run(d)
	s.settle()
	after := s.resources()
	t.Logf("after: %+v", after)
	s.tell(t)
	for n := range soakRooms {
		if ghosts := s.roster(n); len(ghosts.Participants) > 0 {
			t.Errorf("soak%d still has %+v", n, ghosts.Participants)
		}
	}
	if after.descriptors > before.descriptors+2 {
		t.Errorf("%d descriptors, had %d", after.descriptors, before.descriptors)
	}
	for _, line := range s.stop() {
		if line["level"] == "ERROR" {
			t.Errorf("the log has %v", line)
		}
	}
}

// soak is the server and what was counted of the calls.
type soak struct {
	*server
	dtls   *srtp.DTLS // of all telephones
	counts sync.Map   // of *atomic.Int64, by what happened
	serial atomic.Int64
}

func (s *soak) count(what string, err error) {
	if err != nil {
		what += ": " + err.Error()
	}
	n, _ := s.counts.LoadOrStore(what, new(atomic.Int64))
	n.(*atomic.Int64).Add(1)
}

func (s *soak) tell(t *testing.T) {
	s.counts.Range(func(what, n any) bool { t.Logf("%6d %s", n.(*atomic.Int64).Load(), what); return true })
}

type resources struct{ descriptors, memory int }

func (s *soak) resources() resources {
	files, err := filepath.Glob(fmt.Sprintf("/proc/%d/fd/*", s.command.Process.Pid))
	if err != nil {
		s.t.Fatal(err)
	}
	return resources{len(files), s.memory()}
}

// settle waits until the server has noticed who is gone: for a while after the media time-out, and the longest a transaction may linger.
func (s *soak) settle() {
	for _, client := range s.clients {
		client.CloseIdleConnections()
	}
	time.Sleep(mediaTimeout + 37*time.Second)
}

func (s *soak) run(d time.Duration) {
	ctx, cancel := context.WithTimeout(context.Background(), d)
	defer cancel()
	var everybody sync.WaitGroup
	s.clientAt(loopback) // made before many ask for it
	for range soakPhones {
		everybody.Go(func() {
			for ctx.Err() == nil {
				s.call(ctx, int(s.serial.Add(1)))
			}
		})
	}
	everybody.Go(func() { s.record(ctx) })
	everybody.Wait()
}

// record starts and stops recordings without reason.
func (s *soak) record(ctx context.Context) {
	for ctx.Err() == nil {
		s.recording(rand.IntN(soakRooms), []string{"start", "stop", "pause", "resume"}[rand.IntN(4)])
		time.Sleep(300 * time.Millisecond)
	}
	for n := range soakRooms {
		s.recording(n, "stop")
	}
}

func (s *soak) recording(room int, action string) {
	path := fmt.Sprintf("/v1/conferences/soak%d/recording", room)
	status, _ := s.post(loopback, path, "application/json", strings.NewReader(`{"action":"`+action+`"}`))
	s.count(fmt.Sprintf("recording %s %d", action, status), nil)
}

func (s *soak) roster(room int) (list api.Participants) {
	request, _ := http.NewRequest(http.MethodGet, fmt.Sprintf("https://%s/v1/conferences/soak%d/participants", s.https, room), nil)
	request.Header.Set("Authorization", "Bearer "+s.token)
	response, err := s.clientAt(loopback).Do(request)
	if err != nil {
		s.t.Error(err)
		return list
	}
	defer response.Body.Close()
	if err := json.NewDecoder(response.Body).Decode(&list); err != nil {
		s.t.Error(err)
	}
	return list
}

// call is the life of one telephone.
func (s *soak) call(ctx context.Context, n int) {
	random := rand.New(rand.NewPCG(uint64(n), 7))
	room, power := random.IntN(soakRooms), &power{}
	p, err := s.dial(ctx, random, room, n, power)
	if err != nil {
		s.count("dialling", kindOf(err))
		return
	}
	s.count("calls in "+p.Codec(), nil)
	p.Say(16000, pcm.Tone(16000, 300+float64(random.IntN(2000)), time.Duration(1+random.IntN(9))*time.Second, -15))
	for end := time.Now().Add(time.Duration(1+random.IntN(12)) * time.Second); time.Now().Before(end) && ctx.Err() == nil; {
		time.Sleep(time.Duration(200+random.IntN(1500)) * time.Millisecond)
		s.fiddle(ctx, p, random, room)
	}
	s.count("calls with "+cmp.Or(p.Protection(), "no keys"), nil)
	s.hangUp(p, random, power)
}

func (s *soak) dial(ctx context.Context, random *rand.Rand, room, n int, power *power) (*phone.Phone, error) {
	codecs := mcu.Codecs()
	config := phone.Config{
		Target: fmt.Sprintf("sip:soak%d@%s", room, loopback), Identity: fmt.Sprintf("sip:p%d@%s", n, loopback), Network: power.network(s),
		Codecs: []*codec.Codec{codecs[random.IntN(len(codecs))]}, Address: netip.MustParseAddr(loopback), Server: s.sip, LateOffer: random.IntN(5) == 0,
	}
	switch random.IntN(6) {
	case 0:
		config.Transport = "tcp"
	case 1:
		config.Transport, config.Server = "tls", s.sips
	}
	s.protects(&config, random.IntN(4))
	patience := 10 * time.Second
	if random.IntN(12) == 0 {
		patience = time.Duration(random.IntN(40)) * time.Millisecond
	}
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	return phone.Dial(ctx, config)
}

// protects gives a telephone one of the ways to keys, and of finding a path.
func (s *soak) protects(config *phone.Config, way int) {
	switch way {
	case 0:
		config.SDES = true
	case 1:
		config.DTLS = s.dtls
	case 2:
		config.DTLS, config.ICE, config.RTCPMux, config.LateOffer = s.dtls, true, true, false
	}
}

func (s *soak) fiddle(ctx context.Context, p *phone.Phone, random *rand.Rand, room int) {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	switch random.IntN(5) {
	case 0:
		s.count("hold", kindOf(p.Hold(ctx)))
		time.Sleep(200 * time.Millisecond)
		s.count("resume", kindOf(p.Resume(ctx)))
	case 1:
		s.count("key", kindOf(p.Press(ctx, fmt.Sprint(random.IntN(100)))))
	case 2:
		s.count("key by INFO", kindOf(p.PressByINFO(ctx, "5")))
	case 3:
		s.mute(random, room)
	}
}

// mute mutes somebody who is in the room, or lets him speak again.
func (s *soak) mute(random *rand.Rand, room int) {
	list := s.roster(room).Participants
	if len(list) == 0 {
		return
	}
	who, filter := list[random.IntN(len(list))], confinfo.Block
	if random.IntN(2) == 0 {
		filter = confinfo.Unblock
	}
	if len(who.Endpoints) == 0 {
		return
	}
	entity := fmt.Sprintf("sip:admin@%s;gruu;opaque=app:conf:focus:id:soak%d", loopback, room)
	request := &c3p.Request{RequestID: fmt.Sprint(s.serial.Add(1)), From: "sip:admin@" + loopback, To: entity, Command: &c3p.ModifyEndpointMedia{
		Keys:  c3p.MediaKeys{Conference: entity, User: who.URI, Endpoint: who.Endpoints[0].ID, Media: "1"},
		Media: &confinfo.Media{ID: "1", Type: "audio", IngressFilter: filter},
	}}
	status, answer := s.post(loopback, "/c3p", cccp, bytes.NewReader(request.AppendXML(nil)))
	outcome := fmt.Sprint(status)
	if response, err := c3p.ParseResponse([]byte(answer)); err == nil {
		outcome = fmt.Sprint(response.Code, " ", response.Reason)
	}
	s.count("mute "+outcome, nil)
}

// hangUp says goodbye, or loses its power and says nothing.
func (s *soak) hangUp(p *phone.Phone, random *rand.Rand, power *power) {
	patience := 3 * time.Second
	if random.IntN(4) == 0 {
		power.off.Store(true)
		patience = time.Millisecond
	}
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	if err := p.HangUp(ctx); !power.off.Load() {
		s.count("goodbye", kindOf(err))
	}
}

// kindOf keeps what differs from call to call out of the counts.
func kindOf(err error) error {
	if errors.Is(err, context.DeadlineExceeded) {
		return context.DeadlineExceeded
	}
	return err
}

// power is a telephone's: without it nothing is sent any more.
type power struct{ off atomic.Bool }

func (p *power) network(s *soak) phone.Network {
	n := phone.System(s.tls())
	listen, dial := n.ListenPacket, n.Dial
	n.ListenPacket = func(addr string) (net.PacketConn, error) {
		conn, err := listen(addr)
		return weakSocket{conn, p}, err
	}
	n.Dial = func(ctx context.Context, network, addr string) (net.Conn, error) {
		conn, err := dial(ctx, network, addr)
		return weakStream{conn, p}, err
	}
	n.Media = weakNetwork{p}
	return n
}

type weakSocket struct {
	net.PacketConn
	*power
}

func (w weakSocket) WriteTo(b []byte, to net.Addr) (int, error) {
	if w.off.Load() {
		return len(b), nil
	}
	return w.PacketConn.WriteTo(b, to)
}

type weakStream struct {
	net.Conn
	*power
}

func (w weakStream) Write(b []byte) (int, error) {
	if w.off.Load() {
		return len(b), nil
	}
	return w.Conn.Write(b)
}

type weakNetwork struct{ *power }

func (w weakNetwork) Listen(addr netip.AddrPort) (media.Conn, error) {
	conn, err := media.UDP{}.Listen(addr)
	return weakMedia{conn, w.power}, err
}

type weakMedia struct {
	media.Conn
	*power
}

// Wait is of the port of a telephone with ICE, which somebody reads.
func (w weakMedia) Wait(d time.Duration) bool { return w.Conn.(media.Waiter).Wait(d) }

// Wake ends that.
func (w weakMedia) Wake() { w.Conn.(media.Waiter).Wake() }

func (w weakMedia) WriteTo(b []byte, to *media.Destination) error {
	if w.off.Load() {
		return nil
	}
	return w.Conn.WriteTo(b, to)
}
