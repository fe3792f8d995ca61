package g711

import (
	"errors"
	"math"
	"testing"

	"github.com/seed-f3cefc8c/focus/pkg/codec"
)

// The slow obvious model: the decision values of G.711, searched one by one.
// Tables 1 and 2 list the segment ends; between two ends lie 16 equal intervals,
// only the first segment of µ-law starts with half an interval.

var aSegmentEnds = []int{0, 32, 64, 128, 256, 512, 1024, 2048, 4096} // table 1, units of 1/4096
var muSegmentEnds = []int{31, 95, 223, 479, 991, 2015, 4063, 8159}   // table 2, units of 1/8159

func aDecisions() (values []int) {
	for i := 1; i < len(aSegmentEnds); i++ {
		low, high := aSegmentEnds[i-1], aSegmentEnds[i]
		for k := range 16 {
			values = append(values, (low+(high-low)*k/16)*8)
		}
	}
	return append(values, 4096*8)
}

func muDecisions() (values []int) {
	values = []int{0}
	for v := 1; v < 31; v += 2 {
		values = append(values, v*4)
	}
	for i := 1; i < len(muSegmentEnds); i++ {
		low, high := muSegmentEnds[i-1], muSegmentEnds[i]
		for k := range 16 {
			values = append(values, (low+(high-low)*k/16)*4)
		}
	}
	return append(values, 8159*4)
}

func interval(decisions []int, magnitude int) int {
	for n := 126; n > 0; n-- {
		if magnitude >= decisions[n+1] {
			return min(n+1, 127)
		}
	}
	if magnitude >= decisions[1] {
		return 1
	}
	return 0
}

// modelCompress numbers the interval the sample falls into. A negative sample on
// a decision value belongs to the interval nearer to zero.
func modelCompress(decisions []int, invert uint8, sample int) uint8 {
	if sample >= 0 {
		return (0x80 | uint8(interval(decisions, sample))) ^ invert
	}
	return uint8(interval(decisions, -sample-1)) ^ invert
}

// modelExpand is the middle of the interval: "y_n = (x_n + x_n+1) / 2".
func modelExpand(decisions []int, invert uint8, code uint8) int {
	code ^= invert
	n := int(code & 0x7f)
	v := (decisions[n] + decisions[n+1]) / 2
	if n == 0 && invert == 0x7f {
		v = 0 // table 2: "y_0 = 0"
	}
	if code&0x80 == 0 {
		return -v
	}
	return v
}

var models = []struct {
	row       *codec.Codec
	law       *law
	decisions []int
	invert    uint8
}{
	{PCMU, muLaw, muDecisions(), 0x7f},
	{PCMA, aLaw, aDecisions(), 0x55},
}

func TestEverySampleAgainstTheDecisionValues(t *testing.T) {
	for _, m := range models {
		e, err := m.row.NewEncoder(8000, codec.Params{})
		if err != nil {
			t.Fatal(err)
		}
		for s := math.MinInt16; s <= math.MaxInt16; s++ {
			got, err := e.Encode(nil, []int16{int16(s)})
			if err != nil {
				t.Fatal(err)
			}
			if want := modelCompress(m.decisions, m.invert, s); got[0] != want {
				t.Fatalf("%s: sample %d is %#02x, want %#02x", m.row.Name, s, got[0], want)
			}
		}
	}
}

func TestEveryCodeAgainstTheDecisionValues(t *testing.T) {
	for _, m := range models {
		d, err := m.row.NewDecoder(8000)
		if err != nil {
			t.Fatal(err)
		}
		for code := range 256 {
			got, err := d.Decode(nil, []byte{byte(code)})
			if err != nil {
				t.Fatal(err)
			}
			if want := modelExpand(m.decisions, m.invert, uint8(code)); int(got[0]) != want {
				t.Fatalf("%s: code %#02x is %d, want %d", m.row.Name, code, got[0], want)
			}
		}
	}
}

// Values any telephone engineer knows by heart.
func TestKnownValues(t *testing.T) {
	for _, row := range []struct {
		law    *law
		code   uint8
		sample int16
	}{
		{muLaw, 0xff, 0}, {muLaw, 0x80, 32124}, {muLaw, 0x00, -32124}, {muLaw, 0xfe, 8},
		{aLaw, 0xd5, 8}, {aLaw, 0x55, -8}, {aLaw, 0xaa, 32256}, {aLaw, 0x2a, -32256},
	} {
		if got := row.law.expand[row.code]; got != row.sample {
			t.Errorf("code %#02x is %d, want %d", row.code, got, row.sample)
		}
		if got := row.law.compress[uint16(row.sample)>>2]; got != row.code {
			t.Errorf("sample %d is %#02x, want %#02x", row.sample, got, row.code)
		}
	}
}

// A transcode of a transcode is the same: no generation loss between two G.711 legs.
func TestCodesSurviveDecodingAndEncoding(t *testing.T) {
	for _, m := range models {
		for code := range 256 {
			again := m.law.compress[uint16(m.law.expand[code])>>2]
			negativeZero := m.law == muLaw && code == 0x7f
			if again != uint8(code) && !negativeZero {
				t.Errorf("%s: %#02x comes back as %#02x", m.row.Name, code, again)
			}
		}
	}
}

func TestLevelIsThatOfTheSamples(t *testing.T) {
	for _, m := range models {
		for _, want := range []int{-6, -20, -40, -60} {
			payload, meter := sine(t, m.row, float64(want)), m.row.NewMeter()
			if got, voice := meter.Level(payload); max(got-want, want-got) > 1 || voice != codec.VoiceUnknown {
				t.Errorf("%s: a tone of %d dBov is %d, voice %v", m.row.Name, want, got, voice)
			}
		}
	}
}

func TestLevelOfNothing(t *testing.T) {
	for _, payload := range [][]byte{nil, {}, {0xff, 0xff, 0x7f}} {
		if got, _ := PCMU.NewMeter().Level(payload); got != codec.Silence {
			t.Errorf("level of %x is %d, want %d", payload, got, codec.Silence)
		}
	}
	if got, _ := PCMU.NewMeter().Level([]byte{0x00, 0x80}); got != 0 {
		t.Errorf("level of overload is %d, want 0", got)
	}
}

func TestRefusals(t *testing.T) {
	if _, err := PCMU.NewEncoder(16000, codec.Params{}); !errors.Is(err, codec.ErrRate) {
		t.Errorf("encoder at 16 kHz: %v, want %v", err, codec.ErrRate)
	}
	if _, err := PCMA.NewDecoder(48000); !errors.Is(err, codec.ErrRate) {
		t.Errorf("decoder at 48 kHz: %v, want %v", err, codec.ErrRate)
	}
	d, err := PCMU.NewDecoder(8000)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := d.Decode(nil, nil); !errors.Is(err, codec.ErrPayload) {
		t.Errorf("empty payload: %v, want %v", err, codec.ErrPayload)
	}
}

func TestNoAllocations(t *testing.T) {
	payload, pcm := make([]byte, 0, 160), make([]int16, 0, 160)
	frame := make([]int16, 160)
	e, d, m := encoder{muLaw}, decoder{muLaw}, meter{muLaw}
	allocations := testing.AllocsPerRun(100, func() {
		payload, _ = e.Encode(payload[:0], frame)
		pcm, _ = d.Decode(pcm[:0], payload)
		m.Level(payload)
	})
	if allocations != 0 {
		t.Errorf("%v allocations per frame, want 0", allocations)
	}
}

func FuzzDecode(f *testing.F) {
	f.Add([]byte{0xff, 0x00, 0x80, 0x7f})
	f.Fuzz(func(t *testing.T, payload []byte) {
		for _, m := range models {
			pcm, err := decoder{m.law}.Decode([]int16{7}, payload)
			if (err != nil) != (len(payload) == 0) || len(pcm) != 1+len(payload) || pcm[0] != 7 {
				t.Errorf("%d bytes decode to %d samples, %v", len(payload), len(pcm)-1, err)
			}
			if level, _ := (meter{m.law}).Level(payload); level > 0 || level < codec.Silence {
				t.Errorf("level %d", level)
			}
			if m.row.Duration(payload) != len(payload) {
				t.Errorf("duration of %d bytes is %d", len(payload), m.row.Duration(payload))
			}
		}
	})
}

func sine(tb testing.TB, row *codec.Codec, dBov float64) []byte {
	pcm := make([]int16, 160)
	for i := range pcm {
		pcm[i] = int16(math.Round(math.Sqrt2 * 32768 * math.Pow(10, dBov/20) * math.Sin(2*math.Pi*400*float64(i)/8000)))
	}
	e, err := row.NewEncoder(8000, codec.Params{})
	if err != nil {
		tb.Fatal(err)
	}
	payload, err := e.Encode(nil, pcm)
	if err != nil {
		tb.Fatal(err)
	}
	return payload
}

func BenchmarkEncode(b *testing.B) {
	frame, dst := make([]int16, 160), make([]byte, 0, 160)
	for i := range frame {
		frame[i] = int16(i * 409)
	}
	var e codec.Encoder = encoder{muLaw}
	for b.Loop() {
		dst, _ = e.Encode(dst[:0], frame)
	}
}

func BenchmarkDecode(b *testing.B) {
	payload, dst := sine(b, PCMU, -20), make([]int16, 0, 160)
	var d codec.Decoder = decoder{muLaw}
	for b.Loop() {
		dst, _ = d.Decode(dst[:0], payload)
	}
}

func BenchmarkLevel(b *testing.B) {
	payload := sine(b, PCMU, -20)
	m := PCMU.NewMeter()
	for b.Loop() {
		m.Level(payload)
	}
}
