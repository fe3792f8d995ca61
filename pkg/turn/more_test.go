package turn

import (
	"net"
	"net/netip"
	"testing"
	"time"

	"github.com/pion/stun/v4"
)

// TestIPv6: relays have the family of their address, for clients that ask for it or for none.
func TestIPv6(t *testing.T) {
	probe, err := net.ListenUDP("udp6", &net.UDPAddr{IP: net.IPv6loopback})
	if err != nil {
		t.Skip("this machine has no IPv6")
	}
	probe.Close()
	b := served(t, func(c *Config) {
		c.Address, c.Peers.Own = netip.IPv6Loopback(), []Range{{netip.IPv6Loopback(), 20000, 20010}}
	})
	for what, row := range map[string]struct {
		family []stun.Setter
		code   stun.ErrorCode
	}{
		"none": {nil, 0}, "IPv6": {[]stun.Setter{attribute{stun.AttrRequestedAddressFamily, []byte{2, 0, 0, 0}}}, 0},
		"IPv4": {[]stun.Setter{attribute{stun.AttrRequestedAddressFamily, []byte{1, 0, 0, 0}}}, stun.CodeAddrFamilyNotSupported},
	} {
		s := b.speaks("udp").knows(b.credentials("alice"))
		answer := s.asks(stun.MethodAllocate, append(row.family, overUDP())...)
		s.wants(what, answer, row.code)
		if row.code != 0 {
			continue
		}
		var at stun.XORMappedAddress
		if err := at.GetFromAs(answer, stun.AttrXORRelayedAddress); err != nil || !at.IP.Equal(net.IPv6loopback) {
			t.Errorf("%s: the relay is at %v %v", what, at, err)
		}
		s.wants("our media", s.asks(stun.MethodChannelBind, channel(0x4001), peer("[::1]:20000")), 0)
		s.wants("another port", s.asks(stun.MethodChannelBind, channel(0x4002), peer("[::1]:20011")), stun.CodeForbidden)
		s.wants("IPv4 in IPv6", s.asks(stun.MethodCreatePermission, peer("127.0.0.1:20000")), stun.CodePeerAddrFamilyMismatch)
	}
}

// TestCredentialsThatEndDuringAnAllocation: it cannot be refreshed any more; new credentials of the same user go on with it.
func TestCredentialsThatEndDuringAnAllocation(t *testing.T) {
	b := served(t, nil)
	username, password, err := b.issuer.Issue("alice", time.Now().Add(time.Second))
	if err != nil {
		t.Fatal(err)
	}
	s := b.speaks("udp").knows(username, password)
	s.wants("allocation", s.asks(stun.MethodAllocate, overUDP()), 0)
	until(t, "they have ended", func() bool { return codeOf(s.asks(stun.MethodRefresh).Raw) == stun.CodeUnauthorized })
	s.knows(b.credentials("alice"))
	s.wants("refresh", s.asks(stun.MethodRefresh), 0)
}

// TestAnEvenPort, and the one behind it for RTCP, as clients of RFC 5766 ask for.
func TestAnEvenPort(t *testing.T) {
	b := served(t, nil)
	s := b.speaks("udp").knows(b.credentials("alice"))
	answer := s.asks(stun.MethodAllocate, overUDP(), attribute{stun.AttrEvenPort, []byte{0x80}})
	s.wants("allocation", answer, 0)
	var at, next stun.XORMappedAddress
	if err := at.GetFromAs(answer, stun.AttrXORRelayedAddress); err != nil || at.Port%2 != 0 {
		t.Errorf("the port is %d %v", at.Port, err)
	}
	token, err := answer.Get(stun.AttrReservationToken)
	if err != nil {
		t.Fatal(err)
	}
	s = b.speaks("udp").knows(b.credentials("alice"))
	answer = s.asks(stun.MethodAllocate, overUDP(), attribute{stun.AttrReservationToken, token})
	if err := next.GetFromAs(answer, stun.AttrXORRelayedAddress); err != nil || next.Port != at.Port+1 {
		t.Errorf("the port behind %d is %d %v", at.Port, next.Port, err)
	}
	s = b.speaks("udp").knows(b.credentials("alice"))
	s.wants("a reservation of nobody's", s.asks(stun.MethodAllocate, overUDP(), attribute{stun.AttrReservationToken, make([]byte, 8)}), stun.CodeInsufficientCapacity)
}

// BenchmarkRelay is a frame of 160 octets from a client to our media and back.
func BenchmarkRelay(b *testing.B) {
	for _, network := range []string{"udp", "tcp", "tls"} {
		b.Run(network, func(b *testing.B) {
			bench := served(b, func(c *Config) { c.Limits.BytesPerSecond = 1 << 40 })
			s := bench.speaks(network).knows(bench.credentials("alice"))
			s.asks(stun.MethodAllocate, overUDP())
			s.asks(stun.MethodChannelBind, channel(0x4001), bench.mediaPeer())
			frame, answer := append([]byte{0x40, 1, 0, 160}, make([]byte, 160)...), make([]byte, 200)
			s.SetReadDeadline(time.Time{})
			b.ReportAllocs()
			for b.Loop() {
				s.says(frame)
				if _, err := s.Read(answer); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
