package recorder

import (
	"testing"

	"github.com/seed-f3cefc8c/focus/pkg/pcm"
)

// BenchmarkRoomOf100 is a second of a PCMU room of 100 in which three talk: three tracks and the mix, on both goroutines together.
func BenchmarkRoomOf100(b *testing.B) {
	rec, err := Start(Config{Dir: b.TempDir(), ConferenceID: "bench", Started: began, QueueFrames: 1 << 20})
	if err != nil {
		b.Fatal(err)
	}
	tracks := make([]*Track, 100)
	for i := range tracks {
		tracks[i] = rec.Track(Participant{ID: "x"})
	}
	speech := make([]int16, 8000)
	pcm.NewNoise(1).Fill(speech, -25)
	tone := func(step int) []int16 { return speech[step*160:][:160] }
	at := int64(0)
	for range b.N { // not b.Loop: the writer's part, which Stop waits for, belongs to it
		for step := range 50 {
			for _, t := range tracks[:3] {
				t.WriteFrame(at, 8000, tone(step))
			}
			rec.WriteMixed(at, 8000, tone(step))
			at += frame20
		}
	}
	if err := rec.Stop(at, "done"); err != nil {
		b.Fatal(err)
	}
}
