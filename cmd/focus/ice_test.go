package main

import (
	"net/netip"
	"slices"
	"strings"
	"testing"

	"github.com/seed-f3cefc8c/focus/pkg/mcu"
)

func TestSettingsOfICE(t *testing.T) {
	for text, want := range map[string]mcu.ICE{
		"":                                      {Mode: mcu.ICEAuto, Addresses: addresses("192.0.2.10:0")},
		"media-ice: 'off'\n":                    {Mode: mcu.ICEAuto},
		"media-ice: ':19998'\n":                 {Mode: mcu.ICEAuto, Addresses: addresses("192.0.2.10:19998")},
		"media-ice-mode: lite\n":                {Mode: mcu.ICELite, Addresses: addresses("192.0.2.10:0")},
		"media-ice: '10.0.0.1:5,[fd00::1]:5'\n": {Mode: mcu.ICEAuto, Addresses: addresses("10.0.0.1:5", "[fd00::1]:5")},
		"media-public-ip: 203.0.113.5\n": {
			Mode: mcu.ICEAuto, Addresses: addresses("192.0.2.10:0"), Public: []netip.Addr{netip.MustParseAddr("203.0.113.5")},
		},
	} {
		s, _, err := parsed(t, "media-ip: 192.0.2.10\n"+text)
		if err != nil {
			t.Fatal(err)
		}
		o, err := s.options()
		if err != nil {
			t.Fatalf("%q: %v", text, err)
		}
		if o.ice.Mode != want.Mode || !slices.Equal(o.ice.Addresses, want.Addresses) || !slices.Equal(o.ice.Public, want.Public) {
			t.Errorf("%q: %+v, want %+v", text, o.ice, want)
		}
	}
	for text, flag := range map[string]string{
		"media-ice: example.com:5":                   "--media-ice",
		"media-ice: '0.0.0.0:5'":                     "--media-ice",
		"media-ice: ':65535'":                        "--media-ice",
		"media-ice: ','":                             "--media-ice",
		"media-public-ip: example.com":               "--media-public-ip",
		"media-public-ip: '2001:db8::1'":             "--media-public-ip",
		"media-public-ip: '203.0.113.5,203.0.113.6'": "--media-public-ip",
	} {
		s, _, err := parsed(t, "media-ip: 192.0.2.10\n"+text+"\n")
		if err != nil {
			t.Fatal(err)
		}
		if _, err := s.options(); err == nil || !strings.Contains(err.Error(), flag) {
			t.Errorf("%q: %v, want an error that names %s", text, err, flag)
		}
	}
}

func addresses(texts ...string) (all []netip.AddrPort) {
	for _, text := range texts {
		all = append(all, netip.MustParseAddrPort(text))
	}
	return all
}
