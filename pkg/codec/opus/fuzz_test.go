package opus

import (
	"testing"

	"github.com/seed-f3cefc8c/focus/pkg/codec"
)

func addPayloads(f *testing.F) {
	for _, payload := range []string{
		"", "\x08", "\x0b\x83\x01\x00\x05\x06\x07", "\x4b\x41\xff\x01\x05",
		"\x4c\x55\x12\x9a\x33\x42\x17", "\x1c\xff\xff\xff\xff", "\x78\xc0\xff\xee", "\xf8\xff\xfe",
	} {
		f.Add([]byte(payload))
	}
}

func FuzzLevel(f *testing.F) {
	addPayloads(f)
	f.Fuzz(func(t *testing.T, payload []byte) {
		level, voice := Opus.NewMeter().Level(payload)
		if level > 0 || level < codec.Silence || voice > codec.VoiceYes {
			t.Errorf("level %d, voice %v", level, voice)
		}
	})
}

func FuzzDuration(f *testing.F) {
	addPayloads(f)
	f.Fuzz(func(t *testing.T, payload []byte) {
		var p packet
		n, err := Opus.Duration(payload), p.parse(payload)
		if n < 0 || n > maxDuration || n%120 != 0 || n == 0 && err == nil {
			t.Errorf("%d samples, %v", n, err)
		}
		sum := 0
		for _, frame := range p.frames[:p.count] {
			sum += len(frame)
		}
		if err == nil && sum >= len(payload) {
			t.Errorf("%d bytes of frames in a payload of %d", sum, len(payload))
		}
	})
}

func FuzzDecode(f *testing.F) {
	if !Available {
		f.Skip("no libopus")
	}
	addPayloads(f)
	f.Fuzz(func(t *testing.T, payload []byte) {
		for _, rate := range rates {
			d, err := Opus.NewDecoder(rate)
			if err != nil {
				t.Fatal(err)
			}
			pcm, err := d.Decode(nil, payload)
			if want := Opus.Duration(payload) * rate / clockRate; err == nil && len(pcm) != want {
				t.Errorf("%d Hz: %d samples, want %d", rate, len(pcm), want)
			}
			if pcm, err = d.(codec.Recoverer).Recover(nil, payload, rate/50); err == nil && len(pcm) != rate/50 {
				t.Errorf("%d Hz: recovered %d samples", rate, len(pcm))
			}
		}
	})
}
