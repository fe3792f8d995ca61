package recorder

import (
	"bytes"
	"encoding/hex"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// bitwiseChecksum is Ogg's CRC one bit at a time, as long division: the slow model of checksum.
func bitwiseChecksum(b []byte) uint32 {
	var crc uint32
	for _, v := range b {
		for bit := 7; bit >= 0; bit-- {
			top := crc>>31 ^ uint32(v>>bit&1)
			crc <<= 1
			if top == 1 {
				crc ^= 0x04c11db7
			}
		}
	}
	return crc
}

func TestChecksumIsLongDivision(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for n := range 300 {
		b := make([]byte, n)
		for i := range b {
			b[i] = byte(r.Uint32())
		}
		if got, want := checksum(b), bitwiseChecksum(b); got != want {
			t.Fatalf("checksum of %x: %08x, want %08x", b, got, want)
		}
	}
}

// The bytes on the page, written out once by hand from RFC 3533 section 6 and RFC 7845 section 5.1.
func TestHeaderPageBytes(t *testing.T) {
	var b bytes.Buffer
	if _, err := newOggOpus(&b, 0x01020304, 1, 312, 48000, []string{"TITLE=standup"}); err != nil {
		t.Fatal(err)
	}
	golden := "4f676753" + "00" + "02" + "0000000000000000" + "04030201" + "00000000" + "CRC00000" + "01" + "13" +
		"4f70757348656164" + "01" + "01" + "3801" + "80bb0000" + "0000" + "00" +
		"4f676753" + "00" + "00" + "0000000000000000" + "04030201" + "01000000" + "CRC11111" + "01" + "26" +
		"4f70757354616773" + "05000000" + "666f637573" + "01000000" + "0d000000" + "5449544c453d7374616e647570"
	got := hex.EncodeToString(b.Bytes())
	for _, at := range []int{22, 28 + 19 + 22} {
		golden = golden[:2*at] + got[2*at:2*at+8] + golden[2*at+8:]
	}
	if got != golden {
		t.Errorf("header pages:\n got %s\nwant %s", got, golden)
	}
	for rest := b.Bytes(); len(rest) > 0; {
		p, err := parsePage(rest)
		if err != nil {
			t.Fatal(err)
		}
		raw := bytes.Clone(rest[:p.size()])
		sum := uint32(raw[22]) | uint32(raw[23])<<8 | uint32(raw[24])<<16 | uint32(raw[25])<<24
		copy(raw[22:26], []byte{0, 0, 0, 0})
		if want := bitwiseChecksum(raw); sum != want {
			t.Errorf("page %d carries checksum %08x, want %08x", p.sequence, sum, want)
		}
		rest = rest[p.size():]
	}
}

func TestPacketsComeBackAsWritten(t *testing.T) {
	var b bytes.Buffer
	o, err := newOggOpus(&b, 7, 1, 312, 48000, nil)
	if err != nil {
		t.Fatal(err)
	}
	var want [][]byte
	r := rand.New(rand.NewPCG(3, 4))
	for _, n := range append([]int{0, 1, 254, 255, 256, 509, 510, 511, maxPacket}, r.Perm(700)...) {
		p := bytes.Repeat([]byte{byte(n)}, n)
		if err := o.packet(p, 960); err != nil {
			t.Fatal(err)
		}
		want = append(want, p)
	}
	if err := o.flush(); err != nil {
		t.Fatal(err)
	}
	got, s := readOgg(t, b.Bytes())
	if !equal(got, want) {
		t.Errorf("%d packets read, %d written, or they differ", len(got), len(want))
	}
	if s.granule != int64(len(want))*960 || s.end != int64(b.Len()) || s.preSkip != 312 {
		t.Errorf("summary %+v of %d bytes, %d packets", s, b.Len(), len(want))
	}
}

func TestOnePageASecond(t *testing.T) {
	var b bytes.Buffer
	o, err := newOggOpus(&b, 7, 1, 312, 48000, nil)
	if err != nil {
		t.Fatal(err)
	}
	for i := range 500 {
		if err := o.packet([]byte{0xf8, byte(i)}, 960); err != nil {
			t.Fatal(err)
		}
	}
	if _, s := readOgg(t, b.Bytes()); s.audio != 10 || s.granule != 10*clockRate {
		t.Errorf("10 s are %d pages up to granule %d, want 10 up to 480000", s.audio, s.granule)
	}
}

// readOgg returns the packets and the summary of an Ogg/Opus file.
func readOgg(t testing.TB, b []byte) ([][]byte, oggSummary) {
	t.Helper()
	s, err := scanOgg(bytes.NewReader(b))
	if err != nil {
		t.Fatalf("scanning: %v", err)
	}
	var packets [][]byte
	for rest := b[:s.end]; len(rest) > 0; {
		p, err := parsePage(rest)
		if err != nil {
			t.Fatal(err)
		}
		if p.sequence >= 2 {
			p.packets(func(b []byte) { packets = append(packets, append([]byte{}, b...)) })
		}
		rest = rest[p.size():]
	}
	return packets, s
}

func TestEndStreamTrims(t *testing.T) {
	name := filepath.Join(t.TempDir(), "x.opus")
	f, err := os.Create(name)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	o, err := newOggOpus(f, 7, 1, 312, 48000, nil)
	if err != nil {
		t.Fatal(err)
	}
	for range 60 {
		if err := o.packet([]byte{0xf8, 0xff, 0xfe}, 960); err != nil {
			t.Fatal(err)
		}
	}
	if err := o.flush(); err != nil {
		t.Fatal(err)
	}
	if err := endStream(f, o.last, 312+59*960); err != nil {
		t.Fatal(err)
	}
	b, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	if _, s := readOgg(t, b); !s.ended || s.length() != 59*960 {
		t.Errorf("ended %v, length %d; want the end of stream at 59 packets", s.ended, s.length())
	}
}

func FuzzScanOgg(f *testing.F) {
	var b bytes.Buffer
	o, _ := newOggOpus(&b, 7, 2, 312, 48000, []string{"TITLE=x", "PARTICIPANT=alice"})
	for range 120 {
		_ = o.packet([]byte{0xf8, 0xff, 0xfe}, 960)
	}
	f.Add(b.Bytes())
	f.Add(b.Bytes()[:b.Len()-5])
	f.Fuzz(func(t *testing.T, b []byte) {
		s, err := scanOgg(bytes.NewReader(b))
		if err != nil {
			return
		}
		if s.end > int64(len(b)) || s.last >= s.end || s.granule < 0 {
			t.Errorf("summary %+v of %d bytes", s, len(b))
		}
		if again, err := scanOgg(io.LimitReader(bytes.NewReader(b), s.end)); err != nil || !cmp.Equal(s, again, cmp.AllowUnexported(s)) {
			t.Errorf("the part found whole reads %+v, %v; want %+v", again, err, s)
		}
	})
}
