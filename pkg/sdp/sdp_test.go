package sdp

import (
	"errors"
	"net/netip"
	"strings"
	"testing"

	"github.com/seed-f3cefc8c/focus/pkg/codec"
)

// The codecs of these tests: rows with what negotiation reads of them.
var (
	opus = &codec.Codec{Name: "opus", PayloadType: codec.Dynamic, ClockRate: 48000, Channels: 2, Fmtp: "useinbandfec=1", ParseFmtp: parseOpus}
	g722 = &codec.Codec{Name: "G722", PayloadType: 9, ClockRate: 8000, Channels: 1, ParseFmtp: parseNothing}
	pcmu = &codec.Codec{Name: "PCMU", PayloadType: 0, ClockRate: 8000, Channels: 1, ParseFmtp: parseNothing}
	pcma = &codec.Codec{Name: "PCMA", PayloadType: 8, ClockRate: 8000, Channels: 1, ParseFmtp: parseNothing}
)

func parseNothing(string) (codec.Params, error) { return codec.Params{}, nil }

func parseOpus(fmtp string) (p codec.Params, err error) {
	for name, value := range codec.Parameters(fmtp) {
		switch name {
		case "useinbandfec":
			p.FEC = value == "1"
		case "maxaveragebitrate":
			if p.Bitrate, err = codec.IntParameter(name, value, 6000, 510000); err != nil {
				return p, err
			}
		}
	}
	return p, nil
}

var (
	all   = Capabilities{Codecs: []*codec.Codec{opus, g722, pcmu, pcma}, RTCPMux: true, ComfortNoise: true}
	here  = Local{Addr: netip.MustParseAddrPort("198.51.100.1:20000"), SessionID: 7, Version: 1}
	here6 = Local{Addr: netip.MustParseAddrPort("[2001:db8::1]:20000"), SessionID: 7, Version: 1}
)

// text makes the wire form of lines.
func text(lines ...string) string { return strings.Join(lines, "\r\n") + "\r\n" }

// session is the session level of an offer from 192.0.2.1, then its media.
func session(media ...string) string {
	return text(append([]string{"v=0", "o=- 1 1 IN IP4 192.0.2.1", "s=-", "c=IN IP4 192.0.2.1", "t=0 0"}, media...)...)
}

// ours is our answer's session level, then its media.
func ours(media ...string) string {
	return text(append([]string{"v=0", "o=- 7 1 IN IP4 198.51.100.1", "s=-", "c=IN IP4 198.51.100.1", "t=0 0"}, media...)...)
}

func parse(t *testing.T, text string) *Description {
	t.Helper()
	d, err := Parse(text)
	if err != nil {
		t.Fatalf("Parse: %v", err)
	}
	return d
}

func answer(t *testing.T, text string, local Local, caps Capabilities) (string, *Stream) {
	t.Helper()
	d, agreed, err := Answer(parse(t, text), local, caps)
	if err != nil {
		t.Fatalf("Answer: %v", err)
	}
	return d.String(), agreed.Audio
}

// warning is the Warning code of an error, 0 when it has none.
func warning(err error) int {
	var not *NotAcceptableError
	if errors.As(err, &not) {
		return not.Warning
	}
	return 0
}
