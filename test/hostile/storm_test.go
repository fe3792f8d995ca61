//go:build soak

package hostile

import (
	"bufio"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/seed-f3cefc8c/focus/internal/phone"
	"github.com/seed-f3cefc8c/focus/internal/visitor"
	"github.com/seed-f3cefc8c/focus/pkg/conference"
	"github.com/seed-f3cefc8c/focus/pkg/srtp"
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
	dtls, err := srtp.NewDTLS(time.Now())
	if err != nil {
		t.Fatal(err)
	}
	alice := s.talks(t, "alice", 500, 900, func(c *phone.Config) { c.SDES = true })
	bob := s.talks(t, "bob", 900, 500, func(c *phone.Config) { c.DTLS, c.ICE, c.RTCPMux = dtls, true, true })
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
	participants []*visitor.Visitor
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
		v, err := visitor.Connect(st.server, fmt.Sprintf("127.0.1.%d", 1+i/stormPerAddress), fmt.Sprintf("u%d", i), "meeting")
		if err != nil {
			t.Fatal(err)
		}
		st.participants = append(st.participants, v)
		if err := v.Subscribes(); err != nil {
			t.Fatalf("%s subscribes: %v", v.Name, err)
		}
	}
}

func (st *storm) disperse() {
	for _, v := range st.participants {
		v.Close()
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
			err := v.Joins(st.sink, "sendrecv")
			if err == nil {
				time.Sleep(time.Until(began.Add(stormTime/2 + time.Duration(i)*step)))
				err = v.Leaves()
			}
			if err != nil {
				st.failed.Add(1)
				t.Logf("%s: %v", v.Name, err)
			}
		})
	}
	all.Wait()
	return time.Since(began)
}

// notes say what the subscribers have been told so far.
func (st *storm) notes() string {
	var notifications, octets int64
	least, most := len(st.participants)+2, 0
	for _, v := range st.participants {
		n, size := v.Told()
		roster, _ := v.Roster()
		notifications, octets = notifications+n, octets+size
		least, most = min(least, len(roster)), max(most, len(roster))
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
			if believes(v, want) != nil {
				wrong++
			}
		}
	}
	t.Log("at the end: " + st.notes())
	for _, v := range st.participants {
		if err := believes(v, want); err != nil && wrong > 0 {
			t.Errorf("%d rosters are wrong, the first: %v", wrong, err)
			return
		}
	}
}

// believes compares a roster with what is true; guests are compared without their number.
func believes(v *visitor.Visitor, want []conference.UserID) error {
	roster, err := v.Roster()
	if err != nil {
		return fmt.Errorf("%s: %w", v.Name, err)
	}
	found := 0
	for _, user := range roster {
		base, _, _ := strings.Cut(user, ";guest=")
		if slices.Contains(want, conference.UserID(base)) {
			found++
		}
	}
	if found != len(want) || len(roster) != len(want) {
		return fmt.Errorf("%s believes that %d are in, want %d", v.Name, len(roster), len(want))
	}
	return nil
}

// gap is the longest time in which the other was not heard.
func (k *talker) gap() time.Duration { return time.Duration(k.longest.Load()) * 20 * time.Millisecond }
