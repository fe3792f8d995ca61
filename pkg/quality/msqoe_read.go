package quality

import (
	"fmt"
	"net/netip"
	"strconv"
	"strings"

	"github.com/seed-f3cefc8c/focus/pkg/strictxml"
)

// ErrRoot is a document that is no VQReportEvent at all.
var ErrRoot = fmt.Errorf("%w: the root element is not VQReportEvent", ErrReport)

// ParseXML reads the first report of a VQReportEvent ([MS-QoE] 2.2.1), and its first MediaLine. Elements that are not known are skipped, as the
// schema allows them everywhere.
func ParseXML(data []byte) (*Report, error) {
	if len(data) > MaxReport {
		return nil, ErrTooLong
	}
	root, err := strictxml.Parse(data)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrReport, err)
	}
	if !root.Is(xmlNamespace, "VQReportEvent") {
		return nil, ErrRoot
	}
	r := &Report{}
	session := root.Child(xmlNamespace, "VQSessionReport")
	if session == nil {
		session, r.Interval = root.Child(xmlNamespace, "VQSessionIntervalReport"), true
	}
	media := session.Child(xmlNamespace, "MediaLine")
	if media == nil {
		return nil, fmt.Errorf("%w: no MediaLine", ErrReport)
	}
	r.readDialog(session.Child(xmlNamespace, "DialogInfo"), session.Attr("", "SessionId"))
	r.readMediaLine(media)
	return r, nil
}

func (r *Report) readDialog(e *strictxml.Element, session string) {
	id := strings.SplitN(session, ";", 3)
	r.CallID = id[0]
	from, to := e.ChildText(xmlNamespace, "FromURI"), e.ChildText(xmlNamespace, "ToURI")
	r.Outgoing = e.ChildText(xmlNamespace, "Caller") == "true"
	r.LocalID, r.RemoteID = to, from
	if r.Outgoing {
		r.LocalID, r.RemoteID = from, to
	}
	if identity := e.ChildText(xmlNamespace, "LocalPAI"); identity != "" {
		r.LocalID = bare(identity)
	}
	if len(id) == 3 && r.Outgoing {
		r.LocalTag, r.RemoteTag = id[1], id[2]
	} else if len(id) == 3 {
		r.RemoteTag, r.LocalTag = id[1], id[2]
	}
	r.Start, r.Stop = timeOf(e.Attr("", "Start")), timeOf(e.Attr("", "End"))
	r.Agent, r.Conference = e.ChildText(xmlNamespace, "RemoteUserAgent"), e.ChildText(xmlNamespace, "ConfURI")
}

func (r *Report) readMediaLine(media *strictxml.Element) {
	description := media.Child(xmlNamespace, "Description")
	r.LocalAddr, r.RemoteAddr = readAddr(description.Child(xmlNamespace, "LocalAddr")), readAddr(description.Child(xmlNamespace, "RemoteAddr"))
	r.Local, r.Remote = r.readStream(media.Child(xmlNamespace, "InboundStream")), r.readStream(media.Child(xmlNamespace, "OutboundStream"))
	if r.Local != nil {
		r.Local.MOSCQ = number(media.ChildText(xmlNamespace, "LocalConversationalMOS"))
	}
	if r.Remote != nil {
		r.Remote.MOSCQ = number(media.ChildText(xmlNamespace, "RemoteConversationalMOS"))
	}
}

func readAddr(e *strictxml.Element) netip.AddrPort {
	addr, _ := addressOf(map[string]string{"IP": e.ChildText(xmlNamespace, "IPAddr"), "PORT": e.ChildText(xmlNamespace, "Port")})
	return addr
}

// path is the number in the element that the names lead to; 0 when there is none.
func path(e *strictxml.Element, names ...string) float64 {
	for _, name := range names {
		e = e.Child(xmlNamespace, name)
	}
	return number(e.Trimmed())
}

func (r *Report) readStream(e *strictxml.Element) *Metrics {
	if e == nil {
		return nil
	}
	ssrc, _ := strconv.ParseUint(e.Attr("", "Id"), 10, 32)
	n, audio := e.Child(xmlNamespace, "Network"), e.Child(xmlNamespace, "Payload").Child(xmlNamespace, "Audio")
	m := &Metrics{
		SSRC: uint32(ssrc), Packets: uint64(max(0, path(n, "Utilization", "Packets"))), LossRate: path(n, "PacketLoss", "LossRate"),
		Jitter: path(n, "Jitter", "InterArrival"), MaxJitter: path(n, "Jitter", "InterArrivalMax"), RoundTrip: path(n, "Delay", "RoundTrip"),
		Signal: int(path(audio, "Signal", "SignalLevel")), Noise: int(path(audio, "Signal", "NoiseLevel")),
		MOSLQ: path(e, "QualityEstimates", "Audio", "NetworkMOS", "OverallAvg"),
	}
	if bursts := n.Child(xmlNamespace, "BurstGapLoss"); bursts != nil {
		m.BurstDensity, m.BurstDuration, m.Gmin = path(bursts, "BurstDensity"), path(bursts, "BurstDuration"), 16
		m.GapDensity, m.GapDuration = path(bursts, "GapDensity"), path(bursts, "GapDuration")
	}
	if name := audio.ChildText(xmlNamespace, "PayloadDescription"); name != "" && r.Codec.Name == "" {
		r.Codec = Codec{PayloadType: uint8(min(max(path(audio, "PayloadType"), 0), 127)), Name: name, Rate: uint32(max(0, path(audio, "SampleRate")))}
	}
	return m
}
