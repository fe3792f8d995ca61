package media

import (
	"encoding/binary"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/seed-f3cefc8c/focus/pkg/codec"
	"github.com/seed-f3cefc8c/focus/pkg/pcm"
	"github.com/seed-f3cefc8c/focus/pkg/rtp"
)

const ms = time.Millisecond

var epoch = time.Date(2026, 3, 1, 9, 0, 0, 0, time.UTC)

// linear is 16-bit PCM (RFC 3551 L16) at the given rate: what goes in comes out, so every sample can be accounted for.
func linear(rate int, options ...func(*codec.Codec)) *codec.Codec {
	c := &codec.Codec{
		Name: "L16", ClockRate: uint32(rate), Channels: 1, Rates: []int{rate},
		Duration:   func(b []byte) int { return len(b) / 2 },
		NewDecoder: func(int) (codec.Decoder, error) { return &linearDecoder{}, nil },
		NewMeter:   func() codec.Meter { return linearMeter{} },
	}
	for _, option := range options {
		option(c)
	}
	return c
}

type linearMeter struct{}

func (linearMeter) Level(b []byte) (int, codec.Voice) {
	var sum float64
	for i := 0; i+1 < len(b); i += 2 {
		x := float64(int16(binary.BigEndian.Uint16(b[i:]))) / 32768
		sum += x * x
	}
	return max(pcm.Silence, int(math.Round(10*math.Log10(sum/float64(len(b)/2)+1e-13)))), codec.VoiceUnknown
}

type linearDecoder struct{ decoded, resets int }

func (d *linearDecoder) Decode(dst []int16, b []byte) ([]int16, error) {
	if len(b)%2 != 0 {
		return dst, codec.ErrPayload
	}
	d.decoded++
	for i := 0; i < len(b); i += 2 {
		dst = append(dst, int16(binary.BigEndian.Uint16(b[i:])))
	}
	return dst, nil
}
func (d *linearDecoder) Reset() { d.resets++ }
func (d *linearDecoder) Close() {}

// recovering is a decoder with FEC: it conceals with a constant and recovers out of the next packet's first sample.
type recovering struct{ linearDecoder }

func (d *recovering) Conceal(dst []int16, n int) ([]int16, error) {
	return append(dst, slices.Repeat([]int16{7}, n)...), nil
}

func (d *recovering) Recover(dst []int16, next []byte, n int) ([]int16, error) {
	return append(dst, slices.Repeat([]int16{int16(binary.BigEndian.Uint16(next))}, n)...), nil
}

// A talker says a 300 Hz sine into a stream over a network.
type talker struct {
	t      *testing.T
	stream *AudioStream
	pool   *rtp.Pool
	rate   int
	ssrc   uint32
	number uint8
	seq    uint16
	at     uint32 // RTP time, which is also the phase of the sine
	flying []*rtp.Packet
	tick   int
	skip   bool // nobody listens
	out    []int16
	level  pcm.Level
}

func newTalker(t *testing.T, config AudioStreamConfig) *talker {
	return &talker{t: t, stream: NewAudioStream(config), pool: rtp.NewPool(64), rate: 8000, ssrc: 1, number: 96}
}

func sine(at uint32, rate int) int16 {
	return int16(8000 * math.Sin(2*math.Pi*300*float64(at)/float64(rate)))
}

// steepest is the largest step between two samples of the sine.
func steepest(rate int) int { return int(8000*2*math.Pi*300/float64(rate)) + 2 }

// say sends one packet of the given length at time at; delay < 0 loses it.
func (k *talker) say(at, length, delay time.Duration) {
	n := int(length * time.Duration(k.rate) / time.Second)
	p := k.pool.Get()
	p.Payload = p.Buffer()[:0]
	for i := range n {
		p.Payload = binary.BigEndian.AppendUint16(p.Payload, uint16(sine(k.at+uint32(i), k.rate)))
	}
	k.stamp(p, at+delay)
	k.at += uint32(n)
	if delay < 0 {
		p.Release()
		return
	}
	k.flying = append(k.flying, p)
}

func (k *talker) stamp(p *rtp.Packet, arrival time.Duration) {
	p.Header.SSRC, p.Header.PayloadType, p.Header.SequenceNumber, p.Header.Timestamp = k.ssrc, k.number, k.seq, k.at
	p.Arrival = epoch.Add(arrival)
	k.seq++
}

// talk sends packets from one time to another.
func (k *talker) talk(from, to, length time.Duration, delay func(i int) time.Duration) {
	for i := 0; from+time.Duration(i)*length < to; i++ {
		k.say(from+time.Duration(i)*length, length, delay(i))
	}
}

func prompt(int) time.Duration { return 0 }

// run lets time pass until to, and appends what is heard to out.
func (k *talker) run(to time.Duration) {
	slices.SortStableFunc(k.flying, func(a, b *rtp.Packet) int { return a.Arrival.Compare(b.Arrival) })
	for ; time.Duration(k.tick)*frameTime < to; k.tick++ {
		now := epoch.Add(time.Duration(k.tick)*frameTime + 10*ms)
		for len(k.flying) > 0 && !k.flying[0].Arrival.After(now) {
			p := k.flying[0]
			k.flying = k.flying[1:]
			k.stream.Put(p)
		}
		k.level = k.stream.Advance(now)
		if k.skip {
			continue
		}
		n := len(k.out)
		k.out = append(k.out, make([]int16, k.stream.Rate()/framesPerSecond)...)
		k.stream.Frame(k.out[n:])
	}
}

// wantsContinuity looks for clicks: a step between neighbours that the sine does not have.
func (k *talker) wantsContinuity(tolerance int) {
	k.t.Helper()
	for i := 1; i < len(k.out); i++ {
		if d := int(k.out[i]) - int(k.out[i-1]); max(d, -d) > steepest(k.rate)+tolerance {
			k.t.Fatalf("a step of %d at sample %d (%v), more than %d", d, i, time.Duration(i)*time.Second/time.Duration(k.rate), steepest(k.rate))
		}
	}
}

func TestCleanNetworkIsSampleExact(t *testing.T) {
	for _, length := range []time.Duration{10 * ms, 20 * ms, 30 * ms, 40 * ms, 60 * ms} {
		k := newTalker(t, AudioStreamConfig{Formats: map[uint8]*codec.Codec{96: linear(8000)}})
		k.talk(0, 2*time.Second, length, prompt)
		k.run(1900 * ms)
		offset := uint32(0)
		for i := 8000; i < len(k.out); i++ {
			if i == 8000 {
				for ; offset < 800 && !(sine(uint32(i)+offset, 8000) == k.out[i] && sine(uint32(i)+offset+1, 8000) == k.out[i+1]); offset++ {
				}
			}
			if k.out[i] != sine(uint32(i)+offset, 8000) {
				t.Fatalf("%v packets: sample %d is %d, want %d", length, i, k.out[i], sine(uint32(i)+offset, 8000))
			}
		}
		k.wantsContinuity(0)
		if s := k.stream.Stats(); length >= 20*ms && s.Delay > 15*ms || s.Lost != 0 || !k.level.Voice {
			t.Errorf("%v packets: %+v, level %+v", length, s, k.level)
		}
	}
}

func TestLossIsConcealedWithoutClicks(t *testing.T) {
	k := newTalker(t, AudioStreamConfig{Formats: map[uint8]*codec.Codec{96: linear(8000)}})
	k.talk(0, 5*time.Second, 20*ms, func(i int) time.Duration {
		if i%10 == 5 {
			return -1
		}
		return 0
	})
	k.run(4900 * ms)
	k.wantsContinuity(300)
	s := k.stream.Stats()
	if s.Lost != 24 || s.Concealed != 480*ms && s.Concealed != 500*ms {
		t.Errorf("lost %d, concealed %v", s.Lost, s.Concealed)
	}
}

func TestBadNetwork(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 3))
	k := newTalker(t, AudioStreamConfig{Formats: map[uint8]*codec.Codec{96: linear(8000)}})
	k.talk(0, 20*time.Second, 20*ms, func(i int) time.Duration {
		switch {
		case rng.IntN(50) == 0:
			return -1
		case i >= 500 && i < 510:
			return time.Duration(510-i) * 20 * ms // a burst
		}
		return time.Duration(rng.Int64N(int64(40 * ms)))
	})
	k.talk(20*time.Second, 40*time.Second, 20*ms, prompt)
	k.run(35 * time.Second)
	k.wantsContinuity(1200) // merging and joining bend the sine a little
	if s := k.stream.Stats(); s.Merged == 0 || s.Delay > 25*ms {
		t.Errorf("the delay did not go away: %+v", s)
	}
}

// Only who can be heard is decoded; when that changes, no packet is decoded twice, and what is heard is what is said now.
func TestWokenWithoutLosingASyllable(t *testing.T) {
	var decoder *linearDecoder
	k := newTalker(t, AudioStreamConfig{
		Formats: map[uint8]*codec.Codec{96: linear(8000, func(c *codec.Codec) { c.WarmUp = 160 * ms })},
		NewDecoder: func(*codec.Codec, int) (codec.Decoder, error) {
			decoder = &linearDecoder{}
			return decoder, nil
		},
	})
	k.talk(0, 4*time.Second, 20*ms, prompt)
	k.skip = true
	k.run(time.Second)
	if decoder.decoded != 0 {
		t.Errorf("%d packets decoded for nobody", decoder.decoded)
	}
	t.Log("# the talker is heard for one second")
	k.skip = false
	k.run(1020 * ms)
	if decoder.decoded > 9 || decoder.decoded < 8 {
		t.Errorf("%d packets decoded at first, want 8 to warm up and one to hear", decoder.decoded)
	}
	k.run(2 * time.Second)
	for i := 100; i < 8000; i++ {
		if want := sine(uint32(8000+i), 8000); k.out[i] != want {
			t.Fatalf("sample %d is %d, want %d", i, k.out[i], want)
		}
	}
	k.wantsContinuity(100)
	t.Log("# not for two steps, then again: each packet once")
	before := decoder.decoded
	k.skip = true
	k.run(2040 * ms)
	k.skip = false
	k.run(2060 * ms)
	if got := decoder.decoded - before; got != 3 {
		t.Errorf("%d packets decoded, want 3", got)
	}
}

// Payloads that stand alone are forgotten when their time is over, but not while a part of them is still to be played. The model is a
// stream that is heard all the time: but for the bridge over the first 5 ms, what is heard of the other is the same.
func TestHeardNowAndThen(t *testing.T) {
	for _, length := range []time.Duration{10 * ms, 20 * ms, 30 * ms, 40 * ms, 60 * ms} {
		rng := rand.New(rand.NewPCG(7, uint64(length)))
		var all, some *talker
		for _, k := range []**talker{&all, &some} {
			*k = newTalker(t, AudioStreamConfig{Formats: map[uint8]*codec.Codec{96: linear(8000)}})
			(*k).talk(0, 20*time.Second, length, prompt)
		}
		heard := 0
		for tick := range 1000 {
			now := time.Duration(tick+1) * frameTime
			all.out, some.out = all.out[:0], some.out[:0]
			before := some.skip
			some.skip = rng.IntN(2) == 0
			all.run(now)
			some.run(now)
			if some.skip {
				continue
			}
			heard++
			if bridged := 40; !slices.Equal(some.out[bridged:], all.out[bridged:]) || !before && !slices.Equal(some.out, all.out) {
				t.Fatalf("packets of %v, step %d: heard %v, want %v", length, tick, some.out[:50], all.out[:50])
			}
		}
		if kept := len(some.stream.player.pending); heard < 400 || kept > int(60*ms/length)+2 {
			t.Errorf("packets of %v: %d steps were heard, %d stretches are kept", length, heard, kept)
		}
	}
}

func TestStoppedStreamIsSilent(t *testing.T) {
	k := newTalker(t, AudioStreamConfig{Formats: map[uint8]*codec.Codec{96: linear(8000)}})
	k.talk(0, time.Second, 20*ms, prompt)
	k.run(3 * time.Second)
	if tail := k.out[8000*125/100:]; pcm.LevelOf(tail) != pcm.Silence || k.level.Voice {
		t.Errorf("%d dBov, voice %v long after the stream stopped", pcm.LevelOf(tail), k.level.Voice)
	}
	k.wantsContinuity(300)
	if s := k.stream.Stats(); s.Concealed > 220*ms {
		t.Errorf("concealed %v for a stream that stopped", s.Concealed)
	}
}

func TestPayloadTypeChanges(t *testing.T) {
	k := newTalker(t, AudioStreamConfig{Formats: map[uint8]*codec.Codec{96: linear(8000), 97: linear(8000), 98: linear(16000)}})
	k.talk(0, time.Second, 20*ms, prompt)
	k.number = 97
	k.talk(time.Second, 2*time.Second, 20*ms, prompt)
	k.run(1980 * ms)
	k.wantsContinuity(300)
	if k.stream.Stats().Concealed != 0 {
		t.Errorf("concealed %v", k.stream.Stats().Concealed)
	}
	t.Log("# another clock rate")
	k.out, k.number, k.rate, k.at = nil, 98, 16000, 5e6
	k.talk(2*time.Second, 3*time.Second, 20*ms, prompt)
	k.run(2020 * ms)
	if k.stream.Rate() != 16000 {
		t.Errorf("rate %d after the change", k.stream.Rate())
	}
	k.run(2900 * ms)
	k.number = 50
	k.talk(3*time.Second, 3100*ms, 20*ms, prompt)
	k.run(3200 * ms)
	if got := k.stream.Stats().Drops[rtp.DropPayloadType]; got != 5 {
		t.Errorf("%d packets of an unknown type dropped, want 5", got)
	}
}

func TestSourceChanges(t *testing.T) {
	k := newTalker(t, AudioStreamConfig{Formats: map[uint8]*codec.Codec{96: linear(8000)}, LocalSSRC: 77})
	k.talk(0, time.Second, 20*ms, prompt)
	t.Log("# a stranger's packet in the middle is not played")
	k.ssrc = 666
	k.say(500*ms, 20*ms, 0)
	t.Log("# nor is our own")
	k.ssrc = 77
	k.say(500*ms, 20*ms, 0)
	t.Log("# a transfer: another SSRC goes on")
	k.ssrc = 2
	k.talk(time.Second, 2*time.Second, 20*ms, prompt)
	k.run(1980 * ms)
	s := k.stream.Stats()
	if s.Drops[rtp.DropSource] != 1 || s.Collisions != 1 || s.Drops.Total() != 2 {
		t.Errorf("drops %v, collisions %d", s.Drops, s.Collisions)
	}
	if r, ok := k.stream.Report(epoch); !ok || r.SSRC != 2 || r.TotalLost != 0 {
		t.Errorf("report %+v", r)
	}
	k.wantsContinuity(300)
}

func TestDigitsAndComfortNoise(t *testing.T) {
	var digits string
	k := newTalker(t, AudioStreamConfig{
		Formats: map[uint8]*codec.Codec{96: linear(8000), 101: {Name: "telephone-event", ClockRate: 8000}, 13: {Name: "CN", ClockRate: 8000}},
		Digit:   func(d rtp.Digit) { digits += string(d.Digit) },
	})
	k.talk(0, time.Second, 20*ms, prompt)
	k.number = 101
	for i := range 8 {
		p := k.pool.Get()
		p.Payload = append(p.Buffer()[:0], 5, 10, 0, byte(i*20))
		k.stamp(p, time.Second+time.Duration(i)*20*ms)
		k.flying = append(k.flying, p)
	}
	k.at += 160 * 8
	k.number = 13
	p := k.pool.Get()
	p.Payload = append(p.Buffer()[:0], 60)
	k.stamp(p, 1160*ms)
	k.flying = append(k.flying, p)
	k.at += 160
	k.run(2 * time.Second)
	if s := k.stream.Stats(); digits != "5" || s.Lost != 0 {
		t.Errorf("digits %q, %d lost", digits, s.Lost)
	}
	if got := pcm.LevelOf(k.out[8000*13/10 : 8000*19/10]); got < -63 || got > -57 || k.level.Voice {
		t.Errorf("comfort noise at %d dBov, want -60; voice %v", got, k.level.Voice)
	}
}

func TestRecoveredFromTheNextPacket(t *testing.T) {
	row := linear(8000, func(c *codec.Codec) {
		c.NewDecoder = func(int) (codec.Decoder, error) { return &recovering{}, nil }
	})
	k := newTalker(t, AudioStreamConfig{Formats: map[uint8]*codec.Codec{96: row}})
	t.Log("# delay is learnt from a stall, then a packet is lost")
	k.talk(0, 700*ms, 20*ms, func(i int) time.Duration {
		switch {
		case i >= 5 && i < 9:
			return time.Duration(9-i) * 20 * ms
		case i == 25:
			return -1
		}
		return 0
	})
	k.run(680 * ms)
	if s := k.stream.Stats(); s.Recovered != 20*ms || s.Lost != 1 {
		t.Errorf("recovered %v, lost %d", s.Recovered, s.Lost)
	}
}

// Without a meter the level comes from decoding.
func TestBlindStreamIsDecoded(t *testing.T) {
	row := linear(8000, func(c *codec.Codec) { c.NewMeter = nil })
	k := newTalker(t, AudioStreamConfig{Formats: map[uint8]*codec.Codec{96: row}})
	k.talk(0, time.Second, 20*ms, prompt)
	k.skip = true
	k.run(900 * ms)
	if k.level.DBov < -18 || k.level.DBov > -14 || !k.level.Voice {
		t.Errorf("level %+v, want about -15 and voice", k.level)
	}
}

func TestPayloadTap(t *testing.T) {
	row := linear(8000)
	k := newTalker(t, AudioStreamConfig{Formats: map[uint8]*codec.Codec{96: row}})
	k.say(0, 20*ms, 0)
	k.run(20 * ms)
	if c, payload := k.stream.Payload(); c != row || len(payload) != 320 {
		t.Errorf("%v, %d bytes", c, len(payload))
	}
	k.run(40 * ms)
	if c, payload := k.stream.Payload(); c != nil || payload != nil {
		t.Errorf("a payload in a step without packets: %d bytes", len(payload))
	}
}

func TestEveryPacketComesBack(t *testing.T) {
	rng := rand.New(rand.NewPCG(5, 5))
	k := newTalker(t, AudioStreamConfig{Formats: map[uint8]*codec.Codec{96: linear(8000), 97: linear(16000)}})
	taken := map[*rtp.Packet]bool{}
	for range 200 {
		k.number, k.ssrc = 96+uint8(rng.IntN(2)), uint32(1+rng.IntN(20)/19)
		k.skip = rng.IntN(3) == 0
		k.talk(time.Duration(k.tick)*frameTime, time.Duration(k.tick)*frameTime+100*ms, 20*ms, func(int) time.Duration {
			return time.Duration(rng.Int64N(int64(90*ms))) - 5*ms
		})
		for _, p := range k.flying {
			taken[p] = true
		}
		k.run(time.Duration(k.tick)*frameTime + 100*ms)
	}
	for _, p := range k.flying {
		p.Release()
	}
	k.stream.Close()
	if idle := k.pool.Idle(); idle != len(taken) {
		t.Errorf("%d packets in the pool of %d taken", idle, len(taken))
	}
}

func TestAudioStreamDoesNotAllocate(t *testing.T) {
	for _, skip := range []bool{false, true} {
		k := newTalker(t, AudioStreamConfig{Formats: map[uint8]*codec.Codec{96: linear(8000)}})
		dst, now, i := make([]int16, 160), epoch, 0
		tick := func() {
			p := k.pool.Get()
			p.Payload = p.Buffer()[:320]
			k.at += 160
			k.stamp(p, time.Duration(i)*frameTime)
			now, i = now.Add(frameTime), i+1
			k.stream.Put(p)
			k.stream.Advance(now)
			if !skip {
				k.stream.Frame(dst)
			}
		}
		for range 20 {
			tick()
		}
		if n := testing.AllocsPerRun(1000, tick); n != 0 {
			t.Errorf("%v allocations a step, skip %v", n, skip)
		}
	}
}

// FuzzAudioStream reads bytes as packets of a hostile peer, and listens now and then.
func FuzzAudioStream(f *testing.F) {
	f.Add([]byte{96, 1, 0, 1, 3, 97, 1, 0, 2, 8, 101, 1, 0, 3, 4, 13, 1, 0, 4, 1})
	f.Fuzz(func(t *testing.T, script []byte) {
		s := NewAudioStream(AudioStreamConfig{LocalSSRC: 3, Digit: func(rtp.Digit) {}, Formats: map[uint8]*codec.Codec{
			96: linear(8000), 97: linear(16000), 98: linear(8000, func(c *codec.Codec) { c.NewMeter = nil }),
			99:  linear(48000, func(c *codec.Codec) { c.NewDecoder = func(int) (codec.Decoder, error) { return &recovering{}, nil } }),
			101: {Name: "telephone-event", ClockRate: 8000}, 13: {Name: "CN", ClockRate: 8000},
		}})
		pool, now, dst, out := rtp.NewPool(1000), epoch, make([]int16, 960), map[*rtp.Packet]bool{}
		for i := 0; len(script) >= 5; script, i = script[5:], i+1 {
			p := pool.Get()
			out[p] = true
			p.Header.PayloadType, p.Header.SSRC = script[0]&127, uint32(script[1]&3)
			p.Header.SequenceNumber, p.Header.Timestamp = uint16(script[2])<<8|uint16(script[3]), uint32(script[3])*160<<(script[1]>>3)
			p.Payload = p.Buffer()[:1+int(script[4])*5]
			p.Arrival = now
			s.Put(p)
			if script[0]&128 == 0 {
				continue
			}
			now = now.Add(frameTime)
			s.Advance(now)
			s.Payload()
			if script[1]&4 != 0 {
				s.Frame(dst[:s.Rate()/framesPerSecond])
			}
			if len(s.player.fifo) > 48000 || len(s.player.pending) > maxPending {
				t.Fatalf("%d samples, %d stretches kept", len(s.player.fifo), len(s.player.pending))
			}
		}
		s.Close()
		if len(out) <= 1000 && pool.Idle() != len(out) {
			t.Fatalf("%d of %d packets came back", pool.Idle(), len(out))
		}
	})
}

func BenchmarkAudioStream(b *testing.B) {
	for name, listened := range map[string]bool{"heard": true, "unheard": false} {
		b.Run(name, func(b *testing.B) {
			s, pool := NewAudioStream(AudioStreamConfig{Formats: map[uint8]*codec.Codec{96: linear(8000)}}), rtp.NewPool(16)
			dst, now := make([]int16, 160), epoch
			for i := 0; b.Loop(); i++ {
				p := pool.Get()
				p.Payload, p.Arrival, now = p.Buffer()[:320], now, now.Add(frameTime)
				p.Header.PayloadType, p.Header.SSRC, p.Header.SequenceNumber, p.Header.Timestamp = 96, 1, uint16(i), uint32(i*160)
				s.Put(p)
				s.Advance(now)
				if listened {
					s.Frame(dst)
				}
			}
		})
	}
}
