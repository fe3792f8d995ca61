package sdp

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	pion "github.com/pion/sdp/v3"
)

// values are those of an attribute of this m-line, in their order.
func (l line) values(attribute string) []string { return valuesOf(l.Attributes, attribute) }

func valuesOf(attributes []pion.Attribute, key string) (values []string) {
	for _, a := range attributes {
		if a.Key == key {
			values = append(values, a.Value)
		}
	}
	return values
}

// inherited are the values of the line's transport, else those of the session.
func (l line) inherited(attribute string) []string {
	if values := l.transport().values(attribute); len(values) > 0 {
		return values
	}
	return valuesOf(l.session.Attributes, attribute)
}

// first is the first inherited value, "" when there is none.
func (l line) first(attribute string) string {
	if values := l.inherited(attribute); len(values) > 0 {
		return strings.TrimSpace(values[0])
	}
	return ""
}

// bundle is the BUNDLE group the line is in: its mids in their order (RFC 9143 section 5); nil when it is in none.
func (l line) bundle() []string {
	mid, ok := l.Attribute("mid")
	if !ok {
		return nil
	}
	for _, value := range valuesOf(l.session.Attributes, "group") {
		fields := strings.Fields(value)
		if len(fields) > 1 && fields[0] == "BUNDLE" && slices.Contains(fields[1:], mid) {
			return fields[1:]
		}
	}
	return nil
}

// bundleOnly says whether the line is offered on the transport of another one alone: its port 0 does not close it (RFC 9143
// section 6).
func (l line) bundleOnly() bool { return l.port() == 0 && l.has("bundle-only") && l.bundle() != nil }

// transport is the line that says how to reach this one: itself, or the first of its group when it is bundle-only.
func (l line) transport() line {
	if !l.bundleOnly() {
		return l
	}
	tagged := l.bundle()[0]
	for i, m := range l.session.MediaDescriptions {
		if mid, ok := m.Attribute("mid"); ok && mid == tagged {
			return line{MediaDescription: m, session: l.session, index: i}
		}
	}
	return l
}

// open says whether the line offers media.
func (l line) open() bool { return l.transport().port() != 0 }

// group is the BUNDLE group of an answer. RFC 9143 section 7.3: only lines that are accepted stay in it, and ours is the only
// one.
func (s *Stream) group(offered line) []pion.Attribute {
	if s.MID == "" || offered.bundle() == nil {
		return nil
	}
	return []pion.Attribute{pion.NewAttribute("group", "BUNDLE "+s.MID)}
}

// streamID names our MediaStream to the peer's RTCPeerConnection (RFC 8830), which has one for all of us.
const streamID = "focus audio"

// source says whose packets these are: a=ssrc with the CNAME (RFC 5576), a=msid for browsers, a=x-ssrc-range for OCS clients,
// who take no others.
func (local Local) source(m *pion.MediaDescription, browser, ranged bool) {
	if browser {
		add(m, "msid", streamID)
	}
	if local.SSRC == 0 {
		return
	}
	if local.CNAME != "" {
		add(m, "ssrc", fmt.Sprintf("%d cname:%s", local.SSRC, local.CNAME))
	}
	if ranged {
		add(m, "x-ssrc-range", fmt.Sprintf("%d-%d", local.SSRC, local.SSRC))
	}
}

// SSRCRange is a=x-ssrc-range of [MS-SDPEXT]: the SSRCs that the peer will use. The zero value is "not said".
type SSRCRange struct{ First, Last uint32 }

func (l line) ssrcRange() SSRCRange {
	for _, value := range l.values("x-ssrc-range") {
		from, to, ranged := strings.Cut(strings.TrimSpace(value), "-")
		if !ranged {
			to = from
		}
		first, err1 := strconv.ParseUint(from, 10, 32)
		last, err2 := strconv.ParseUint(to, 10, 32)
		if err1 == nil && err2 == nil && first <= last {
			return SSRCRange{First: uint32(first), Last: uint32(last)}
		}
	}
	return SSRCRange{}
}

func (l line) isBrowser() bool {
	return l.has("msid") || len(valuesOf(l.session.Attributes, "msid-semantic")) > 0
}
