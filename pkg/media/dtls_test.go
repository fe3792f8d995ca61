package media

import (
	"errors"
	"net/netip"
	"testing"
	"testing/synctest"
	"time"

	"github.com/seed-f3cefc8c/focus/pkg/codec"
	"github.com/seed-f3cefc8c/focus/pkg/codec/g711"
	"github.com/seed-f3cefc8c/focus/pkg/rtp"
	"github.com/seed-f3cefc8c/focus/pkg/srtp"
)

// shaker is one of two legs that make their keys by DTLS.
type shaker struct {
	*party
	maker *srtp.DTLS
	rtcp  *Socket
}

func newMaker(t *testing.T) *srtp.DTLS {
	t.Helper()
	d, err := srtp.NewDTLS(time.Now())
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// newShaker has two sockets of its own.
func newShaker(t *testing.T, network *Memory, host string) *shaker {
	t.Helper()
	var sockets [2]*Socket
	for i, port := range []uint16{5000, 5001} {
		conn, err := network.Listen(netip.AddrPortFrom(netip.MustParseAddr(host), port))
		if err != nil {
			t.Fatal(err)
		}
		sockets[i] = NewSocket(conn, Polled)
	}
	p := &party{T: t, batch: NewBatch(), sender: NewAudioSender(sockets[0], 7)}
	p.sender.SetFormat(0, 8000)
	p.stream = NewAudioStream(AudioStreamConfig{LocalSSRC: 7})
	p.stream.SetFormats(map[uint8]*codec.Codec{0: g711.PCMU})
	p.transport = NewTransport(TransportConfig{
		RTP: sockets[0], RTCP: sockets[1], Pool: rtp.NewPool(16), Stream: p.stream, Sender: p.sender, CNAME: "x",
	}, time.Now())
	return &shaker{p, newMaker(t), sockets[1]}
}

func (s *shaker) certificate() *srtp.Certificate {
	s.Helper()
	c, err := s.maker.Certificate(time.Now())
	if err != nil {
		s.Fatal(err)
	}
	return c
}

// expects that the other is at that host.
func (s *shaker) expects(other *shaker, multiplexed bool) {
	at := other.transport.config.RTP.LocalAddr()
	control := other.rtcp.LocalAddr()
	if multiplexed {
		control = at
	}
	s.transport.Expect(at, control, nil)
}

// shakes hands with the other.
func (s *shaker) shakes(other *shaker, client, control bool) {
	s.transport.Handshake(DTLS{Maker: s.maker, Certificate: s.certificate(), Fingerprints: []srtp.Fingerprint{other.certificate().Fingerprint()},
		Client: client, Control: control}, time.Now())
}

func (s *shaker) close() {
	s.transport.Close()
	s.maker.Wait()
	s.stream.Close()
}

// twoShakers are a leg and a telephone.
func twoShakers(t *testing.T) (leg, phone *shaker, network *Memory) {
	network = &Memory{}
	return newShaker(t, network, "192.0.2.1"), newShaker(t, network, "198.51.100.7"), network
}

func TestKeysByDTLS(t *testing.T) {
	for name, c := range map[string]struct{ client, multiplexed bool }{
		"as client": {true, true}, "as server": {false, true},
		"as client, RTCP apart": {true, false}, "as server, RTCP apart": {false, false},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				leg, phone, network := twoShakers(t)
				clear := 0
				network.Drop = func(_, to netip.AddrPort, data []byte) bool {
					if data[0]>>6 == 2 && to.Port() == 5000 && len(data) == 172 {
						clear++
					}
					return false
				}
				leg.expects(phone, c.multiplexed)
				phone.expects(leg, c.multiplexed)
				leg.shakes(phone, c.client, !c.multiplexed)
				phone.shakes(leg, !c.client, !c.multiplexed)
				got := talk(30*time.Second, leg.party, phone.party)
				for i, s := range []*shaker{leg, phone} {
					stats := s.transport.Stats()
					if got[i] < 1450 || clear > 0 {
						t.Errorf("%d packets received, %d in the clear", got[i], clear)
					}
					if err := s.transport.HandshakeFailed(); err != nil || s.transport.Suite() != srtp.AEADAES128GCM || stats.Protected.Total() != 0 {
						t.Errorf("%v, suite %v, %+v", err, s.transport.Suite(), stats)
					}
					if s.transport.reports.remote.ssrc == 0 {
						t.Error("no RTCP")
					}
				}
				leg.close()
				phone.close()
			})
		})
	}
}

// TestNothingBeforeKeys: what a leg sends is held back, and what comes is counted, until there are keys.
func TestNothingBeforeKeys(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		leg, phone, network := twoShakers(t)
		sent := 0
		network.Drop = func(from, _ netip.AddrPort, data []byte) bool {
			if from.Addr() == leg.transport.config.RTP.LocalAddr().Addr() && data[0]>>6 == 2 {
				sent++
			}
			return false
		}
		leg.expects(phone, true)
		phone.expects(leg, true)
		leg.shakes(phone, false, false)
		if got := talk(10*time.Second, leg.party, phone.party); got[0] != 0 || sent != 0 {
			t.Errorf("%d packets received, %d sent", got[0], sent)
		}
		if got := leg.transport.Stats().Early; got < 490 {
			t.Errorf("%d packets counted as too early", got)
		}
		talk(6*time.Second, leg.party)
		if err := leg.transport.HandshakeFailed(); !errors.Is(err, srtp.ErrTimeout) {
			t.Errorf("after 16 s: %v", err)
		}
		leg.close()
		phone.close()
	})
}

func TestTheWrongCertificate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		leg, phone, _ := twoShakers(t)
		leg.expects(phone, true)
		phone.expects(leg, true)
		phone.shakes(leg, true, false)
		leg.shakes(leg, false, false) // as if its own had been announced
		if got := talk(time.Second, leg.party, phone.party); got[0] != 0 || got[1] != 0 {
			t.Errorf("%d packets received", got)
		}
		if err := leg.transport.HandshakeFailed(); !errors.Is(err, srtp.ErrFingerprint) || leg.transport.Suite() != 0 {
			t.Errorf("%v, suite %v", err, leg.transport.Suite())
		}
		leg.close()
		phone.close()
	})
}

// TestAnotherAssociation begins during the call, as after a re-INVITE with another fingerprint. Nobody misses a frame.
func TestAnotherAssociation(t *testing.T) {
	for _, client := range []bool{true, false} {
		synctest.Test(t, func(t *testing.T) {
			leg, phone, _ := twoShakers(t)
			leg.expects(phone, true)
			phone.expects(leg, true)
			leg.shakes(phone, client, false)
			phone.shakes(leg, !client, false)
			before := talk(2*time.Second, leg.party, phone.party)
			phone.maker = newMaker(t)
			was := leg.transport.shield.out.Key()
			leg.shakes(phone, !client, false)
			phone.shakes(leg, client, false)
			after := talk(5*time.Second, leg.party, phone.party)
			for i := range after {
				if got := after[i] - before[i]; got != 250 {
					t.Errorf("%d packets of 250", got)
				}
			}
			if leg.transport.shield.out.Key().Equal(was) {
				t.Error("the key is the old one")
			}
			leg.close()
			phone.close()
		})
	}
}

// TestStrangersHello: a ClientHello from an address that nothing justifies is not even looked at, before and after there are keys.
func TestStrangersHello(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		leg, phone, network := twoShakers(t)
		stranger, err := network.Listen(addr("203.0.113.66:5000"))
		if err != nil {
			t.Fatal(err)
		}
		var hello []byte
		network.Drop = func(_, _ netip.AddrPort, data []byte) bool {
			if hello == nil && data[0] == 22 {
				hello = append([]byte{}, data...)
			}
			if hello != nil {
				network.find(leg.transport.config.RTP.LocalAddr()).put(Datagram{Data: hello, From: stranger.LocalAddr(), At: time.Now()})
			}
			return false
		}
		leg.expects(phone, true)
		phone.expects(leg, true)
		leg.shakes(phone, false, false)
		phone.shakes(leg, true, false)
		if got := talk(5*time.Second, leg.party, phone.party); got[0] < 200 || got[1] < 200 {
			t.Errorf("%d packets received", got)
		}
		if got := leg.transport.Stats().Stranger; got < 100 || leg.maker.Stats().Begun != 1 || leg.maker.Stats().Second != 0 {
			t.Errorf("%d of a stranger, %+v", got, leg.maker.Stats())
		}
		if n := stranger.ReadBatch(NewBatch(), time.Now()); n != 0 {
			t.Errorf("the stranger got %d datagrams", n)
		}
		leg.close()
		phone.close()
	})
}

// TestWhereTheClientHelloComesFrom: behind NAT its address is where the peer is, if its host is that of the signalling.
func TestWhereTheClientHelloComesFrom(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		leg, phone, _ := twoShakers(t)
		leg.transport.Expect(addr("10.0.0.7:4000"), addr("10.0.0.7:4000"), []netip.Addr{phone.transport.config.RTP.LocalAddr().Addr()})
		phone.expects(leg, true)
		leg.shakes(phone, false, false)
		phone.shakes(leg, true, false)
		if got := talk(5*time.Second, leg.party, phone.party); got[0] < 200 || got[1] < 200 {
			t.Errorf("%d packets received", got)
		}
		leg.close()
		phone.close()
	})
}

// TestDTLSOnTheSharedPort: each role, RTCP with it and apart.
func TestDTLSOnTheSharedPort(t *testing.T) {
	for _, client := range []bool{true, false} {
		for _, components := range []int{1, 2} {
			synctest.Test(t, func(t *testing.T) {
				network := &Memory{}
				server, phones := newShared(t, network, "192.0.2.1:4000"), newShared(t, network, "198.51.100.7:4000")
				leg, alice := &shaker{server.party(t, true, components), newMaker(t), nil}, &shaker{phones.party(t, false, components), newMaker(t), nil}
				leg.shakes(alice, client, components == 2)
				alice.shakes(leg, !client, components == 2)
				alice.call(leg.party, components == 1)
				if got := talk(10*time.Second, leg.party, alice.party); got[0] < 450 || got[1] < 450 {
					t.Errorf("%d packets received", got)
				}
				if leg.transport.HandshakeFailed() != nil || leg.transport.Stats().Protected.Total() != 0 {
					t.Errorf("%v, %+v", leg.transport.HandshakeFailed(), leg.transport.Stats())
				}
				for _, s := range []*shaker{leg, alice} {
					s.transport.Close()
					s.maker.Wait()
					s.end()
				}
				server.Close()
				phones.Close()
			})
		}
	}
}
