package quality

import (
	"encoding/json"
	"flag"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

var update = flag.Bool("update", false, "write the golden files")

func sample() *Report {
	start := time.Date(2026, 3, 4, 5, 6, 7, 0, time.UTC)
	r := &Report{
		Conference: "sip:olivia@example.com;gruu;opaque=app:conf:focus:id:ABC", CallID: "6dg37f@192.0.2.10", LocalTag: "8472761", RemoteTag: "9123dh311",
		LocalID: "sip:conf-ABC@example.com", RemoteID: "sip:alice@example.com", Agent: "phone & co", Reason: "left",
		LocalAddr: netip.MustParseAddrPort("198.51.100.1:20000"), RemoteAddr: netip.MustParseAddrPort("[2001:db8::7]:4000"),
		Start: start, Stop: start.Add(139 * time.Second),
		Codec: Codec{PayloadType: 111, Name: "opus", Rate: 48000, FrameDuration: 20, FramesPerPacket: 1, PacketsPerSecond: 50, FMTP: `useinbandfec=1`, Concealment: 2},
		Local: &Metrics{
			SSRC: 0x1a3b5c7d, Packets: 6600, Lost: 330, Discarded: 20, LossRate: 0.047, DiscardRate: 0.003, BurstDensity: 0.4, GapDensity: 0.02,
			BurstDuration: 260, GapDuration: 9100, BurstRatio: 1.3, Gmin: 16, Jitter: 7, MaxJitter: 21, RoundTrip: 60, EndSystem: 85,
			BufferNominal: 45, BufferMaximum: 100, BufferAbsolute: 240, BufferAdaptive: true, Concealed: 0.05, Recovered: 0.5, Signal: -21, Noise: -64,
		},
		Remote: &Metrics{SSRC: 0x2468abcd, Packets: 6950, Lost: 7, LossRate: 0.001, Jitter: 3, RoundTrip: 60},
	}
	r.Local.Estimate(r.Codec.Name)
	r.Remote.Estimate(r.Codec.Name)
	return r
}

func TestGolden(t *testing.T) {
	r := sample()
	bare := &Report{Interval: true, CallID: "a\r\nVQSessionReport: x", LocalID: "sip:a@b", RemoteID: "sip:c@d", Outgoing: true, Start: r.Start, Stop: r.Start, Local: &Metrics{}}
	asJSON, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	for name, got := range map[string][]byte{
		"session.txt": r.AppendText(nil), "session.json": append(asJSON, '\n'), "session.xml": r.AppendXML(nil),
		"interval.txt": bare.AppendText(nil), "interval.xml": bare.AppendXML(nil),
	} {
		file := filepath.Join("testdata", name)
		if *update {
			if err := os.WriteFile(file, got, 0o644); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(string(want), string(got)); d != "" {
			t.Errorf("%s: %s", name, d)
		}
	}
}

// about compares what the forms round off.
var about = cmp.Options{
	cmpopts.EquateApprox(0, 0.5), cmpopts.EquateComparable(netip.AddrPort{}), cmpopts.EquateEmpty(),
	cmpopts.IgnoreFields(Metrics{}, "Packets", "Lost", "Discarded", "Concealed", "Recovered", "BurstRatio"),
	cmpopts.IgnoreFields(Report{}, "Conference", "Agent", "Reason"),
}

func TestTextIsReadBack(t *testing.T) {
	want := sample()
	got, err := ParseText(want.AppendText(nil))
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(want, got, about); d != "" {
		t.Error(d)
	}
	t.Log("# the same call, seen by who has called")
	want.Outgoing = true
	if got, err = ParseText(want.AppendText(nil)); err != nil || got.LocalTag != want.LocalTag || !got.Outgoing {
		t.Errorf("%+v, %v", got, err)
	}
}

func TestXMLIsReadBack(t *testing.T) {
	want := sample()
	got, err := ParseXML(want.AppendXML(nil))
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(want, got, about, cmpopts.IgnoreFields(Codec{}, "FrameDuration", "FrameOctets", "FramesPerPacket", "PacketsPerSecond", "FMTP", "Concealment"),
		cmpopts.IgnoreFields(Metrics{}, "DiscardRate", "EndSystem", "BufferNominal", "BufferMaximum", "BufferAbsolute", "BufferAdaptive", "R", "RLQ")); d != "" {
		t.Error(d)
	}
}

// TestOfOthers reads what a telephone writes: no spaces after colons, the metrics before the call, a few values only.
func TestOfOthers(t *testing.T) {
	got, err := ParseText([]byte(strings.ReplaceAll(`VQSessionReport: CallTerm
LocalMetrics:
Timestamps:START=2015-02-23T02:35:01Z STOP=2015-02-23T02:35:46Z
SessionDesc:PT=9 PPS=50 PLC=1 SSUP=off
CallID:3296@192.0.2.21
LocalAddr:IP=192.0.2.21 PORT=11784 SSRC=0x1a2a9c52
RemoteAddr:IP=192.0.2.7 PORT=27210 SSRC=0xce2256d2
JitterBuffer:JBA=2 JBR=15 JBN=40 JBM=40 JBX=240
BurstGapLoss:BLD=0.7 BD=60 GLD=0.0 GD=30000 GMIN=16
X-Own:FOO="a b" BAR
Signal:SL=-21 NL=-64 RERL=127
QualityEst:RCQ=92 EXTRI=127 MOSLQ=3.8 MOSCQ=NaN
DialogID:3296@192.0.2.21;to-tag=55cU;from-tag=2606`, "\n", "\r\n")))
	if err != nil {
		t.Fatal(err)
	}
	m := got.Local
	if got.CallID != "3296@192.0.2.21" || m.SSRC != 0xce2256d2 || m.BufferNominal != 40 || m.BurstDuration != 60 || m.R != 92 || m.MOSCQ != 0 || got.RemoteTag != "2606" {
		t.Errorf("%+v %+v", got, m)
	}
}

func TestReportsThatMakeNoSense(t *testing.T) {
	for _, text := range []string{"", "VQAlertReport: x\r\n", "VQSessionReport\r\nCallID: a\r\n", "VQSessionReport\nCallID:\x10\nLocalMetrics:", "VQSessionReport\r\nLocalMetrics:\r\n", strings.Repeat("x", MaxReport+1)} {
		if r, err := ParseText([]byte(text)); err == nil {
			t.Errorf("%.40q is read: %+v", text, r)
		}
	}
	for _, text := range []string{"", "<a/>", `<VQReportEvent xmlns="ms-rtcp-metrics"/>`, `<VQReportEvent xmlns="ms-rtcp-metrics"><VQSessionReport SessionId="a"/></VQReportEvent>`} {
		if r, err := ParseXML([]byte(text)); err == nil {
			t.Errorf("%.40q is read: %+v", text, r)
		}
	}
}

func FuzzParseText(f *testing.F) {
	f.Add(sample().AppendText(nil))
	f.Fuzz(func(t *testing.T, data []byte) {
		r, err := ParseText(data)
		if err != nil {
			return
		}
		if _, err := ParseText(r.AppendText(nil)); err != nil {
			t.Fatalf("not read back: %v", err)
		}
	})
}

func FuzzParseXML(f *testing.F) {
	f.Add(sample().AppendXML(nil))
	f.Fuzz(func(t *testing.T, data []byte) {
		r, err := ParseXML(data)
		if err != nil {
			return
		}
		if _, err := ParseXML(r.AppendXML(nil)); err != nil {
			t.Fatalf("not read back: %v", err)
		}
	})
}
