//go:build soak

package hostile

import (
	"bufio"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/seed-f3cefc8c/focus/pkg/conference"
)

// The storm: so many join one conference and leave it again, in so long. STORM sets another number.
const (
	stormParticipants = 1000
	stormTime         = 20 * time.Second
	stormPerAddress   = 100 // the server takes some 200 connections, and subscriptions, of one address
	stormGap          = 40 * time.Millisecond
)

// TestStorm: a thousand who all watch the roster join and leave within twenty seconds, while two talk. They hear each other without a gap, and in
// the end everybody's roster is right. The thousand are a process of their own that gives way to everybody, so that what is measured is the server
// and not the machine's time for the load.
func TestStorm(t *testing.T) {
	s := serve(t, "--trusted", "127.0.1.0/24", "--trusted-identity", "from", "--sip-rate", "0", "--sip-rate-per-source", "0", "--media-ports", "20000-39999")
	body := `{"id":"meeting","admissionPolicy":"anonymous"}`
	if status, answer := s.post(loopback, "/v1/conferences", "application/json", strings.NewReader(body)); status != http.StatusCreated {
		t.Fatalf("%d %s", status, answer)
	}
	alice, bob := s.talks(t, "alice", 500, 900), s.talks(t, "bob", 900, 500)
	alice.wantsToHear(t, "the first words")
	bob.wantsToHear(t, "the first words")
	visitors := exec.Command("nice", "-n", "19", os.Args[0], "-test.run", "^TestStormVisitors$", "-test.v")
	visitors.Env = append(os.Environ(), stormServer+"="+s.sip)
	out, err := visitors.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := visitors.Start(); err != nil {
		t.Fatal(err)
	}
	var before time.Duration
	for lines := bufio.NewScanner(out); lines.Scan(); {
		if line := lines.Text(); line == stormGathered {
			alice.forget()
			bob.forget()
			before = s.cpu()
		} else if strings.HasPrefix(line, "    ") {
			t.Log(strings.TrimSpace(line))
		}
	}
	if err := visitors.Wait(); err != nil {
		t.Errorf("the visitors: %v", err)
	}
	t.Logf("the server used %v of processor time, and has %d MB", s.cpu()-before, s.memory())
	for _, who := range []*talker{alice, bob} {
		t.Logf("%s: %d blocks heard, %d silent, the longest gap %v", who.name, who.good.Load(), who.silent.Load(), who.gap())
		if who.gap() > stormGap {
			t.Errorf("%s heard nothing for %v", who.name, who.gap())
		}
	}
}

const (
	stormServer   = "STORM_SERVER" // where the visitors are to go
	stormGathered = "all have subscribed"
)

// TestStormVisitors is the other process.
func TestStormVisitors(t *testing.T) {
	server := os.Getenv(stormServer)
	if server == "" {
		t.Skip("TestStorm starts it")
	}
	n := stormParticipants
	if text := os.Getenv("STORM"); text != "" {
		n, _ = strconv.Atoi(text)
	}
	st := &storm{server: server, sink: sink(t)}
	defer st.disperse()
	st.gather(t, n)
	fmt.Println(stormGathered)
	t.Logf("%d joined and left in %v", n, st.run(t).Round(time.Millisecond))
	st.wantsRosters(t, conference.UserID("sip:alice@"+loopback), conference.UserID("sip:bob@"+loopback))
}

type storm struct {
	server       string // HOST:PORT
	sink         int    // the port to which everybody's sound goes
	participants []*visitor
	failed       atomic.Int64
}

// sink is a socket that nobody reads.
func sink(t *testing.T) int {
	conn, err := net.ListenPacket("udp", loopback+":0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	return conn.LocalAddr().(*net.UDPAddr).Port
}

// gather connects everybody, and subscribes them.
func (st *storm) gather(t *testing.T, n int) {
	t.Helper()
	for i := range n {
		v, err := connect(st.server, fmt.Sprintf("127.0.1.%d", 1+i/stormPerAddress), fmt.Sprintf("u%d", i))
		if err != nil {
			t.Fatal(err)
		}
		st.participants = append(st.participants, v)
		if _, err := v.asks("SUBSCRIBE", "watch", "Event: conference\r\nAccept: application/conference-info+xml\r\nExpires: 3600\r\n", ""); err != nil {
			t.Fatalf("%s subscribes: %v", v.name, err)
		}
	}
}

func (st *storm) disperse() {
	for _, v := range st.participants {
		v.conn.Close()
	}
}

// run lets them come one after the other in the first half, and go in the second.
func (st *storm) run(t *testing.T) time.Duration {
	began := time.Now()
	step := stormTime / 2 / time.Duration(len(st.participants))
	var all sync.WaitGroup
	peak := time.AfterFunc(stormTime/2, func() { t.Log("at the peak: " + st.notes()) })
	defer peak.Stop()
	for i, v := range st.participants {
		all.Go(func() {
			time.Sleep(time.Until(began.Add(time.Duration(i) * step)))
			err := v.joins(st.sink)
			if err == nil {
				time.Sleep(time.Until(began.Add(stormTime/2 + time.Duration(i)*step)))
				_, err = v.asks("BYE", "call", "", "")
			}
			if err != nil {
				st.failed.Add(1)
				t.Logf("%s: %v", v.name, err)
			}
		})
	}
	all.Wait()
	return time.Since(began)
}

// notes say what the subscribers have been told so far.
func (st *storm) notes() string {
	var notifications, octets, most int64
	least := int64(1 << 40)
	for _, v := range st.participants {
		v.mu.Lock()
		notifications, octets = notifications+v.notified, octets+v.octets
		least, most = min(least, int64(len(v.roster))), max(most, int64(len(v.roster)))
		v.mu.Unlock()
	}
	return fmt.Sprintf("%d notifications, %d MB; rosters of %d to %d", notifications, octets>>20, least, most)
}

// wantsRosters waits a little until everybody has been told everything.
func (st *storm) wantsRosters(t *testing.T, want ...conference.UserID) {
	t.Helper()
	if n := st.failed.Load(); n > 0 {
		t.Errorf("%d calls failed", n)
	}
	deadline := time.Now().Add(10 * time.Second)
	wrong := len(st.participants)
	for wrong > 0 && time.Now().Before(deadline) {
		time.Sleep(100 * time.Millisecond)
		wrong = 0
		for _, v := range st.participants {
			if v.believes(want) != nil {
				wrong++
			}
		}
	}
	t.Log("at the end: " + st.notes())
	for _, v := range st.participants {
		if err := v.believes(want); err != nil && wrong > 0 {
			t.Errorf("%d rosters are wrong, the first: %v", wrong, err)
			return
		}
	}
}
