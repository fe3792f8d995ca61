package sdp

import (
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	pion "github.com/pion/sdp/v3"
)

// ICE is what a description says of ICE for one line (RFC 8839).
type ICE struct {
	Ufrag, Pwd       string
	Candidates       []string // what follows "a=candidate:", as it stands there
	Lite             bool     // a=ice-lite
	Trickle          bool     // more candidates may follow (RFC 8840)
	EndOfCandidates  bool     // no more follow (RFC 8840 section 8)
	RemoteCandidates string   // what follows "a=remote-candidates:"; "" when it is not there
}

// MaxCandidates is how many a=candidate lines of one m-line are kept.
const MaxCandidates = 64

// String is what a log may hold: no password.
func (ice ICE) String() string {
	return fmt.Sprintf("ufrag %q, %d candidates, lite %t, trickle %t", ice.Ufrag, len(ice.Candidates), ice.Lite, ice.Trickle)
}

// GoString keeps the password out of %#v.
func (ice ICE) GoString() string { return "sdp.ICE{" + ice.String() + "}" }

// MarshalText keeps the password out of JSON.
func (ice ICE) MarshalText() ([]byte, error) { return []byte(ice.String()), nil }

// restarted says whether next begins ICE anew. RFC 8839 section 4.4.1.1.1: an offerer that restarts changes "ice-pwd" and
// "ice-ufrag"; a change of either is taken for it.
func (ice *ICE) restarted(next *ICE) bool {
	return ice != nil && next != nil && (ice.Ufrag != next.Ufrag || ice.Pwd != next.Pwd)
}

// ice is what the line, else the session, says; nil without a user fragment and a password that RFC 8839 section 5.4 allows.
func (l line) ice() *ICE {
	ufrag, pwd := l.first("ice-ufrag"), l.first("ice-pwd")
	if !isICE(ufrag, 4) || !isICE(pwd, 22) {
		return nil
	}
	transport := l.transport()
	ice := &ICE{Ufrag: ufrag, Pwd: pwd, Lite: len(l.inherited("ice-lite")) > 0, EndOfCandidates: len(l.inherited("end-of-candidates")) > 0}
	for _, candidate := range transport.values("candidate") {
		if candidate = strings.TrimSpace(candidate); candidate != "" && len(ice.Candidates) < MaxCandidates {
			ice.Candidates = append(ice.Candidates, candidate)
		}
	}
	for _, options := range l.inherited("ice-options") {
		ice.Trickle = ice.Trickle || slices.Contains(strings.Fields(options), "trickle")
	}
	if remote := transport.values("remote-candidates"); len(remote) > 0 {
		ice.RemoteCandidates = strings.TrimSpace(remote[0])
	}
	return ice
}

// isICE reads least to 256 of ice-char: ALPHA, DIGIT, "+" and "/". Some clients add "-", "_" and "=".
func isICE(text string, least int) bool {
	for _, r := range text {
		switch {
		case r >= 'a' && r <= 'z', r >= 'A' && r <= 'Z', r >= '0' && r <= '9', strings.ContainsRune("+/-_=", r):
		default:
			return false
		}
	}
	return len(text) >= least && len(text) <= 256
}

// write adds our side. RFC 8445 section 10: "ice2" says that this is ICE of RFC 8445.
func (ice *ICE) write(m *pion.MediaDescription) {
	add(m, "ice-ufrag", ice.Ufrag)
	add(m, "ice-pwd", ice.Pwd)
	options := "ice2"
	if ice.Trickle {
		options += " trickle"
	}
	add(m, "ice-options", options)
	for _, candidate := range ice.Candidates {
		add(m, "candidate", candidate)
	}
	if ice.RemoteCandidates != "" {
		add(m, "remote-candidates", ice.RemoteCandidates)
	}
	if ice.EndOfCandidates {
		add(m, "end-of-candidates", "")
	}
}

// OfferedICE is the ICE of an offer that we can take part in, and whether RTCP is offered on the port of RTP. It is nil when the default
// destination is none of the candidates, for then somebody on the way has changed it and wants media to pass through him: "the agents
// will proceed with ICE" only where the two match (RFC 8839 section 3.2.5), or where no candidate is known yet. The checks of the OCS
// clients are not those of RFC 8445 either; they have a=encryption, and TCP candidates with a role in the transport.
func (d *Description) OfferedICE() (ice *ICE, multiplexed bool) {
	for _, l := range d.lines() {
		if !l.isAudio() || !l.open() {
			continue
		}
		ice, transport := l.ice(), l.transport()
		if ice == nil || l.encryption() != "" || !ice.matches(transport) {
			return nil, false
		}
		return ice, transport.has("rtcp-mux")
	}
	return nil, false
}

// matches says whether the default destination of a line is a candidate, or one that stands for none.
func (ice *ICE) matches(l line) bool {
	addr, err := l.addr()
	matches := len(ice.Candidates) == 0 || err != nil || addr.IsUnspecified()
	for _, candidate := range ice.Candidates {
		fields := strings.Fields(candidate)
		if len(fields) < 6 || strings.HasPrefix(strings.ToUpper(fields[2]), "TCP-") {
			return false
		}
		if host, err := netip.ParseAddr(fields[4]); err == nil && host.Unmap() == addr && fields[5] == strconv.Itoa(int(l.port())) {
			matches = true
		}
	}
	return matches
}
