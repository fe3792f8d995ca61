package mixer_test

import (
	"encoding/binary"
	"fmt"
	"math"
	"testing"
	"time"

	"github.com/seed-f3cefc8c/focus/pkg/codec"
	"github.com/seed-f3cefc8c/focus/pkg/mixer"
	"github.com/seed-f3cefc8c/focus/pkg/pcm"
)

// linear is a codec that loses nothing: 16-bit samples, little endian.
func linear(rate int) *codec.Codec {
	return &codec.Codec{
		Name: fmt.Sprintf("linear%d", rate), ClockRate: uint32(rate), Rates: []int{rate},
		NewEncoder: func(int, codec.Params) (codec.Encoder, error) { return &linearEncoder{}, nil },
	}
}

type linearEncoder struct{ closed bool }

func (e *linearEncoder) Encode(dst []byte, samples []int16) ([]byte, error) {
	for _, x := range samples {
		dst = binary.LittleEndian.AppendUint16(dst, uint16(x))
	}
	return dst, nil
}
func (*linearEncoder) Reset()   {}
func (e *linearEncoder) Close() { e.closed = true }

var (
	linear8, linear16, linear48 = linear(8000), linear(16000), linear(48000)
	linears                     = map[int]*codec.Codec{8000: linear8, 16000: linear16, 48000: linear48}
)

// person has a tone for a voice and an ear that keeps everything.
type person struct {
	t       testing.TB
	name    string
	member  *mixer.Member
	rate    int
	hz      float64
	peak    float64
	talking bool
	step    int // frames since the beginning
	decodes int // Frame calls
	asked   int // Frame calls since the last Advance

	format  mixer.Format
	heard   []int16 // with linear codecs
	payload [][]byte
	packets int
	empty   int // nil payloads
	clock   uint64
}

func (p *person) Rate() int { return p.rate }

func (p *person) Advance(time.Time) pcm.Level {
	p.step++
	p.asked = 0
	if !p.talking {
		return pcm.Level{DBov: -60}
	}
	return pcm.Level{DBov: int(20 * math.Log10(p.peak/32768/math.Sqrt2)), Voice: true}
}

func (p *person) Frame(dst []int16) {
	if p.asked++; p.asked > 1 {
		p.t.Error("Frame was called twice in one tick")
	}
	if len(dst) != p.rate/50 {
		p.t.Errorf("Frame wants %d samples at %d Hz", len(dst), p.rate)
	}
	p.decodes++
	for i := range dst {
		dst[i] = p.sample((p.step-1)*p.rate/50 + i)
	}
}

func (p *person) sample(i int) int16 {
	return int16(math.Round(p.peak * math.Sin(2*math.Pi*p.hz*float64(i)/float64(p.rate))))
}

func (p *person) WritePayload(payload []byte, duration uint32) {
	p.packets++
	p.clock += uint64(duration)
	if payload == nil {
		p.empty++
	}
	p.payload = append(p.payload, append([]byte(nil), payload...))
	for at := 0; at+1 < len(payload); at += 2 {
		p.heard = append(p.heard, int16(binary.LittleEndian.Uint16(payload[at:])))
	}
}

// forget starts listening anew.
func (p *person) forget() { p.heard, p.payload, p.packets, p.empty, p.clock = nil, nil, 0, 0, 0 }

// own is the largest step of the person's tone between samples at rate.
func (p *person) own(rate int) float64 { return 2 * p.peak * math.Sin(math.Pi*p.hz/float64(rate)) }

// room is a conference with people in it.
type room struct {
	t   testing.TB
	mix *mixer.Mixer
	now time.Time
}

func newRoom(t testing.TB, config mixer.Config) *room {
	r := &room{t: t, mix: mixer.New(config), now: time.Unix(1_700_000_000, 0)}
	t.Cleanup(r.mix.Close)
	return r
}

// joins adds a person whose voice and ear have the same rate.
func (r *room) joins(rate int, hz float64) *person {
	return r.joinsAs(mixer.Format{Codec: linears[rate], Ptime: mixer.FrameDuration}, hz)
}

func (r *room) joinsAs(format mixer.Format, hz float64) *person {
	p := &person{t: r.t, name: fmt.Sprintf("p%d", r.mix.Len()), rate: format.Rate(), hz: hz, peak: 4000, format: format}
	encoder, err := format.Codec.NewEncoder(format.Rate(), format.Params)
	if err != nil {
		r.t.Fatal(err)
	}
	r.t.Cleanup(encoder.Close)
	p.member = r.mix.Add(mixer.MemberConfig{Source: p, Sink: p, Format: format, Encoder: encoder, ID: p.name})
	return p
}

func (r *room) runs(d time.Duration) {
	for ; d > 0; d -= mixer.FrameDuration {
		r.now = r.now.Add(mixer.FrameDuration)
		r.mix.Tick(r.now)
	}
}

// amplitude of a tone of hz in x.
func amplitude(x []int16, rate int, hz float64) float64 {
	var s, c float64
	for i, v := range x {
		sin, cos := math.Sincos(2 * math.Pi * hz * float64(i) / float64(rate))
		s, c = s+float64(v)*sin, c+float64(v)*cos
	}
	return 2 * math.Hypot(s, c) / float64(len(x))
}

// hears checks the tone of somebody in the last part of what the listener got; want is a factor of its own loudness.
func (p *person) hears(who *person, want float64, why string) {
	p.t.Helper()
	tail := p.heard[len(p.heard)/2:]
	got := amplitude(tail, p.format.Rate(), who.hz) / who.peak
	if math.Abs(got-want) > 0.02+0.01*want {
		p.t.Errorf("the %.0f Hz voice arrives at %.3f of its loudness, want %.3f: %s", who.hz, got, want, why)
	}
}

func largestStep(x []int16) float64 {
	step := 0.0
	for i := 1; i < len(x); i++ {
		step = max(step, math.Abs(float64(x[i])-float64(x[i-1])))
	}
	return step
}
