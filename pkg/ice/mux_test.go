package ice

import (
	"net/netip"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/pion/stun/v4"
)

var stranger = netip.MustParseAddrPort("203.0.113.66:6666")

// binding is a check as an honest implementation writes it.
func binding(username, password string) []byte {
	m := stun.MustBuild(stun.TransactionID, stun.BindingRequest, stun.NewUsername(username),
		stun.RawAttribute{Type: stun.AttrPriority, Value: []byte{0x6e, 0, 1, 0xff}},
		stun.RawAttribute{Type: stun.AttrICEControlling, Value: make([]byte, 8)}, stun.NewShortTermIntegrity(password), stun.Fingerprint)
	return m.Raw
}

func TestWhatLeadsNowhereIsCounted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWire()
		server := newSide(t, w.mux(serverAddr, "192.0.2.1:4001"), Config{Lite: true})
		defer server.Close()
		m, me := server.mux, server.Local()

		m.Receive(0, []byte{0, 1, 0, 0}, stranger)
		m.Receive(0, nil, stranger)
		m.Receive(0, binding("nobody:me", "secret"), stranger)
		m.Receive(0, stun.MustBuild(stun.TransactionID, stun.BindingRequest, stun.Fingerprint).Raw, stranger)
		m.Receive(1, binding(me.Ufrag+":me", me.Password), stranger)
		m.Receive(0, binding(me.Ufrag+":me", "a guess"), stranger)
		m.Receive(0, stun.MustBuild(stun.TransactionID, stun.BindingRequest, stun.NewUsername(me.Ufrag+":me"), stun.Fingerprint).Raw, stranger)
		m.Receive(0, stun.MustBuild(stun.TransactionID, stun.BindingSuccess, stun.Fingerprint).Raw, stranger)
		m.Receive(0, stun.MustBuild(stun.TransactionID, stun.NewType(stun.MethodBinding, stun.ClassIndication), stun.Fingerprint).Raw, stranger)
		m.Receive(0, stun.MustBuild(stun.TransactionID, stun.NewType(stun.MethodAllocate, stun.ClassRequest), stun.Fingerprint).Raw, stranger)

		want := MuxStats{Malformed: 3, Unknown: 3, Unauthenticated: 2, Unanswerable: 1, Indications: 1}
		if got := m.Stats(); got != want {
			t.Errorf("stats = %+v, want %+v", got, want)
		}
		server.wantNothing(t)
		if w.sent != 0 {
			t.Errorf("%d answers to strangers", w.sent)
		}
	})
}

func TestAnAgentsQueueIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := newSide(t, newWire().mux(serverAddr), Config{Lite: true})
		defer server.Close()
		me := server.Local()
		t.Log("# the peer checks before its description is here: the agent does not read yet")
		for range queueSize + 10 {
			server.mux.Receive(0, binding(me.Ufrag+":me", me.Password), stranger)
		}
		if got := server.mux.Stats().Overflow; got != 10 {
			t.Errorf("overflow = %d, want 10", got)
		}
	})
}

func TestEarlyChecksAreAnsweredLater(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWire()
		server, alice := newSide(t, w.mux(serverAddr), Config{Lite: true}), newSide(t, w.mux(aliceAddr), Config{})
		defer server.Close()
		defer alice.Close()
		if err := alice.SetRemote(server.remote(true), true); err != nil {
			t.Fatal(err)
		}
		time.Sleep(100 * time.Millisecond) // her answer is slower than her checks
		if err := server.SetRemote(alice.remote(true), false); err != nil {
			t.Fatal(err)
		}
		time.Sleep(soon)
		server.wantPath(t, 1, aliceAddr)
		alice.wantPath(t, 1, serverAddr)
	})
}

// A response counts only if it comes from where the check went, knows the password and answers a check of ours.
func TestResponsesMustMatch(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWire()
		alice := newSide(t, w.mux(aliceAddr), Config{})
		defer alice.Close()
		peer := Credentials{"peer", "the password of the peer"}
		var check atomic.Pointer[stun.Message]
		w.muxes[netip.MustParseAddrPort(serverAddr)] = func(data []byte, _ netip.AddrPort) { // a peer that never answers by itself
			m := &stun.Message{Raw: data}
			if err := m.Decode(); err != nil {
				t.Error(err)
			}
			check.Store(m)
		}
		candidate := line(must(udpCandidate(Port{Component: 1, Announced: netip.MustParseAddrPort(serverAddr)}, 0)))
		if err := alice.SetRemote(Remote{Credentials: peer, Candidates: []string{candidate}}, true); err != nil {
			t.Fatal(err)
		}
		time.Sleep(soon)
		answer := func(password string) []byte {
			return stun.MustBuild(check.Load(), stun.BindingSuccess, stun.NewShortTermIntegrity(password), stun.Fingerprint).Raw
		}
		alice.mux.Receive(0, answer(peer.Password), stranger)
		alice.mux.Receive(0, answer("a guess of the password"), netip.MustParseAddrPort(serverAddr))
		if got := alice.mux.Stats(); got.Unanswerable != 1 || got.Unauthenticated != 1 {
			t.Errorf("stats = %+v, want one unanswerable and one unauthenticated", got)
		}
		alice.wantNothing(t)
		alice.mux.Receive(0, answer(peer.Password), netip.MustParseAddrPort(serverAddr))
		alice.mu.Lock()
		defer alice.mu.Unlock()
		if alice.validated[netip.MustParseAddrPort(serverAddr)] != 1 {
			t.Error("the right response was not taken")
		}
		alice.mux.Receive(0, answer(peer.Password), netip.MustParseAddrPort(serverAddr))
		if got := alice.mux.Stats().Unanswerable; got != 2 {
			t.Errorf("a response counts once; unanswerable = %d, want 2", got)
		}
	})
}

func TestWhatIsPendingIsBoundedAndForgotten(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		alice := newSide(t, newWire().mux(aliceAddr), Config{})
		for range 3 * maxPending {
			if _, err := alice.entry.conns[0].WriteToAddrPort(binding("a:b", "c"), stranger); err != nil {
				t.Fatal(err)
			}
		}
		if n := len(alice.mux.pending); n != maxPending {
			t.Errorf("%d pending, want %d", n, maxPending)
		}
		alice.Close()
		if n := len(alice.mux.pending) + len(alice.mux.entries); n != 0 {
			t.Errorf("%d things left of a closed agent", n)
		}
	})
}

func TestAFloodAllocatesNothing(t *testing.T) {
	m := newWire().mux(serverAddr)
	unknown, junk := binding("nobody:me", "secret"), make([]byte, 100)
	if n := testing.AllocsPerRun(100, func() {
		m.Receive(0, unknown, stranger)
		m.Receive(0, junk, stranger)
	}); n != 0 {
		t.Errorf("%v allocations for a message that leads nowhere, want 0", n)
	}
}

func BenchmarkUnknownUfrag(b *testing.B) {
	m := newWire().mux(serverAddr)
	unknown := binding("nobody:me", "secret")
	b.ReportAllocs()
	for b.Loop() {
		m.Receive(0, unknown, stranger)
	}
}

func TestVectorsOfSTUN(t *testing.T) {
	// RFC 5769 §2.1, by its own bytes: username evtj:h6vY, password VOkJxbRl1RmTxUk/WvJxBt.
	sample := []byte("\x00\x01\x00\x58\x21\x12\xa4\x42\xb7\xe7\xa7\x01\xbc\x34\xd6\x86\xfa\x87\xdf\xae\x80\x22\x00\x10STUN test client" +
		"\x00\x24\x00\x04\x6e\x00\x01\xff\x80\x29\x00\x08\x93\x2f\xf9\xb1\x51\x26\x3b\x36\x00\x06\x00\x09\x65\x76\x74\x6a\x3a\x68\x36\x76\x59\x20\x20\x20" +
		"\x00\x08\x00\x14\x9a\xea\xa7\x0c\xbf\xd8\xcb\x56\x78\x1e\xf2\xb5\xb2\xd3\xf2\x49\xc1\xb5\x71\xa2\x80\x28\x00\x04\xe5\x7a\x3b\xcf")
	m, ok := parse(sample)
	if !ok || string(m.localUfrag()) != "evtj" || m.class != request {
		t.Fatalf("parse = %+v, %v", m, ok)
	}
	if !m.authentic("VOkJxbRl1RmTxUk/WvJxBt") || m.authentic("VOkJxbRl1RmTxUk/WvJxBT") || m.authentic("") {
		t.Error("MESSAGE-INTEGRITY is not judged as RFC 5769 has it")
	}
	sample[30]++
	if _, ok := parse(sample); ok {
		t.Error("a message with a wrong fingerprint is taken")
	}
}

// FuzzDemux compares what we find in a message with what pion's decoder finds, and feeds the message to a multiplexer with an agent on it.
func FuzzDemux(f *testing.F) {
	f.Add(binding("evtj:h6vY", "VOkJxbRl1RmTxUk/WvJxBt"))
	f.Add(stun.MustBuild(stun.TransactionID, stun.BindingSuccess, stun.NewShortTermIntegrity("VOkJxbRl1RmTxUk/WvJxBt"), stun.Fingerprint).Raw)
	f.Add(stun.MustBuild(stun.TransactionID, stun.BindingRequest).Raw)
	f.Add([]byte{})
	agent := newSideForFuzz(f)
	f.Fuzz(func(t *testing.T, data []byte) {
		agent.mux.Receive(0, data, stranger)
		m, ok := parse(data)
		if !ok {
			return
		}
		theirs := &stun.Message{Raw: append([]byte{}, data...)}
		if err := theirs.Decode(); err != nil {
			t.Fatalf("we take what pion refuses: %v", err)
		}
		if theirs.TransactionID != m.transaction {
			t.Errorf("transaction %x, want %x", m.transaction, theirs.TransactionID)
		}
		if m.authentic("VOkJxbRl1RmTxUk/WvJxBt") && stun.NewShortTermIntegrity("VOkJxbRl1RmTxUk/WvJxBt").Check(theirs) != nil {
			t.Error("we believe an integrity that pion does not")
		}
	})
}

func newSideForFuzz(f *testing.F) *side {
	s := &side{mux: newWire().mux(serverAddr)}
	a, err := NewAgent(Config{Mux: s.mux, Lite: true, Components: 1, Validated: func(int, int, netip.AddrPort) {}})
	if err != nil {
		f.Fatal(err)
	}
	s.Agent = a
	f.Cleanup(a.Close)
	return s
}
