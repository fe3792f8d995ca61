package ice

import (
	"bytes"
	"net"
	"net/netip"
	"testing"
	"time"
)

// tcpMux is a multiplexer with a UDP port that leads nowhere and a real TCP listener: pion's TCP is not of virtual time.
func tcpMux(t *testing.T) *Mux {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	nowhere := Port{Component: 1, Announced: netip.MustParseAddrPort(serverAddr), Send: func([]byte, netip.AddrPort) error { return nil }}
	m := NewMux([]Port{nowhere}, &TCP{Listener: l, Announced: netip.MustParseAddrPort(l.Addr().String())})
	t.Cleanup(func() { m.Close() })
	return m
}

// await polls until it is true: these tests wait for sockets of the kernel.
func await(t *testing.T, what string, is func() bool) {
	t.Helper()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for end := time.Now().Add(10 * time.Second); time.Now().Before(end); <-tick.C {
		if is() {
			return
		}
	}
	t.Fatalf("%s: not within 10 s", what)
}

func TestMediaByTCPWhenUDPDoesNotGetThrough(t *testing.T) {
	server := newSide(t, tcpMux(t), Config{Lite: true})
	defer server.Close()
	alice := newSide(t, newWire().mux(aliceAddr), Config{ActiveTCP: []netip.Addr{netip.MustParseAddr("127.0.0.1")}})
	defer alice.Close()
	meet(t, alice, server, true)
	path := func(s *side) (last Path) {
		s.note(func() {
			if len(s.paths) > 0 {
				last = s.paths[len(s.paths)-1]
			}
		})
		return last
	}
	await(t, "a path for both", func() bool { return path(server).Remote.IsValid() && path(alice).Remote.IsValid() })
	if got := path(server).Port; got != TCPPort {
		t.Errorf("port of the path = %d, want TCP", got)
	}

	t.Log("# media both ways")
	hello := []byte{0x80, 0, 1, 2, 3}
	for _, pair := range [][2]*side{{server, alice}, {alice, server}} {
		if _, err := pair[0].Write(hello); err != nil {
			t.Fatal(err)
		}
		b := make([]byte, 1500)
		if n, err := pair[1].Read(b); err != nil || !bytes.Equal(b[:n], hello) {
			t.Errorf("Read = %x, %v, want %x", b[:n], err, hello)
		}
	}

	t.Log("# the end wakes who reads")
	ended := make(chan error)
	go func() { _, err := server.Read(make([]byte, 10)); ended <- err }()
	server.Close()
	if err := <-ended; err == nil {
		t.Error("Read of a closed agent gave no error")
	}
}

func TestStrangersByTCP(t *testing.T) {
	m := tcpMux(t)
	server := newSide(t, m, Config{Lite: true})
	defer server.Close()
	dial := func() net.Conn {
		c, err := net.Dial("tcp", m.tcp.announced.String())
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
	t.Log("# who asks for nobody is shown the door")
	c := dial()
	defer c.Close()
	check := binding("nobody:me", "secret")
	if _, err := c.Write(append([]byte{0, byte(len(check))}, check...)); err != nil {
		t.Fatal(err)
	}
	_ = c.SetReadDeadline(time.Now().Add(10 * time.Second))
	if _, err := c.Read(make([]byte, 1)); err == nil {
		t.Error("a stranger got an answer")
	}

	t.Log("# and there is room for so many of one host")
	for range maxTCPPerHost + 5 {
		defer dial().Close()
	}
	await(t, "refused connections", func() bool { return m.Stats().TCPRefused >= 5 })
}
