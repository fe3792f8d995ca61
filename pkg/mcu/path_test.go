package mcu

import (
	"encoding/binary"
	"errors"
	"fmt"
	"log/slog"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/seed-f3cefc8c/focus/pkg/codec"
	"github.com/seed-f3cefc8c/focus/pkg/codec/g711"
	"github.com/seed-f3cefc8c/focus/pkg/codec/g722"
	"github.com/seed-f3cefc8c/focus/pkg/codec/opus"
	"github.com/seed-f3cefc8c/focus/pkg/confinfo"
	"github.com/seed-f3cefc8c/focus/pkg/media"
	"github.com/seed-f3cefc8c/focus/pkg/pcm"
	"github.com/seed-f3cefc8c/focus/pkg/rtp"
	"github.com/seed-f3cefc8c/focus/pkg/srtp"
)

// treadmill is a network without a kernel: each tick every RTP socket finds the next packet of its phone, and what is sent is
// counted. It allocates nothing, so what allocates is ours.
type treadmill struct {
	payloads map[uint16][][]byte // by port: what the phone says, over and over
	duration uint32
	number   byte
	tick     int
	now      time.Time
	sent     int
	legs     []*Leg
	seals    map[uint16]*srtp.Outbound // by port; nil: in the clear
}

type belt struct {
	mill   *treadmill
	local  netip.AddrPort
	read   int
	packet [1500]byte
}

func (m *treadmill) Listen(addr netip.AddrPort) (media.Conn, error) {
	return &belt{mill: m, local: addr}, nil
}

func (b *belt) LocalAddr() netip.AddrPort { return b.local }
func (b *belt) Close() error              { return nil }

func (b *belt) WriteTo([]byte, *media.Destination) error {
	b.mill.sent++
	return nil
}

func (b *belt) ReadBatch(batch *media.Batch, _ time.Time) int {
	payloads := b.mill.payloads[b.local.Port()]
	if len(payloads) == 0 || b.read == b.mill.tick {
		return 0
	}
	b.read = b.mill.tick
	p := b.packet[:0]
	p = append(p, 0x80, b.mill.number)
	p = binary.BigEndian.AppendUint16(p, uint16(b.read))
	p = binary.BigEndian.AppendUint32(p, uint32(b.read)*b.mill.duration)
	p = binary.BigEndian.AppendUint32(p, uint32(b.local.Port()))
	p = append(p, payloads[b.read%len(payloads)]...)
	if out := b.mill.seals[b.local.Port()]; out != nil {
		p, _ = out.Seal(p)
	}
	batch.Datagrams[0] = media.Datagram{Data: p, From: phoneAt(b.local.Port()), At: b.mill.now}
	return 1
}

func phoneAt(port uint16) netip.AddrPort {
	return netip.AddrPortFrom(netip.AddrFrom4([4]byte{198, 51, 100, 1}), port)
}

// speech is ten seconds of a tone, or of room noise, encoded.
func speech(tb testing.TB, c *codec.Codec, hz float64) (payloads [][]byte) {
	rate := c.Rates[0]
	encoder, err := c.NewEncoder(rate, codec.Params{})
	if errors.Is(err, opus.ErrUnavailable) {
		tb.Skip(err)
	}
	if err != nil {
		tb.Fatal(err)
	}
	tone, noise := sine(rate, hz, 10*rate, 6000), pcm.NewNoise(uint64(hz))
	for i := range 500 {
		frame := tone[i*rate/50 : (i+1)*rate/50]
		if hz == 0 {
			noise.Fill(frame, -60)
		}
		payload, err := encoder.Encode(nil, frame)
		if err != nil {
			tb.Fatal(err)
		}
		payloads = append(payloads, payload)
	}
	return payloads
}

// crowd is a room of n phones of which some talk, and a func that is one tick of it.
func crowd(tb testing.TB, c *codec.Codec, n, talking int) (*treadmill, func()) {
	mill := &treadmill{payloads: map[uint16][][]byte{}, duration: c.ClockRate / 50, now: time.Unix(1e9, 0)}
	ports, err := media.NewPorts(mill, netip.MustParseAddr("192.0.2.10"), 10000, 39999)
	if err != nil {
		tb.Fatal(err)
	}
	dtls, err := srtp.NewDTLS(mill.now)
	if err != nil {
		tb.Fatal(err)
	}
	s := &Server{dtls: dtls, config: Config{Codecs: Codecs(), Prompts: beeps{}, Timeout: time.Hour, Logger: slog.New(slog.DiscardHandler)}, ports: ports}
	s.news = &news{queue: nil} // nobody listens: news is dropped
	clock := &Clock{start: mill.now, lane: media.NewBurst(), batch: media.NewBatch(), pool: rtp.NewPool(idlePackets)}
	s.clocks = []*Clock{clock}
	room := s.newConference(&confinfo.Document{Entity: room})
	room.announcements = false
	mill.number = payloadType(c)
	noise := speech(tb, c, 0)
	for i := range n {
		l := newLeg(tb, room, c, i)
		mill.legs = append(mill.legs, l)
		port := l.rtp.LocalAddr().Port()
		if mill.payloads[port] = noise; i < talking {
			mill.payloads[port] = speech(tb, c, float64(300+200*i))
		}
	}
	return mill, func() {
		mill.tick++
		mill.now = mill.now.Add(20 * time.Millisecond)
		room.tick(mill.now)
	}
}

// payloadType is the number that phones send a codec by.
func payloadType(row *codec.Codec) byte {
	if row.PayloadType == codec.Dynamic {
		return 96
	}
	return row.PayloadType
}

func newLeg(tb testing.TB, c *Conference, row *codec.Codec, i int) *Leg {
	user := &confinfo.User{Entity: fmt.Sprintf("sip:u%d@example.com", i)}
	l, err := c.build(user, &confinfo.Endpoint{Entity: fmt.Sprint(i)}, time.Unix(1e9, 0))
	if err != nil {
		tb.Fatal(err)
	}
	channels := ""
	if row.Channels > 1 {
		channels = fmt.Sprintf("/%d", row.Channels)
	}
	at := phoneAt(l.rtp.LocalAddr().Port())
	offer := fmt.Sprintf("v=0\r\no=- 1 1 IN IP4 %[1]s\r\ns=-\r\nc=IN IP4 %[1]s\r\nt=0 0\r\nm=audio %[2]d RTP/AVP %[3]d\r\na=rtpmap:%[3]d %[4]s/%[5]d%[6]s\r\n",
		at.Addr(), at.Port(), payloadType(row), row.Name, row.ClockRate, channels)
	_, agreed, err := l.negotiate(&confinfo.SDP{Type: confinfo.SDPOffer, Text: offer})
	if err != nil {
		tb.Fatal(err)
	}
	c.link(l, agreed, time.Unix(1e9, 0))
	return l
}

var codecsUnderTest = []*codec.Codec{g711.PCMU, g722.G722, opus.Opus}

// The audio path allocates nothing, whatever the codec: not for who talks, not for who listens.
func TestAudioPathDoesNotAllocate(t *testing.T) {
	for _, c := range codecsUnderTest {
		t.Run(strings.ToLower(c.Name), func(t *testing.T) {
			mill, tick := crowd(t, c, 12, 3)
			for range 150 {
				tick()
			}
			mill.sent = 0
			if allocs := testing.AllocsPerRun(100, tick); allocs != 0 {
				t.Errorf("%v allocations per tick of 12 legs, want 0", allocs)
			}
			if mill.sent < 12*100 {
				t.Errorf("%d packets sent in 101 ticks to 12 legs: the test tests nothing", mill.sent)
			}
		})
	}
}

// BenchmarkTick is what a participant costs without the kernel, in ns of one tick.
func BenchmarkTick(b *testing.B) {
	for _, c := range codecsUnderTest {
		for _, n := range []int{10, 100} {
			b.Run(fmt.Sprintf("%s/%d", strings.ToLower(c.Name), n), func(b *testing.B) {
				_, tick := crowd(b, c, n, 3)
				for range 150 {
					tick()
				}
				b.ReportAllocs()
				for b.Loop() {
					tick()
				}
				b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(n), "ns/leg")
				b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(n)*50/1e6, "ms/leg-s")
			})
		}
	}
}
