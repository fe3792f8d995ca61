package g722

import (
	"encoding/binary"
	"os"
	"path/filepath"
	"testing"

	"github.com/seed-f3cefc8c/focus/internal/testdata"
)

// The digital test sequences of Appendix II. They go around the filter, "the QMF
// bypassed": both bands get the same samples. A word is 16 bits, of which the
// lowest says reset.

type word uint16

func (w word) reset() bool   { return w&1 != 0 }
func (w word) sample() int32 { return int32(int16(w) >> 1) }
func (w word) code() uint8   { return uint8(w >> 8) }

func words(t *testing.T, name string) (list []word) {
	data, err := os.ReadFile(filepath.Join(testdata.Dir(t, "g722-itu"), name))
	if err != nil {
		t.Fatal(err)
	}
	for ; len(data) >= 2; data = data[2:] {
		list = append(list, word(binary.BigEndian.Uint16(data)))
	}
	return list
}

func TestITUSequencesEncoded(t *testing.T) {
	want := words(t, "bt2r1.cod")
	lower, higher := newLowerBand(), newHigherBand()
	for i, w := range words(t, "bt1c1.xmt") {
		if w.reset() {
			lower, higher = newLowerBand(), newHigherBand()
			continue
		}
		if got := higher.encode(w.sample())<<6 | lower.encode(w.sample()); got != want[i].code() {
			t.Fatalf("word %d: sample %d is %08b, want %08b", i, w.sample(), got, want[i].code())
		}
	}
}

func TestITUSequencesDecoded(t *testing.T) {
	for _, row := range []struct{ codes, lower, higher string }{
		{"bt2r1.cod", "bt3l1.rc1", "bt3h1.rc0"},
		{"bt1d3.cod", "", "bt3h3.rc0"},
	} {
		wantHigher := words(t, row.higher)
		var wantLower []word
		if row.lower != "" {
			wantLower = words(t, row.lower)
		}
		lower, higher := newLowerBand(), newHigherBand()
		for i, w := range words(t, row.codes) {
			if w.reset() {
				lower, higher = newLowerBand(), newHigherBand()
				continue
			}
			low, high := lower.decode(w.code()&63), higher.decode(w.code()>>6)
			if wantLower != nil && low != wantLower[i].sample() {
				t.Fatalf("%s, word %d: %d in the lower band, want %d", row.codes, i, low, wantLower[i].sample())
			}
			if high != wantHigher[i].sample() {
				t.Fatalf("%s, word %d: %d in the higher band, want %d", row.codes, i, high, wantHigher[i].sample())
			}
		}
	}
}
