package rtp

import (
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/pion/rtcp"
)

var metrics = VoIPMetrics{
	SSRC: 2, LossRate: 13, DiscardRate: 3, BurstDensity: 120, GapDensity: 4, BurstDuration: 340, GapDuration: 9000, RoundTrip: 61, EndSystem: 70,
	Signal: -21, Noise: -64, RERL: Unavailable, Gmin: DefaultGmin, RFactor: 82, ExternalR: Unavailable, MOSLQ: 41, MOSCQ: 40,
	Config: PLCStandard | BufferAdaptive, BufferNominal: 40, BufferMaximum: 80, BufferAbsoluteLimit: 240,
}

var extended = Compound{SSRC: 1, CNAME: "a", XR: ExtendedReport{
	Reference: 0xdeadbeefcafe, DLRR: []DLRR{{2, 3, 4}, {5, 6, 7}}, VoIP: []VoIPMetrics{metrics},
}}

func TestExtendedReportIsReadByPion(t *testing.T) {
	b, err := AppendCompound(nil, &extended)
	if err != nil {
		t.Fatal(err)
	}
	packets, err := rtcp.Unmarshal(b)
	if err != nil {
		t.Fatal(err)
	}
	xr, ok := packets[2].(*rtcp.ExtendedReport)
	if !ok {
		t.Fatalf("third packet is %T", packets[2])
	}
	want := &rtcp.VoIPMetricsReportBlock{
		SSRC: 2, LossRate: 13, DiscardRate: 3, BurstDensity: 120, GapDensity: 4, BurstDuration: 340, GapDuration: 9000, RoundTripDelay: 61,
		EndSystemDelay: 70, SignalLevel: 256 - 21, NoiseLevel: 256 - 64, RERL: 127, Gmin: 16, RFactor: 82, ExtRFactor: 127, MOSLQ: 41, MOSCQ: 40,
		RXConfig: 0xf0, JBNominal: 40, JBMaximum: 80, JBAbsMax: 240,
	}
	got := xr.Reports[2].(*rtcp.VoIPMetricsReportBlock)
	want.XRHeader = got.XRHeader
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
	if r := xr.Reports[0].(*rtcp.ReceiverReferenceTimeReportBlock).NTPTimestamp; r != extended.XR.Reference {
		t.Errorf("reference time %x", r)
	}
	if d := xr.Reports[1].(*rtcp.DLRRReportBlock).Reports; len(d) != 2 || d[1] != (rtcp.DLRRReport{SSRC: 5, LastRR: 6, DLRR: 7}) {
		t.Errorf("DLRR %v", d)
	}
}

func TestStatisticsSummaryAndUnknownBlocks(t *testing.T) {
	c, err := ParseCompound(unhex(t, "80cf0010"+"00000001"+
		"63000001"+"ffffffff"+ // a type of tomorrow
		"04000001"+"ffffffff"+ // a reference time that is too short
		"06e80009"+"00000002"+"00050009"+"00000001"+"00000002"+"00000003"+"00000004"+"00000005"+"00000006"+"01020304"+
		"01000000")) // loss RLE without chunks
	if err != nil {
		t.Fatal(err)
	}
	want := &Compound{SSRC: 1, XR: ExtendedReport{Summaries: []StatisticsSummary{{
		SSRC: 2, Begin: 5, End: 9, Lost: 1, Duplicate: 2, MinJitter: 3, MaxJitter: 4, MeanJitter: 5, DevJitter: 6,
		HasLost: true, HasDuplicate: true, HasJitter: true, HasTTL: true, MinTTLOrHL: 1, MaxTTLOrHL: 2, MeanTTLOrHL: 3, DevHops: 4,
	}}}}
	if d := cmp.Diff(want, c); d != "" {
		t.Error(d)
	}
	t.Log("# a block that is longer than its packet")
	if _, err := ParseCompound(unhex(t, "80cf0002"+"00000001"+"06000009")); !errors.Is(err, ErrRTCP) {
		t.Errorf("read: %v", err)
	}
}

func TestReducedSizePackets(t *testing.T) {
	c := Compound{SSRC: 1, Nacks: []Nack{{SSRC: 7, Packet: 100, Bitmask: 0x8001}, {SSRC: 7, Packet: 300}, {SSRC: 8, Packet: 5}}}
	b, err := AppendReduced(nil, &c)
	if err != nil {
		t.Fatal(err)
	}
	got, err := ParseCompound(b)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(&c, got); d != "" {
		t.Error(d)
	}
	packets, err := rtcp.Unmarshal(b)
	if err != nil || len(packets) != 2 {
		t.Fatalf("%d packets, %v", len(packets), err)
	}
	var asked []uint16
	c.Nacks[0].Each(func(seq uint16) { asked = append(asked, seq) })
	if d := cmp.Diff(packets[0].(*rtcp.TransportLayerNack).Nacks[0].PacketList(), asked); d != "" {
		t.Error(d)
	}
	if _, err := AppendReduced(nil, &Compound{Nacks: make([]Nack, 32)}); !errors.Is(err, ErrRTCP) {
		t.Errorf("built out of bounds: %v", err)
	}
}

// TestFeedbackOfBrowsers: their transport-wide feedback is padded by single bytes.
func TestFeedbackOfBrowsers(t *testing.T) {
	if _, err := ParseCompound(unhex(t, "afcd0005"+"00000001"+"00000002"+"00010001"+"00000100"+"20010001")); err != nil {
		t.Error(err)
	}
	if _, err := ParseCompound(unhex(t, "afcd0005"+"00000001"+"00000002"+"00010001"+"00000100"+"20010019")); err == nil {
		t.Error("padding longer than the packet is read")
	}
}

// TestWhatOCSSends: packets alone, texts that end with a null, a PRIV item without its prefix, and extensions behind the report blocks.
func TestWhatOCSSends(t *testing.T) {
	for name, row := range map[string]struct {
		packet string
		want   Compound
	}{
		"SDES alone":   {"81ca0003" + "00000001" + "01036162" + "00000000", Compound{SSRC: 0, CNAME: "ab"}},
		"SDES, PRIV":   {"81ca0004" + "00000001" + "0802ffff" + "01026162" + "00000000", Compound{CNAME: "ab"}},
		"BYE alone":    {"81cb0001" + "00000001", Compound{Bye: []uint32{1}}},
		"an empty SR":  {"80c80006" + "00000001" + "0000000000000002" + "00000003" + "00000004" + "00000005", Compound{SSRC: 1, Sender: &SenderInfo{2, 3, 4, 5}}},
		"RR, extended": {"81c9000d" + "00000001" + "00000002" + "03000004" + "00000005" + "00000006" + "00000007" + "00000008" + "0001000c" + "00000002" + "fffffffd" + "00090008" + "00000000" + "00060004", Compound{SSRC: 1, Blocks: []ReceptionReport{{SSRC: 2, FractionLost: 3, TotalLost: 4, LastSequenceNumber: 5, Jitter: 6, LastSenderReport: 7, Delay: 8}}}},
	} {
		c, err := ParseCompound(unhex(t, row.packet))
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if d := cmp.Diff(&row.want, c); d != "" {
			t.Errorf("%s: %s", name, d)
		}
	}
}
