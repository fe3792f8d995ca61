package turn

import (
	"bytes"
	"crypto/tls"
	"fmt"
	"net"
	"testing"
	"time"

	"github.com/pion/turn/v5"
)

// TestAClientIsRelayedToOurMedia: a client of pion's, over each transport, allocates, sends through a permission and through a channel, and
// gets back what the media socket says.
func TestAClientIsRelayedToOurMedia(t *testing.T) {
	b := served(t, nil)
	for _, network := range []string{"udp", "tcp", "tls"} {
		t.Run(network, func(t *testing.T) {
			client := b.client(t, network, "alice")
			relayed, err := client.Allocate()
			if err != nil {
				t.Fatal(err)
			}
			defer relayed.Close()
			at := relayed.LocalAddr().(*net.UDPAddr)
			if !at.IP.Equal(net.IPv4(127, 0, 0, 1)) || at.Port < 12000 || at.Port > 15999 {
				t.Errorf("the relay is at %v", at)
			}
			for i, size := range []int{6, 7, 160, 161, 1200} { // pion's client waits for more behind fewer octets; the first goes by an indication, the others by a channel
				data := bytes.Repeat([]byte{byte(size)}, size)
				if got := exchange(t, relayed, b.media.LocalAddr(), data); !bytes.Equal(got, data) {
					t.Errorf("%d: %d octets came back as %d", i, size, len(got))
				}
			}
		})
	}
	if n := b.Stats(); n.Allocations != 3 || n.ToPeers != 15 || n.ToClients != 15 || n.Challenged != 3 {
		t.Errorf("counted %+v", n)
	}
}

// TestTwoClientsMeetThroughTheirRelays, one by UDP, one by TLS.
func TestTwoClientsMeetThroughTheirRelays(t *testing.T) {
	b := served(t, nil)
	alice, err := b.client(t, "udp", "alice").Allocate()
	if err != nil {
		t.Fatal(err)
	}
	defer alice.Close()
	bob, err := b.client(t, "tls", "bob").Allocate()
	if err != nil {
		t.Fatal(err)
	}
	defer bob.Close()
	bob.WriteTo([]byte("I am here"), alice.LocalAddr()) // makes a permission; alice has none yet
	alice.WriteTo([]byte("hello"), bob.LocalAddr())
	if got := receive(t, bob); got != "hello" {
		t.Errorf("bob got %q", got)
	}
	bob.WriteTo([]byte("hello, alice"), alice.LocalAddr())
	for got := receive(t, alice); got != "hello, alice"; got = receive(t, alice) {
		if got != "I am here" {
			t.Fatalf("alice got %q", got)
		}
	}
}

// TestSTUNForEverybody: the server says, without credentials, where a client is.
func TestSTUNForEverybody(t *testing.T) {
	b := served(t, nil)
	for _, network := range []string{"udp", "tcp", "tls"} {
		conn := b.transport(t, network)
		client, err := turn.NewClient(&turn.ClientConfig{STUNServerAddr: b.udp, Conn: conn, LoggerFactory: silent()})
		if err != nil {
			t.Fatal(err)
		}
		if err := client.Listen(); err != nil {
			t.Fatal(err)
		}
		at, err := client.SendBindingRequest()
		client.Close()
		if err != nil || at.String() != conn.LocalAddr().String() {
			t.Errorf("%s: %v %v, want %v", network, at, err, conn.LocalAddr())
		}
	}
}

// TestTLSOnThePortForTCP: UDP, TCP and TLS have one address.
func TestTLSOnThePortForTCP(t *testing.T) {
	b := served(t, nil)
	b.tls = b.tcp
	relayed, err := b.client(t, "tls", "alice").Allocate()
	if err != nil {
		t.Fatal(err)
	}
	defer relayed.Close()
	if got := exchange(t, relayed, b.media.LocalAddr(), []byte("hello")); string(got) != "hello" {
		t.Errorf("got %q", got)
	}
}

// client is one of pion's, with credentials.
func (b *bench) client(t *testing.T, network, user string) *turn.Client {
	t.Helper()
	username, password := b.credentials(user)
	client, err := turn.NewClient(&turn.ClientConfig{
		STUNServerAddr: b.udp, TURNServerAddr: b.udp, Conn: b.transport(t, network), Username: username, Password: password, LoggerFactory: silent(),
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(client.Close)
	if err := client.Listen(); err != nil {
		t.Fatal(err)
	}
	return client
}

func (b *bench) transport(t *testing.T, network string) net.PacketConn {
	t.Helper()
	var conn net.Conn
	var err error
	switch network {
	case "udp":
		socket, err := net.ListenPacket("udp4", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { socket.Close() })
		return socket
	case "tcp":
		conn, err = net.Dial("tcp", b.tcp)
	default:
		conn, err = tls.Dial("tcp", b.tls, &tls.Config{InsecureSkipVerify: true})
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	return turn.NewSTUNConn(conn)
}

func exchange(t *testing.T, conn net.PacketConn, to net.Addr, data []byte) []byte {
	t.Helper()
	if _, err := conn.WriteTo(data, to); err != nil {
		t.Fatal(err)
	}
	return []byte(receive(t, conn))
}

func receive(t *testing.T, conn net.PacketConn) string {
	t.Helper()
	buffer := make([]byte, inboundMTU)
	conn.SetReadDeadline(time.Now().Add(5 * time.Second))
	n, _, err := conn.ReadFrom(buffer)
	if err != nil {
		return fmt.Sprint("nothing: ", err)
	}
	return string(buffer[:n])
}
