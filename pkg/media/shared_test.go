package media

import (
	"net"
	"net/netip"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/seed-f3cefc8c/focus/pkg/codec"
	"github.com/seed-f3cefc8c/focus/pkg/codec/g711"
	"github.com/seed-f3cefc8c/focus/pkg/ice"
	"github.com/seed-f3cefc8c/focus/pkg/rtp"
)

// party is one end of a call with ICE: shared ports, a seat on them, and its transport.
type party struct {
	*testing.T
	shared    *Shared
	seat      *Seat
	transport *Transport
	sender    *AudioSender
	stream    *AudioStream
	batch     *Batch
	lite      bool
}

// newShared binds the shared ports of one host.
func newShared(t *testing.T, network Network, at string) *Shared {
	t.Helper()
	s, err := NewShared(SharedConfig{Network: network, Addresses: []netip.AddrPort{addr(at)}})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func (s *Shared) party(t *testing.T, lite bool, components int) *party {
	p := &party{T: t, shared: s, seat: s.NewSeat(components), lite: lite, batch: NewBatch()}
	p.sender = NewAudioSender(nil, 7)
	p.sender.SetFormat(0, 8000)
	p.stream = NewAudioStream(AudioStreamConfig{LocalSSRC: 7})
	p.stream.SetFormats(map[uint8]*codec.Codec{0: g711.PCMU})
	p.transport = NewTransport(TransportConfig{
		Seat: p.seat, Pool: rtp.NewPool(16), Stream: p.stream, Sender: p.sender, CNAME: "x",
	}, time.Now())
	return p
}

func (p *party) begin() ice.Local {
	p.Helper()
	local, err := p.seat.Begin(p.lite)
	if err != nil {
		p.Fatal(err)
	}
	return local
}

// call is an offer of p and its answer.
func (p *party) call(other *party, multiplexed bool) {
	p.Helper()
	offer, answer := p.begin(), other.begin()
	for _, err := range []error{
		other.seat.Start(ice.Remote{Credentials: offer.Credentials, Candidates: offer.Candidates, Lite: offer.Lite, Multiplexed: multiplexed}, false),
		p.seat.Start(ice.Remote{Credentials: answer.Credentials, Candidates: answer.Candidates, Lite: answer.Lite, Multiplexed: multiplexed}, true),
	} {
		if err != nil {
			p.Fatal(err)
		}
	}
	rtcp := addr("192.0.2.1:1")
	if multiplexed {
		rtcp = netip.AddrPort{}
	}
	p.transport.Expect(netip.AddrPort{}, rtcp, nil)
	other.transport.Expect(netip.AddrPort{}, rtcp, nil)
}

// talk lets both speak for a while, and returns how many packets the other has had by then.
func talk(d time.Duration, parties ...*party) (received []uint64) {
	for end := time.Now().Add(d); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		for _, p := range parties {
			p.transport.Poll(p.batch, time.Now())
			p.stream.Advance(time.Now())
			p.sender.WritePayload(make([]byte, 160), 160)
		}
	}
	for _, p := range parties {
		p.transport.Poll(p.batch, time.Now())
		received = append(received, p.stream.Stats().Received)
	}
	return received
}

func (p *party) end() {
	p.seat.Close()
	p.stream.Close()
}

func TestTwoLegsOnOnePort(t *testing.T) {
	for name, lite := range map[string]bool{"lite": true, "full": false} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				network := &Memory{}
				server, phones := newShared(t, network, "192.0.2.1:4000"), newShared(t, network, "198.51.100.7:4000")
				others := newShared(t, network, "198.51.100.8:4000")
				leg1, leg2 := server.party(t, lite, 1), server.party(t, lite, 1)
				alice, bob := phones.party(t, false, 1), others.party(t, false, 1)
				alice.call(leg1, true)
				leg2.call(bob, true) // one that we called
				got := talk(3*time.Second, leg1, leg2, alice, bob)
				for i, n := range got {
					if n < 120 || n > 150 {
						t.Errorf("party %d has received %d packets, want one each 20 ms but for the first moment", i, n)
					}
				}
				if s := server.Stats(); s.Strangers != 0 || s.Taken != 0 {
					t.Errorf("stats = %+v", s)
				}
				for _, p := range []*party{leg1, leg2, alice, bob} {
					p.end()
				}
				server.Close()
				phones.Close()
				others.Close()
			})
		})
	}
}

func TestRTCPHasItsOwnComponent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var mu sync.Mutex
		reports := map[netip.AddrPort]int{}
		network := &Memory{Drop: func(_, to netip.AddrPort, data []byte) bool {
			mu.Lock()
			defer mu.Unlock()
			if rtp.IsRTCP(data) {
				reports[to]++
			}
			return false
		}}
		server, phones := newShared(t, network, "192.0.2.1:4000"), newShared(t, network, "198.51.100.7:4000")
		leg, alice := server.party(t, true, 2), phones.party(t, false, 2)
		alice.call(leg, false)
		talk(20*time.Second, leg, alice)
		for name, p := range map[string]*party{"the server": leg, "alice": alice} {
			if got := p.transport.rtcp.to; got == nil || got.Addr().Port() != 4001 || reports[got.Addr()] < 2 {
				t.Errorf("%s sends RTCP to %v, where %v reports came; want port 4001", name, got, reports)
			}
			if at := p.transport.Heard(); time.Since(at) > time.Second {
				t.Errorf("%s heard the other %v ago", name, time.Since(at))
			}
		}
		leg.end()
		alice.end()
		server.Close()
		phones.Close()
	})
}

func TestStrangersOnTheSharedPort(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		network := &Memory{}
		server, phones := newShared(t, network, "192.0.2.1:4000"), newShared(t, network, "198.51.100.7:4000")
		leg, alice := server.party(t, true, 1), phones.party(t, false, 1)
		alice.call(leg, true)
		stranger, err := network.Listen(addr("203.0.113.66:6666"))
		if err != nil {
			t.Fatal(err)
		}
		to := NewDestination(addr("192.0.2.1:4000"))
		for range 50 {
			talk(20*time.Millisecond, leg, alice)
			_ = stranger.WriteTo(rtpPacket(99), to)
			_ = stranger.WriteTo([]byte{22, 254, 253, 0}, to)
			_ = stranger.WriteTo([]byte{0, 1, 0, 0}, to)
		}
		time.Sleep(time.Second)
		if s := server.Stats(); s.Strangers != 100 || s.STUN.Malformed != 50 {
			t.Errorf("stats = %+v, want 100 strangers and 50 malformed", s)
		}
		if got := leg.stream.Stats().Received; got > 50 {
			t.Errorf("%d packets received, but alice has sent 50", got)
		}
		leg.end()
		alice.end()
		server.Close()
		phones.Close()
	})
}

func rtpPacket(ssrc byte) []byte {
	p := make([]byte, 172)
	p[0], p[11] = 0x80, ssrc
	return p
}

func TestARestartLosesNothing(t *testing.T) {
	for name, lite := range map[string]bool{"lite": true, "full": false} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				network := &Memory{}
				server, phones := newShared(t, network, "192.0.2.1:4000"), newShared(t, network, "198.51.100.7:4000")
				leg, alice := server.party(t, lite, 1), phones.party(t, false, 1)
				alice.call(leg, true)
				talk(2*time.Second, leg, alice)
				before := talk(time.Second, leg, alice)

				t.Log("# an offer that is refused changes nothing")
				alice.begin()
				alice.seat.Withdraw()
				alice.seat.Withdraw()

				t.Log("# one that is taken is a restart; the old path carries until the new one is there")
				alice.call(leg, true)
				after := talk(2*time.Second, leg, alice)
				for i := range after {
					if n := after[i] - before[i]; n < 98 {
						t.Errorf("party %d has received %d packets in 2 s of a restart, want about 100", i, n)
					}
				}
				leg.seat.mu.Lock()
				if n := len(leg.seat.sessions); n != 1 {
					t.Errorf("%d sessions after the restart, want 1", n)
				}
				leg.seat.mu.Unlock()

				t.Log("# and ten that lead nowhere leave two sessions at most")
				for range 10 {
					local := leg.begin()
					if err := leg.seat.Start(ice.Remote{Credentials: local.Credentials, Multiplexed: true}, false); err != nil {
						t.Fatal(err)
					}
				}
				leg.seat.mu.Lock()
				if n := len(leg.seat.sessions); n > 2 {
					t.Errorf("%d sessions, want two at most", n)
				}
				leg.seat.mu.Unlock()
				leg.end()
				alice.end()
				server.Close()
				phones.Close()
			})
		})
	}
}

func TestAnAddressIsOneLegs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := newShared(t, &Memory{}, "192.0.2.1:4000")
		alice, mallory := server.party(t, true, 1), server.party(t, true, 1)
		home := addr("198.51.100.7:5000")
		server.admit(0, 1, home, alice.seat)
		server.admit(0, 1, home, mallory.seat)
		if got := server.find(server.ports[0], home); got.seat != alice.seat || server.Stats().Taken != 1 {
			t.Error("another leg took an address that is in use")
		}
		t.Log("# long after alice has gone from there, it may be somebody else's")
		time.Sleep(routeHeld)
		server.admit(0, 1, home, mallory.seat)
		if got := server.find(server.ports[0], home); got.seat != mallory.seat || len(alice.seat.held) != 0 {
			t.Error("an address nobody uses cannot be taken over")
		}
		t.Log("# a leg has so many")
		for i := range 2 * maxRoutes {
			server.admit(0, 1, netip.AddrPortFrom(home.Addr(), uint16(6000+i)), alice.seat)
		}
		if n := len(alice.seat.held); n != maxRoutes || server.Stats().Excess != maxRoutes {
			t.Errorf("%d addresses, %d refused; want %d of each", n, server.Stats().Excess, maxRoutes)
		}
		t.Log("# those that the newer session has not proved go")
		server.admit(0, 2, addr("198.51.100.7:6000"), alice.seat)
		server.forget(alice.seat, 2)
		if n := len(alice.seat.held); n != 1 {
			t.Errorf("%d addresses after a restart, want the one", n)
		}
		alice.end()
		mallory.end()
		if n := len(server.ports[0].routes); n != 0 {
			t.Errorf("%d routes left", n)
		}
		server.admit(0, 1, home, alice.seat)
		if n := len(server.ports[0].routes); n != 0 {
			t.Error("a closed seat got a route")
		}
		server.Close()
	})
}

func TestConsentThatIsLost(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		network := &Memory{}
		server, phones := newShared(t, network, "192.0.2.1:4000"), newShared(t, network, "198.51.100.7:4000")
		leg, alice := server.party(t, false, 1), phones.party(t, false, 1)
		alice.call(leg, true)
		talk(2*time.Second, leg, alice)
		alice.end()
		phones.Close()
		time.Sleep(ice.ConsentTimeout + 10*time.Second)
		if leg.seat.Failed() == nil {
			t.Error("the peer is gone, and nobody noticed")
		}
		if silent := time.Since(leg.seat.Heard()); silent < ice.ConsentTimeout {
			t.Errorf("heard %v ago", silent)
		}
		leg.end()
		server.Close()
	})
}

func TestMediaByTCP(t *testing.T) {
	var l net.Listener
	server, err := NewShared(SharedConfig{
		Network: &Memory{}, Addresses: []netip.AddrPort{addr("192.0.2.1:4000")},
		ListenTCP: func(netip.AddrPort) (_ net.Listener, err error) {
			l, err = net.Listen("tcp", "127.0.0.1:0")
			return l, err
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	defer server.Close()
	leg := server.party(t, true, 1)
	defer leg.end()
	nowhere := ice.NewMux([]ice.Port{{Component: 1, Announced: addr("198.51.100.7:5000"), Send: func([]byte, netip.AddrPort) error { return nil }}}, nil)
	paths := make(chan ice.Path, 8)
	alice, err := ice.NewAgent(ice.Config{Mux: nowhere, Components: 1, ActiveTCP: []netip.Addr{addr(l.Addr().String()).Addr()},
		Selected: func(p ice.Path) { paths <- p }})
	if err != nil {
		t.Fatal(err)
	}
	defer alice.Close()
	ours, hers := leg.begin(), alice.Local()
	if err := leg.seat.Start(ice.Remote{Credentials: hers.Credentials, Candidates: hers.Candidates, Multiplexed: true}, false); err != nil {
		t.Fatal(err)
	}
	if err := alice.SetRemote(ice.Remote{Credentials: ours.Credentials, Candidates: ours.Candidates, Lite: true, Multiplexed: true}, true); err != nil {
		t.Fatal(err)
	}
	<-paths
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for end := time.Now().Add(10 * time.Second); leg.sender.Stats(time.Now()).Packets == 0 || leg.stream.Stats().Received == 0; <-tick.C {
		if time.Now().After(end) {
			t.Fatalf("sent %d packets, received %d", leg.sender.Stats(time.Now()).Packets, leg.stream.Stats().Received)
		}
		if _, err := alice.Write(rtpPacket(9)); err != nil {
			t.Fatal(err)
		}
		leg.transport.Poll(leg.batch, time.Now())
		leg.stream.Advance(time.Now())
		leg.sender.WritePayload(make([]byte, 160), 160)
	}
	b := make([]byte, 1500)
	if n, err := alice.Read(b); err != nil || n != 172 {
		t.Errorf("alice read %d octets, %v; want a packet of 172", n, err)
	}
}

// A packet on a shared port costs no allocation on its way in, nor on its way out.
func TestSharedPathDoesNotAllocate(t *testing.T) {
	server := newShared(t, &Memory{}, "192.0.2.1:4000")
	defer server.Close()
	leg := server.party(t, true, 1)
	defer leg.end()
	home, packet := addr("198.51.100.7:5000"), rtpPacket(9)
	server.admit(0, 1, home, leg.seat)
	sequence := uint16(0)
	step := func() {
		sequence++
		packet[2], packet[3] = byte(sequence>>8), byte(sequence)
		server.ports[0].receive(packet, home, time.Now())
		leg.transport.inbox.drain(leg.transport)
		leg.stream.Advance(time.Now())
	}
	for range 200 {
		step()
	}
	if n := testing.AllocsPerRun(200, step); n != 0 {
		t.Errorf("%v allocations a packet, want 0", n)
	}
}

func TestAPanicEndsOneLeg(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := newShared(t, &Memory{}, "192.0.2.1:4000")
		leg, other := server.party(t, true, 1), server.party(t, true, 1)
		server.admit(0, 1, addr("198.51.100.7:5000"), leg.seat)
		leg.seat.transport = nil // anything that panics
		server.ports[0].receive(rtpPacket(9), addr("198.51.100.7:5000"), time.Now())
		if leg.seat.Failed() == nil || other.seat.Failed() != nil || server.Stats().Panics != 1 {
			t.Errorf("failed: %v, %v; %+v", leg.seat.Failed(), other.seat.Failed(), server.Stats())
		}
		leg.end()
		other.end()
		server.Close()
	})
}
