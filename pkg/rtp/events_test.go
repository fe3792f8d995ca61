package rtp

import (
	"encoding/binary"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/seed-f3cefc8c/focus/internal/testdata"
)

func eventPacket(at uint32, marker bool, payload ...byte) *Packet {
	p := &Packet{Payload: payload}
	p.Header.Timestamp, p.Header.Marker = at, marker
	return p
}

// received feeds packets and returns the digits that came out.
func received(e *Events, packets ...*Packet) string {
	var out []byte
	for _, p := range packets {
		if d, ok, _ := e.Receive(p); ok {
			out = append(out, d.Digit)
		}
	}
	return string(out)
}

func TestEachDigitOnce(t *testing.T) {
	press := func(at uint32, code byte) []*Packet {
		var p []*Packet
		for i := range 5 {
			p = append(p, eventPacket(at, i == 0, code, 10, 0, byte(160*(i+1)>>3)))
		}
		return append(p, eventPacket(at, false, code, 0x8a, 3, 0x20), eventPacket(at, false, code, 0x8a, 3, 0x20), eventPacket(at, false, code, 0x8a, 3, 0x20))
	}
	one, two := press(1000, 1), press(3000, 2)
	tests := []struct {
		name    string
		packets []*Packet
		want    string
	}{
		{"whole", one, "1"},
		{"only the last end packet arrives", one[7:], "1"},
		{"the first is lost", one[1:], "1"},
		{"no end", one[:5], "1"},
		{"each twice", append(append([]*Packet{}, one...), one...), "1"},
		{"two digits", append(append([]*Packet{}, one...), two...), "12"},
		{"an end packet of the first behind the second", append(append(append([]*Packet{}, one[:6]...), two...), one[7], two[7]), "12"},
		{"the same digit twice", append(append([]*Packet{}, one...), press(3000, 1)...), "11"},
		{"a digit that time stamps say is older, after a restart", append(append([]*Packet{}, two...), press(7, 1)...), "21"},
		{"event 17 is no digit", []*Packet{eventPacket(5, true, 17, 0, 0, 0)}, ""},
		{"flash", []*Packet{eventPacket(5, true, 16, 0, 0, 0)}, "!"},
		{"cut short", []*Packet{eventPacket(5, true, 1, 0, 0)}, ""},
	}
	for _, tt := range tests {
		if got := received(&Events{}, tt.packets...); got != tt.want {
			t.Errorf("%s: %q, want %q", tt.name, got, tt.want)
		}
	}
}

// RFC 4733 §2.5.1.3: an event longer than 0xffff is sent in segments, each with its own time stamp.
func TestLongDigitIsOneDigit(t *testing.T) {
	var e Events
	segment := func(at uint32, marker bool) *Packet { return eventPacket(at, marker, 5, 10, 0xff, 0xff) }
	if got := received(&e, segment(100, true), segment(100+0xffff, false), segment(100+2*0xffff, false)); got != "5" {
		t.Errorf("%q, want one digit", got)
	}
}

func TestManyDigits(t *testing.T) {
	var e Events
	for n := range uint32(1000) {
		if got := received(&e, eventPacket(n*1600, true, byte(n%16), 10, 0, 160), eventPacket(n*1600, false, byte(n%16), 0x8a, 1, 160)); got != digits[n%16:n%16+1] {
			t.Fatalf("digit %d: %q", n, got)
		}
	}
}

// What the sender says, the receiver hears; the wire form is pinned.
func TestEventSender(t *testing.T) {
	var s EventSender
	var e Events
	var got string
	if !s.Start('#', -10, 60*time.Millisecond, 8000) {
		t.Fatal("no # key")
	}
	want := []string{"0b0a00a0", "0b0a0140", "0b8a01e0", "0b8a01e0", "0b8a01e0"}
	for i := 0; s.Active(); i++ {
		payload, marker, _ := s.Next(nil, 160)
		if string(payload) != string(unhex(t, want[i])) || marker != (i == 0) {
			t.Errorf("packet %d: %x marker %v, want %s", i, payload, marker, want[i])
		}
		got += received(&e, eventPacket(77, marker, payload...))
	}
	if got != "#" {
		t.Errorf("received %q", got)
	}
	if s.Start('x', 0, time.Second, 8000) {
		t.Error("an x key")
	}
}

// readPCAP returns the UDP payloads of a little-endian Ethernet or Linux cooked capture of IPv4.
func readPCAP(t *testing.T, name string) (payloads [][]byte) {
	t.Helper()
	b, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	const fileHeader, recordHeader = 24, 16
	link := map[uint32]int{1: 14, 113: 16, 101: 0}[binary.LittleEndian.Uint32(b[20:])]
	for b = b[fileHeader:]; len(b) >= recordHeader; {
		n := int(binary.LittleEndian.Uint32(b[8:]))
		ip := b[recordHeader : recordHeader+n][link:]
		payloads = append(payloads, ip[4*int(ip[0]&15)+8:])
		b = b[recordHeader+n:]
	}
	return payloads
}

func TestCapturedDigits(t *testing.T) {
	files, _ := filepath.Glob(filepath.Join(testdata.Dir(t, "dtmf-rfc4733"), "*.pcap"))
	if len(files) == 0 {
		t.Fatal("no captures")
	}
	for _, file := range files {
		want := map[string]string{"star": "*"}[filepath.Base(file)[len("dtmf_2833_"):len(filepath.Base(file))-len(".pcap")]]
		if want == "" {
			want = filepath.Base(file)[len("dtmf_2833_") : len("dtmf_2833_")+1]
		}
		var packets []*Packet
		for _, b := range readPCAP(t, file) {
			p := &Packet{}
			if err := p.Parse(b); err != nil {
				t.Fatalf("%s: %v", file, err)
			}
			packets = append(packets, p)
		}
		for lost := range packets { // the whole, and with any beginning lost, all doubled
			var sent []*Packet
			for _, p := range packets[lost:] {
				sent = append(sent, p, p)
			}
			if got := received(&Events{}, sent...); got != want {
				t.Errorf("%s without its first %d packets: %q, want %q", filepath.Base(file), lost, got, want)
			}
		}
	}
}

func TestComfortNoiseLevel(t *testing.T) {
	if got, ok := ComfortNoiseLevel([]byte{0x41, 3, 4}); got != -65 || !ok {
		t.Errorf("%d %v", got, ok)
	}
	for _, bad := range [][]byte{nil, {0x80}} {
		if _, ok := ComfortNoiseLevel(bad); ok {
			t.Errorf("%x has a level", bad)
		}
	}
}

func FuzzEvents(f *testing.F) {
	f.Add(uint32(1), true, []byte{1, 0x8a, 0, 160})
	f.Fuzz(func(t *testing.T, at uint32, marker bool, payload []byte) {
		var e Events
		p := eventPacket(at, marker, payload...)
		first, again := received(&e, p), received(&e, p)
		if again != "" || len(first) > 1 {
			t.Fatalf("%q, then %q", first, again)
		}
	})
}
