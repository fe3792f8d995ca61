package c3p

import (
	"net/netip"
	"time"

	"github.com/seed-f3cefc8c/focus/pkg/quality"
	"github.com/seed-f3cefc8c/focus/pkg/strictxml"
)

// Quality is how well an endpoint is heard, and how well it hears as far as it says so. It comes every few seconds, and once more when the
// endpoint's media ends.
type Quality struct {
	Keys  EndpointKeys
	Final bool // the last one of this endpoint
	// Report has what the MCU knows: times, addresses, the codec and the metrics. Interval is the opposite of Final. Who called whom is the
	// focus's to know.
	Report quality.Report
}

func readQuality(e *strictxml.Element) (Event, error) {
	q := &Quality{Keys: endpointKeysOf(e), Final: e.Attr("", "final") == "true"}
	r := &q.Report
	r.Interval = !q.Final
	var err error
	if r.Start, err = readTime(e, "start"); err != nil {
		return nil, err
	}
	if r.Stop, err = readTime(e, "stop"); err != nil {
		return nil, err
	}
	if r.LocalAddr, err = readAddress(e, "localAddress"); err != nil {
		return nil, err
	}
	if r.RemoteAddr, err = readAddress(e, "remoteAddress"); err != nil {
		return nil, err
	}
	if r.Codec, err = readCodec(e); err != nil {
		return nil, err
	}
	if r.Local, err = readMetrics(e, "received"); err != nil {
		return nil, err
	}
	r.Remote, err = readMetrics(e, "sent")
	return q, err
}

func readTime(e *strictxml.Element, local string) (time.Time, error) {
	t, err := time.Parse(time.RFC3339, e.Attr("", local))
	if err != nil {
		return t, invalid(ReasonInvalidContent, local+" is not a time")
	}
	return t.UTC().Truncate(time.Second), nil
}

func readAddress(e *strictxml.Element, local string) (netip.AddrPort, error) {
	text := e.Attr("", local)
	if text == "" {
		return netip.AddrPort{}, nil
	}
	addr, err := netip.ParseAddrPort(text)
	if err != nil {
		return addr, invalid(ReasonInvalidContent, local+" is not an address")
	}
	return addr, nil
}

// readCodec reads a format of one frame a packet, as far as our MCU tells.
func readCodec(e *strictxml.Element) (quality.Codec, error) {
	c := quality.Codec{Name: e.Attr("", "codec")}
	if c.Name == "" {
		return c, nil
	}
	number, err := readNumber(e, "payloadType", 127)
	if err != nil {
		return c, err
	}
	rate, err := readNumber(e, "rate", 1_000_000)
	if err != nil {
		return c, err
	}
	ptime, err := readNumber(e, "ptime", 1000)
	c.PayloadType, c.Rate, c.FrameDuration = uint8(number), uint32(rate), float64(ptime)
	if ptime > 0 {
		c.FramesPerPacket, c.PacketsPerSecond = 1, quality.Round(1000/float64(ptime), 10)
	}
	return c, err
}

func readMetrics(e *strictxml.Element, local string) (*quality.Metrics, error) {
	m, err := quality.ReadElement(e.Child(ExtensionNamespace, local))
	if err != nil {
		return nil, invalid(ReasonInvalidContent, err.Error())
	}
	return m, nil
}

func (q *Quality) append(w *strictxml.Writer) {
	r := &q.Report
	w.Start("fx:quality")
	q.Keys.attrs(w)
	if q.Final {
		w.Attr("final", "true")
	}
	w.Attr("start", r.Start.UTC().Format(time.RFC3339))
	w.Attr("stop", r.Stop.UTC().Format(time.RFC3339))
	if r.LocalAddr.IsValid() {
		w.Attr("localAddress", r.LocalAddr.String())
	}
	if r.RemoteAddr.IsValid() {
		w.Attr("remoteAddress", r.RemoteAddr.String())
	}
	if r.Codec.Name != "" {
		w.Attr("codec", r.Codec.Name)
		w.IntAttr("payloadType", int64(r.Codec.PayloadType))
		w.IntAttr("rate", int64(r.Codec.Rate))
		w.IntAttr("ptime", int64(r.Codec.FrameDuration))
	}
	r.Local.AppendElement(w, "fx:received")
	r.Remote.AppendElement(w, "fx:sent")
	w.End("fx:quality")
}
