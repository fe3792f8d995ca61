package phone

import (
	"fmt"
	"time"

	"github.com/seed-f3cefc8c/focus/pkg/codec"
	"github.com/seed-f3cefc8c/focus/pkg/media"
	"github.com/seed-f3cefc8c/focus/pkg/pcm"
	"github.com/seed-f3cefc8c/focus/pkg/sdp"
)

// speechRate is what clips are kept at, in Hz: the best that any codec takes.
const speechRate = 48000

// voice is what is said, clip after clip.
type voice struct{ clips []clip }

type clip struct {
	samples []int16 // still to be said
	said    chan struct{}
}

// next fills a frame, with silence behind the last clip.
func (v *voice) next(frame []int16) {
	for len(v.clips) > 0 && len(frame) > 0 {
		c := &v.clips[0]
		n := copy(frame, c.samples)
		frame, c.samples = frame[n:], c.samples[n:]
		if len(c.samples) == 0 {
			close(c.said)
			v.clips = v.clips[1:]
		}
	}
	clear(frame)
}

func (v *voice) hush() {
	for _, c := range v.clips {
		close(c.said)
	}
	v.clips = nil
}

// Say says a clip, mono at rate Hz, behind those that are waiting. The channel is closed when it has been said, or never will be.
func (p *Phone) Say(rate int, samples []int16) <-chan struct{} {
	said := make(chan struct{})
	if !pcm.CanResample(rate, speechRate) || len(samples) == 0 {
		close(said)
		return said
	}
	c := clip{samples: pcm.NewResampler(rate, speechRate).Process(nil, samples), said: said}
	if len(c.samples) == 0 || !p.ask(func() { p.line.voice.clips = append(p.line.voice.clips, c) }) {
		close(said)
	}
	return said
}

// Hush drops what has not been said.
func (p *Phone) Hush() { p.ask(p.line.voice.hush) }

// mouth encodes: frames of 20 ms in, packets of the agreed length out.
type mouth struct {
	codec     *codec.Codec
	encoder   codec.Encoder
	resampler *pcm.Resampler
	packet    int    // samples of a packet
	units     uint32 // RTP units of a packet
	waiting   []int16
	payload   []byte
}

func newMouth(audio *sdp.Stream) (*mouth, error) {
	c := audio.Send.Codec
	rate := c.Rates[0]
	encoder, err := c.NewEncoder(rate, audio.Send.Params)
	if err != nil {
		return nil, fmt.Errorf("encoder of %s: %w", c.Name, err)
	}
	ptime := audio.Ptime
	if ptime == 0 {
		ptime = frame
	}
	return &mouth{
		codec: c, encoder: encoder, resampler: pcm.NewResampler(speechRate, rate),
		packet: int(time.Duration(rate) * ptime / time.Second), units: uint32(time.Duration(c.ClockRate) * ptime / time.Second),
	}, nil
}

// say encodes one frame at speechRate, and sends the packets that are full.
func (m *mouth) say(frame []int16, to *media.AudioSender) {
	m.waiting = m.resampler.Process(m.waiting, frame)
	for len(m.waiting) >= m.packet {
		payload, err := m.encoder.Encode(m.payload[:0], m.waiting[:m.packet])
		m.payload = payload
		m.waiting = m.waiting[:copy(m.waiting, m.waiting[m.packet:])]
		if err != nil || len(payload) == 0 {
			to.WritePayload(nil, m.units) // DTX
			continue
		}
		to.WritePayload(payload, m.units)
	}
}

// arm protects what is said against the loss that the peer has told of.
func (m *mouth) arm(loss int) {
	if e, ok := m.encoder.(codec.LossEncoder); ok {
		e.SetPacketLoss(loss)
	}
}

func (m *mouth) close() { m.encoder.Close() }
