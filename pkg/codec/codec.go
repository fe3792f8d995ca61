package codec

import "time"

// Dynamic is the PayloadType of a codec without a static number: the number is
// chosen in the offer, from 96 to 127 (RFC 3551 section 6).
const Dynamic uint8 = 255

// Codec is one row of data: all that SDP, the mixer and the media path know
// about a codec (RFC 4855 section 3). Rows are shared and never change.
type Codec struct {
	// Name is the encoding name of a=rtpmap: "PCMU", "PCMA", "G722", "opus".
	// Names compare without regard to case (RFC 4855 section 3).
	Name string

	// PayloadType is the static number of RFC 3551 table 4, or Dynamic.
	PayloadType uint8

	// ClockRate is the number of RTP timestamp units per second. It is not
	// always the sampling rate: 8000 for G722 (RFC 3551 section 4.5.2).
	ClockRate uint32

	// Channels is the number a=rtpmap shows: 2 for opus even when it carries
	// mono (RFC 7587 section 7).
	Channels int

	// Rates are the PCM sampling rates in Hz its coders take, best first.
	Rates []int

	// Fmtp is the a=fmtp value of our own offers and answers, without the
	// payload type; empty means that we send no such line.
	Fmtp string

	// ParseFmtp reads the peer's a=fmtp value: what the peer wants to receive,
	// so how we should encode for it. Never nil; an empty value is legal. With an
	// error come the parameters that could be read: a peer's odd value need not
	// cost it the call.
	ParseFmtp func(fmtp string) (Params, error)

	// Duration is the length of a payload in ClockRate units, 0 when it is
	// unreadable. It looks at a few bytes only and never decodes.
	Duration func(payload []byte) int

	// Redundant tells whether a payload carries a copy of the packet before it, out of which a Recoverer makes that again. It looks at a few
	// bytes only. A nil Redundant means that none ever does.
	Redundant func(payload []byte) bool

	// NewEncoder makes an encoder for mono PCM at rate (one of Rates).
	NewEncoder func(rate int, p Params) (Encoder, error)

	// NewDecoder makes a decoder to mono PCM at rate (one of Rates).
	NewDecoder func(rate int) (Decoder, error)

	// WarmUp is how much of the past a decoder that rested, and was reset, has to
	// read until what it makes is right: for Opus 80 ms at least (RFC 7845 section
	// 4.6). 0 means that each payload stands alone.
	WarmUp time.Duration

	// NewMeter makes a meter for one stream. A nil NewMeter means that the only
	// way to know the level is to decode.
	NewMeter func() Meter
}

// Params is how one receiver wants to be sent a codec. It is comparable: two
// receivers of equal codec and Params can be sent the very same payloads. The
// zero value is the codec's default.
type Params struct {
	Bitrate         int  // bit/s; 0 lets the codec choose
	FEC             bool // the receiver makes use of in-band forward error correction
	DTX             bool // discontinuous transmission: send next to nothing in silence
	CBR             bool // constant bit rate
	Stereo          bool // the receiver prefers stereo; we send mono all the same
	MaxPlaybackRate int  // Hz, more would be wasted on the receiver; 0 is unlimited
	Complexity      int  // 1 to 10; 0 lets the codec choose
	PacketLoss      int  // per cent of loss the encoder should arm itself against
}

// Encoder makes payloads. It belongs to one goroutine.
type Encoder interface {
	// Encode appends the payload for pcm to dst. pcm is mono at the rate the
	// encoder was made for, 10 to 60 ms long.
	Encode(dst []byte, pcm []int16) ([]byte, error)

	// Reset forgets the past, as if the encoder had just been made.
	Reset()

	// Close frees what the encoder holds. It may be called more than once;
	// every other call after it is an error.
	Close()
}

// IndependentEncoder is an Encoder that can do without prediction from frame to
// frame: while on, a receiver whose decoder is in any state can go on from the
// payload. It costs quality, so it is for the first payload after a hand-over.
type IndependentEncoder interface {
	Independent(on bool)
}

// LossEncoder is an Encoder that can arm itself anew against loss, in per cent, as
// Params.PacketLoss does from the beginning. What it encodes next goes on without a
// seam.
type LossEncoder interface {
	SetPacketLoss(percent int)
}

// Copier is an Encoder that can take over the past of another one, settings and
// all but PacketLoss: what it encodes next is what the other would have encoded
// next, so that a receiver can be handed from one to the other without a seam. It
// reports false, and changes nothing, when from is of another codec or rate, or
// closed.
type Copier interface {
	CopyFrom(from Encoder) bool
}

// Decoder reads payloads in order. It belongs to one goroutine.
type Decoder interface {
	// Decode appends the samples of payload to dst: mono, at the rate the
	// decoder was made for. After an error dst comes back as it was.
	Decode(dst []int16, payload []byte) ([]int16, error)

	// Reset forgets the past, as if the decoder had just been made.
	Reset()

	// Close frees what the decoder holds. It may be called more than once;
	// every other call after it is an error.
	Close()
}

// Concealer is a Decoder with loss concealment of its own: Conceal appends
// samples samples in the place of a packet that did not come.
type Concealer interface {
	Conceal(dst []int16, samples int) ([]int16, error)
}

// Recoverer is a Decoder whose packets may carry a coarse copy of the packet
// before them. Recover appends samples samples in the place of a lost packet,
// out of the copy that next carries; without a copy it conceals. The caller
// decodes next afterwards, as if nothing had happened.
type Recoverer interface {
	Recover(dst []int16, next []byte, samples int) ([]int16, error)
}

// Voice is what a codec itself says about the presence of speech.
type Voice uint8

// VoiceUnknown is said by every codec without voice activity detection.
const (
	VoiceUnknown Voice = iota
	VoiceNo
	VoiceYes
)

// String returns "unknown", "no" or "yes".
func (v Voice) String() string {
	switch v {
	case VoiceNo:
		return "no"
	case VoiceYes:
		return "yes"
	}
	return "unknown"
}

// Silence is the lowest level a Meter reports, in dBov (RFC 6464 section 3:
// "the value ... for digital silence is -127").
const Silence = -127

// Meter estimates how loud payloads are without decoding them. It sees the
// payloads of one stream in order, gaps allowed, and belongs to one goroutine.
type Meter interface {
	// Level is the loudness of payload in dBov, from 0 (overload) to Silence,
	// and the codec's own opinion on speech. An unreadable payload is silence.
	Level(payload []byte) (dBov int, voice Voice)
}
