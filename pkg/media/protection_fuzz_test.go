package media

import (
	"testing"
	"time"

	"github.com/seed-f3cefc8c/focus/pkg/codec"
	"github.com/seed-f3cefc8c/focus/pkg/codec/g711"
	"github.com/seed-f3cefc8c/focus/pkg/rtp"
	"github.com/seed-f3cefc8c/focus/pkg/srtp"
)

// FuzzProtected is a peer that has the keys and seals whatever it likes, and somebody who has none.
func FuzzProtected(f *testing.F) {
	f.Add([]byte{0x80, 0, 0, 1, 0, 0, 0, 160, 0, 0, 0, 9, 0xff, 0xff}, true)
	f.Add([]byte{0xb1, 101, 0, 2, 0, 0, 0, 160, 0, 0, 0, 9, 0, 0, 0, 7, 0xbe, 0xde, 0, 1, 0x10, 0x85, 0, 0, 5, 0x8a, 0, 160, 4}, true)
	f.Add([]byte{0x81, 200, 0, 12, 0, 0, 0, 9, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 160, 0, 0, 0, 1, 0, 0, 0, 160}, true)
	f.Add([]byte{0x80, 201, 0, 1, 0, 0, 0, 9}, false)
	var network Memory
	conn, err := network.Listen(addr("192.0.2.1:5000"))
	if err != nil {
		f.Fatal(err)
	}
	from := addr("198.51.100.7:4000")
	f.Fuzz(func(t *testing.T, data []byte, sealed bool) {
		if len(data) > maxPayload {
			return
		}
		now := time.Unix(1e9, 0)
		socket := NewSocket(conn, Polled)
		stream := NewAudioStream(AudioStreamConfig{LocalSSRC: 77})
		defer stream.Close()
		stream.SetFormats(map[uint8]*codec.Codec{0: g711.PCMU, 101: {Name: "telephone-event", ClockRate: 8000, Channels: 1}})
		transport := NewTransport(TransportConfig{RTP: socket, Pool: rtp.NewPool(4), Stream: stream, Sender: NewAudioSender(socket, 77), CNAME: "x"}, now)
		transport.Expect(from, from, nil)
		if err := transport.SetKeys(Keys{Receive: []srtp.Key{theirs}, Send: ours}, now); err != nil {
			t.Fatal(err)
		}
		if sealed {
			data = seal(t, data)
		}
		later := now.Add(time.Second)
		transport.Receive(data, from, later)
		if heard := transport.Heard().Equal(later); heard && !sealed {
			t.Fatal("the peer was heard by what it has not sealed")
		}
		frame := make([]int16, stream.Rate()/50)
		for i := range time.Duration(10) {
			stream.Advance(later.Add(i * 20 * time.Millisecond))
			stream.Frame(frame[:stream.Rate()/50])
		}
	})
}

// seal protects what looks like a packet; everything else stays as it is.
func seal(t *testing.T, data []byte) []byte {
	var out srtp.Outbound
	if err := out.SetKey(theirs); err != nil {
		t.Fatal(err)
	}
	packet := append(make([]byte, 0, len(data)+srtp.MaxOverhead), data...)
	protect := out.Seal
	if rtp.IsRTCP(data) {
		protect = out.SealControl
	}
	if protected, err := protect(packet); err == nil {
		return protected
	}
	return data
}
