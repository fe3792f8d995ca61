package media

import (
	"bytes"
	"net/netip"
	"runtime"
	"testing"
	"time"
)

func listen(t *testing.T, network Network, at string) Conn {
	t.Helper()
	c, err := network.Listen(addr(at))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c
}

// receive polls until a datagram is there; on loopback that is at once.
func receive(t *testing.T, c Conn, b *Batch) Datagram {
	t.Helper()
	for range 1000 {
		if c.ReadBatch(b, time.Now()) > 0 {
			return b.Datagrams[0]
		}
		c.(Waiter).Wait(10 * time.Millisecond)
	}
	t.Fatal("nothing arrived")
	return Datagram{}
}

func TestDatagramsGoThere(t *testing.T) {
	for name, network := range map[string]Network{"kernel": UDP{}, "memory": &Memory{}} {
		for _, host := range []string{"127.0.0.1", "[::1]"} {
			t.Run(name+" "+host, func(t *testing.T) {
				alice, bob := listen(t, network, host+":0"), listen(t, network, host+":0")
				before := time.Now()
				if err := alice.WriteTo([]byte("hello"), NewDestination(bob.LocalAddr())); err != nil {
					t.Fatal(err)
				}
				d := receive(t, bob, NewBatch())
				if !bytes.Equal(d.Data, []byte("hello")) || d.From != alice.LocalAddr() {
					t.Errorf("got %q from %s, want hello from %s", d.Data, d.From, alice.LocalAddr())
				}
				if age := d.At.Sub(before); age < -time.Millisecond || age > time.Second {
					t.Errorf("arrived %v after it was sent", age)
				}
			})
		}
	}
}

func TestReadBatchDoesNotAllocate(t *testing.T) {
	alice, bob := listen(t, UDP{}, "127.0.0.1:0"), listen(t, UDP{}, "127.0.0.1:0")
	b, to, now, packet := NewBatch(), NewDestination(bob.LocalAddr()), time.Now(), make([]byte, 172)
	allocs := testing.AllocsPerRun(200, func() {
		_ = alice.WriteTo(packet, to)
		bob.ReadBatch(b, now)
	})
	if allocs != 0 {
		t.Errorf("%v allocations per packet, want 0", allocs)
	}
}

func TestPortsComeInPairs(t *testing.T) {
	network := &Memory{}
	ports, err := NewPorts(network, netip.MustParseAddr("127.0.0.1"), 30001, 30007)
	if err != nil {
		t.Fatal(err)
	}
	var taken []Conn
	for range 3 { // 30002, 30004, 30006
		rtp, rtcp, err := ports.Pair()
		if err != nil {
			t.Fatal(err)
		}
		if p := rtp.LocalAddr().Port(); p%2 != 0 || rtcp.LocalAddr().Port() != p+1 || p < 30002 || p > 30006 {
			t.Errorf("pair %d and %d", p, rtcp.LocalAddr().Port())
		}
		taken = append(taken, rtp, rtcp)
	}
	if _, _, err := ports.Pair(); err == nil {
		t.Fatal("a fourth pair out of three")
	}
	if own := taken[2].LocalAddr(); !ports.Own(own) || ports.Own(addr("127.0.0.1:29998")) || ports.Own(addr("127.0.0.2:30002")) {
		t.Error("Own does not know the ports that were handed out")
	}
	taken[2].Close()
	taken[3].Close()
	if ports.Release(taken[2].LocalAddr().Port()); ports.Own(taken[2].LocalAddr()) {
		t.Error("a pair that was given back is still ours")
	}
	if _, _, err := ports.Pair(); err != nil {
		t.Errorf("a pair was given back, and yet: %v", err)
	}
}

func TestPortRangeWithoutAPair(t *testing.T) {
	for _, r := range [][2]uint16{{30001, 30002}, {30002, 30002}, {65535, 65535}, {40000, 30000}, {30001, 30000}} {
		if _, err := NewPorts(&Memory{}, netip.MustParseAddr("127.0.0.1"), r[0], r[1]); err == nil {
			t.Errorf("%d-%d holds no even port and its neighbour, and was taken", r[0], r[1])
		}
	}
}

// A reader waits until something comes, however long, or until it is woken: that ends all its waits.
func TestWaitWithoutAnEnd(t *testing.T) {
	for name, network := range map[string]Network{"UDP": UDP{}, "memory": &Memory{}} {
		t.Run(name, func(t *testing.T) {
			c, peer := listen(t, network, "127.0.0.1:0"), listen(t, network, "127.0.0.1:0")
			waits := func() <-chan bool {
				result := make(chan bool, 1)
				go func() { result <- c.(Waiter).Wait(-1) }()
				return result
			}
			for range 20 {
				came := waits()
				runtime.Gosched() // it waits before something comes, most times
				_ = peer.WriteTo([]byte("hello"), NewDestination(c.LocalAddr()))
				if !<-came {
					t.Fatal("it ended by itself")
				}
				receive(t, c, NewBatch())
			}
			woken := waits()
			c.(Waiter).Wake()
			if <-woken || <-waits() {
				t.Error("nothing came, and it says yes")
			}
		})
	}
}

// collector is a Receiver that keeps what it got.
type collector struct{ got chan string }

func (c collector) Receive(data []byte, _ netip.AddrPort, _ time.Time) { c.got <- string(data) }

// A socket that carries several legs tells them apart by address, whoever reads it.
func TestSocketRoutes(t *testing.T) {
	for name, mode := range map[string]Mode{"polled": Polled, "looped": Looped} {
		t.Run(name, func(t *testing.T) {
			network := UDP{}
			alice, bob := listen(t, network, "127.0.0.1:0"), listen(t, network, "127.0.0.1:0")
			conn, err := network.Listen(addr("127.0.0.1:0"))
			if err != nil {
				t.Fatal(err)
			}
			s := NewSocket(conn, mode)
			defer s.Close()
			forAlice, rest := collector{make(chan string, 1)}, collector{make(chan string, 1)}
			s.Route(alice.LocalAddr(), forAlice)
			s.Attach(rest)
			to := NewDestination(s.LocalAddr())
			_ = alice.WriteTo([]byte("from alice"), to)
			_ = bob.WriteTo([]byte("from bob"), to)
			if mode == Polled {
				conn.(Waiter).Wait(time.Second)
				for len(forAlice.got)+len(rest.got) < 2 {
					s.Poll(NewBatch(), time.Now())
				}
			}
			if got := <-forAlice.got; got != "from alice" {
				t.Errorf("alice's receiver got %q", got)
			}
			if got := <-rest.got; got != "from bob" {
				t.Errorf("the rest got %q", got)
			}
		})
	}
}
