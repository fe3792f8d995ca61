package media

import (
	"github.com/seed-f3cefc8c/focus/pkg/codec"
	"github.com/seed-f3cefc8c/focus/pkg/pcm"
	"github.com/seed-f3cefc8c/focus/pkg/rtp"
)

type formatKind uint8

const (
	audio formatKind = iota
	telephoneEvent
	comfortNoise
)

// format is one payload type of a stream: its codec and, once a packet came, what decodes it.
type format struct {
	codec *codec.Codec
	kind  formatKind
	rate  int // of its PCM, Hz

	warmUp int // of its codec, in RTP units

	meter    codec.Meter // nil: decode to know
	decoder  codec.Decoder
	conceal  codec.Concealer  // nil: waveform is used
	recover  codec.Recoverer  // nil: no FEC
	waveform *pcm.Concealment // for decoders that cannot conceal
	failed   bool             // no decoder was to be had: silence
}

func newFormat(c *codec.Codec, wish int) *format {
	f := &format{codec: c}
	switch {
	case isNamed(c, "telephone-event"):
		f.kind = telephoneEvent
	case isNamed(c, "CN"):
		f.kind = comfortNoise
	default:
		f.rate = nearestRate(c.Rates, wish)
		f.warmUp = int(rtp.Units(c.WarmUp, c.ClockRate))
		if c.NewMeter != nil {
			f.meter = c.NewMeter()
		}
	}
	return f
}

// nearestRate is the lowest rate that loses nothing of what is wished for, else the best there is.
func nearestRate(rates []int, wish int) int {
	if len(rates) == 0 {
		return 8000
	}
	if wish == 0 {
		return rates[0]
	}
	best := 0
	for _, r := range rates {
		if r >= wish && (best == 0 || r < best) {
			best = r
		}
	}
	if best == 0 {
		for _, r := range rates {
			best = max(best, r)
		}
	}
	return best
}

// duration is the length of a payload in RTP units. A comfort noise packet stands for one step, and what follows it is a pause.
func (f *format) duration(payload []byte) int {
	if f.kind == comfortNoise {
		return int(f.codec.ClockRate) / framesPerSecond
	}
	return f.codec.Duration(payload)
}

// open makes the decoder when the first packet wants it.
func (f *format) open(newDecoder func(*codec.Codec, int) (codec.Decoder, error)) {
	if f.decoder != nil || f.failed {
		return
	}
	d, err := newDecoder(f.codec, f.rate)
	if err != nil {
		f.failed = true
		return
	}
	f.decoder = d
	f.conceal, _ = d.(codec.Concealer)
	f.recover, _ = d.(codec.Recoverer)
	if f.conceal == nil {
		f.waveform = pcm.NewConcealment(f.rate)
	}
}

func (f *format) close() {
	if f.decoder != nil {
		f.decoder.Close()
		f.decoder = nil
	}
}

// reset makes the decoder forget sound that has no connection with what comes.
func (f *format) reset() {
	if f.decoder != nil {
		f.decoder.Reset()
	}
	if f.waveform != nil {
		f.waveform.Reset()
	}
}
