package main

import (
	"fmt"
	"net"
	"net/netip"

	"github.com/seed-f3cefc8c/focus/pkg/mcu"
	"github.com/seed-f3cefc8c/focus/pkg/turn"
)

func (s *settings) readICE(o *options) error {
	o.ice.Mode = mcu.ICEMode(s.ICEMode)
	if s.ICETCP == "on" {
		o.ice.ListenTCP = func(at netip.AddrPort) (net.Listener, error) { return net.Listen("tcp", at.String()) }
	}
	if err := s.readICEAddresses(o); err != nil {
		return err
	}
	for _, text := range words(s.MediaPublic) {
		addr, err := netip.ParseAddr(text)
		n := len(o.ice.Public)
		if err != nil || addr.IsUnspecified() || addr.Zone() != "" {
			return fmt.Errorf("--media-public-ip %q: write IP addresses", s.MediaPublic)
		}
		if n < len(o.ice.Addresses) && o.ice.Addresses[n].Addr().Is4() != addr.Is4() || n > 0 && n >= len(o.ice.Addresses) {
			return fmt.Errorf("--media-public-ip %q: one for each of --media-ice, of the same family", s.MediaPublic)
		}
		o.ice.Public = append(o.ice.Public, addr)
	}
	return nil
}

func (s *settings) readICEAddresses(o *options) error {
	switch s.ICE {
	case off:
		return nil
	case "auto":
		o.ice.Addresses = []netip.AddrPort{netip.AddrPortFrom(o.mediaIP, 0)}
		return nil
	}
	for _, text := range words(s.ICE) {
		host, port, err := net.SplitHostPort(text)
		if err == nil && host == "" {
			text = net.JoinHostPort(o.mediaIP.String(), port)
		}
		addr, err := netip.ParseAddrPort(text)
		if err != nil || addr.Port() == 0 || addr.Port() == 65535 || addr.Addr().IsUnspecified() {
			return fmt.Errorf("--media-ice %q: write IP:PORT, or :PORT on the media address, with commas between them; auto; off", s.ICE)
		}
		o.ice.Addresses = append(o.ice.Addresses, addr)
	}
	if len(o.ice.Addresses) == 0 {
		return fmt.Errorf("--media-ice is empty: write auto, off, or IP:PORT")
	}
	return nil
}

// iceRanges are the ports of ICE, for who asks where our media is: those that are not of --media-ports, and all as they are announced.
func (o *options) iceRanges() (ranges []turn.Range) {
	for i, a := range o.ice.Addresses {
		low, high := a.Port(), a.Port()+1
		if low == 0 {
			low, high = o.mediaPorts[0], o.mediaPorts[1]
		}
		ranges = append(ranges, turn.Range{Address: a.Addr(), Low: low, High: high})
		if i < len(o.ice.Public) {
			ranges = append(ranges, turn.Range{Address: o.ice.Public[i], Low: low, High: high})
		}
	}
	return ranges
}
