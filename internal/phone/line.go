package phone

import (
	"encoding/hex"
	"math/rand/v2"
	"net/netip"
	"time"

	"github.com/seed-f3cefc8c/focus/pkg/codec"
	"github.com/seed-f3cefc8c/focus/pkg/media"
	"github.com/seed-f3cefc8c/focus/pkg/pcm"
	"github.com/seed-f3cefc8c/focus/pkg/rtp"
	"github.com/seed-f3cefc8c/focus/pkg/sdp"
	"github.com/seed-f3cefc8c/focus/pkg/srtp"
)

// line is the media of a call. It belongs to the phone's goroutine.
//
// One tick:
//  1. take in the packets that came
//  2. go one frame on in what is heard, decode it and tell
//  3. say one frame: a key that is pressed, a clip, or silence
type line struct {
	phone     *Phone
	rtp, rtcp *media.Socket // nil with ICE
	ice       *iceLine      // nil without
	gone      bool          // see Vanish
	transport *media.Transport

	certificate *srtp.Certificate // shown in DTLS; nil before there is a description
	shakes      bool              // a handshake makes the keys
	suite       srtp.Suite        // of the keys that it has made

	stream *media.AudioStream
	sender *media.AudioSender
	batch  *media.Batch
	clock  uint32 // of the codec that is sent

	voice voice
	keys  keys
	mouth *mouth

	heard  []int16
	spoken [speechRate / 50]int16
	stats  Stats // when the line was closed
}

// Stats is what a line has carried.
type Stats struct {
	Heard     media.AudioStats
	Sent      media.SenderStats
	Transport media.TransportStats
}

func newLine(p *Phone) (*line, error) {
	l := &line{phone: p, batch: media.NewBatch()}
	if err := l.bind(&p.config); err != nil {
		return nil, err
	}
	l.sender = media.NewAudioSender(l.rtp, rand.Uint32())
	l.stream = media.NewAudioStream(media.AudioStreamConfig{LocalSSRC: l.sender.SSRC()})
	config := media.TransportConfig{RTP: l.rtp, RTCP: l.rtcp, Pool: rtp.NewPool(64), Stream: l.stream, Sender: l.sender, CNAME: cname()}
	if l.ice != nil {
		config.Seat = l.ice.seat
	}
	l.transport = media.NewTransport(config, time.Now())
	return l, nil
}

// bind takes two ports.
func (l *line) bind(config *Config) (err error) {
	if config.ICE {
		l.ice, err = newICELine(config)
		return err
	}
	network, addr := config.Network.Media, netip.AddrPortFrom(config.Address, 0)
	rtpConn, err := network.Listen(addr)
	if err != nil {
		return err
	}
	rtcpConn, err := network.Listen(addr)
	if err != nil {
		rtpConn.Close()
		return err
	}
	l.rtp, l.rtcp = media.NewSocket(rtpConn, media.Polled), media.NewSocket(rtcpConn, media.Polled)
	return nil
}

// unbind frees them.
func (l *line) unbind() {
	if l.ice != nil {
		l.ice.close()
		return
	}
	l.rtp.Close()
	l.rtcp.Close()
}

// cname is one of RFC 7022 §4.2: for one session, and about nobody.
func cname() string {
	b := make([]byte, 12)
	for i := range b {
		b[i] = byte(rand.Uint32())
	}
	return hex.EncodeToString(b)
}

func (l *line) local() sdp.Local {
	if l.ice != nil {
		return l.ice.describe()
	}
	return sdp.Local{Addr: l.rtp.LocalAddr(), RTCPPort: l.rtcp.LocalAddr().Port()}
}

// apply puts a new agreement into effect.
func (l *line) apply(audio *sdp.Stream, m *mouth, keys *media.Keys) {
	if l.mouth != nil {
		l.mouth.close()
	}
	l.mouth, l.clock = m, audio.Send.Codec.ClockRate
	l.protect(keys, audio)
	l.transport.Expect(audio.Remote, audio.RemoteRTCP, nil)
	l.stream.SetFormats(formats(audio))
	l.sender.SetFormat(audio.Send.PayloadType, l.clock)
	l.sender.SetSilenced(!audio.Direction.Sends())
	l.keys.agree(audio.TelephoneEvent, audio.TelephoneClock)
}

// formats are the payload types the peer may send.
func formats(audio *sdp.Stream) map[uint8]*codec.Codec {
	all := make(map[uint8]*codec.Codec, len(audio.Receive)+2)
	for number, c := range audio.Receive {
		all[number] = c
	}
	if audio.TelephoneEvent != 0 {
		all[audio.TelephoneEvent] = &codec.Codec{Name: "telephone-event", ClockRate: audio.TelephoneClock, Channels: 1}
	}
	if audio.ComfortNoise != 0 {
		all[audio.ComfortNoise] = &codec.Codec{Name: "CN", PayloadType: 13, ClockRate: 8000, Channels: 1}
	}
	return all
}

// tick makes the frames that are due since next, and returns when the one after them is.
func (l *line) tick(now, next time.Time) time.Time {
	late := int(now.Sub(next) / frame)
	if late > maxLate {
		l.sender.WritePayload(nil, uint32(late-maxLate)*l.clock/50)
		next = next.Add(time.Duration(late-maxLate) * frame)
	}
	for ; !next.After(now); next = next.Add(frame) {
		if l.gone {
			continue
		}
		l.transport.Poll(l.batch, now)
		l.shaken()
		l.listen(now)
		l.speak()
	}
	return next
}

func (l *line) listen(now time.Time) {
	l.stream.Advance(now)
	rate := l.stream.Rate()
	if n := rate / 50; cap(l.heard) < n {
		l.heard = make([]int16, n)
	}
	l.heard = l.heard[:rate/50]
	l.stream.Frame(l.heard)
	l.phone.heard.Store(int32(pcm.LevelOf(l.heard)))
	if l.phone.config.Hears != nil {
		l.phone.config.Hears(rate, l.heard)
	}
}

func (l *line) speak() {
	if l.keys.press(l.sender, l.clock/50) {
		l.phone.said.Store(pcm.Silence)
		return
	}
	l.mouth.arm(l.transport.PeerLoss())
	l.voice.next(l.spoken[:])
	l.phone.said.Store(int32(pcm.LevelOf(l.spoken[:])))
	l.mouth.say(l.spoken[:], l.sender)
}

// close says goodbye and frees everything.
func (l *line) close() {
	now := time.Now()
	l.stats = l.count(now)
	l.transport.Bye(now, "")
	l.voice.hush()
	l.keys.drop()
	l.stream.Close()
	if l.mouth != nil {
		l.mouth.close()
	}
	l.transport.Close()
	l.unbind()
}

func (l *line) count(now time.Time) Stats {
	return Stats{Heard: l.stream.Stats(), Sent: l.sender.Stats(now), Transport: l.transport.Stats()}
}

// Stats are the counters of the call, also after its end.
func (p *Phone) Stats() (s Stats) {
	if !p.ask(func() { s = p.line.count(time.Now()) }) {
		return p.line.stats
	}
	return s
}

// Levels are how loud the last frames were that we said and heard, in dBov.
func (p *Phone) Levels() (said, heard int) { return int(p.said.Load()), int(p.heard.Load()) }

// Codec is the name of the codec that is sent.
func (p *Phone) Codec() string { return p.codec.Load().(string) }
