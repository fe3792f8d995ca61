package sdp

import (
	"fmt"
	"strings"
)

// FragmentType is the Content-Type of a Fragment in an INFO request, whose Info-Package is "trickle-ice" (RFC 8840 section 10).
const FragmentType = "application/trickle-ice-sdpfrag"

// Fragment is what an INFO adds to the candidates of one line (RFC 8840 section 9). Ufrag says to which generation of ICE they
// belong: to none, when it is not Stream.RemoteICE.Ufrag.
type Fragment struct {
	Index int    // of its pseudo m-line in the fragment, from 0; it counts only where there is no MID
	MID   string // "": not said
	ICE   ICE    // all candidates of this generation so far, or those that are new
}

// ParseFragment reads the lines of a fragment that have ICE, with the bounds of Parse. Every error is a *SyntaxError.
func ParseFragment(text string) ([]Fragment, error) {
	d, err := parser{begun: true}.read(text)
	if err != nil {
		return nil, err
	}
	var fragments []Fragment
	for _, l := range d.lines() {
		if ice := l.ice(); ice != nil {
			fragments = append(fragments, Fragment{Index: l.index, MID: l.mid(), ICE: *ice})
		}
	}
	if len(fragments) == 0 {
		return nil, &SyntaxError{Line: 1, Detail: "no m= line with a user fragment and a password"}
	}
	return fragments, nil
}

// Text is the body of an INFO of ours. RFC 8840 section 9.2: the pseudo m-line is "m=audio 9 RTP/AVP 0" whatever was agreed.
func (f Fragment) Text() string {
	var b strings.Builder
	fmt.Fprintf(&b, "a=ice-ufrag:%s\r\na=ice-pwd:%s\r\nm=audio 9 RTP/AVP 0\r\n", f.ICE.Ufrag, f.ICE.Pwd)
	if f.MID != "" {
		fmt.Fprintf(&b, "a=mid:%s\r\n", f.MID)
	}
	for _, candidate := range f.ICE.Candidates {
		fmt.Fprintf(&b, "a=candidate:%s\r\n", candidate)
	}
	if f.ICE.EndOfCandidates {
		b.WriteString("a=end-of-candidates\r\n")
	}
	return b.String()
}
