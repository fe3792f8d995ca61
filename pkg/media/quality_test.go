package media

import (
	"math"
	"math/rand/v2"
	"net/netip"
	"slices"
	"testing"
	"time"

	pion "github.com/pion/rtp"

	"github.com/seed-f3cefc8c/focus/pkg/codec"
	"github.com/seed-f3cefc8c/focus/pkg/quality"
	"github.com/seed-f3cefc8c/focus/pkg/rtp"
)

// A wire carries datagrams one way, late and not always.
type wire struct {
	delay time.Duration
	loses func([]byte) bool
	now   time.Time
	way   []flight
	from  netip.AddrPort
	sent  [][]byte // everything, lost or not; nil unless kept
	keep  bool
}

type flight struct {
	data []byte
	at   time.Time
}

// end is one end of two wires: a Conn.
type end struct {
	out, in *wire
	addr    netip.AddrPort
}

func (e *end) WriteTo(data []byte, _ *Destination) error {
	if e.out.keep {
		e.out.sent = append(e.out.sent, slices.Clone(data))
	}
	if e.out.loses == nil || !e.out.loses(data) {
		e.out.way = append(e.out.way, flight{slices.Clone(data), e.out.now.Add(e.out.delay)})
	}
	return nil
}

func (e *end) ReadBatch(b *Batch, now time.Time) (n int) {
	for n < BatchSize && len(e.in.way) > 0 && !e.in.way[0].at.After(now) {
		b.Datagrams[n] = Datagram{Data: e.in.way[0].data, From: e.in.from, At: e.in.way[0].at}
		e.in.way = e.in.way[1:]
		n++
	}
	return n
}

func (e *end) LocalAddr() netip.AddrPort { return e.addr }
func (e *end) Close() error              { return nil }

// A side is an end with everything that stands on it.
type side struct {
	transport *Transport
	stream    *AudioStream
	sender    *AudioSender
	batch     *Batch
}

func newSide(in, out *wire, addr, peer netip.AddrPort, ssrc uint32) *side {
	socket := NewSocket(&end{out: out, in: in, addr: addr}, Polled)
	s := &side{sender: NewAudioSender(socket, ssrc), batch: NewBatch()}
	s.stream = NewAudioStream(AudioStreamConfig{LocalSSRC: ssrc, Formats: map[uint8]*codec.Codec{96: linear(8000)}})
	s.sender.SetFormat(96, 8000)
	s.transport = NewTransport(TransportConfig{RTP: socket, Pool: rtp.NewPool(64), Stream: s.stream, Sender: s.sender, CNAME: "x"}, epoch)
	s.transport.Expect(peer, peer, nil)
	return s
}

// call lets two sides talk for a while; each says a sine.
func call(d time.Duration, there, back *wire) (alice, bob *side) {
	a, b := netip.MustParseAddrPort("192.0.2.1:4000"), netip.MustParseAddrPort("192.0.2.2:4000")
	there.from, back.from, there.now, back.now = a, b, epoch, epoch
	alice, bob = newSide(back, there, a, b, 1), newSide(there, back, b, a, 2)
	converse(d, there, back, alice, bob)
	return alice, bob
}

func converse(d time.Duration, there, back *wire, sides ...*side) {
	payload, dst := make([]byte, 320), make([]int16, 160)
	for end := there.now.Add(d); there.now.Before(end); {
		there.now, back.now = there.now.Add(frameTime), back.now.Add(frameTime)
		for _, s := range sides {
			s.transport.Poll(s.batch, there.now)
			s.stream.Advance(there.now)
			s.stream.Frame(dst)
			for i := range 160 {
				sample := sine(uint32(i), 8000)
				payload[2*i], payload[2*i+1] = byte(sample>>8), byte(sample)
			}
			s.sender.WritePayload(payload, 160)
		}
	}
}

func near(t *testing.T, name string, got, want, tolerance float64) {
	t.Helper()
	if math.Abs(got-want) > tolerance {
		t.Errorf("%s is %v, want %v ± %v", name, got, want, tolerance)
	}
}

func TestBothEndsKnowHowWellTheyAreHeard(t *testing.T) {
	t.Log("# alice's voice takes 30 ms and loses 5 %; bob's takes 70 ms and loses nothing; what they tell each other arrives")
	rng := rand.New(rand.NewPCG(1, 5))
	there := &wire{delay: 30 * ms, loses: func(b []byte) bool { return !rtp.IsRTCP(b) && rng.Float64() < 0.05 }}
	back := &wire{delay: 70 * ms}
	alice, bob := call(2*time.Minute, there, back)
	heard, hears := bob.transport.Quality("PCMU", "PCMU")
	near(t, "bob's loss", heard.LossRate, 0.05, 0.01)
	near(t, "bob's round trip", heard.RoundTrip, 100, 21)
	near(t, "what bob hears concealed", heard.Concealed, 0.05, 0.02)
	near(t, "the burst ratio", heard.BurstRatio, 1, 0.2)
	near(t, "alice's level", float64(heard.Signal), -9, 2) // a sine of amplitude 8000 is −15 dBov
	near(t, "bob's R", heard.R, quality.R(50+heard.EndSystem, heard.LossRate+heard.DiscardRate, heard.BurstRatio, quality.ImpairmentOf("PCMU")), 0.1)
	if hears == nil || hears.LossRate != 0 || hears.SSRC != 2 || hears.MOSCQ < 4 {
		t.Errorf("alice hears bob: %+v", hears)
	}
	if _, clean := alice.transport.Quality("PCMU", "PCMU"); clean == nil || heard.MOSCQ >= 4 || math.Abs(clean.LossRate-0.05) > 0.012 {
		t.Errorf("bob hears alice with MOS %v; she is told %+v", heard.MOSCQ, clean)
	}
}

func TestExtendedReportsTellMore(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 5))
	there := &wire{delay: 40 * ms, loses: func(b []byte) bool { return !rtp.IsRTCP(b) && rng.Float64() < 0.03 }, keep: true}
	back := &wire{delay: 40 * ms}
	alice, bob := call(time.Second, there, back)
	bob.transport.SetControl(Control{VoIPMetrics: true, ReceiverRTT: true})
	converse(time.Minute, there, back, alice, bob)
	heard, _ := bob.transport.Quality("L16", "L16")
	_, told := alice.transport.Quality("L16", "L16")
	if told == nil || told.Gmin != rtp.DefaultGmin || !told.BufferAdaptive {
		t.Fatalf("alice is told %+v", told)
	}
	near(t, "R", told.R, heard.R, 3)
	near(t, "loss", told.LossRate, heard.LossRate, 0.01)
	near(t, "signal", float64(told.Signal), float64(heard.Signal), 1)
	t.Log("# alice did not agree to send metrics, but answers bob's reference time")
	answered := false
	for _, b := range there.sent {
		if c, err := rtp.ParseCompound(b); err == nil && rtp.IsRTCP(b) {
			answered = answered || len(c.XR.DLRR) == 1 && c.XR.DLRR[0].SSRC == 2
			if len(c.XR.VoIP) > 0 || c.XR.Reference != 0 {
				t.Fatalf("alice sent %+v", c.XR)
			}
		}
	}
	if !answered {
		t.Error("no DLRR")
	}
}

func TestNacksAreAnsweredOnlyWhenAgreed(t *testing.T) {
	there, back := &wire{keep: true}, &wire{}
	alice, bob := call(time.Second, there, back)
	last := alice.sender.sequence - 1
	ask := func(ssrc uint32) {
		packet, err := rtp.AppendReduced(nil, &rtp.Compound{SSRC: 2, Nacks: []rtp.Nack{{SSRC: ssrc, Packet: last, Bitmask: 1}}})
		if err != nil {
			t.Fatal(err)
		}
		back.way = append(back.way, flight{packet, back.now})
		alice.transport.Poll(alice.batch, back.now)
	}
	ask(1)
	alice.transport.SetControl(Control{NACK: true})
	converse(100*ms, there, back, alice, bob)
	last = alice.sender.sequence - 2
	sent := len(there.sent)
	ask(7) // somebody else's stream
	if len(there.sent) != sent {
		t.Fatal("answered before it was agreed, or for another stream")
	}
	ask(1)
	if len(there.sent) != sent+2 || !slices.Equal(there.sent[sent], there.sent[sent-2]) || !slices.Equal(there.sent[sent+1], there.sent[sent-1]) || alice.transport.Stats().Resent != 2 {
		t.Errorf("%d packets sent again", len(there.sent)-sent)
	}
	ask(1)
	if len(there.sent) != sent+2 {
		t.Error("sent again at once")
	}
}

func TestRetransmissionsInAStreamOfTheirOwn(t *testing.T) {
	there, back := &wire{keep: true}, &wire{}
	alice, bob := call(time.Second, there, back)
	alice.transport.SetControl(Control{NACK: true, RTX: 97})
	converse(100*ms, there, back, alice, bob)
	lost := there.sent[len(there.sent)-1]
	for i := range 2 {
		packet, _ := rtp.AppendReduced(nil, &rtp.Compound{SSRC: 2, Nacks: []rtp.Nack{{SSRC: 1, Packet: uint16(lost[2])<<8 | uint16(lost[3])}}})
		back.way = append(back.way, flight{packet, back.now})
		alice.transport.Poll(alice.batch, back.now)
		var p pion.Packet
		if err := p.Unmarshal(there.sent[len(there.sent)-1]); err != nil || p.PayloadType != 97 || p.SSRC == 1 || p.SequenceNumber != alice.sender.rtx.sequence-1 ||
			!slices.Equal(p.Payload[:2], lost[2:4]) || !slices.Equal(p.Payload[2:], lost[12:]) {
			t.Errorf("%d: %v, %v", i, p.Header, err)
		}
		back.now = back.now.Add(resendAfter)
	}
}

// resendAfter is when a packet may be sent a third time.
const resendAfter = 20 * ms

func TestTransportWideFeedback(t *testing.T) {
	for _, reduced := range []bool{true, false} {
		there, back := &wire{keep: true}, &wire{}
		_, bob := call(time.Second, there, back)
		bob.transport.SetControl(Control{TransportCC: 3, Reduced: reduced})
		back.sent, back.keep = nil, true
		for i := range uint16(50) {
			p := pion.Packet{Header: pion.Header{Version: 2, PayloadType: 96, SSRC: 1, SequenceNumber: 60_000 + i, Timestamp: uint32(i) * 160}, Payload: make([]byte, 320)}
			if err := p.Header.SetExtension(3, []byte{0xff, byte(i + 230)}); err != nil {
				t.Fatal(err)
			}
			data, err := p.Marshal()
			if err != nil {
				t.Fatal(err)
			}
			there.way = append(there.way, flight{data, there.now})
			converse(frameTime, there, back, bob)
		}
		messages := 0
		for _, b := range back.sent {
			if !rtp.IsRTCP(b) {
				continue
			}
			c, err := rtp.ParseCompound(b)
			if err != nil {
				t.Fatal(err)
			}
			if whole := c.CNAME != ""; whole == reduced && b[1] != 200 {
				t.Errorf("reduced size %v: % x", reduced, b)
			}
			messages++
		}
		if messages < 4 || messages > 8 {
			t.Errorf("%d messages in a second", messages)
		}
	}
}

func TestControlDoesNotAllocate(t *testing.T) {
	there, back := &wire{}, &wire{loses: func([]byte) bool { return true }}
	_, bob := call(time.Second, there, back)
	bob.transport.SetControl(Control{TransportCC: 3, NACK: true, RTX: 97, VoIPMetrics: true, ReceiverRTT: true})
	bob.transport.reports.reference = 1
	now, p := there.now, &rtp.Packet{}
	_ = p.Header.SetExtension(3, []byte{0, 1})
	if n := testing.AllocsPerRun(100, func() {
		now = now.Add(time.Second)
		bob.transport.reports.feedback.note(p, 3, now)
		bob.transport.feedback(now)
		bob.transport.report(now)
		bob.sender.WritePayload(make([]byte, 160), 160)
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}
