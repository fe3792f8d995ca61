package sip_test

import (
	"context"
	"errors"
	"net"
	"testing"

	"github.com/seed-f3cefc8c/focus/pkg/sip"
	"github.com/seed-f3cefc8c/focus/pkg/sip/locate"
	"github.com/seed-f3cefc8c/focus/pkg/sip/siptest"
)

// names makes Config.Locate of the lines of a zone.
func names(t *testing.T, zone string, own ...string) func(context.Context, sip.URI) ([]sip.Target, error) {
	t.Helper()
	zoneNames, err := siptest.NewDNS(zone)
	if err != nil {
		t.Fatal(err)
	}
	return sip.LocateBy(locate.New(locate.Config{DNS: zoneNames, Own: own, Rand: func(int) int { return 0 }}))
}

func TestARequestFollowsDNS(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		var over []string
		w.agent("192.0.2.1", sip.Config{Handler: sip.HandlerFunc(func(tx *sip.ServerTransaction) {
			over = append(over, tx.Transport())
			tx.Reply(200)
		})})
		phone := w.agent("192.0.2.2", sip.Config{Locate: names(t, `
			example.com. 60 IN NAPTR 10 10 "s" "SIP+D2T" "" _sip._tcp.example.com.
			_sip._tcp.example.com. 60 IN SRV 0 0 5060 one.example.com.
			one.example.com. 60 IN A 192.0.2.1
		`, "home.example")})
		for _, target := range []string{"sip:example.com", "sip:one.example.com", "sip:far.example;maddr=192.0.2.1"} {
			if res, err := phone.Do(t.Context(), sip.NewRequest(sip.OPTIONS, mustURI(t, target))); err != nil || res.StatusCode != 200 {
				t.Errorf("%s: %v, %v", target, res, err)
			}
		}
		if len(over) != 3 || over[0] != "TCP" || over[1] != "UDP" || over[2] != "UDP" {
			t.Errorf("came over %v", over)
		}

		t.Log("# our own domain, and our own sockets, are not reached over the network")
		for _, target := range []string{"sip:alice@home.example", "sip:192.0.2.2", "sip:192.0.2.2;transport=tcp"} {
			_, err := phone.Do(t.Context(), sip.NewRequest(sip.OPTIONS, mustURI(t, target)))
			if !errors.Is(err, sip.ErrOwnDomain) || !errors.Is(err, sip.ErrTransport) {
				t.Errorf("%s: %v", target, err)
			}
		}
	})
}

// TestOurselvesByAnyAddress: a socket on all addresses is ours at each of them.
func TestOurselvesByAnyAddress(t *testing.T) {
	conn, err := net.ListenPacket("udp", ":0")
	if err != nil {
		t.Fatal(err)
	}
	ua := sip.New(sip.Config{})
	defer ua.Close()
	if err := ua.ListenUDP(conn); err != nil {
		t.Fatal(err)
	}
	for _, host := range []string{"127.0.0.1", "[::1]", "localhost"} {
		if _, err := ua.Do(t.Context(), sip.NewRequest(sip.OPTIONS, mustURI(t, "sip:"+host+":"+port(conn.LocalAddr())))); !errors.Is(err, sip.ErrOwnDomain) {
			t.Errorf("%s: %v", host, err)
		}
	}
}
