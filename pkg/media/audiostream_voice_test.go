package media

import (
	"testing"
	"time"

	"github.com/seed-f3cefc8c/focus/pkg/codec"
	"github.com/seed-f3cefc8c/focus/pkg/codec/g711"
	"github.com/seed-f3cefc8c/focus/pkg/codec/g722"
	"github.com/seed-f3cefc8c/focus/pkg/codec/opus"
	"github.com/seed-f3cefc8c/focus/pkg/pcm"
	"github.com/seed-f3cefc8c/focus/pkg/rtp"
)

// A room that only hums is not decoded again and again: each time costs a decoder's warming up, and the others hear gusts of it.
func TestRoomNoiseDoesNotTakeTheFloor(t *testing.T) {
	for _, c := range []*codec.Codec{g711.PCMU, g722.G722, opus.Opus} {
		for _, dBov := range []int{-70, -60, -55, -50} {
			encoder, err := c.NewEncoder(c.Rates[0], codec.Params{})
			if err != nil {
				t.Fatal(err)
			}
			n := pcm.NewNoise(3)
			s := NewAudioStream(AudioStreamConfig{Formats: map[uint8]*codec.Codec{96: c}})
			frame, pool, now := make([]int16, c.Rates[0]/50), rtp.NewPool(4), time.Unix(1e9, 0)
			const steps = 3000 // a minute
			voiced := 0
			for i := range steps {
				n.Fill(frame, dBov)
				payload, _ := encoder.Encode(nil, frame)
				p := pool.Get()
				p.Header.PayloadType, p.Header.SSRC, p.Header.SequenceNumber, p.Header.Timestamp = 96, 1, uint16(i), uint32(i)*c.ClockRate/50
				p.Payload, p.Arrival = append(p.Buffer()[:0], payload...), now
				s.Put(p)
				if now = now.Add(20 * time.Millisecond); s.Advance(now).Voice {
					if s.Frame(frame); i > 150 {
						voiced++
					}
				}
			}
			s.Close()
			t.Logf("%s, noise at %d dBov: voice in %d of %d steps", c.Name, dBov, voiced, steps)
			if voiced > steps/10 {
				t.Errorf("%s, noise at %d dBov: voice in %d of %d steps", c.Name, dBov, voiced, steps)
			}
		}
	}
}
