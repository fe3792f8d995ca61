package ice

import (
	"net/netip"
	"strings"

	pion "github.com/pion/ice/v4"
)

// maxCandidates bounds what is taken of a peer's candidates for one agent: each of them is an address that checks are sent to, because a
// description says so.
const maxCandidates = 24

// The type preferences of RFC 8445 §5.1.2.2 and, for TCP, the local preference of RFC 6544 §4.2: "6 for active, 4 for passive".
// TCP is tried when UDP does not get through, so its type counts less.
const (
	hostPreference    = 126
	tcpPreference     = hostPreference - 27
	passivePreference = 4
)

// udpCandidate is the host candidate of a port, the n-th of its component.
func udpCandidate(p Port, n int) (pion.Candidate, error) {
	return pion.NewCandidateHost(&pion.CandidateHostConfig{
		Network: "udp", Address: p.Announced.Addr().Unmap().String(), Port: int(p.Announced.Port()), Component: uint16(p.Component),
		Priority: priority(hostPreference, 65535-n, p.Component),
	})
}

// tcpCandidate is the passive TCP candidate.
func tcpCandidate(addr netip.AddrPort) (pion.Candidate, error) {
	return pion.NewCandidateHost(&pion.CandidateHostConfig{
		Network: "tcp", Address: addr.Addr().Unmap().String(), Port: int(addr.Port()), Component: 1, TCPType: pion.TCPTypePassive,
		Priority: priority(tcpPreference, passivePreference<<13|8191, 1),
	})
}

// priority is RFC 8445 §5.1.2.1: "priority = (2^24)*(type preference) + (2^8)*(local preference) + (2^0)*(256 - component ID)".
func priority(kind, local, component int) uint32 {
	return uint32(kind)<<24 | uint32(local)<<8 | uint32(256-component)
}

// line is what stands behind "a=candidate:", without the extensions that pion adds to it.
func line(c pion.Candidate) string {
	text, _, _ := strings.Cut(c.Marshal(), " ufrag ")
	return text
}

// remoteCandidate reads a peer's candidate; nil for what is of no use: names instead of addresses (of mDNS, mostly), unknown types and
// transports, addresses nobody can be at.
func remoteCandidate(text string) pion.Candidate {
	text = strings.TrimPrefix(strings.TrimSpace(text), "candidate:")
	fields := strings.Fields(text)
	if len(fields) < 8 || len(text) > 512 {
		return nil
	}
	addr, err := netip.ParseAddr(fields[4])
	if err != nil || addr.IsUnspecified() || addr.IsMulticast() {
		return nil
	}
	c, err := pion.UnmarshalCandidate(text)
	if err != nil || c.Port() == 0 || c.TCPType() == pion.TCPTypeActive {
		return nil
	}
	return c
}
