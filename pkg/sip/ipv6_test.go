package sip_test

import (
	"context"
	"net"
	"net/netip"
	"strings"
	"testing"

	"github.com/seed-f3cefc8c/focus/pkg/sip"
)

// TestIPv6 makes calls between IPv6 hosts: addresses stand in brackets in Via and Contact, and have no zone (RFC 3261 §25.1, RFC 5118).
func TestIPv6(t *testing.T) {
	for _, transport := range []string{"", ";transport=tcp"} {
		inWorld(t, func(t *testing.T, w *world) {
			var dialogs []*sip.Dialog
			var via string
			accept := accepts(t, &leg{}, &dialogs)
			w.agent("[2001:db8::1]", sip.Config{Handler: sip.HandlerFunc(func(tx *sip.ServerTransaction) {
				via = sip.HeaderValue(tx.Request(), "Via")
				accept.ServeSIP(tx)
			})})
			phone := w.agent("[2001:db8::2]", sip.Config{})
			d, res, err := phone.Invite(t.Context(), sip.Invitation{
				Target: mustURI(t, "sip:conf@[2001:db8::1]"+transport), From: mustURI(t, "sip:alice@example.com"), Handler: &leg{},
			})
			if err != nil {
				t.Fatal(err)
			}
			if contact := sip.HeaderValue(res, "Contact"); !strings.Contains(contact, "@[2001:db8::1]:5060"+transport) {
				t.Errorf("Contact %s", contact)
			}
			if !strings.Contains(via, " [2001:db8::2]:5060;") {
				t.Errorf("Via %s", via)
			}
			if res, err := dialogs[0].Request(t.Context(), sip.INFO, "", nil); err != nil || res.StatusCode != 200 {
				t.Errorf("INFO back: %v, %v", res, err)
			}
			if err := d.Bye(t.Context()); err != nil {
				t.Error(err)
			}
		})
	}
}

// TestOneSocketForBothFamilies: a socket on all addresses serves IPv4 and IPv6, and calls itself by the address that the peer sees, never :: or 0.0.0.0.
func TestOneSocketForBothFamilies(t *testing.T) {
	udp, err := net.ListenPacket("udp", ":0")
	if err != nil {
		t.Fatal(err)
	}
	tcp, err := net.Listen("tcp", ":0")
	if err != nil {
		t.Fatal(err)
	}
	server := sip.New(sip.Config{Handler: sip.HandlerFunc(func(tx *sip.ServerTransaction) {
		contact := tx.ContactURI("x")
		tx.Reply(200, &sip.ContactHeader{Address: contact}, sip.NewHeader("Seen", sip.HeaderValue(tx.Request(), "Via")))
	})})
	defer server.Close()
	if server.ListenUDP(udp) != nil || server.ListenTCP(tcp) != nil {
		t.Fatal("not listening")
	}
	own, _ := net.ListenPacket("udp", ":0")
	phone := sip.New(sip.Config{})
	defer phone.Close()
	if err := phone.ListenUDP(own); err != nil {
		t.Fatal(err)
	}
	for _, host := range []string{"127.0.0.1", "[::1]"} {
		for target, contact := range map[string]string{
			"sip:" + host + ":" + port(udp.LocalAddr()):               "@" + host + ":" + port(udp.LocalAddr()),
			"sip:" + host + ":" + port(tcp.Addr()) + ";transport=tcp": "@" + host + ":" + port(tcp.Addr()) + ";transport=tcp",
		} {
			res, err := phone.Do(t.Context(), sip.NewRequest(sip.OPTIONS, mustURI(t, target)))
			if err != nil {
				if host == "[::1]" {
					t.Skip("no IPv6 here: ", err)
				}
				t.Fatal(err)
			}
			if got := sip.HeaderValue(res, "Contact"); !strings.Contains(got, contact) {
				t.Errorf("%s: Contact %s", target, got)
			}
			if got := sip.HeaderValue(res, "Seen"); !strings.Contains(got, " "+host+":") {
				t.Errorf("%s: Via %s", target, got)
			}
		}
	}
}

// TestWhatWeAreCalled: the name of Config.Host, but not an address that the peer cannot reach; brackets once; no zone.
func TestWhatWeAreCalled(t *testing.T) {
	for _, row := range []struct{ host, socket, peer, want string }{
		{"", "192.0.2.1", "192.0.2.2", "192.0.2.1"},
		{"203.0.113.5", "192.0.2.1", "192.0.2.2", "203.0.113.5"},
		{"focus.example", "192.0.2.1", "192.0.2.2", "focus.example"},
		{"", "[2001:db8::1]", "[2001:db8::2]", "[2001:db8::1]"},
		{"[2001:db8::5]", "[2001:db8::1]", "[2001:db8::2]", "[2001:db8::5]"},
		{"2001:db8::5", "[2001:db8::1]", "[2001:db8::2]", "[2001:db8::5]"},
		{"203.0.113.5", "[2001:db8::1]", "[2001:db8::2]", "[2001:db8::1]"},
		{"[2001:db8::5]", "192.0.2.1", "192.0.2.2", "192.0.2.1"},
		{"", "[fe80::1%eth0]", "[fe80::2%eth0]", "[fe80::1]"},
	} {
		inWorld(t, func(t *testing.T, w *world) {
			var contact, via string
			w.agent(row.peer, sip.Config{Handler: sip.HandlerFunc(func(tx *sip.ServerTransaction) {
				via = sip.HeaderValue(tx.Request(), "Via")
				tx.Reply(200)
			})})
			ua := w.agent(row.socket, sip.Config{Host: row.host, Locate: at("UDP", row.peer+":5060"), Handler: sip.HandlerFunc(func(tx *sip.ServerTransaction) {
				uri := tx.ContactURI("")
				contact = uri.String()
				tx.Reply(200)
			})})
			p := w.wire(row.peer+":5090", row.socket+":5060")
			p.says("OPTIONS sip:x SIP/2.0\nVia: SIP/2.0/UDP x;rport;branch=z9hG4bKa\nFrom: <sip:a@x>;tag=1\nTo: <sip:x>\nCall-ID: 1\nCSeq: 1 OPTIONS\n\n")
			if res := p.heard("SIP/2.0 200"); len(res) != 1 || strings.Contains(res[0].text, "%") {
				t.Errorf("%+v: answer %v", row, res)
			}
			if _, err := ua.Do(t.Context(), sip.NewRequest(sip.OPTIONS, mustURI(t, "sip:peer.example"))); err != nil {
				t.Errorf("%+v: %v", row, err)
			}
			if !strings.HasPrefix(contact, "sip:"+row.want+":5060") || !strings.Contains(via, " "+row.want+":5060;") {
				t.Errorf("%+v: Contact %s, Via %s", row, contact, via)
			}
		})
	}
}

// at is a Config.Locate that finds everything at one place.
func at(transport, addr string) func(context.Context, sip.URI) ([]sip.Target, error) {
	return func(context.Context, sip.URI) ([]sip.Target, error) {
		return []sip.Target{{Transport: transport, Addr: netip.MustParseAddrPort(addr)}}, nil
	}
}
