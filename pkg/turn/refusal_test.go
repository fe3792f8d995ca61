package turn

import (
	"encoding/binary"
	"net/netip"
	"testing"
	"time"

	"github.com/pion/stun/v4"
)

// TestWhoIsRefused: each code where RFC 8656 wants it, over each transport.
func TestWhoIsRefused(t *testing.T) {
	b := served(t, nil)
	for _, network := range []string{"udp", "tcp", "tls"} {
		t.Run(network, func(t *testing.T) {
			username, password := b.credentials("alice")
			expired, old, _ := b.issuer.Issue("alice", time.Now().Add(-time.Second))
			for what, row := range map[string]struct {
				username, password string
			}{
				"a wrong password": {username, password + "x"}, "another user's password": {username + "x", password}, "no expiry": {"alice", password},
				"expired": {expired, old}, "a later expiry": {"9" + username, password}, "an empty user": {"1999999999:", password},
			} {
				s := b.speaks(network).knows(row.username, row.password)
				answer := s.asks(stun.MethodAllocate, overUDP())
				s.wants(what, answer, stun.CodeUnauthorized)
				if !answer.Contains(stun.AttrNonce) || !answer.Contains(stun.AttrRealm) {
					s.t.Errorf("%s: the 401 has no nonce or no realm", what)
				}
			}
			s := b.speaks(network).knows(username, password)
			s.nonce = stun.NewNonce("0123456789abcdef")
			s.wants("a nonce of nobody's", s.asksOnce(stun.MethodAllocate, overUDP()), stun.CodeStaleNonce)
			s = b.speaks(network)
			s.realm = "example.net"
			s.knows(username, password)
			s.wants("another realm", s.asks(stun.MethodAllocate, overUDP()), stun.CodeUnauthorized)
			b.speaks(network).wants("no credentials", b.speaks(network).asks(stun.MethodAllocate, overUDP()), stun.CodeUnauthorized)
		})
	}
	if n := b.Stats(); n.Wrong != 9 || n.Expired != 3 || n.Unknown != 9 || n.StaleNonces != 3 || n.Challenged != 24 || n.Allocations != 0 {
		t.Errorf("counted %+v", n)
	}
}

// TestWhatAnAllocationIsRefused: transports, families and lifetimes that there are none of, and allocations that are not there.
func TestWhatAnAllocationIsRefused(t *testing.T) {
	b := served(t, nil)
	for _, network := range []string{"udp", "tcp", "tls"} {
		t.Run(network, func(t *testing.T) {
			s := b.speaks(network).knows(b.credentials("alice"))
			s.wants("no transport", s.asks(stun.MethodAllocate), stun.CodeBadRequest)
			s.wants("TCP to peers", s.asks(stun.MethodAllocate, attribute{stun.AttrRequestedTransport, []byte{6, 0, 0, 0}}), stun.CodeUnsupportedTransProto)
			s.wants("SCTP to peers", s.asks(stun.MethodAllocate, attribute{stun.AttrRequestedTransport, []byte{132, 0, 0, 0}}), stun.CodeUnsupportedTransProto)
			s.wants("IPv6", s.asks(stun.MethodAllocate, overUDP(), attribute{stun.AttrRequestedAddressFamily, []byte{2, 0, 0, 0}}), stun.CodeAddrFamilyNotSupported)
			s.wants("not to be understood", s.asks(stun.MethodAllocate, overUDP(), attribute{0x7F01, []byte{1, 2, 3, 4}}), stun.CodeUnknownAttribute)
			s.wants("refresh of nothing", s.asks(stun.MethodRefresh), stun.CodeAllocMismatch)
			s.wants("permission for nothing", s.asks(stun.MethodCreatePermission, b.mediaPeer()), stun.CodeAllocMismatch)
			s.wants("channel of nothing", s.asks(stun.MethodChannelBind, channel(0x4001), b.mediaPeer()), stun.CodeAllocMismatch)

			s.wants("allocation", s.asks(stun.MethodAllocate, overUDP()), 0)
			s.wants("a second one", s.asks(stun.MethodAllocate, overUDP()), stun.CodeAllocMismatch)
			s.wants("refresh", s.asks(stun.MethodRefresh, lifetime(1000)), 0)
			s.wants("a low channel", s.asks(stun.MethodChannelBind, channel(0x3FFF), b.mediaPeer()), stun.CodeBadRequest)
			s.wants("a high channel", s.asks(stun.MethodChannelBind, channel(0x8000), b.mediaPeer()), stun.CodeBadRequest)
			mallory := *s
			mallory.knows(b.credentials("mallory"))
			s.wants("somebody else's allocation", mallory.asks(stun.MethodRefresh, lifetime(0)), stun.CodeWrongCredentials)
			s.wants("the end", s.asks(stun.MethodRefresh, lifetime(0)), 0)
			s.wants("after the end", s.asks(stun.MethodRefresh, lifetime(0)), stun.CodeAllocMismatch)
		})
	}
	if n := b.Stats(); n.Relays != 0 || n.Allocations != 3 || n.Mismatched != 18 {
		t.Errorf("counted %+v", n)
	}
}

// TestAllocationsLiveAnHourAtMost. A longer time is cut, and one that is asked for is kept.
func TestAllocationsLiveAnHourAtMost(t *testing.T) {
	b := served(t, nil)
	s := b.speaks("udp").knows(b.credentials("alice"))
	for asked, want := range map[uint32]uint32{30: 30, 3599: 3599, 7200: 600, 1<<32 - 1: 600} {
		answer := s.asks(stun.MethodAllocate, overUDP(), lifetime(asked))
		value, err := answer.Get(stun.AttrLifetime)
		if err != nil || binary.BigEndian.Uint32(value) != want {
			t.Errorf("%d s: %v %v, want %d", asked, value, err, want)
		}
		s.asks(stun.MethodRefresh, lifetime(0))
	}
}

// TestPeersThatAreRefused: permissions and channels are for our media alone, and what else was configured; a permission for the address of our
// media does not open its other ports.
func TestPeersThatAreRefused(t *testing.T) {
	b := served(t, func(c *Config) {
		c.Peers.Networks = []netip.Prefix{netip.MustParsePrefix("10.1.0.0/16")}
	})
	s := b.speaks("udp").knows(b.credentials("alice"))
	s.wants("allocation", s.asks(stun.MethodAllocate, overUDP()), 0)
	for _, refused := range []string{"127.0.0.2:4000", "10.2.0.1:4000", "192.168.1.1:4000", "169.254.169.254:80", "224.0.0.1:4000", "0.0.0.0:4000", "255.255.255.255:9", "1.1.1.1:53"} {
		s.wants("permission for "+refused, s.asks(stun.MethodCreatePermission, peer(refused)), stun.CodeForbidden)
		s.wants("channel to "+refused, s.asks(stun.MethodChannelBind, channel(0x4001), peer(refused)), stun.CodeForbidden)
	}
	s.wants("IPv6", s.asks(stun.MethodCreatePermission, peer("[::1]:4000")), stun.CodePeerAddrFamilyMismatch)
	s.wants("one good, one bad", s.asks(stun.MethodCreatePermission, b.mediaPeer(), peer("127.0.0.2:1")), stun.CodeForbidden)
	s.wants("a network that is allowed", s.asks(stun.MethodCreatePermission, peer("10.1.2.3:4000")), 0)

	other := echoes(t)
	s.wants("our media", s.asks(stun.MethodCreatePermission, b.mediaPeer()), 0)
	stranger := toPeer(netip.MustParseAddrPort(other.LocalAddr().String()))
	s.wants("channel to another socket at that address", s.asks(stun.MethodChannelBind, channel(0x4001), stranger), stun.CodeForbidden)
	for _, to := range []stun.Setter{stranger, b.mediaPeer()} {
		indication, err := stun.Build(stun.TransactionID, stun.NewType(stun.MethodSend, stun.ClassIndication), to, attribute{stun.AttrData, []byte("hello")})
		if err != nil {
			t.Fatal(err)
		}
		s.says(indication.Raw)
	}
	if data := s.hears(); data == nil || data.Type.Method != stun.MethodData {
		t.Errorf("our media did not answer: %v", data)
	}
	if n := b.Stats(); n.BadPeers != 1 || n.ToPeers != 1 || n.ToClients != 1 || n.Forbidden != 18 {
		t.Errorf("counted %+v", n)
	}
}

// TestQuotas: a user, and a source, have so many allocations, and get new ones when old ones end.
func TestQuotas(t *testing.T) {
	b := served(t, func(c *Config) { c.Limits.AllocationsPerUser, c.Limits.AllocationsPerSource = 2, 3 })
	var alice []*speaker
	for range 2 {
		s := b.speaks("udp").knows(b.credentials("alice"))
		s.wants("alice", s.asks(stun.MethodAllocate, overUDP()), 0)
		alice = append(alice, s)
	}
	s := b.speaks("tls").knows(b.credentials("alice"))
	s.wants("alice once more", s.asks(stun.MethodAllocate, overUDP()), stun.CodeAllocQuotaReached)
	bob := b.speaks("tcp").knows(b.credentials("bob"))
	bob.wants("bob", bob.asks(stun.MethodAllocate, overUDP()), 0)
	carol := b.speaks("udp").knows(b.credentials("carol"))
	carol.wants("carol, from where three are", carol.asks(stun.MethodAllocate, overUDP()), stun.CodeAllocQuotaReached)

	alice[0].asks(stun.MethodRefresh, lifetime(0))
	s.wants("alice, who has ended one", s.asks(stun.MethodAllocate, overUDP()), 0)
	bob.Close()
	until(t, "bob's connection has ended, and his allocation with it", func() bool { return b.Stats().Relays == 2 })
	carol.wants("carol", carol.asks(stun.MethodAllocate, overUDP()), 0)
	for range 3 { // what is refused later gives its share back
		mallory := b.speaks("udp").knows(b.credentials("dave"))
		mallory.asks(stun.MethodAllocate, attribute{stun.AttrRequestedTransport, []byte{6, 0, 0, 0}})
	}
	if n := b.Stats(); n.Relays != 3 || n.OverQuota != 5 {
		t.Errorf("counted %+v", n)
	}
}

// TestNoPortIsFree: 508, and a port is free again after its allocation.
func TestNoPortIsFree(t *testing.T) {
	b := served(t, func(c *Config) { c.Ports = [2]uint16{11999, 11999} })
	one, two := b.speaks("udp").knows(b.credentials("alice")), b.speaks("udp").knows(b.credentials("bob"))
	one.wants("the one port", one.asks(stun.MethodAllocate, overUDP()), 0)
	two.wants("none", two.asks(stun.MethodAllocate, overUDP()), stun.CodeInsufficientCapacity)
	one.asks(stun.MethodRefresh, lifetime(0))
	two.wants("free again", two.asks(stun.MethodAllocate, overUDP()), 0)
	if n := b.Stats(); n.NoRoom != 1 {
		t.Errorf("counted %+v", n)
	}
}

// TestPeersAndChannelsHaveABound: an allocation does not grow without end, and what it has may be refreshed.
func TestPeersAndChannelsHaveABound(t *testing.T) {
	b := served(t, func(c *Config) {
		c.Peers.Networks = []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")}
	})
	s := b.speaks("udp").knows(b.credentials("alice"))
	s.asks(stun.MethodAllocate, overUDP())
	for i := range maxPeers {
		address := netip.AddrPortFrom(netip.AddrFrom4([4]byte{10, 0, 0, byte(i)}), 4000)
		s.wants("channel", s.asks(stun.MethodChannelBind, channel(0x4000+uint16(i)), toPeer(address)), 0)
	}
	s.wants("one peer more", s.asks(stun.MethodCreatePermission, peer("10.1.0.0:4000")), stun.CodeInsufficientCapacity)
	s.wants("one channel more", s.asks(stun.MethodChannelBind, channel(0x5000), peer("10.0.0.1:4001")), stun.CodeInsufficientCapacity)
	s.wants("a channel again", s.asks(stun.MethodChannelBind, channel(0x4001), peer("10.0.0.1:4000")), 0)
	s.wants("a permission again", s.asks(stun.MethodCreatePermission, peer("10.0.0.1:4000")), 0)
}

// TestRateOfAnAllocation: what is too much is lost.
func TestRateOfAnAllocation(t *testing.T) {
	b := served(t, func(c *Config) { c.Limits.BytesPerSecond = 10_000 })
	s := b.speaks("udp").knows(b.credentials("alice"))
	s.asks(stun.MethodAllocate, overUDP())
	s.asks(stun.MethodChannelBind, channel(0x4001), b.mediaPeer())
	for range 30 {
		s.says(append([]byte{0x40, 1, 0x03, 0xE8}, make([]byte, 1000)...))
	}
	until(t, "all have been looked at", func() bool { n := b.Stats(); return n.ToPeers+n.OverRate >= 30 })
	if n := b.Stats(); n.ToPeers < 9 || n.ToPeers > 15 {
		t.Errorf("%d were relayed", n.ToPeers)
	}
}

func until(t *testing.T, what string, done func() bool) {
	t.Helper()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for deadline := time.Now().Add(5 * time.Second); !done(); <-tick.C {
		if time.Now().After(deadline) {
			t.Fatalf("not so after 5 s: %s", what)
		}
	}
}
