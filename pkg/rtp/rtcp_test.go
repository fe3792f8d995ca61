package rtp

import (
	"errors"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/pion/rtcp"
)

var reports = []*Compound{
	{SSRC: 1, CNAME: "a"},
	{SSRC: 1, CNAME: "alice@192.0.2.1", Blocks: []rtcp.ReceptionReport{{SSRC: 2, FractionLost: 3, TotalLost: 0xfffffe, LastSequenceNumber: 5, Jitter: 6, LastSenderReport: 7, Delay: 8}}},
	{SSRC: 1, CNAME: "ab", Sender: &SenderInfo{NTP: 1 << 60, Timestamp: 3, Packets: 4, Octets: 5}},
	{SSRC: 1, CNAME: "abc", Bye: []uint32{1}},
	{SSRC: 1, CNAME: strings.Repeat("x", 255), Bye: []uint32{1, 2}, Reason: "conference over"},
}

func TestCompoundIsReadBackByUsAndByPion(t *testing.T) {
	for _, want := range reports {
		b, err := AppendCompound(nil, want)
		if err != nil {
			t.Fatal(err)
		}
		got, err := ParseCompound(b)
		if err != nil {
			t.Fatalf("%x: %v", b, err)
		}
		if d := cmp.Diff(want, got); d != "" {
			t.Error(d)
		}
		packets, err := rtcp.Unmarshal(b)
		if err != nil {
			t.Fatalf("pion does not read %x: %v", b, err)
		}
		if err := rtcp.CompoundPacket(packets).Validate(); err != nil {
			t.Errorf("%x: %v", b, err)
		}
	}
}

func TestCompoundBounds(t *testing.T) {
	for _, c := range []*Compound{
		{SSRC: 1}, // RFC 3550 §6.5: "An SDES packet containing a CNAME item MUST be included in each compound RTCP packet"
		{SSRC: 1, CNAME: strings.Repeat("x", 256)},
		{SSRC: 1, CNAME: "a", Blocks: make([]rtcp.ReceptionReport, 32)},
		{SSRC: 1, CNAME: "a", Bye: make([]uint32, 32)},
	} {
		if _, err := AppendCompound(nil, c); !errors.Is(err, ErrRTCP) {
			t.Errorf("built out of bounds: %v", err)
		}
	}
}

func TestCompoundInvalid(t *testing.T) {
	for name, packet := range map[string]string{
		"not RTCP":                     "80000001000000020000000300000004",
		"longer than the datagram":     "80c9000200000001",
		"trailing bytes":               "80c90001000000010000",
		"padding in the middle":        "a0c900020000000100000004" + "80c9000100000001",
		"padding beyond the packet":    "a0c9000100000008",
		"padding that is not words":    "a0c90002000000010000" + "0003",
		"report count beyond the end":  "81c9000100000001",
		"an SDES item beyond the end":  "81ca00020000000101ff6162",
		"more packets than make sense": strings.Repeat("80c9000100000001", 17),
	} {
		if c, err := ParseCompound(unhex(t, packet)); !errors.Is(err, ErrRTCP) {
			t.Errorf("%s: read as %+v", name, c)
		}
	}
	t.Log("# RFC 5506: a picture loss indication alone is legal, and nothing to us")
	if _, err := ParseCompound(unhex(t, "81ce00020000000100000002")); err != nil {
		t.Error(err)
	}
}

func TestCompoundDoesNotAllocate(t *testing.T) {
	buf := make([]byte, 0, 1500)
	if n := testing.AllocsPerRun(100, func() { AppendCompound(buf, reports[1]) }); n != 0 {
		t.Errorf("%v allocations a report", n)
	}
}

func TestScheduleVariesAroundFiveSeconds(t *testing.T) {
	s := NewSchedule(epoch, rand.New(rand.NewPCG(1, 2)))
	now, last := epoch, epoch
	var n int
	for ; now.Sub(epoch) < time.Hour; now = now.Add(20 * time.Millisecond) {
		if !s.Due(now) {
			continue
		}
		if d := now.Sub(last); n > 0 && (d < 2500*time.Millisecond || d > 7520*time.Millisecond) || n == 0 && d > 3760*time.Millisecond {
			t.Fatalf("report %d after %v", n, d)
		}
		last = now
		n++
	}
	if n < 700 || n > 740 {
		t.Errorf("%d reports an hour, want about 720", n)
	}
}

func FuzzParseCompound(f *testing.F) {
	for _, c := range reports {
		b, _ := AppendCompound(nil, c)
		f.Add(b)
	}
	b, _ := AppendCompound(nil, &extended)
	f.Add(b)
	f.Fuzz(func(t *testing.T, b []byte) {
		c, err := ParseCompound(b)
		if err != nil || len(c.Blocks) > MaxReports || len(c.Bye) > MaxReports || c.CNAME == "" || len(c.CNAME) > 255 || len(c.Reason) > 255 || !c.fits() {
			return
		}
		c.XR.Summaries = nil // never sent
		out, err := AppendCompound(nil, c)
		if err != nil {
			t.Fatal(err)
		}
		if back, err := ParseCompound(out); err != nil || !cmp.Equal(c, back) {
			t.Fatalf("%x came back as %x: %v", b, out, err)
		}
	})
}
