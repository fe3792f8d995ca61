package mcu

import (
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"slices"
	"time"

	"github.com/seed-f3cefc8c/focus/pkg/confinfo"
	"github.com/seed-f3cefc8c/focus/pkg/ice"
	"github.com/seed-f3cefc8c/focus/pkg/media"
	"github.com/seed-f3cefc8c/focus/pkg/sdp"
)

// ICE is how legs are reached whose peers have ICE (RFC 8445): all of them on one port.
type ICE struct {
	// Addresses are where that port is, best first; none: no ICE. RTCP that is not multiplexed has the port above. Port 0 is the first
	// free one of Config.Ports.
	Addresses []netip.AddrPort
	// Public is how peers reach each of Addresses through a 1:1 NAT; invalid or missing: as it is.
	Public []netip.Addr
	// Mode is whether we only answer checks.
	Mode ICEMode
	// ListenTCP listens on the same port for peers that UDP does not reach; nil: for none.
	ListenTCP func(netip.AddrPort) (net.Listener, error)
}

// ICEMode says which side of ICE we take.
type ICEMode string

// The modes. Lite is right on addresses that everybody can reach: we answer checks and send none (RFC 8445 §2.5).
const (
	ICEAuto ICEMode = "auto" // lite when all addresses are public
	ICELite ICEMode = "lite"
	ICEFull ICEMode = "full"
)

// errNoICE refuses an offer without ICE for media that lives on ICE.
var errNoICE = &sdp.NotAcceptableError{Warning: sdp.WarnTransportProtocol, Text: "The session has ICE, and this description has none"}

// share binds the ports of ICE.
func (s *Server) share(config ICE) (err error) {
	if len(config.Addresses) == 0 {
		return nil
	}
	s.lite = config.lite()
	if config.Addresses[0].Port() != 0 {
		s.shared, err = s.shareAt(config, config.Addresses)
		return err
	}
	for low := evenPort(s.config.Ports[0]); low < int(s.config.Ports[1]) && s.shared == nil; low += 2 {
		addresses := slices.Clone(config.Addresses)
		for i, a := range addresses {
			addresses[i] = netip.AddrPortFrom(a.Addr(), uint16(low))
		}
		s.shared, err = s.shareAt(config, addresses)
	}
	return err
}

// evenPort is the first even port from p on, as an int: after 65535 comes no port, and not port 0.
func evenPort(p uint16) int { return int(p) + int(p)%2 }

// unshare closes the ports of ICE, and says what came to them and led nowhere.
func (s *Server) unshare() error {
	if s.shared == nil {
		return nil
	}
	n := s.shared.Stats()
	s.config.Logger.Info("the port of callers with ICE is closed", slog.Group("dropped",
		"strangers", n.Strangers, "taken", n.Taken, "addresses", n.Excess, "panics", n.Panics,
		"stun_malformed", n.STUN.Malformed, "stun_unknown", n.STUN.Unknown, "stun_unauthenticated", n.STUN.Unauthenticated,
		"stun_unanswerable", n.STUN.Unanswerable, "stun_queue", n.STUN.Overflow, "tcp_refused", n.STUN.TCPRefused))
	return s.shared.Close()
}

func (s *Server) shareAt(config ICE, addresses []netip.AddrPort) (*media.Shared, error) {
	return media.NewShared(media.SharedConfig{
		Network: s.config.Network, Addresses: addresses, Announced: config.Public, ListenTCP: config.ListenTCP,
	})
}

// lite is whether everybody can reach us.
func (i ICE) lite() bool {
	if i.Mode == ICELite || i.Mode == ICEFull {
		return i.Mode == ICELite
	}
	for n, addr := range i.Addresses {
		a := addr.Addr()
		if n < len(i.Public) && i.Public[n].IsValid() {
			a = i.Public[n]
		}
		if !public(a.Unmap()) {
			return false
		}
	}
	return true
}

// public is whether an address is one of the Internet, and not of a network behind NAT (RFC 1918, 4193, 6598).
func public(a netip.Addr) bool {
	carrier := netip.PrefixFrom(netip.AddrFrom4([4]byte{100, 64}), 10)
	return a.IsGlobalUnicast() && !a.IsPrivate() && !carrier.Contains(a)
}

// place is where a leg's media is: on ports of its own, or in a seat on the shared ones.
type place struct {
	rtp, rtcp *media.Socket
	seat      *media.Seat
}

// place finds one for a leg. Whose offer has ICE gets a seat, and so does a browser that we call.
func (s *Server) place(endpoint *confinfo.Endpoint) (place, error) {
	if s.shared != nil {
		if endpoint.WebRTC && (endpoint.SDP == nil || endpoint.SDP.Type == sdpRequest) {
			return place{seat: s.shared.NewSeat(1)}, nil // browsers multiplex
		}
		if offered, multiplexed := offeredICE(endpoint.SDP); offered != nil {
			return place{seat: s.shared.NewSeat(components(multiplexed))}, nil
		}
	}
	rtp, rtcp, err := s.ports.Pair()
	if err != nil {
		return place{}, err
	}
	return place{rtp: media.NewSocket(rtp, media.Polled), rtcp: media.NewSocket(rtcp, media.Polled)}, nil
}

func components(multiplexed bool) int {
	if multiplexed {
		return 1
	}
	return 2
}

// offeredICE is the ICE of an offer; nil when it has none that we can take part in, or is no offer.
func offeredICE(in *confinfo.SDP) (offered *sdp.ICE, multiplexed bool) {
	if in == nil || in.Type != confinfo.SDPOffer {
		return nil, false
	}
	description, err := sdp.Parse(in.Text)
	if err != nil {
		return nil, false // negotiate says so
	}
	return description.OfferedICE()
}

// free gives the place back.
func (p place) free(s *Server) {
	if p.seat != nil {
		p.seat.Close()
		return
	}
	defer s.ports.Release(p.rtp.LocalAddr().Port())
	defer p.rtcp.Close()
	p.rtp.Close()
}

// address is where the place's RTP comes in, as peers see it.
func (l *Leg) address() netip.AddrPort {
	if l.seat == nil {
		return l.rtp.LocalAddr()
	}
	return l.conference.server.shared.Announced()
}

// located is what a description says of the place.
func (l *Leg) located() sdp.Local {
	addr := l.address()
	if l.seat == nil {
		return sdp.Local{Addr: l.conference.server.config.reached(addr), RTCPPort: l.rtcp.LocalAddr().Port()}
	}
	return sdp.Local{Addr: addr, RTCPPort: addr.Port() + 1, ICE: l.ice}
}

// reached is how peers without ICE reach a port of ours: behind a 1:1 NAT by the public address.
func (c *Config) reached(bound netip.AddrPort) netip.AddrPort {
	for _, a := range c.ICE.Public {
		if a.IsValid() && a.Is4() == bound.Addr().Is4() {
			return netip.AddrPortFrom(a, bound.Port())
		}
	}
	return bound
}

// beginICE makes a session for an offer of ours.
func (l *Leg) beginICE() error {
	if l.seat == nil || l.ice != nil {
		return nil
	}
	return l.newICE(l.conference.server.lite)
}

// answerICE makes a session for the offer of the peer, if it needs another one than there is. undo takes that back.
func (l *Leg) answerICE(offer *sdp.Description) (undo func(), err error) {
	if l.seat == nil {
		return func() {}, nil
	}
	remote := offer.ICE()
	if remote == nil {
		return nil, errNoICE
	}
	before := l.ice
	if before != nil && !l.session.ICERestarts(offer) {
		return func() {}, nil
	}
	if err := l.newICE(l.conference.server.lite && !remote.Lite); err != nil {
		return nil, err
	}
	return func() { l.seat.Withdraw(); l.ice = before }, nil
}

func (l *Leg) newICE(lite bool) error {
	local, err := l.seat.Begin(lite)
	if err != nil {
		return fmt.Errorf("ICE of %s: %w", l.user, err)
	}
	l.ice = &sdp.ICE{Ufrag: local.Ufrag, Pwd: local.Password, Candidates: local.Candidates, Lite: local.Lite, Trickle: true, EndOfCandidates: true}
	return nil
}

// startICE begins the session of what was agreed on; offered is whether the offer was ours.
func (l *Leg) startICE(audio *sdp.Stream, offered bool) error {
	if l.seat == nil {
		return nil
	}
	remote := audio.RemoteICE
	if remote == nil {
		return errNoICE
	}
	err := l.seat.Start(ice.Remote{
		Credentials: ice.Credentials{Ufrag: remote.Ufrag, Password: remote.Pwd}, Candidates: remote.Candidates, Lite: remote.Lite,
		Multiplexed: audio.RTCPMux,
	}, offered)
	if errors.Is(err, ice.ErrBothLite) {
		return &sdp.NotAcceptableError{Warning: sdp.WarnTransportProtocol, Text: "Both sides are ICE-lite"}
	}
	return err
}

// trickle takes candidates that came after the description (RFC 8838). Those of a session that is over are passed over.
func (l *Leg) trickle(text string) error {
	fragments, err := sdp.ParseFragment(text)
	if err != nil || l.seat == nil {
		return err
	}
	for _, f := range fragments {
		for _, candidate := range f.ICE.Candidates {
			_ = l.seat.AddCandidate(f.ICE.Ufrag, candidate)
		}
	}
	return nil
}

// silent is since when nothing shows that the peer is there, and how long that may last. With ICE its checks show it as well as media, and 30 s
// without either is the end of consent (RFC 7675 §5.1).
func (l *Leg) silent() (since time.Time, most time.Duration) {
	since, most = l.transport.Heard(), l.conference.server.config.Timeout
	if l.seat == nil || l.member == nil {
		return since, most
	}
	if heard := l.seat.Heard(); heard.After(since) {
		since = heard
	}
	return since, min(most, ice.ConsentTimeout)
}

// lost is why ICE has ended the leg; nil: it has not.
func (l *Leg) lost() error {
	if l.seat == nil {
		return nil
	}
	return l.seat.Failed()
}
