//go:build cgo

package opus

import (
	"bytes"
	"fmt"
	"math"
	"testing"

	"github.com/seed-f3cefc8c/focus/pkg/codec"
)

// A listener is handed from encoder A to encoder B in the middle of a word; one
// decoder hears both (docs/adr/0002-encoder-hand-over.md).

const frame = 960

func TestHandOverByCopyHasNoSeam(t *testing.T) {
	speech := syntheticSpeech(48000, -20, 2)
	p := codec.Params{FEC: true, PacketLoss: 10}
	want := encodeAll(t, 48000, 20, p, speech)
	a, b := mustEncoder(t, p), mustEncoder(t, codec.Params{PacketLoss: 10})
	for i := range 40 {
		if _, err := a.Encode(nil, speech[i*frame:(i+1)*frame]); err != nil {
			t.Fatal(err)
		}
	}
	if !b.(codec.Copier).CopyFrom(a) {
		t.Fatal("B does not take over from A")
	}
	a.Close()
	for i := 40; i < len(want); i++ {
		got, err := b.Encode(nil, speech[i*frame:(i+1)*frame])
		if err != nil || !bytes.Equal(got, want[i]) {
			t.Fatalf("payload %d of B is not what A would have sent, %v", i, err)
		}
	}
	t.Log("# nobody takes over from a closed encoder")
	if b.(codec.Copier).CopyFrom(a) {
		t.Error("B takes over from a closed encoder")
	}
}

// Without a copy, B has to have heard the last frames (pre-roll), and its first
// payload is better made without prediction from what only B remembers.
func TestHandOverByPreRoll(t *testing.T) {
	tone := sineWave(48000, 440, -20, 2)
	hybrid, celt := codec.Params{Bitrate: 32000}, codec.Params{}
	for _, row := range []struct {
		params      codec.Params
		preRoll     int
		independent bool
		low, worst  float64 // the largest step between samples, in those of A alone
	}{
		{hybrid, 0, false, 3, 100}, // a crack: this is what the rule is for
		{hybrid, 1, true, 0, 1.3},
		{hybrid, 3, true, 0, 1.3},
		{hybrid, 5, false, 0, 1.5},
		{celt, 0, false, 3, 100},
		{celt, 3, true, 0, 1.3},
		{celt, 5, false, 0, 1.3},
	} {
		t.Run(fmt.Sprint(row.params.Bitrate, " bit/s, ", row.preRoll, " frames, independent ", row.independent), func(t *testing.T) {
			worst := worstStep(t, row.params, tone, row.preRoll, row.independent)
			t.Logf("%.2f", worst)
			if worst < row.low || worst > row.worst {
				t.Errorf("the largest step is %.2f times that of A alone", worst)
			}
		})
	}
}

func worstStep(t *testing.T, params codec.Params, pcm []int16, preRoll int, independent bool) (worst float64) {
	payloads := encodeAll(t, 48000, 20, params, pcm)
	whole := decodeAll(t, 48000, payloads)
	for at := 15; at+5 < len(payloads); at += 11 {
		b := mustEncoder(t, params)
		joined := append([][]byte(nil), payloads[:at]...)
		for i := at - preRoll; i < at+5; i++ {
			b.(codec.IndependentEncoder).Independent(independent && i == at)
			payload, err := b.Encode(nil, pcm[i*frame:(i+1)*frame])
			if err != nil {
				t.Fatal(err)
			}
			if i >= at {
				joined = append(joined, payload)
			}
		}
		heard := decodeAll(t, 48000, joined)
		worst = max(worst, largestStep(heard[at*frame-100:])/largestStep(whole[at*frame-100:(at+5)*frame]))
	}
	return worst
}

func largestStep(pcm []int16) (largest float64) {
	for i := range pcm[1:] {
		largest = max(largest, math.Abs(float64(pcm[i+1])-float64(pcm[i])))
	}
	return largest
}

func mustEncoder(t *testing.T, p codec.Params) codec.Encoder {
	t.Helper()
	e, err := Opus.NewEncoder(48000, p)
	if err != nil {
		t.Fatal(err)
	}
	return e
}
