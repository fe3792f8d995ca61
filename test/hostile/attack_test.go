//go:build attack

package hostile

import (
	"crypto/tls"
	"fmt"
	"net"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

const (
	floodRate   = 5000 // requests a second
	floodTime   = 10 * time.Second
	junkSenders = 40_000
	idlePeers   = 3000
	silentPeers = 50 // of each port

	wantedSetUp = 100 * time.Millisecond // of good calls, 99th percentile
	wantedBack  = 16                     // MB that may be left of an attack
	forgetting  = 2 * time.Minute        // until then
)

// TestAttacks attacks a server while alice and bob talk and carol, who lives elsewhere, makes one call after the other. It is told what the
// attacks did to her calls, and what they left in memory.
func TestAttacks(t *testing.T) {
	w := &world{server: serve(t)}
	if status, answer := w.post(loopback, "/v1/conferences", "application/json", strings.NewReader(`{"id":"meeting","admissionPolicy":"anonymous"}`)); status != 201 {
		t.Fatalf("%d %s", status, answer)
	}
	w.alice, w.bob = w.talks(t, "alice", 500, 900), w.talks(t, "bob", 900, 500)
	w.alice.wantsToHear(t, "the first words")
	w.during(t, "warming up", func(*testing.T) { time.Sleep(3 * time.Second) })
	before := w.memory()
	for _, attack := range []struct {
		name string
		tell func(*testing.T)
	}{
		{"nothing", func(*testing.T) { time.Sleep(3 * time.Second) }},
		{"clients that say nothing", w.silence},
		{"datagrams of many senders", w.junk},
		{"idle connections", w.idle},
		{"a flood of requests", w.flood},
		{"a flood of calls", w.callFlood},
		{"a flood of what answers nothing", w.answersNothing},
	} {
		t.Run(attack.name, func(t *testing.T) {
			w.during(t, attack.name, attack.tell)
			w.alice.wantsToHear(t, "after "+attack.name)
			w.bob.wantsToHear(t, "after "+attack.name)
		})
	}
	w.wantsMemory(t, before)
	lines := w.stop()
	find(t, lines, "SIP ended", "")
}

// during runs an attack while carol calls, and judges how long she waits for her calls to be answered.
func (w *world) during(t *testing.T, name string, attack func(*testing.T)) {
	carol := w.caller(t, "carol", "127.0.0.40", "meeting")
	var stopped atomic.Bool
	setUps := make(chan []time.Duration)
	go func() {
		var took []time.Duration
		defer func() { setUps <- took }() // also when she gives up
		carol.callsUntil(&stopped, &took)
	}()
	began, cpu := time.Now(), w.cpu()
	attack(t)
	stopped.Store(true)
	took := <-setUps
	cpu = w.cpu() - cpu
	if len(took) == 0 {
		t.Fatal("carol has not called once")
	}
	slices.Sort(took)
	p99 := took[len(took)*99/100]
	t.Logf("%s: %v, %d good calls, set up in %v (median), %v (p99), %v (longest); the server used %v of CPU and has %d MB", name,
		time.Since(began).Round(time.Second), len(took), took[len(took)/2].Round(time.Microsecond), p99.Round(time.Microsecond),
		took[len(took)-1].Round(time.Microsecond), cpu, w.memory())
	if p99 > wantedSetUp {
		t.Errorf("99 of 100 good calls are set up within %v, want %v", p99, wantedSetUp)
	}
}

// callsUntil makes some forty calls a second.
func (c *caller) callsUntil(stopped *atomic.Bool, took *[]time.Duration) {
	for !stopped.Load() {
		began := time.Now()
		c.tag = ""
		answer := c.invites("application/sdp", c.offer())
		*took = append(*took, time.Since(began))
		if c.wants(answer, 200); c.t.Failed() {
			return
		}
		c.hangsUp()
		time.Sleep(20 * time.Millisecond)
	}
}

// silence connects to every port and says nothing, or a half of something.
func (w *world) silence(t *testing.T) {
	for n := range silentPeers {
		for _, at := range []string{w.sip, w.sips, w.https} {
			conn := dialFrom(t, 41, at)
			if n%2 == 1 {
				fmt.Fprint(conn, "OPTIONS sip:x SIP/2.0\r\nVia: ")
			}
		}
	}
	time.Sleep(3 * time.Second)
	t.Log("# somebody else gets through on each of them")
	for _, at := range []string{w.sip, w.sips} {
		conn := dialFrom(t, 42, at)
		if at == w.sips {
			conn = tls.Client(conn, w.tls())
		}
		wantsAnswer(t, conn)
	}
	if answer := w.https11(t); !strings.HasPrefix(answer, "HTTP/1.1 ") {
		t.Errorf("https answers %q", answer)
	}
}

// dialFrom connects from 127.0.0.n, until the test ends.
func dialFrom(t *testing.T, n int, at string) net.Conn {
	t.Helper()
	dialer := &net.Dialer{LocalAddr: &net.TCPAddr{IP: net.IPv4(127, 0, byte(n>>8), byte(n))}, Timeout: 5 * time.Second}
	conn, err := dialer.Dial("tcp", at)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	return conn
}

func wantsAnswer(t *testing.T, conn net.Conn) {
	t.Helper()
	conn.SetDeadline(time.Now().Add(5 * time.Second))
	fmt.Fprint(conn, ask("OPTIONS", "TCP", conn.LocalAddr(), "idle", 0))
	answer := make([]byte, 2048)
	n, err := conn.Read(answer)
	if err != nil || !strings.HasPrefix(string(answer[:n]), "SIP/2.0 200 ") {
		t.Fatalf("%s answers %q, %v", conn.RemoteAddr(), answer[:n], err)
	}
	conn.SetDeadline(time.Time{})
}

// ask is a request without a session of its own transaction.
func ask(method, transport string, from net.Addr, name string, n int) string {
	return fmt.Sprintf("%[1]s sip:meeting@127.0.0.1 SIP/2.0\r\nVia: SIP/2.0/%[2]s %[3]s;rport;branch=z9hG4bK%[4]s%[5]d\r\nMax-Forwards: 70\r\n"+
		"From: <sip:%[4]s@127.0.0.1>;tag=%[4]s\r\nTo: <sip:meeting@127.0.0.1>\r\nCall-ID: %[4]s-%[5]d-%[3]s\r\nCSeq: 1 %[1]s\r\n"+
		"Contact: <sip:%[4]s@%[3]s>\r\nContent-Length: 0\r\n\r\n", method, transport, from, name, n)
}

// junk is one datagram from each of 40,000 addresses and ports.
func (w *world) junk(t *testing.T) {
	to := net.UDPAddrFromAddrPort(w.sipAddr())
	texts := []string{"hello", "\x00\x01\x00\x00", "INVITE sip:x SIP/2.0\r\n\r\n", strings.Repeat("A", 1400)}
	for n := range junkSenders {
		conn, err := net.DialUDP("udp", &net.UDPAddr{IP: net.IPv4(127, 1, byte(n/200), byte(1+n%200))}, to)
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprint(conn, texts[n%len(texts)])
		conn.Close()
	}
}

// idle connections have asked once, as telephones do that wait for calls.
func (w *world) idle(t *testing.T) {
	open := make([]net.Conn, 0, idlePeers)
	for n := range idlePeers {
		conn := dialFrom(t, 0x200+n/150, w.sip)
		wantsAnswer(t, conn)
		open = append(open, conn)
	}
	t.Logf("%d connections; the server has %d MB", len(open), w.memory())
	for _, conn := range open[:10] {
		wantsAnswer(t, conn)
	}
	for _, conn := range open {
		conn.Close()
	}
}

// sends5000 sends requests at the rate of the flood, from one address, and takes no notice of what comes back.
func (w *world) sends5000(t *testing.T, from string, text func(conn net.Addr, n int) string) {
	conn := listen(t, from)
	defer conn.Close()
	to := w.sipAddr()
	began := time.Now()
	for n := range int(floodRate * floodTime.Seconds()) {
		conn.WriteToUDPAddrPort([]byte(text(conn.LocalAddr(), n)), to)
		if due := began.Add(time.Duration(n) * time.Second / floodRate); n%10 == 0 {
			time.Sleep(time.Until(due))
		}
	}
	t.Logf("%d requests in %v", int(floodRate*floodTime.Seconds()), time.Since(began).Round(time.Millisecond))
}

func (w *world) flood(t *testing.T) {
	methods := []string{"OPTIONS", "REGISTER", "INVITE", "SUBSCRIBE", "MESSAGE"}
	w.sends5000(t, "127.0.0.43", func(from net.Addr, n int) string { return ask(methods[n%len(methods)], "UDP", from, "mallory", n) })
}

// callFlood makes calls that nobody acknowledges and nobody ends.
func (w *world) callFlood(t *testing.T) {
	const body = "v=0\r\no=- 1 1 IN IP4 127.0.0.44\r\ns=-\r\nc=IN IP4 127.0.0.44\r\nt=0 0\r\nm=audio 9 RTP/AVP 0\r\n"
	length := fmt.Sprintf("Content-Type: application/sdp\r\nContent-Length: %d\r\n\r\n%s", len(body), body)
	w.sends5000(t, "127.0.0.44", func(from net.Addr, n int) string {
		return strings.Replace(ask("INVITE", "UDP", from, "mallory", n), "Content-Length: 0\r\n\r\n", length, 1)
	})
}

func (w *world) answersNothing(t *testing.T) {
	w.sends5000(t, "127.0.0.45", func(from net.Addr, n int) string {
		switch n % 3 {
		case 0:
			return ask("ACK", "UDP", from, "mallory", n)
		case 1:
			return ask("CANCEL", "UDP", from, "mallory", n)
		}
		return strings.Replace(ask("OPTIONS", "UDP", from, "mallory", n), "OPTIONS sip:meeting@127.0.0.1 SIP/2.0", "SIP/2.0 200 OK", 1)
	})
}

// wantsMemory waits until the server has given back what the attacks took.
func (w *world) wantsMemory(t *testing.T, before int) {
	began, most := time.Now(), w.memory()
	for w.memory() > before+wantedBack && time.Since(began) < forgetting {
		time.Sleep(time.Second)
	}
	after := w.memory()
	t.Logf("memory: %d MB before, %d MB at the end of the last attack, %d MB after another %v", before, most, after, time.Since(began).Round(time.Second))
	if after > before+wantedBack {
		t.Errorf("%d MB of the attacks are still there", after-before)
	}
}
