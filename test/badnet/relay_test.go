package badnet

import (
	"net"
	"net/netip"
	"testing"
	"time"
)

// Two clients ask a server that answers with what it got, through a relay that takes 30 ms there and 20 ms back.
func TestRelay(t *testing.T) {
	server, err := net.ListenUDP("udp", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	defer server.Close()
	go func() {
		for b := make([]byte, 100); ; {
			n, from, err := server.ReadFromUDP(b)
			if err != nil {
				return
			}
			_, _ = server.WriteToUDP(b[:n], from)
		}
	}()
	r := &Relay{Up: NewLink(1, Conditions{Delay: 30 * ms}), Down: NewLink(2, Conditions{Delay: 20 * ms})}
	if err := r.Serve(netip.MustParseAddrPort("127.0.0.1:0"), server.LocalAddr().(*net.UDPAddr).AddrPort()); err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	for _, word := range []string{"alice", "bob"} {
		client, err := net.DialUDP("udp", nil, net.UDPAddrFromAddrPort(r.Addr()))
		if err != nil {
			t.Fatal(err)
		}
		defer client.Close()
		began, b := time.Now(), make([]byte, 100)
		_ = client.SetDeadline(began.Add(10 * time.Second))
		if _, err := client.Write([]byte(word)); err != nil {
			t.Fatal(err)
		}
		if n, err := client.Read(b); err != nil || string(b[:n]) != word || time.Since(began) < 50*ms {
			t.Errorf("%s got %q after %v, %v", word, b[:n], time.Since(began), err)
		}
	}
	if up, down := r.Up.Stats(), r.Down.Stats(); up.Passed != 2 || down.Passed != 2 || r.Refused() != 0 {
		t.Errorf("up %+v, down %+v, %d refused", up, down, r.Refused())
	}
}
