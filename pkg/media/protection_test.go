package media

import (
	"encoding/binary"
	"net/netip"
	"testing"
	"time"

	"github.com/seed-f3cefc8c/focus/pkg/codec"
	"github.com/seed-f3cefc8c/focus/pkg/codec/g711"
	"github.com/seed-f3cefc8c/focus/pkg/rtp"
	"github.com/seed-f3cefc8c/focus/pkg/srtp"
)

// secured is a transport of ours and a telephone that seals and opens for itself.
type secured struct {
	*testing.T
	network   Memory
	transport *Transport
	ours      netip.AddrPort
	phone     Conn
	sequence  uint16
	now       time.Time
	batch     *Batch
	out       srtp.Outbound
	in        srtp.Inbound
}

func newSecured(t *testing.T) *secured {
	t.Helper()
	s := &secured{T: t, now: time.Unix(1e9, 0), batch: NewBatch()}
	socket := NewSocket(s.listen("192.0.2.1:5000"), Polled)
	sender := NewAudioSender(socket, 77)
	sender.SetFormat(0, 8000)
	stream := NewAudioStream(AudioStreamConfig{LocalSSRC: 77})
	stream.SetFormats(map[uint8]*codec.Codec{0: g711.PCMU})
	s.transport = NewTransport(TransportConfig{RTP: socket, Pool: rtp.NewPool(16), Stream: stream, Sender: sender, CNAME: "x"}, s.now)
	s.ours, s.phone = socket.LocalAddr(), s.listen("198.51.100.7:4000")
	s.transport.Expect(s.phone.LocalAddr(), s.phone.LocalAddr(), nil)
	return s
}

func (s *secured) listen(at string) Conn {
	c, err := s.network.Listen(addr(at))
	if err != nil {
		s.Fatal(err)
	}
	return c
}

func testKey(suite srtp.Suite, seed byte) srtp.Key {
	octets := make([]byte, suite.KeyLen()+suite.SaltLen())
	for i := range octets {
		octets[i] = seed + byte(i)
	}
	key, err := srtp.NewKey(suite, octets)
	if err != nil {
		panic(err)
	}
	return key
}

// The telephone's key and ours, before and after a change.
var (
	theirs, ours         = testKey(srtp.AESCM128HMACSHA180, 1), testKey(srtp.AESCM128HMACSHA180, 2)
	theirsLater, oursNew = testKey(srtp.AEADAES128GCM, 3), testKey(srtp.AEADAES128GCM, 4)
)

func (s *secured) setKeys(keys Keys) {
	s.Helper()
	if err := s.transport.SetKeys(keys, s.now); err != nil {
		s.Fatal(err)
	}
}

// phoneKeys is what the telephone uses from now on.
func (s *secured) phoneKeys(send, receive srtp.Key) {
	s.Helper()
	if s.out.SetKey(send) != nil || s.in.SetKeys(receive) != nil {
		s.Fatal("the telephone refuses its keys")
	}
}

// voice is the telephone's next packet, in the clear.
func (s *secured) voice() []byte {
	s.sequence++
	b := make([]byte, 12, 12+160+srtp.MaxOverhead)
	b[0] = 0x80
	binary.BigEndian.PutUint16(b[2:], s.sequence)
	binary.BigEndian.PutUint32(b[4:], 160*uint32(s.sequence))
	binary.BigEndian.PutUint32(b[8:], 9)
	return b[:12+160]
}

func (s *secured) sealed() []byte {
	s.Helper()
	b, err := s.out.Seal(s.voice())
	if err != nil {
		s.Fatal(err)
	}
	return b
}

// send lets a datagram arrive from a Conn, and reports how many packets of voice are taken in by that.
func (s *secured) send(from Conn, data []byte) int {
	s.Helper()
	before := s.transport.config.Stream.Stats().Received
	if err := from.WriteTo(data, NewDestination(s.ours)); err != nil {
		s.Fatal(err)
	}
	s.transport.Poll(s.batch, s.now)
	return int(s.transport.config.Stream.Stats().Received - before)
}

// hears lets us send a packet, and wants it at a Conn, to be opened there.
func (s *secured) hears(at Conn) {
	s.Helper()
	s.transport.config.Sender.WritePayload(make([]byte, 160), 160)
	heard := s.batch.Datagrams[:at.ReadBatch(s.batch, s.now)]
	if len(heard) == 2 && rtp.IsRTCP(heard[0].Data) { // a report was due
		heard = heard[1:]
	}
	if len(heard) != 1 {
		s.Fatalf("%d packets at %s, want 1", len(heard), at.LocalAddr())
	}
	if _, err := s.in.Open(make([]byte, 0, 2000), heard[0].Data, s.now); err != nil {
		s.Errorf("the packet at %s: %v", at.LocalAddr(), err)
	}
}

func (s *secured) wantsNothing(at Conn) {
	s.Helper()
	s.transport.config.Sender.WritePayload(make([]byte, 160), 160)
	if n := at.ReadBatch(s.batch, s.now); n != 0 {
		s.Errorf("%d packets at %s, want none", n, at.LocalAddr())
	}
}

func TestNothingPassesBeforeThereAreKeys(t *testing.T) {
	s := newSecured(t)
	s.transport.Protect()
	s.phoneKeys(theirs, ours)
	for _, data := range [][]byte{s.voice(), s.sealed()} {
		if n := s.send(s.phone, data); n != 0 {
			t.Errorf("%d packets were taken before there were keys", n)
		}
	}
	s.wantsNothing(s.phone)
	if got := s.transport.Stats().Early; got != 2 {
		t.Errorf("%d packets were early, want 2", got)
	}
	t.Log("# now there are")
	s.setKeys(Keys{Receive: []srtp.Key{theirs}, Send: ours})
	if n := s.send(s.phone, s.sealed()); n != 1 {
		t.Errorf("%d packets were taken, want 1", n)
	}
	s.hears(s.phone)
}

func TestOnlyWhatAuthenticatesCounts(t *testing.T) {
	s := newSecured(t)
	s.setKeys(Keys{Receive: []srtp.Key{theirs}, Send: ours})
	s.phoneKeys(theirs, ours)
	once := s.sealed()
	if s.send(s.phone, once) != 1 {
		t.Fatal("a genuine packet was not taken")
	}
	s.now = s.now.Add(time.Second)
	heard := s.transport.Heard()
	stranger := s.listen("203.0.113.9:9")
	t.Log("# a stranger sends in the clear, with a wrong tag, and again what he has seen; the phone's own address is forged too")
	forged := s.sealed()
	forged[20] ^= 1
	for _, data := range [][]byte{s.voice(), forged, once} {
		for _, from := range []Conn{stranger, s.phone} {
			if n := s.send(from, data); n != 0 {
				t.Errorf("%d packets were taken from %s", n, from.LocalAddr())
			}
		}
	}
	if s.transport.Heard() != heard {
		t.Error("the peer was heard by what a stranger sent")
	}
	s.hears(s.phone)
	s.wantsNothing(stranger)
	if got, want := s.transport.Stats().Protected, (srtp.Drops{BadTag: 4, Replayed: 2}); got != want {
		t.Errorf("drops = %+v, want %+v", got, want)
	}
}

func TestAnAuthenticPacketMovesTheLatch(t *testing.T) {
	s := newSecured(t)
	s.setKeys(Keys{Receive: []srtp.Key{theirs}, Send: ours})
	s.phoneKeys(theirs, ours)
	s.send(s.phone, s.sealed())
	s.hears(s.phone)
	t.Log("# the phone's NAT gives it another address in the middle of the call")
	moved := s.listen("203.0.113.80:61000")
	if s.send(moved, s.sealed()) != 1 {
		t.Error("the phone is not heard from its new address")
	}
	s.hears(moved)
}

func TestKeysChangeWithoutALostPacket(t *testing.T) {
	for _, row := range []struct {
		name        string
		announced   bool
		theirs      srtp.Key
		waits       time.Duration // until our key changes without a sign
		changesAtIt bool          // with the telephone's first packet under its new key
	}{
		{"we offered", true, theirsLater, 0, false},
		{"we answered", false, theirsLater, 0, true},
		{"we answered, and only our key changes", false, theirs, rekeyAfter, false},
	} {
		t.Run(row.name, func(t *testing.T) {
			s := newSecured(t)
			s.setKeys(Keys{Receive: []srtp.Key{theirs}, Send: ours})
			s.phoneKeys(theirs, ours)
			for range 3 {
				if s.send(s.phone, s.sealed()) != 1 {
					t.Fatal("lost before the change")
				}
				s.hears(s.phone)
			}
			s.setKeys(Keys{Receive: []srtp.Key{row.theirs}, Send: oursNew, Unannounced: !row.announced})
			if !row.announced {
				t.Log("# the answer is on its way: the phone knows no new key yet, in either direction")
				if s.send(s.phone, s.sealed()) != 1 {
					t.Error("lost while the answer was on its way")
				}
				s.hears(s.phone)
			}
			t.Log("# the phone has it")
			late := s.sealed()
			s.phoneKeys(row.theirs, oursNew)
			if s.send(s.phone, s.sealed()) != 1 {
				t.Error("the first packet after it was lost")
			}
			if s.send(s.phone, late) != 1 {
				t.Error("a packet that was under way was lost")
			}
			if row.waits > 0 && s.transport.shield.out.Key().Equal(oursNew) {
				t.Error("our key has changed without a sign")
			}
			s.now = s.now.Add(row.waits)
			s.send(s.phone, s.sealed())
			s.hears(s.phone)
			if !s.transport.shield.out.Key().Equal(oursNew) {
				t.Error("our key has not changed")
			}
			if got := s.transport.Stats().Protected.Total(); got != 0 {
				t.Errorf("%d packets were dropped", got)
			}
		})
	}
}

func TestProtectionEndsWhenBothAgree(t *testing.T) {
	s := newSecured(t)
	s.setKeys(Keys{Receive: []srtp.Key{theirs}, Send: ours})
	s.send(s.phone, s.voice())
	s.transport.Expose()
	if s.send(s.phone, s.voice()) != 1 {
		t.Error("RTP in the clear was not taken")
	}
	if got := s.transport.Stats().Protected.Total(); got != 1 {
		t.Errorf("%d packets are counted, want the one of before", got)
	}
}

func TestControlIsProtected(t *testing.T) {
	s := newSecured(t)
	s.setKeys(Keys{Receive: []srtp.Key{theirs}, Send: ours})
	s.phoneKeys(theirs, ours)
	report, err := rtp.AppendCompound(make([]byte, 0, 200), &rtp.Compound{SSRC: 9, CNAME: "phone", Sender: &rtp.SenderInfo{NTP: rtp.NTP(s.now)}})
	if err != nil {
		t.Fatal(err)
	}
	s.now = s.now.Add(time.Second)
	s.send(s.phone, report)
	if s.transport.Heard().Equal(s.now) || s.transport.Stats().Protected.Total() != 1 {
		t.Error("RTCP in the clear counts")
	}
	sealed, err := s.out.SealControl(report)
	if err != nil {
		t.Fatal(err)
	}
	s.transport.Receive(sealed, s.phone.LocalAddr(), s.now)
	if !s.transport.Heard().Equal(s.now) {
		t.Error("protected RTCP was not taken")
	}
	s.phone.ReadBatch(s.batch, s.now)
	s.transport.Bye(s.now, "")
	if n := s.phone.ReadBatch(s.batch, s.now); n != 1 {
		t.Fatalf("%d packets say goodbye, want 1", n)
	}
	if _, err := s.in.OpenControl(make([]byte, 0, 2000), s.batch.Datagrams[0].Data, s.now); err != nil {
		t.Errorf("the goodbye: %v", err)
	}
}
