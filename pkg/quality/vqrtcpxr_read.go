package quality

import (
	"errors"
	"fmt"
	"math"
	"net/netip"
	"strconv"
	"strings"
	"time"
)

// MaxReport bounds a report that is read, in bytes. [MS-QoE] takes 300 KB; what clients send has 10.
const MaxReport = 256 << 10

// ErrReport is a report that makes no sense.
var ErrReport = errors.New("quality: invalid report")

// ErrTooLong is a report beyond MaxReport.
var ErrTooLong = fmt.Errorf("%w: too long", ErrReport)

// ParseText reads a report as RFC 6035 §4.6.1 has it. Lines and values that are not known are skipped: they are extensions. So is what has the
// form of a number and is none.
func ParseText(data []byte) (*Report, error) {
	if len(data) > MaxReport {
		return nil, ErrTooLong
	}
	p := textReader{report: &Report{}}
	for i, line := range strings.Split(string(data), "\n") {
		name, value, ok := strings.Cut(strings.TrimRight(line, "\r"), ":")
		name, value = strings.TrimSpace(name), strings.TrimSpace(clean(value))
		if i == 0 {
			if err := p.first(name); err != nil {
				return nil, err
			}
		} else if ok {
			p.line(name, value)
		}
	}
	p.parties()
	if p.report.CallID == "" || p.report.Local == nil {
		return nil, fmt.Errorf("%w: no CallID or no LocalMetrics", ErrReport)
	}
	return p.report, nil
}

type textReader struct {
	report              *Report
	now                 *Metrics // those whose lines are being read; nil: none yet
	orig                string
	toTag, fromTag      string
	localSSRC, peerSSRC uint32
}

func (p *textReader) first(name string) error {
	switch name {
	case "VQIntervalReport":
		p.report.Interval = true
	case "VQSessionReport":
	default:
		return fmt.Errorf("%w: begins with %.40q", ErrReport, name)
	}
	return nil
}

func (p *textReader) line(name, value string) {
	r := p.report
	switch name {
	case "CallID":
		r.CallID = value
	case "LocalID":
		r.LocalID = bare(value)
	case "RemoteID":
		r.RemoteID = bare(value)
	case "OrigID":
		p.orig = bare(value)
	case "LocalAddr":
		r.LocalAddr, p.localSSRC = addressOf(values(value))
	case "RemoteAddr":
		r.RemoteAddr, p.peerSSRC = addressOf(values(value))
	case "LocalMetrics":
		r.Local = &Metrics{}
		p.now = r.Local
	case "RemoteMetrics":
		r.Remote = &Metrics{}
		p.now = r.Remote
	case "DialogID":
		for _, parameter := range strings.Split(value, ";") {
			key, tag, _ := strings.Cut(strings.TrimSpace(parameter), "=")
			switch key {
			case "to-tag":
				p.toTag = tag
			case "from-tag":
				p.fromTag = tag
			}
		}
	default:
		if p.now != nil {
			p.metric(name, values(value))
		}
	}
}

// parties decides who has called, and whose tag is whose.
func (p *textReader) parties() {
	r := p.report
	r.Outgoing = p.orig != "" && p.orig == r.LocalID && p.orig != r.RemoteID
	r.LocalTag, r.RemoteTag = p.toTag, p.fromTag
	if r.Outgoing {
		r.LocalTag, r.RemoteTag = p.fromTag, p.toTag
	}
	if r.Local != nil {
		r.Local.SSRC = p.peerSSRC
	}
	if r.Remote != nil {
		r.Remote.SSRC = p.localSSRC
	}
}

func (p *textReader) metric(name string, v map[string]string) {
	m, r := p.now, p.report
	switch name {
	case "Timestamps":
		r.Start, r.Stop = timeOf(v["START"]), timeOf(v["STOP"])
	case "SessionDesc":
		if m == r.Local {
			r.Codec = codecOf(v)
		}
	case "JitterBuffer":
		m.BufferAdaptive = v["JBA"] == "3"
		m.BufferNominal, m.BufferMaximum, m.BufferAbsolute = number(v["JBN"]), number(v["JBM"]), number(v["JBX"])
	case "PacketLoss":
		m.LossRate, m.DiscardRate = number(v["NLR"])/100, number(v["JDR"])/100
	case "BurstGapLoss":
		m.BurstDensity, m.GapDensity = number(v["BLD"])/100, number(v["GLD"])/100
		m.BurstDuration, m.GapDuration, m.Gmin = number(v["BD"]), number(v["GD"]), int(number(v["GMIN"]))
	case "Delay":
		m.RoundTrip, m.EndSystem, m.Jitter, m.MaxJitter = number(v["RTD"]), number(v["ESD"]), number(v["IAJ"]), number(v["MAJ"])
	case "Signal":
		m.Signal, m.Noise, m.RERL = int(number(v["SL"])), int(number(v["NL"])), int(number(v["RERL"]))
	case "QualityEst":
		m.RLQ, m.R, m.MOSLQ, m.MOSCQ = number(v["RLQ"]), number(v["RCQ"]), number(v["MOSLQ"]), number(v["MOSCQ"])
	}
}

func codecOf(v map[string]string) Codec {
	return Codec{
		PayloadType: uint8(min(max(number(v["PT"]), 0), 127)), Name: v["PD"], Rate: uint32(max(number(v["SR"]), 0)), FrameDuration: number(v["FD"]),
		FrameOctets: int(number(v["FO"])), FramesPerPacket: int(number(v["FPP"])), PacketsPerSecond: number(v["PPS"]), FMTP: v["FMTP"],
		Concealment: int(number(v["PLC"])), SilenceSuppress: v["SSUP"] == "on",
	}
}

// bare is the URI of a name-addr.
func bare(value string) string {
	if _, after, ok := strings.Cut(value, "<"); ok {
		uri, _, _ := strings.Cut(after, ">")
		return uri
	}
	return value
}

// values reads KEY=VALUE pairs; a value may be quoted.
func values(line string) map[string]string {
	v := make(map[string]string)
	for line = strings.TrimSpace(line); line != ""; line = strings.TrimSpace(line) {
		key, rest, ok := strings.Cut(line, "=")
		if !ok {
			break
		}
		var value string
		if strings.HasPrefix(rest, `"`) {
			value, line, _ = strings.Cut(rest[1:], `"`)
		} else {
			value, line, _ = strings.Cut(rest, " ")
		}
		v[strings.TrimSpace(key)] = value
	}
	return v
}

// number is 0 for what is none.
func number(s string) float64 {
	f, err := strconv.ParseFloat(s, 64)
	if err != nil || math.IsNaN(f) || math.Abs(f) > math.MaxInt32 {
		return 0
	}
	return f
}

func timeOf(s string) time.Time {
	t, _ := time.Parse(time.RFC3339, s)
	return t
}

func addressOf(v map[string]string) (netip.AddrPort, uint32) {
	ssrc, _ := strconv.ParseUint(strings.TrimPrefix(strings.ToLower(v["SSRC"]), "0x"), 16, 32)
	addr, err := netip.ParseAddr(v["IP"])
	port, _ := strconv.ParseUint(v["PORT"], 10, 16)
	if err != nil {
		return netip.AddrPort{}, uint32(ssrc)
	}
	return netip.AddrPortFrom(addr.WithZone(""), uint16(port)), uint32(ssrc)
}
