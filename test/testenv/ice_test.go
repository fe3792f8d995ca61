package testenv_test

import (
	"context"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/seed-f3cefc8c/focus/internal/phone"
	"github.com/seed-f3cefc8c/focus/pkg/mcu"
	"github.com/seed-f3cefc8c/focus/pkg/media"
	"github.com/seed-f3cefc8c/focus/pkg/sip"
	"github.com/seed-f3cefc8c/focus/test/testenv"
)

// withICE serves ICE on one port.
func withICE(mode mcu.ICEMode) func(*mcu.Config) {
	return func(c *mcu.Config) {
		c.ICE = mcu.ICE{Mode: mode, Addresses: []netip.AddrPort{netip.MustParseAddrPort("198.51.100.1:19998")}}
	}
}

func hasICE(c *phone.Config)    { c.ICE = true }
func hasICEMux(c *phone.Config) { c.ICE, c.RTCPMux = true, true }

func TestICEAndPlainPhonesInOneConference(t *testing.T) {
	for _, mode := range []mcu.ICEMode{mcu.ICELite, mcu.ICEFull} {
		t.Run(string(mode), func(t *testing.T) {
			testenv.RunWithMCU(t, withICE(mode), func(w *testenv.World) {
				w.Conference(room)
				alice := w.Calls("alice", dial, 440, hasICE)
				bob := w.Calls("bob", dial, 660, hasICEMux)
				carol := w.Calls("carol", dial, 880, nil)
				w.Later(4 * time.Second)
				for _, c := range []*testenv.Caller{alice, bob, carol} {
					for _, o := range []*testenv.Caller{alice, bob, carol} {
						if c != o {
							c.WantsToHear(o)
						}
					}
				}
				if !alice.SelectedPath() || !bob.SelectedPath() {
					w.Error("media flows without a path of ICE")
				}

				w.Log("# alice changes networks: an ICE restart by re-INVITE, and nobody misses a word")
				before := bob.Stats().Heard.Lost
				if err := alice.Restart(context.Background()); err != nil {
					w.Fatal(err)
				}
				w.Later(3 * time.Second)
				alice.WantsToHear(bob, carol)
				bob.WantsToHear(alice)
				if lost := bob.Stats().Heard.Lost - before; lost != 0 {
					w.Errorf("bob has lost %d packets", lost)
				}

				w.Log("# and holds, which is no restart")
				if err := alice.Hold(context.Background()); err != nil {
					w.Fatal(err)
				}
				w.Later(45 * time.Second)
				if err := alice.Resume(context.Background()); err != nil {
					w.Fatal(err)
				}
				w.Later(2 * time.Second)
				alice.WantsToHear(bob, carol)
				bob.WantsToHear(alice)
			})
		})
	}
}

func TestICEPeerThatVanishes(t *testing.T) {
	for _, mode := range []mcu.ICEMode{mcu.ICELite, mcu.ICEFull} {
		t.Run(string(mode), func(t *testing.T) {
			testenv.RunWithMCU(t, withICE(mode), func(w *testenv.World) {
				w.Conference(room)
				alice := w.Calls("alice", dial, 440, hasICE)
				w.Later(3 * time.Second)
				w.Log("# alice is gone without a word; 30 s later her consent is, too (RFC 7675)")
				alice.Vanish()
				w.Later(20 * time.Second)
				w.WantsRoster(room, "sip:alice@elsewhere.example;guest=1")
				w.Later(25 * time.Second)
				w.WantsRoster(room)
				select {
				case <-alice.Done():
				default:
					w.Error("alice's call goes on")
				}
			})
		})
	}
}

func TestICELateOffer(t *testing.T) {
	testenv.RunWithMCU(t, withICE(mcu.ICELite), func(w *testenv.World) {
		w.Conference(room)
		w.Log("# who wants our offer gets one without ICE, since nobody knows whether he has it")
		alice := w.Phone("alice")
		alice.LateOffer = true
		alice.Dials(dial)
		if body := string(alice.WantsAnswer().Body()); strings.Contains(body, "ice-ufrag") {
			w.Errorf("offer %q", body)
		}
	})
}

func TestICETrickle(t *testing.T) {
	testenv.RunWithMCU(t, withICE(mcu.ICEFull), func(w *testenv.World) {
		w.Conference(room)
		alice := w.Phone("alice")
		alice.Body = "v=0\r\no=- 1 1 IN IP4 0.0.0.0\r\ns=-\r\nc=IN IP4 0.0.0.0\r\nt=0 0\r\nm=audio 9 RTP/AVP 0\r\na=rtcp-mux\r\n" +
			"a=ice-ufrag:abcd\r\na=ice-pwd:abcdefghijklmnopqrstuvwx\r\na=ice-options:trickle\r\n"
		alice.Dials(dial)
		answer := alice.WantsAnswer()
		for _, want := range []string{"a=ice-options:ice2 trickle", "a=end-of-candidates", " 198.51.100.1 19998 typ host", "m=audio 19998 "} {
			if !strings.Contains(string(answer.Body()), want) {
				w.Errorf("answer %q, want %q", answer.Body(), want)
			}
		}
		if got := sip.HeaderValue(answer, "Recv-Info"); got != "trickle-ice" {
			w.Errorf("Recv-Info %q (RFC 8840 §10.4)", got)
		}

		w.Log("# candidates by INFO are checked")
		listener, err := w.Media.Listen(netip.MustParseAddrPort("192.0.2.77:7000"))
		if err != nil {
			w.Fatal(err)
		}
		defer listener.Close()
		const fragment = "a=ice-ufrag:abcd\r\na=ice-pwd:abcdefghijklmnopqrstuvwx\r\nm=audio 9 RTP/AVP 0\r\n" +
			"a=candidate:1 1 UDP 2130706431 192.0.2.77 7000 typ host\r\na=end-of-candidates\r\n"
		trickled := sip.NewHeader("Info-Package", "trickle-ice")
		alice.Asks("INFO", "application/trickle-ice-sdpfrag", fragment, 200, trickled)
		w.Later(time.Second)
		batch := media.NewBatch()
		if n := listener.ReadBatch(batch, time.Now()); n == 0 || batch.Datagrams[0].From.Port() != 19998 {
			w.Errorf("%d checks were sent to the candidate", n)
		}
		alice.Asks("INFO", "application/trickle-ice-sdpfrag", "rubbish", 400, trickled)
		alice.Asks("INFO", "text/plain", "x", 469, sip.NewHeader("Info-Package", "weather"))
	})
}
