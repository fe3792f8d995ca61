package g722

import (
	"bytes"
	"fmt"
	"math"
	"testing"

	"github.com/seed-f3cefc8c/focus/pkg/codec"
)

// A listener is handed from encoder A to encoder B in the middle of a word; one
// decoder hears both (docs/adr/0002-encoder-hand-over.md).

func TestHandOverByCopyHasNoSeam(t *testing.T) {
	speech := syntheticSpeech(-20, 2)
	want := encodeAll(t, speech)
	a, b := mustEncoder(t), mustEncoder(t)
	for i := range 40 {
		if _, err := a.Encode(nil, speech[i*320:i*320+320]); err != nil {
			t.Fatal(err)
		}
	}
	if !b.(codec.Copier).CopyFrom(a) {
		t.Fatal("B does not take over from A")
	}
	for i := 40; i < len(want); i++ {
		got, err := b.Encode(nil, speech[i*320:i*320+320])
		if err != nil || !bytes.Equal(got, want[i]) {
			t.Fatalf("payload %d of B is not what A would have sent, %v", i, err)
		}
	}
}

// Without a copy, B has to have heard the last frames (pre-roll).
func TestHandOverByPreRoll(t *testing.T) {
	for _, row := range []struct {
		preRoll    int
		low, worst float64 // the largest step between samples, in those of A alone
	}{
		{0, 5, 100}, // a crack: this is what the rule is for
		{3, 0, 2},
		{5, 0, 2},
	} {
		t.Run(fmt.Sprint(row.preRoll, " frames"), func(t *testing.T) {
			worst := worstStep(t, syntheticSpeech(-20, 6), row.preRoll)
			t.Logf("%.2f", worst)
			if worst < row.low || worst > row.worst {
				t.Errorf("the largest step is %.2f times that of A alone", worst)
			}
		})
	}
}

func worstStep(t *testing.T, pcm []int16, preRoll int) (worst float64) {
	payloads := encodeAll(t, pcm)
	whole := decodeAll(t, payloads)
	for at := 15; at+5 < len(payloads); at += 9 {
		if level(whole[at*320:at*320+320]) < -45 {
			continue
		}
		joined := append([][]byte(nil), payloads[:at]...)
		joined = append(joined, encodeAll(t, pcm[(at-preRoll)*320:(at+5)*320])[preRoll:]...)
		heard := decodeAll(t, joined)
		worst = max(worst, largestStep(heard[at*320-10:])/largestStep(whole[at*320-10:(at+5)*320]))
	}
	return worst
}

func largestStep(pcm []int16) (largest float64) {
	for i := range pcm[1:] {
		largest = max(largest, math.Abs(float64(pcm[i+1])-float64(pcm[i])))
	}
	return largest
}
