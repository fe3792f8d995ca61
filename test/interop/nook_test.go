//go:build interop

package interop

import (
	"fmt"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// nook is a network namespace beside that of the tests, which is the public side. A nil one is the public side itself.
type nook struct {
	*process // keeps it open
	addr     string
}

// digs makes a namespace in which nothing is but a loopback interface.
func digs(t testing.TB, name string) *nook {
	t.Helper()
	n := &nook{}
	n.process = startsWith(t, name, t.TempDir(), func(cmd *exec.Cmd) { cmd.SysProcAttr.Cloneflags |= syscall.CLONE_NEWNET }, "sleep", "600")
	n.does(t, "ip link set lo up")
	return n
}

// links connects two namespaces by a pair of interfaces with these addresses, each with its prefix.
func links(t testing.TB, a *nook, device, address string, b *nook, peer, peerAddress string) {
	t.Helper()
	a.does(t, fmt.Sprintf("ip link add %s type veth peer name %s netns %d", device, peer, b.pidOr(os.Getpid())))
	a.does(t, fmt.Sprintf("ip addr add %s dev %s && ip link set %s up", address, device, device))
	b.does(t, fmt.Sprintf("ip addr add %s dev %s && ip link set %s up", peerAddress, peer, peer))
	if a == nil {
		t.Cleanup(func() { _ = exec.Command("sh", "-c", "PATH=$PATH:/usr/sbin:/sbin ip link del "+device).Run() })
	}
	b.addr, _, _ = strings.Cut(peerAddress, "/")
}

func (n *nook) pidOr(own int) int {
	if n == nil {
		return own
	}
	return n.pid()
}

// does runs a line of shell there. Who may not, or has no such program, skips the test.
func (n *nook) does(t testing.TB, line string) {
	t.Helper()
	cmd := exec.Command("sh", "-c", "PATH=$PATH:/usr/sbin:/sbin; "+line)
	n.moves(cmd)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Skipf("%s: %v %s", line, err, out)
	}
}

// moves has a command run there.
func (n *nook) moves(cmd *exec.Cmd) {
	if n == nil {
		return
	}
	if program, err := exec.LookPath("nsenter"); err == nil {
		cmd.Path, cmd.Args = program, append([]string{"nsenter", "-t", strconv.Itoa(n.pid()), "-n", "--", cmd.Path}, cmd.Args[1:]...)
	}
}

// inside runs f on a thread that is there: a socket stays where it was made. The thread comes back, for programs that it has started would die
// with it.
func (n *nook) inside(t testing.TB, f func() error) {
	t.Helper()
	if n == nil {
		if err := f(); err != nil {
			t.Fatal(err)
		}
		return
	}
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	here, err := os.Open("/proc/thread-self/ns/net")
	if err != nil {
		t.Fatal(err)
	}
	defer here.Close()
	there, err := os.Open(fmt.Sprintf("/proc/%d/ns/net", n.pid()))
	if err != nil {
		t.Fatal(err)
	}
	defer there.Close()
	if err := unix.Setns(int(there.Fd()), unix.CLONE_NEWNET); err != nil {
		t.Fatalf("entering the namespace of %s: %v", n.name, err)
	}
	err = f()
	if back := unix.Setns(int(here.Fd()), unix.CLONE_NEWNET); back != nil {
		panic(back) // nothing that runs on this thread would be where it belongs
	}
	if err != nil {
		t.Fatal(err)
	}
}

// listensUDP opens a socket there.
func (n *nook) listensUDP(t testing.TB, addr string) (conn *net.UDPConn) {
	t.Helper()
	n.inside(t, func() (err error) {
		conn, err = net.ListenUDP("udp", net.UDPAddrFromAddrPort(netip.MustParseAddrPort(addr)))
		return err
	})
	t.Cleanup(func() { conn.Close() })
	return conn
}

// address is where a client there is reached, or believes so.
func (n *nook) address() string {
	if n == nil {
		return host
	}
	return n.addr
}

const (
	outerAddress = "203.0.113.2" // of the NAT
	serverOuter  = "203.0.113.9" // of a server behind a 1:1 NAT
	wildAddress  = "198.51.100.7"
)

// behindNAT is a namespace that reaches the public side through a router which writes another address and another port on everything, and lets
// in only what answers to it.
func behindNAT(t testing.TB) *nook {
	t.Helper()
	router, inner := digs(t, "router"), digs(t, "lan")
	links(t, nil, "pub0", "203.0.113.1/24", router, "pub1", outerAddress+"/24")
	links(t, router, "lan0", "10.77.0.1/24", inner, "lan1", "10.77.0.2/24")
	router.does(t, "ip route add default via 203.0.113.1 && echo 1 >/proc/sys/net/ipv4/ip_forward")
	router.does(t, `nft add table ip nat && nft 'add chain ip nat out { type nat hook postrouting priority 100 ; }' &&
		nft add rule ip nat out oifname pub1 masquerade fully-random`)
	inner.does(t, "ip route add default via 10.77.0.1")
	return inner
}

// behindOneToOne is a namespace whose one host is reached at serverOuter, all ports of it, and nowhere else.
func behindOneToOne(t testing.TB) *nook {
	t.Helper()
	router, inner := digs(t, "router"), digs(t, "dmz")
	links(t, nil, "pub0", "203.0.113.1/24", router, "pub1", outerAddress+"/24")
	links(t, router, "dmz0", "10.99.0.1/24", inner, "dmz1", "10.99.0.2/24")
	router.does(t, "ip addr add "+serverOuter+"/32 dev pub1 && ip route add default via 203.0.113.1 && echo 1 >/proc/sys/net/ipv4/ip_forward")
	router.does(t, `nft add table ip nat && nft 'add chain ip nat in { type nat hook prerouting priority -100 ; }' &&
		nft 'add chain ip nat out { type nat hook postrouting priority 100 ; }' &&
		nft add rule ip nat in ip daddr `+serverOuter+` dnat to 10.99.0.2 && nft add rule ip nat out ip saddr 10.99.0.2 snat to `+serverOuter)
	inner.does(t, "ip route add default via 10.99.0.1")
	return inner
}

// elsewhere is a namespace of a host that has nothing to do with anybody's call.
func elsewhere(t testing.TB) *nook {
	t.Helper()
	wild := digs(t, "wild")
	links(t, nil, "wild0", "198.51.100.1/24", wild, "wild1", wildAddress+"/24")
	wild.does(t, "ip route add default via 198.51.100.1")
	return wild
}

// sprays sends to all these ports of the server, 50 times a second, whatever a thief of calls would try, until the returned function is called,
// which says how many datagrams that were.
func (n *nook) sprays(t testing.TB, from, to uint16) (stop func() int) {
	t.Helper()
	conn := n.listensUDP(t, n.address()+":0")
	done, sent := make(chan struct{}), make(chan int)
	go func() {
		count := 0
		tick := time.NewTicker(20 * time.Millisecond)
		defer tick.Stop()
		for sequence := uint16(0); ; sequence++ {
			select {
			case <-done:
				sent <- count
				return
			case <-tick.C:
			}
			for port := from; port <= to; port++ {
				datagram := loot(sequence, port)
				if _, err := conn.WriteToUDPAddrPort(datagram, netip.AddrPortFrom(netip.MustParseAddr(host), port)); err == nil {
					count++
				}
			}
		}
	}()
	return func() int { close(done); return <-sent }
}

// intruder is the tone that a stranger would like to be heard with, in Hz.
const intruder = 2000

// loot is RTP with a tone in PCMU most of the time, and now and then RTCP that ends the call, a STUN check of nobody's or the beginning of a
// DTLS handshake.
func loot(sequence, port uint16) []byte {
	switch sequence % 10 {
	case 7: // RFC 3550 §6.6: RR, then BYE
		return []byte{0x80, 201, 0, 1, 0, 0, 0, byte(port), 0x81, 203, 0, 1, 0, 0, 0, byte(port)}
	case 8: // RFC 8489 §5: a Binding request with a USERNAME
		return append([]byte{0, 1, 0, 12, 0x21, 0x12, 0xa4, 0x42, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, byte(sequence), 0, 6, 0, 5}, "a:bcd\x00\x00\x00"...)
	case 9: // RFC 6347 §4.2.2: a ClientHello that is cut off
		return []byte{22, 254, 253, 0, 0, 0, 0, 0, 0, 0, 0, 0, 12, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0}
	}
	timestamp := uint32(sequence) * 160
	packet := []byte{0x80, 0, byte(sequence >> 8), byte(sequence), byte(timestamp >> 24), byte(timestamp >> 16), byte(timestamp >> 8), byte(timestamp), 66, 6, 6, 6}
	for i := range 160 { // µ-law of a tone of 2 kHz at 8 kHz: 0, 1, 0, −1
		packet = append(packet, [4]byte{0xff, 0x90, 0xff, 0x10}[i%4])
	}
	return packet
}
