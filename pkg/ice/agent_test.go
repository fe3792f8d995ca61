package ice

import (
	"net/netip"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

func TestAFullAgentFindsALiteOne(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWire()
		server := newSide(t, w.mux(serverAddr), Config{Lite: true})
		alice := newSide(t, w.mux(aliceAddr), Config{})
		defer server.Close()
		defer alice.Close()

		t.Log("# alice offers; she nominates, whatever her role would be, for the server is lite")
		meet(t, alice, server, true)
		time.Sleep(soon)
		server.wantPath(t, 1, aliceAddr)
		alice.wantPath(t, 1, serverAddr)

		t.Log("# an hour later they still agree, and the server has asked for nothing")
		time.Sleep(time.Hour)
		if server.failure() != nil || alice.failure() != nil {
			t.Errorf("failed: %v, %v", server.failure(), alice.failure())
		}
		if since := time.Since(server.Heard()); since > 7*time.Second {
			t.Errorf("alice asks for consent every 4 to 6 s (RFC 7675 §5.1), last %v ago", since)
		}
	})
}

func TestALiteOfferIsChecked(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWire()
		server := newSide(t, w.mux(serverAddr), Config{Lite: true})
		alice := newSide(t, w.mux(aliceAddr), Config{})
		defer server.Close()
		defer alice.Close()
		meet(t, server, alice, true)
		time.Sleep(soon)
		server.wantPath(t, 1, aliceAddr)
		alice.wantPath(t, 1, serverAddr)
	})
}

func TestTwoFullAgents(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWire()
		server := newSide(t, w.mux(serverAddr), Config{})
		alice := newSide(t, w.mux(aliceAddr), Config{})
		defer server.Close()
		defer alice.Close()
		meet(t, alice, server, true)
		time.Sleep(soon)
		server.wantPath(t, 1, aliceAddr)
		alice.wantPath(t, 1, serverAddr)

		t.Log("# the peer falls silent: 30 s, and consent is gone")
		w.cut(aliceAddr)
		time.Sleep(ConsentTimeout - 8*time.Second)
		if server.failure() != nil {
			t.Error("consent was lost too early")
		}
		time.Sleep(18 * time.Second)
		if server.failure() == nil || alice.failure() == nil {
			t.Error("consent of a silent peer does not expire")
		}
	})
}

func TestIPv6WhereIPv4DoesNotGetThrough(t *testing.T) {
	for _, lite := range []bool{true, false} {
		synctest.Test(t, func(t *testing.T) {
			w := newWire()
			w.cut(serverAddr)
			server := newSide(t, w.mux(serverAddr, server6), Config{Lite: lite})
			alice := newSide(t, w.mux(aliceAddr, alice6), Config{})
			defer server.Close()
			defer alice.Close()
			meet(t, alice, server, true)
			time.Sleep(soon)
			server.wantPath(t, 1, alice6)
			alice.wantPath(t, 1, server6)
		})
	}
}

func TestRolesAreSettled(t *testing.T) {
	for _, role := range []bool{true, false} {
		synctest.Test(t, func(t *testing.T) {
			w := newWire()
			server := newSide(t, w.mux(serverAddr), Config{})
			alice := newSide(t, w.mux(aliceAddr), Config{})
			defer server.Close()
			defer alice.Close()
			t.Logf("# both believe that controlling = %v (RFC 8445 §7.3.1.1)", role)
			if err := server.SetRemote(alice.remote(true), role); err != nil {
				t.Fatal(err)
			}
			if err := alice.SetRemote(server.remote(true), role); err != nil {
				t.Fatal(err)
			}
			time.Sleep(5 * time.Second)
			server.wantPath(t, 1, aliceAddr)
			alice.wantPath(t, 1, serverAddr)
		})
	}
}

func TestTwoComponents(t *testing.T) {
	for _, lite := range []bool{true, false} {
		synctest.Test(t, func(t *testing.T) {
			w := newWire()
			server := newSide(t, w.mux(serverAddr, "192.0.2.1:4001"), Config{Lite: lite, Components: 2})
			alice := newSide(t, w.mux(aliceAddr, "198.51.100.7:5001"), Config{Components: 2})
			defer server.Close()
			defer alice.Close()
			meet(t, alice, server, false)
			time.Sleep(soon)
			server.wantPath(t, 1, aliceAddr)
			server.wantPath(t, 2, "198.51.100.7:5001")
			alice.wantPath(t, 1, serverAddr)
			alice.wantPath(t, 2, "192.0.2.1:4001")
		})
	}
}

func TestTheSecondComponentIsGivenUpByRTCPMux(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWire()
		server := newSide(t, w.mux(serverAddr, "192.0.2.1:4001"), Config{Components: 2})
		alice := newSide(t, w.mux(aliceAddr), Config{})
		defer server.Close()
		defer alice.Close()
		meet(t, server, alice, true)
		time.Sleep(time.Minute)
		server.wantPath(t, 1, aliceAddr)
		if err := server.failure(); err != nil {
			t.Errorf("nobody needs component 2, and yet: %v", err)
		}
	})
}

func TestCandidatesMayComeLater(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWire()
		server := newSide(t, w.mux(serverAddr), Config{})
		alice := newSide(t, w.mux(aliceAddr), Config{})
		defer server.Close()
		defer alice.Close()
		if err := server.AddCandidate(alice.Local().Candidates[0]); err == nil {
			t.Error("a candidate before the credentials is for nobody, and is taken")
		}
		bare := func(s *side) Remote { r := s.remote(true); r.Candidates = nil; return r }
		if err := server.SetRemote(bare(alice), false); err != nil {
			t.Fatal(err)
		}
		if err := alice.SetRemote(bare(server), true); err != nil {
			t.Fatal(err)
		}
		time.Sleep(soon)
		server.wantNothing(t)

		t.Log("# one candidate is enough: the other side learns the address from the check")
		if err := alice.AddCandidate("candidate:" + server.Local().Candidates[0]); err != nil {
			t.Fatal(err)
		}
		time.Sleep(soon)
		server.wantPath(t, 1, aliceAddr)
		alice.wantPath(t, 1, serverAddr)
	})
}

func TestARestartIsAnotherAgentBesideTheOldOne(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWire()
		serverMux, aliceMux := w.mux(serverAddr), w.mux(aliceAddr, "198.51.100.7:5002")
		old, oldAlice := newSide(t, serverMux, Config{Lite: true}), newSide(t, aliceMux, Config{})
		meet(t, oldAlice, old, true)
		time.Sleep(soon)
		old.wantPath(t, 1, aliceAddr)

		server, alice := newSide(t, serverMux, Config{Lite: true}), newSide(t, aliceMux, Config{})
		defer server.Close()
		defer alice.Close()
		if server.Local().Credentials == old.Local().Credentials {
			t.Error("a restart changes ufrag and password (RFC 8445 §9)")
		}
		meet(t, alice, server, true)
		time.Sleep(soon)
		server.wantPath(t, 1, aliceAddr)
		if old.failure() != nil {
			t.Errorf("the old session ended by itself: %v", old.failure())
		}
		old.Close()
		oldAlice.Close()
		time.Sleep(time.Minute)
		if server.failure() != nil || alice.failure() != nil {
			t.Errorf("failed: %v, %v", server.failure(), alice.failure())
		}
	})
}

func TestAWrongPasswordLeadsNowhere(t *testing.T) {
	for _, lite := range []bool{true, false} {
		synctest.Test(t, func(t *testing.T) {
			w := newWire()
			server := newSide(t, w.mux(serverAddr), Config{Lite: lite})
			mallory := newSide(t, w.mux(aliceAddr), Config{})
			defer server.Close()
			defer mallory.Close()
			if err := server.SetRemote(mallory.remote(true), false); err != nil {
				t.Fatal(err)
			}
			overheard := server.remote(true)
			overheard.Password = "abcdefghijklmnopqrstuvwx"
			if err := mallory.SetRemote(overheard, true); err != nil {
				t.Fatal(err)
			}
			time.Sleep(soon)
			if n := server.mux.Stats().Unauthenticated; n == 0 {
				t.Error("no check was refused")
			}
			if lite {
				server.wantNothing(t)
			}
			server.mu.Lock()
			defer server.mu.Unlock()
			if len(server.paths) != 0 {
				t.Errorf("paths %v by a peer that does not know the password", server.paths)
			}
		})
	}
}

func TestSetRemoteRefuses(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWire()
		server := newSide(t, w.mux(serverAddr), Config{Lite: true})
		if err := server.SetRemote(Remote{Credentials: Credentials{"abcd", "short"}}, false); err != ErrCredentials {
			t.Errorf("SetRemote = %v, want %v", err, ErrCredentials)
		}
		lite := Remote{Credentials: newCredentials(), Lite: true}
		if err := server.SetRemote(lite, false); err != ErrBothLite {
			t.Errorf("SetRemote = %v, want %v", err, ErrBothLite)
		}
		server.Close()
		server.Close()
		if err := server.SetRemote(Remote{Credentials: newCredentials()}, false); err != ErrClosed {
			t.Errorf("SetRemote = %v, want %v", err, ErrClosed)
		}
		if _, err := server.Read(nil); err == nil {
			t.Error("Read of an agent that was never started")
		}
		server.mux.Close()
		if _, err := NewAgent(Config{Mux: server.mux, Components: 1}); err != ErrClosed {
			t.Errorf("NewAgent = %v, want %v", err, ErrClosed)
		}
	})
}

func TestOurCandidates(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := newSide(t, newWire().mux(server6, serverAddr, "192.0.2.1:4001"), Config{Components: 2})
		defer a.Close()
		var got []string
		for _, line := range a.Local().Candidates {
			_, rest, _ := strings.Cut(line, " ") // the foundation is pion's
			got = append(got, rest)
		}
		want := []string{
			"1 udp 2130706431 2001:db8::1 4000 typ host",
			"1 udp 2130706175 192.0.2.1 4000 typ host",
			"2 udp 2130706430 192.0.2.1 4001 typ host",
		}
		if !slices.Equal(got, want) {
			t.Errorf("candidates %q, want %q", got, want)
		}
		if text := a.Local().Credentials.String(); strings.Contains(text, a.Local().Password) {
			t.Errorf("%s holds the password", text)
		}
	})
}

func TestCandidatesOfThePeer(t *testing.T) {
	for line, want := range map[string]bool{
		"1 1 UDP 2130706431 192.0.2.7 5000 typ host":                                   true,
		"candidate:1 1 udp 2130706431 192.0.2.7 5000 typ host generation 0 ufrag abcd": true,
		"1 1 udp 1694498815 198.51.100.7 5000 typ srflx raddr 10.0.0.7 rport 5000":     true,
		"1 2 udp 41885695 2001:db8::7 5000 typ relay raddr 0.0.0.0 rport 0":            true,
		"1 1 tcp 1518280447 192.0.2.7 9 typ host tcptype active":                       false,
		"1 1 tcp 1518280447 192.0.2.7 5000 typ host tcptype passive":                   true,
		"1 1 udp 2130706431 4b4b9f7a-3f41-4f0a-9d2b-b3a7a4c1ad6d.local 5000 typ host":  false,
		"1 1 udp 2130706431 phone.example.com 5000 typ host":                           false,
		"1 1 udp 2130706431 0.0.0.0 5000 typ host":                                     false,
		"1 1 udp 2130706431 224.0.0.1 5000 typ host":                                   false,
		"1 1 udp 2130706431 192.0.2.7 0 typ host":                                      false,
		"1 1 udp 2130706431 192.0.2.7 5000 typ martian":                                false,
		"zLRpZNSsHw 1 password UDP 0.830 192.0.2.7 5000":                               false,
		"": false,
		"1 1 udp 2130706431 192.0.2.7 5000 typ host " + strings.Repeat("x y ", 200):               false,
		"1 1 udp 2130706431 192.0.2.7 5000 typ host raddr":                                        false,
		"1 1 udp 2130706431 192.0.2.7 99999 typ host":                                             false,
		"1 1 sctp 2130706431 192.0.2.7 5000 typ host":                                             false,
		"123456789012345678901234567890123 1 udp 2130706431 192.0.2.7 5000 typ host generation 0": false,
	} {
		if got := remoteCandidate(line) != nil; got != want {
			t.Errorf("%q taken: %v, want %v", line, got, want)
		}
	}
}

func TestTheNumberOfCandidatesIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWire()
		server := newSide(t, w.mux(serverAddr), Config{})
		defer server.Close()
		remote := Remote{Credentials: newCredentials(), Multiplexed: true}
		for i := range 500 {
			remote.Candidates = append(remote.Candidates, line(must(udpCandidate(Port{1, netip.AddrPortFrom(netip.MustParseAddr("203.0.113.9"), uint16(1000+i)), nil}, 0))))
		}
		if err := server.SetRemote(remote, false); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Minute)
		w.mu.Lock()
		defer w.mu.Unlock()
		if most := maxCandidates * (maxChecks + 2); w.sent > most {
			t.Errorf("%d checks for one description, want at most %d", w.sent, most)
		}
	})
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}
