package sdp

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/seed-f3cefc8c/focus/pkg/codec"
)

// Names of the two formats that are no codecs.
const (
	telephoneEvent = "telephone-event" // RFC 4733
	comfortNoise   = "CN"              // RFC 3389
)

// staticCN is the payload type of CN at 8000 Hz (RFC 3551 table 4).
const staticCN = 13

// format is one payload type of an m-line: a=rtpmap:NUMBER NAME/CLOCK[/CHANNELS] and its a=fmtp.
type format struct {
	number   uint8
	name     string
	clock    uint32
	channels int // 0: not said
	fmtp     string
}

func (f format) rtpmap() string {
	if f.channels > 1 {
		return fmt.Sprintf("%d %s/%d/%d", f.number, f.name, f.clock, f.channels)
	}
	return fmt.Sprintf("%d %s/%d", f.number, f.name, f.clock)
}

// key names what a payload type number stands for during a session.
func (f format) key() string {
	return fmt.Sprintf("%s/%d/%d", strings.ToLower(f.name), f.clock, max(f.channels, 1))
}

func (f format) is(name string) bool { return strings.EqualFold(f.name, name) }

// carries says whether f is codec c. A missing channel count fits any: some clients write opus/48000 for opus/48000/2.
func (f format) carries(c *codec.Codec) bool {
	return f.is(c.Name) && f.clock == c.ClockRate && (f.channels == 0 || f.channels == c.Channels)
}

// formats lists the payload types of a line in the order of its m= line, with what rtpmap and fmtp say of them wherever those
// stand. Numbers without an rtpmap get their static meaning; without one they are left out.
func (l line) formats(codecs []*codec.Codec) (formats []format) {
	maps, fmtps := l.attributesByNumber("rtpmap"), l.attributesByNumber("fmtp")
	seen := map[uint8]bool{}
	for _, text := range l.MediaName.Formats {
		n, err := strconv.ParseUint(text, 10, 7)
		number := uint8(n)
		if err != nil || seen[number] {
			continue
		}
		seen[number] = true
		f, ok := parseRtpmap(maps[number])
		if !ok {
			f, ok = static(number, codecs)
		}
		if ok {
			f.number, f.fmtp = number, fmtps[number]
			formats = append(formats, f)
		}
	}
	return formats
}

// attributesByNumber collects a=KEY:NUMBER VALUE; the first of several for a number counts.
func (l line) attributesByNumber(key string) map[uint8]string {
	values := map[uint8]string{}
	for _, a := range l.Attributes {
		if a.Key != key {
			continue
		}
		number, value, _ := strings.Cut(strings.TrimSpace(a.Value), " ")
		n, err := strconv.ParseUint(number, 10, 7)
		if err != nil {
			continue
		}
		if _, twice := values[uint8(n)]; !twice {
			values[uint8(n)] = strings.TrimSpace(value)
		}
	}
	return values
}

// parseRtpmap reads <encoding name>/<clock rate>[/<encoding parameters>].
func parseRtpmap(value string) (format, bool) {
	parts := strings.Split(value, "/")
	if len(parts) < 2 || len(parts) > 3 || parts[0] == "" || strings.ContainsAny(parts[0], " \t") {
		return format{}, false
	}
	clock, err := strconv.ParseUint(strings.TrimSpace(parts[1]), 10, 32)
	if err != nil || clock == 0 {
		return format{}, false
	}
	f := format{name: parts[0], clock: uint32(clock)}
	if len(parts) == 3 {
		channels, err := strconv.ParseUint(strings.TrimSpace(parts[2]), 10, 8)
		if err != nil || channels == 0 {
			return format{}, false
		}
		f.channels = int(channels)
	}
	return f, true
}

// static is what a number means without an rtpmap (RFC 3551 table 4).
func static(number uint8, codecs []*codec.Codec) (format, bool) {
	if number == staticCN {
		return format{name: comfortNoise, clock: 8000}, true
	}
	for _, c := range codecs {
		if c.PayloadType == number {
			return format{name: c.Name, clock: c.ClockRate, channels: c.Channels}, true
		}
	}
	return format{}, false
}

// pickTelephoneEvent chooses the telephone-event of a codec. RFC 4733 section 2.1: events "MUST use the same sequence number
// and timestamp base as the regular audio channel", so the clock must be the codec's; clients that offer only 8000 Hz beside
// Opus mean it all the same.
func pickTelephoneEvent(formats []format, clock uint32) (picked format, ok bool) {
	for _, f := range formats {
		switch {
		case !f.is(telephoneEvent):
		case f.clock == clock:
			return f, true
		case f.clock == 8000:
			picked, ok = f, true
		}
	}
	return picked, ok
}

// pickComfortNoise chooses the CN whose clock is the codec's.
func pickComfortNoise(formats []format, clock uint32) (format, bool) {
	for _, f := range formats {
		if f.is(comfortNoise) && f.clock == clock && clock == 8000 {
			return f, true
		}
	}
	return format{}, false
}

// pickRTX chooses the retransmission format of what we send (RFC 4588 section 8.1): the one whose apt, "associated payload type", is that.
func pickRTX(formats []format, send Send) (format, bool) {
	for _, f := range formats {
		if !f.is("rtx") || f.clock != send.Codec.ClockRate {
			continue
		}
		for parameter := range strings.SplitSeq(f.fmtp, ";") {
			if strings.TrimSpace(parameter) == apt(send.PayloadType) {
				return f, true
			}
		}
	}
	return format{}, false
}

func apt(number uint8) string { return "apt=" + strconv.Itoa(int(number)) }

// digits are the events of RFC 4733 section 3.2 a peer can take, bit n for event n: 0–9, *, #, A–D. Its a=fmtp is a list like
// "0-15,32"; some clients write "events=0-15". Without one it
// is the sixteen keys.
func digits(fmtp string) (mask uint16) {
	fmtp = strings.TrimSpace(fmtp)
	if fmtp == "" {
		return 0xffff
	}
	if _, list, ok := strings.Cut(fmtp, "="); ok {
		fmtp = list
	}
	for entry := range strings.SplitSeq(fmtp, ",") {
		from, to, ranged := strings.Cut(strings.TrimSpace(entry), "-")
		if !ranged {
			to = from
		}
		low, err1 := strconv.ParseUint(from, 10, 8)
		high, err2 := strconv.ParseUint(to, 10, 8)
		if err1 != nil || err2 != nil {
			continue
		}
		for event := low; event <= min(high, 15); event++ {
			mask |= 1 << event
		}
	}
	return mask
}
