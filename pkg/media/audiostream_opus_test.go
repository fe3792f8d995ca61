package media

import (
	"math"
	"testing"
	"time"

	"github.com/seed-f3cefc8c/focus/pkg/codec"
	"github.com/seed-f3cefc8c/focus/pkg/codec/opus"
	"github.com/seed-f3cefc8c/focus/pkg/pcm"
	"github.com/seed-f3cefc8c/focus/pkg/rtp"
)

// SILK's own detector takes a held tone for noise. Somebody plays it all the same, and is to be heard.
func TestOpusToneIsHeardAndNoiseIsNot(t *testing.T) {
	if !opus.Available {
		t.Skip("built without libopus")
	}
	noise, heard := make([]int16, 960), make([]int16, 960)
	tests := []struct {
		name  string
		frame func(i int) []int16
		want  bool
	}{
		{"a held tone at −15 dBov", func(i int) []int16 { return sineFrame(48000, 440, i, 8000) }, true},
		{"a low tone at −27 dBov", func(i int) []int16 { return sineFrame(48000, 220, i, 2000) }, true},
		{"room noise at −60 dBov", func(int) []int16 { pcmNoise.Fill(noise, -60); return noise }, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			encoder, err := opus.Opus.NewEncoder(48000, codec.Params{})
			if err != nil {
				t.Fatal(err)
			}
			s := NewAudioStream(AudioStreamConfig{Formats: map[uint8]*codec.Codec{96: opus.Opus}})
			defer s.Close()
			pool, now, voiced := rtp.NewPool(4), time.Unix(1e9, 0), 0
			for i := range 200 {
				payload, _ := encoder.Encode(nil, tt.frame(i))
				p := pool.Get()
				p.Header.PayloadType, p.Header.SSRC, p.Header.SequenceNumber, p.Header.Timestamp = 96, 1, uint16(i), uint32(i*960)
				p.Payload, p.Arrival = append(p.Buffer()[:0], payload...), now
				s.Put(p)
				now = now.Add(20 * time.Millisecond)
				if !s.Advance(now).Voice {
					continue
				}
				if s.Frame(heard); i >= 100 { // whoever speaks is mixed
					voiced++
				}
			}
			if got := voiced > 90; got != tt.want {
				t.Errorf("voice in %d of the last 100 frames, want heard: %v", voiced, tt.want)
			}
		})
	}
}

var pcmNoise = pcm.NewNoise(1)

func sineFrame(rate int, hz float64, i int, amplitude float64) []int16 {
	frame := make([]int16, rate/50)
	for j := range frame {
		frame[j] = int16(amplitude * sinTurn(hz*float64(i*len(frame)+j)/float64(rate)))
	}
	return frame
}

func sinTurn(turns float64) float64 { return math.Sin(2 * math.Pi * turns) }
