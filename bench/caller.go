package main

import (
	"encoding/binary"
	"fmt"
	"net/netip"
	"time"

	"github.com/seed-f3cefc8c/focus/pkg/media"
	"github.com/seed-f3cefc8c/focus/pkg/srtp"
)

// dynamicType is the payload type of codecs without a static one.
const dynamicType = 111

// caller is one participant: it sends a packet every 20 ms, at a moment of its own within them, and counts what comes.
// It belongs to its worker.
type caller struct {
	room, seat int
	name       string
	script     script
	program    *program
	noise      [][]byte

	conn   media.Conn
	to     *media.Destination
	phase  time.Duration // within the 20 ms
	frame  int64         // the next one to send
	buffer [1500]byte
	units  uint32 // RTP clock units of a frame

	path        *icePath          // nil: without ICE
	seal        *seal             // nil: in the clear
	association *srtp.Association // of DTLS; nil without

	heard counts
	ear   *ear // nil for those whose sound is not looked at
	sent  []time.Time
}

func newCaller(room, seat int, s script, p *program) (*caller, error) {
	conn, err := media.UDP{}.Listen(netip.MustParseAddrPort("127.0.0.1:0"))
	if err != nil {
		return nil, err
	}
	c := &caller{
		room: room, seat: seat, name: fmt.Sprintf("caller-%d-%d", room, seat), script: s, program: p, conn: conn,
		noise: p.noise[(room*31+seat)%noiseLoops], units: p.codec.ClockRate / 50,
	}
	c.buffer[0], c.buffer[1] = 0x80, c.payloadType()
	binary.BigEndian.PutUint32(c.buffer[8:], uint32(room<<16|seat)+1)
	return c, nil
}

func (c *caller) payloadType() uint8 {
	if t := c.program.codec.PayloadType; t < 128 {
		return t
	}
	return dynamicType
}

// offer is a phone that knows one codec. Its RTCP port is the load's: reports are taken and not looked at.
func (c *caller) offer(rtcp uint16) string {
	k, a := c.program.codec, c.conn.LocalAddr()
	rtpmap := fmt.Sprintf("%s/%d", k.Name, k.ClockRate)
	if k.Channels > 1 {
		rtpmap += fmt.Sprintf("/%d", k.Channels)
	}
	return fmt.Sprintf("v=0\r\no=- %[2]d 1 IN IP4 %[1]s\r\ns=-\r\nc=IN IP4 %[1]s\r\nt=0 0\r\nm=audio %[2]d RTP/AVP %[3]d\r\n"+
		"a=rtpmap:%[3]d %[4]s\r\na=rtcp:%[5]d\r\na=ptime:20\r\na=sendrecv\r\n", a.Addr(), a.Port(), c.payloadType(), rtpmap, rtcp)
}

// step is what a phone does every 20 ms: it takes what came, and says something.
func (c *caller) step(b *media.Batch, now time.Time, l *listening) {
	for n := media.BatchSize; n == media.BatchSize; {
		n = c.conn.ReadBatch(b, now)
		for i := range n {
			c.take(&b.Datagrams[i], l)
		}
	}
	if c.path != nil && (c.frame+int64(c.seat))%checkEvery == checkEvery-1 {
		_ = c.path.check(c)
	}
	c.speak(now)
}

func (c *caller) speak(now time.Time) {
	n := c.frame
	c.frame++
	binary.BigEndian.PutUint16(c.buffer[2:], uint16(n))
	binary.BigEndian.PutUint32(c.buffer[4:], uint32(n)*c.units)
	payload := c.script.payload(c.program, c.seat, n, c.noise)
	size := 12 + copy(c.buffer[12:], payload)
	if c.script.marks && n%markEvery == 0 && c.script.marker(n/markEvery) == c.seat {
		c.sent = append(c.sent, time.Now())
	}
	packet := c.buffer[:size]
	if c.seal != nil {
		var err error
		if packet, err = c.seal.out.Seal(packet); err != nil {
			return
		}
	}
	_ = c.conn.WriteTo(packet, c.to)
}

// take counts one packet, and keeps it when this caller's ears are wanted.
func (c *caller) take(d *media.Datagram, l *listening) {
	if len(d.Data) < 12 || d.Data[0]>>6 != 2 || d.Data[1]&0x7f != c.payloadType() {
		return
	}
	if !l.on.Load() {
		return
	}
	p := packet{
		sequence: binary.BigEndian.Uint16(d.Data[2:]), timestamp: binary.BigEndian.Uint32(d.Data[4:]), at: d.At,
	}
	c.heard.add(p, c.units, l.jitter)
	if c.ear == nil {
		return
	}
	data := d.Data
	if c.seal != nil {
		if data = c.seal.open(data, d.At); data == nil {
			return
		}
	}
	c.ear.keep(p, data[12:])
}

func (c *caller) close() {
	if c.association != nil {
		c.association.Close()
	}
	_ = c.conn.Close()
}
