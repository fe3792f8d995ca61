package locate_test

import (
	"context"
	"fmt"
	"net"
	"sync/atomic"
	"testing"
	"time"

	"github.com/miekg/dns"

	"github.com/seed-f3cefc8c/focus/pkg/sip/locate"
	"github.com/seed-f3cefc8c/focus/pkg/sip/siptest"
)

// serve is a real server of names on loopback, over UDP and TCP.
func serve(t *testing.T, handler dns.HandlerFunc) string {
	t.Helper()
	conn, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("tcp", conn.LocalAddr().String())
	if err != nil {
		t.Skip("the port is taken for TCP")
	}
	for _, server := range []*dns.Server{{PacketConn: conn, Handler: handler}, {Listener: l, Handler: handler}} {
		started := make(chan struct{})
		server.NotifyStartedFunc = func() { close(started) }
		go server.ActivateAndServe()
		<-started
		t.Cleanup(func() { server.Shutdown() })
	}
	return conn.LocalAddr().String()
}

func TestRealServers(t *testing.T) {
	var zone string
	for i := range 60 { // too long for a datagram
		zone += fmt.Sprintf("_sip._udp.example.com. 60 IN SRV %d 0 5060 a-rather-long-name-of-a-server-%d.example.com.\n", i, i)
		zone += fmt.Sprintf("a-rather-long-name-of-a-server-%d.example.com. 60 IN A 203.0.113.%d\n", i, i)
	}
	names, err := siptest.NewDNS(zone)
	if err != nil {
		t.Fatal(err)
	}
	var overTCP, refused atomic.Int32
	good := serve(t, func(w dns.ResponseWriter, q *dns.Msg) {
		m, _ := names.Exchange(context.Background(), q)
		if _, tcp := w.RemoteAddr().(*net.TCPAddr); tcp {
			overTCP.Add(1)
		} else {
			m.Truncate(512)
		}
		w.WriteMsg(m)
	})
	bad := serve(t, func(w dns.ResponseWriter, q *dns.Msg) {
		refused.Add(1)
		w.WriteMsg(new(dns.Msg).SetRcode(q, dns.RcodeRefused))
	})
	silent, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer silent.Close()

	client := &locate.Client{Servers: []string{silent.LocalAddr().String(), bad, good}, Timeout: 50 * time.Millisecond}
	r := locate.New(locate.Config{DNS: client})
	targets, err := r.Locate(t.Context(), locate.Query{Target: "example.com", Transport: "udp"})
	if err != nil || len(targets) != 32 || targets[0].Addr.String() != "203.0.113.0:5060" {
		t.Errorf("%v, %v", targets, err)
	}
	if overTCP.Load() == 0 || refused.Load() == 0 {
		t.Errorf("%d over TCP, %d refused", overTCP.Load(), refused.Load())
	}
}

func TestASettingThatIsNoAddress(t *testing.T) {
	if _, err := locate.NewClient("192.0.2.53"); err == nil {
		t.Error("a server without port was taken")
	}
	if c, err := locate.NewClient("[2001:db8::53]:53"); err != nil || len(c.Servers) != 1 {
		t.Errorf("%v, %v", c, err)
	}
}
