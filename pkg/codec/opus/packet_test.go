package opus

import (
	"bytes"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/seed-f3cefc8c/focus/pkg/codec"
)

// RFC 6716 table 2, written out: the duration of a frame in samples at 48 kHz.
func TestFrameDurations(t *testing.T) {
	want := []int{
		480, 960, 1920, 2880, // SILK-only NB
		480, 960, 1920, 2880, // MB
		480, 960, 1920, 2880, // WB
		480, 960, // hybrid SWB
		480, 960, // FB
		120, 240, 480, 960, // CELT-only NB
		120, 240, 480, 960, // WB
		120, 240, 480, 960, // SWB
		120, 240, 480, 960, // FB
	}
	var got []int
	for config := range 32 {
		got = append(got, Opus.Duration([]byte{byte(config << 3)}))
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestDuration(t *testing.T) {
	for _, row := range []struct {
		name    string
		payload []byte
		want    int
	}{
		{"R1: at least one byte", nil, 0},
		{"one frame of 20 ms", []byte{1 << 3, 0}, 960},
		{"two equal", []byte{1<<3 | 1, 0, 0}, 1920},
		{"two of different size", []byte{1<<3 | 2, 1, 0, 0}, 1920},
		{"code 3 without a count", []byte{1<<3 | 3}, 0},
		{"code 3, no frames", []byte{1<<3 | 3, 0}, 0},
		{"code 3, 6 frames of 20 ms", []byte{1<<3 | 3, 6}, 5760},
		{"R5: 7 frames of 20 ms are 140 ms", []byte{1<<3 | 3, 7}, 0},
		{"48 frames of 2.5 ms", []byte{16<<3 | 3, 48}, 5760},
		{"49 frames of 2.5 ms", []byte{16<<3 | 3, 49}, 0},
		{"the padding and VBR bits do not count", []byte{1<<3 | 3, 0xc0 | 3}, 2880},
	} {
		if got := Opus.Duration(row.payload); got != row.want {
			t.Errorf("%s: %x lasts %d, want %d", row.name, row.payload, got, row.want)
		}
	}
}

// The framings of RFC 6716 section 3.2 and what section 3.4 calls malformed.
func TestParse(t *testing.T) {
	long := bytes.Repeat([]byte{7}, 300)
	for _, row := range []struct {
		name    string
		payload []byte
		want    [][]byte // nil: malformed
	}{
		{"code 0", []byte{8, 1, 2}, [][]byte{{1, 2}}},
		{"code 0, no frame (DTX)", []byte{8}, [][]byte{{}}},
		{"R2: frame of 1276 bytes", append([]byte{8}, make([]byte, 1276)...), nil},
		{"code 1", []byte{9, 1, 2}, [][]byte{{1}, {2}}},
		{"R3: code 1 of odd length", []byte{9, 1, 2, 3}, nil},
		{"code 2", []byte{10, 1, 1, 2, 3}, [][]byte{{1}, {2, 3}}},
		{"code 2, long first frame", append([]byte{10, 252, 12}, append(long, 9)...), [][]byte{long, {9}}},
		{"R4: code 2 cut off in the length", []byte{10, 252}, nil},
		{"R4: code 2, length beyond the end", []byte{10, 5, 1}, nil},
		{"R4: code 2 without a length", []byte{10}, nil},
		{"code 3, CBR", []byte{11, 3, 1, 2, 3}, [][]byte{{1}, {2}, {3}}},
		{"R6: code 3, not a multiple", []byte{11, 2, 1, 2, 3}, nil},
		{"code 3, VBR", []byte{11, 0x83, 1, 0, 5, 6, 7}, [][]byte{{5}, {}, {6, 7}}},
		{"R7: code 3, VBR, too long", []byte{11, 0x82, 9, 5}, nil},
		{"code 3, padding", []byte{11, 0x41, 2, 5, 0, 0}, [][]byte{{5}}},
		{"code 3, long padding", append([]byte{11, 0x41, 255, 1, 5}, make([]byte, 255)...), [][]byte{{5}}},
		{"R6: more padding than packet", []byte{11, 0x41, 3, 5, 0}, nil},
		{"R6: padding without end", []byte{11, 0x41, 255, 255}, nil},
	} {
		var p packet
		err := p.parse(row.payload)
		if row.want == nil {
			if err == nil {
				t.Errorf("%s: read as %d frames", row.name, p.count)
			}
			continue
		}
		if err != nil {
			t.Errorf("%s: %v", row.name, err)
			continue
		}
		if diff := cmp.Diff(row.want, p.frames[:p.count]); diff != "" {
			t.Errorf("%s (-want +got):\n%s", row.name, diff)
		}
	}
}

// RFC 6716 section 4.2.3: for each channel one voice flag per SILK frame, then
// the LBRR flag. Section 4.2.2: 10 and 20 ms have one SILK frame, 40 two, 60 three.
func TestSilkFlags(t *testing.T) {
	const stereo = 4
	for _, row := range []struct {
		name              string
		toc               toc
		first             byte
		voice, redundancy bool
	}{
		{"20 ms, nothing", 1 << 3, 0b00111111, false, false},
		{"20 ms, voice", 1 << 3, 0b10111111, true, false},
		{"20 ms, redundancy", 1 << 3, 0b01000000, false, true},
		{"10 ms, voice", 0 << 3, 0b10000000, true, false},
		{"40 ms, voice in the second", 2 << 3, 0b01000000, true, false},
		{"40 ms, redundancy", 2 << 3, 0b00111111, false, true},
		{"60 ms, voice in the third", 3 << 3, 0b00100000, true, false},
		{"60 ms, redundancy", 3 << 3, 0b00011111, false, true},
		{"60 ms, nothing", 3 << 3, 0b00001111, false, false},
		{"20 ms stereo, voice at the side", 1<<3 | stereo, 0b00101111, true, false},
		{"20 ms stereo, redundancy at the side", 1<<3 | stereo, 0b00011111, false, true},
		{"60 ms stereo, voice at the side", 3<<3 | stereo, 0b00000010, true, false},
		{"60 ms stereo, redundancy at the side", 3<<3 | stereo, 0b00000001, false, true},
		{"hybrid 20 ms, voice", 15 << 3, 0b10000000, true, false},
		{"CELT-only has none", 31 << 3, 0b11111111, false, false},
	} {
		voice, redundancy := row.toc.silkFlags([]byte{row.first})
		if voice != row.voice || redundancy != row.redundancy {
			t.Errorf("%s: %v, %v, want %v, %v", row.name, voice, redundancy, row.voice, row.redundancy)
		}
	}
}

func TestLevelOfOddPayloads(t *testing.T) {
	for _, row := range []struct {
		name    string
		payload []byte
		level   int
		voice   codec.Voice
	}{
		{"empty", nil, codec.Silence, codec.VoiceUnknown},
		{"malformed", []byte{9, 1, 2, 3}, codec.Silence, codec.VoiceUnknown},
		{"DTX", []byte{8}, codec.Silence, codec.VoiceNo},
		{"DTX of libopus 1.4", []byte{8, 0}, codec.Silence, codec.VoiceNo},
		{"CELT-only, silence", []byte{31 << 3, 255, 255, 255}, codec.Silence, codec.VoiceUnknown},
	} {
		if level, voice := Opus.NewMeter().Level(row.payload); level != row.level || voice != row.voice {
			t.Errorf("%s: %d, %v, want %d, %v", row.name, level, voice, row.level, row.voice)
		}
	}
}
