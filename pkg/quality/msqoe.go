package quality

import (
	"math"
	"net/netip"
	"strconv"
	"time"

	"github.com/seed-f3cefc8c/focus/pkg/strictxml"
)

// xmlNamespace is that of [MS-QoE].
const xmlNamespace = "ms-rtcp-metrics"

const audioLabel = "main-audio"

// AppendXML appends the report as a VQReportEvent of [MS-QoE] 2.2.1, with one MediaLine.
func (r *Report) AppendXML(dst []byte) []byte {
	w := strictxml.NewWriter(dst)
	w.Declaration()
	w.Start("VQReportEvent")
	w.Attr("xmlns", xmlNamespace)
	w.Attr("Version", "2.0")
	root := "VQSessionReport"
	if r.Interval {
		root = "VQSessionIntervalReport"
	}
	w.Start(root)
	w.Attr("SessionId", r.CallID+";"+r.fromTag()+";"+r.toTag())
	w.Start("Endpoint")
	w.Attr("Name", "focus")
	w.End("Endpoint")
	r.appendDialog(&w)
	r.appendMediaLine(&w)
	w.End(root)
	w.End("VQReportEvent")
	return w.Bytes()
}

func (r *Report) appendDialog(w *strictxml.Writer) {
	from, to := r.RemoteID, r.LocalID
	if r.Outgoing {
		from, to = to, from
	}
	w.Start("DialogInfo")
	w.Attr("CallId", r.CallID)
	w.Attr("FromTag", r.fromTag())
	w.Attr("ToTag", r.toTag())
	w.Attr("Start", r.Start.UTC().Format(time.RFC3339))
	w.Attr("End", r.Stop.UTC().Format(time.RFC3339))
	w.Leaf("FromURI", from)
	w.Leaf("ToURI", to)
	w.BoolLeaf("Caller", r.Outgoing)
	w.OptLeaf("RemoteUserAgent", r.Agent)
	w.Leaf("LocalPAI", r.LocalID)
	w.OptLeaf("ConfURI", r.Conference)
	w.End("DialogInfo")
}

func (r *Report) appendMediaLine(w *strictxml.Writer) {
	w.Start("MediaLine")
	w.Attr("Label", audioLabel)
	w.Start("Description")
	w.OptLeaf("Security", r.Protection)
	w.Leaf("Transport", "UDP")
	appendAddr(w, "LocalAddr", r.LocalAddr)
	appendAddr(w, "RemoteAddr", r.RemoteAddr)
	w.End("Description")
	r.appendStream(w, "InboundStream", r.Local)
	r.appendStream(w, "OutboundStream", r.Remote)
	if r.Local != nil {
		optDecimal(w, "LocalConversationalMOS", r.Local.MOSCQ)
	}
	if r.Remote != nil {
		optDecimal(w, "RemoteConversationalMOS", r.Remote.MOSCQ)
	}
	w.End("MediaLine")
}

func appendAddr(w *strictxml.Writer, name string, addr netip.AddrPort) {
	if !addr.IsValid() {
		return
	}
	w.Start(name)
	w.Leaf("IPAddr", addr.Addr().Unmap().WithZone("").String())
	w.IntLeaf("Port", int64(addr.Port()))
	w.End(name)
}

func (r *Report) appendStream(w *strictxml.Writer, name string, m *Metrics) {
	if m == nil {
		return
	}
	w.Start(name)
	w.Attr("Id", strconv.FormatUint(uint64(m.SSRC), 10))
	appendNetwork(w, m)
	w.Start("Payload")
	w.Start("Audio")
	r.Codec.appendXML(w, m)
	w.End("Audio")
	w.End("Payload")
	if m.MOSLQ != 0 {
		w.Start("QualityEstimates")
		w.Start("Audio")
		w.Start("NetworkMOS")
		decimal(w, "OverallAvg", m.MOSLQ)
		decimal(w, "DegradationAvg", max(0, MOS(bestR)-m.MOSLQ))
		w.End("NetworkMOS")
		w.End("Audio")
		w.End("QualityEstimates")
	}
	w.End(name)
}

func appendNetwork(w *strictxml.Writer, m *Metrics) {
	w.Start("Network")
	w.Start("Jitter")
	decimal(w, "InterArrival", m.Jitter)
	optDecimal(w, "InterArrivalMax", m.MaxJitter)
	w.End("Jitter")
	w.Start("PacketLoss")
	decimal(w, "LossRate", m.LossRate)
	w.End("PacketLoss")
	if m.Gmin != 0 {
		w.Start("BurstGapLoss")
		decimal(w, "BurstDensity", m.BurstDensity)
		decimal(w, "BurstDuration", m.BurstDuration)
		decimal(w, "GapDensity", m.GapDensity)
		decimal(w, "GapDuration", m.GapDuration)
		w.End("BurstGapLoss")
	}
	if m.RoundTrip != 0 {
		w.Start("Delay")
		decimal(w, "RoundTrip", m.RoundTrip)
		w.End("Delay")
	}
	w.Start("Utilization")
	w.IntLeaf("Packets", int64(m.Packets))
	w.End("Utilization")
	w.End("Network")
}

func (c *Codec) appendXML(w *strictxml.Writer, m *Metrics) {
	w.IntLeaf("PayloadType", int64(c.PayloadType))
	w.OptLeaf("PayloadDescription", c.Name)
	if c.Rate != 0 {
		w.IntLeaf("SampleRate", int64(c.Rate))
	}
	if m.Signal != 0 || m.Noise != 0 {
		w.Start("Signal")
		optInt(w, "SignalLevel", m.Signal)
		optInt(w, "NoiseLevel", m.Noise)
		w.End("Signal")
	}
}

func decimal(w *strictxml.Writer, name string, value float64) {
	w.Leaf(name, strconv.FormatFloat(math.Round(value*1e4)/1e4, 'f', -1, 64))
}

func optDecimal(w *strictxml.Writer, name string, value float64) {
	if value != 0 {
		decimal(w, name, value)
	}
}

func optInt(w *strictxml.Writer, name string, value int) {
	if value != 0 {
		w.IntLeaf(name, int64(value))
	}
}
