package turn

import (
	"errors"
	"fmt"
	"net/netip"
	"strings"
	"testing"
	"time"
)

// TestCredentialsAreThoseOfCoturn: the password of "use-auth-secret" for that secret and user name, made with
// printf %s 1999999999:alice | openssl dgst -sha1 -hmac north -binary | base64.
func TestCredentialsAreThoseOfCoturn(t *testing.T) {
	issuer := NewIssuer([]byte("north"))
	username, password, err := issuer.Issue("alice", time.Unix(1999999999, 0))
	if err != nil || username != "1999999999:alice" || password != coturnPassword {
		t.Errorf("%s %s %v", username, password, err)
	}
	if shown := fmt.Sprintf("%v %+v %#v %s", issuer, issuer, issuer, issuer); strings.Contains(shown, "north") || strings.Contains(shown, "110") {
		t.Errorf("the secret is shown: %s", shown)
	}
	for _, user := range []string{"", "a b", "a\x00", "a\n", strings.Repeat("a", 257)} {
		if _, _, err := issuer.Issue(user, time.Now()); !errors.Is(err, ErrUser) {
			t.Errorf("%q: %v", user, err)
		}
	}
}

func TestCredentialsEnd(t *testing.T) {
	issuer, end := NewIssuer(secret), time.Unix(1_900_000_000, 0)
	username, _, err := issuer.Issue("sip:alice@example.org", end) // what is behind the first colon is the user
	if err != nil {
		t.Fatal(err)
	}
	if user, _, err := issuer.check(username, realm, end.Add(-time.Second)); err != nil || user != "sip:alice@example.org" {
		t.Errorf("a second before the end: %q %v", user, err)
	}
	if _, _, err := issuer.check(username, realm, end); err != errExpired {
		t.Errorf("at the end: %v", err)
	}
	for _, bad := range []string{"", ":", "1", "alice", "alice:1", "-1:alice", "1e9:alice", "99999999999999999999:alice", "1999999999:" + strings.Repeat("a", 257)} {
		if _, _, err := issuer.check(bad, realm, end); err != errNoUser {
			t.Errorf("%q: %v", bad, err)
		}
	}
}

func TestPolicy(t *testing.T) {
	address := netip.MustParseAddr("198.51.100.7")
	own := Peers{Own: []Range{{address, 20000, 20999}}}
	open := own
	open.Public = true
	open.Networks = []netip.Prefix{netip.MustParsePrefix("10.1.0.0/16"), netip.MustParsePrefix("fd00:1::/32")}
	relays := Range{address, 49152, 50000}
	for _, row := range []struct {
		peer           string
		byOwn, byOther bool
	}{
		{"198.51.100.7:20000", true, true}, {"198.51.100.7:20999", true, true}, {"198.51.100.7:19999", false, false}, {"198.51.100.7:21000", false, false},
		{"198.51.100.7:49152", true, true}, {"198.51.100.7:50001", false, false}, {"198.51.100.7:5060", false, false}, {"[::ffff:198.51.100.7]:20000", true, true},
		{"8.8.8.8:53", false, true}, {"8.8.8.8:0", false, false}, {"[2606:4700::1111]:53", false, true}, {"10.1.2.3:4", false, true}, {"10.2.0.1:4", false, false}, {"[fd00:1::1]:4", false, true},
		{"127.0.0.1:20000", false, false}, {"[::1]:20000", false, false}, {"[::ffff:127.0.0.1]:20000", false, false}, {"169.254.1.1:4", false, false}, {"[fe80::1]:4", false, false}, {"[fe80::1%eth0]:4", false, false},
		{"192.168.0.1:4", false, false}, {"172.16.0.1:4", false, false}, {"100.64.0.1:4", false, false}, {"224.0.0.1:4", false, false}, {"[ff02::1]:4", false, false},
		{"0.0.0.0:4", false, false}, {"[::]:4", false, false}, {"255.255.255.255:4", false, false}, {"240.0.0.1:4", false, false}, {"0.1.2.3:4", false, false},
		{"[64:ff9b::7f00:1]:4", false, false}, {"[2002:7f00:1::]:4", false, false}, {"[2001:0:1::]:4", false, false}, {"[::7f00:1]:4", false, false},
	} {
		peer := netip.MustParseAddrPort(row.peer)
		if got := newPolicy(own, relays).speaksWith(peer); got != row.byOwn {
			t.Errorf("our media alone: %v: %v", peer, got)
		}
		policy := newPolicy(open, relays)
		if got := policy.speaksWith(peer); got != row.byOther {
			t.Errorf("the public too: %v: %v", peer, got)
		}
		if row.byOther && !policy.knows(peer.Addr()) {
			t.Errorf("%v is no permission and a peer", peer)
		}
	}
	all := newPolicy(Peers{Networks: []netip.Prefix{netip.MustParsePrefix("0.0.0.0/0")}}, relays)
	for _, never := range []string{"0.0.0.0", "224.0.0.1", "255.255.255.255"} {
		if all.knows(netip.MustParseAddr(never)) {
			t.Errorf("%s is a peer", never)
		}
	}
}

func TestShares(t *testing.T) {
	s := newShares(3)
	alice, bob, place := owner{byUser("a"), 2}, owner{byUser("b"), 2}, owner{bySource(netip.MustParseAddr("192.0.2.1")), 3}
	first, second := s.take(alice, place), s.take(alice, place)
	if first == nil || second == nil || s.take(alice) != nil {
		t.Fatal("alice has not two shares")
	}
	if s.take(bob, place) == nil || s.take(bob) != nil {
		t.Error("there are not three shares")
	}
	first()
	first()
	if s.len() != 2 || s.take(bob, place) == nil || s.take(alice) != nil {
		t.Error("a share that was given back is not there, or there are two")
	}
}

func TestPace(t *testing.T) {
	p, now := newPace(10, 15), time.Unix(1, 0)
	count := func(from string, n int) (allowed int) {
		for range n {
			if p.allows(now, netip.MustParseAddr(from)) {
				allowed++
			}
		}
		return allowed
	}
	if got := count("192.0.2.1", 100); got != 10 {
		t.Errorf("one source: %d", got)
	}
	if got := count("2001:db8::1", 3) + count("2001:db8::2", 100); got != 5 {
		t.Errorf("all: %d", got)
	}
	now = now.Add(100 * time.Millisecond)
	if got := count("192.0.2.1", 100); got != 1 {
		t.Errorf("a tenth of a second later: %d", got)
	}
}

func TestConfigurationsThatCannotBe(t *testing.T) {
	good := Config{Realm: realm, Secret: secret, Address: loopback, Ports: [2]uint16{1024, 1024}}
	if _, err := New(good); err != nil {
		t.Fatal(err)
	}
	for what, spoil := range map[string]func(*Config){
		"no realm": func(c *Config) { c.Realm = "" }, "a short secret": func(c *Config) { c.Secret = secret[:15] }, "no address": func(c *Config) { c.Address = netip.Addr{} },
		"all addresses": func(c *Config) { c.Address = netip.IPv4Unspecified() }, "two families": func(c *Config) { c.Bind = netip.IPv6Loopback() },
		"no ports": func(c *Config) { c.Ports = [2]uint16{} }, "ports backwards": func(c *Config) { c.Ports = [2]uint16{2000, 1999} },
	} {
		config := good
		spoil(&config)
		if _, err := New(config); err == nil {
			t.Errorf("%s: is taken", what)
		}
	}
}

const coturnPassword = "a+jYYHyvXjeWjsHoTtv9MrO+gNw="
