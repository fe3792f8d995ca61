package testenv_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/seed-f3cefc8c/focus/internal/phone"
	"github.com/seed-f3cefc8c/focus/pkg/mcu"
	rules "github.com/seed-f3cefc8c/focus/pkg/sdp"
	"github.com/seed-f3cefc8c/focus/pkg/srtp"
	"github.com/seed-f3cefc8c/focus/test/testenv"
)

// hasDTLS makes telephones that have DTLS, and more.
func hasDTLS(w *testenv.World, more ...func(*phone.Config)) func(*phone.Config) {
	maker, err := srtp.NewDTLS(time.Now())
	if err != nil {
		w.Fatal(err)
	}
	return func(c *phone.Config) {
		c.DTLS = maker
		for _, f := range more {
			f(c)
		}
	}
}

// TestDTLSWithAndWithoutICE is one conference of telephones that make their keys by DTLS, in both roles, with ICE and without, RTCP with RTP and apart,
// and one that knows none of it.
func TestDTLSWithAndWithoutICE(t *testing.T) {
	late := func(c *phone.Config) { c.LateOffer = true }
	passive := func(c *phone.Config) { c.Passive = true }
	required := func(c *phone.Config) { c.Encryption = rules.Required }
	testenv.RunWithMCU(t, withICE(mcu.ICELite), func(w *testenv.World) {
		w.Conference(room)
		all := []*testenv.Caller{
			w.Calls("alice", dial, 440, hasDTLS(w, hasICEMux, required)),
			w.Calls("bob", dial, 660, hasDTLS(w, hasICE)),
			w.Calls("carol", dial, 880, hasDTLS(w, required)),
			w.Calls("dave", dial, 1100, hasDTLS(w, late)),
			w.Calls("erin", dial, 1320, hasDTLS(w, late, passive)),
			w.Calls("frank", dial, 1540, nil),
		}
		w.Later(5 * time.Second)
		for i, c := range all {
			for _, o := range all {
				if c != o {
					c.WantsToHear(o)
				}
			}
			want := "AEAD_AES_128_GCM"
			if i == len(all)-1 {
				want = ""
			}
			if got := c.Protection(); got != want {
				t.Errorf("phone %d has %q, want %q", i, got, want)
			}
		}

		w.Log("# alice restarts ICE, and carol holds: the associations go on")
		if err := all[0].Restart(context.Background()); err != nil {
			w.Fatal(err)
		}
		if err := all[2].Hold(context.Background()); err != nil {
			w.Fatal(err)
		}
		w.Later(3 * time.Second)
		if err := all[2].Resume(context.Background()); err != nil {
			w.Fatal(err)
		}
		w.Later(3 * time.Second)
		all[0].WantsToHear(all[2])
		all[2].WantsToHear(all[0], all[5])
		if got := all[2].Protection(); got != "AEAD_AES_128_GCM" {
			t.Errorf("carol, who has held, has %q", got)
		}
	})
}

// TestNoHandshake: who announces a certificate and never shakes hands is told why the call is over.
func TestNoHandshake(t *testing.T) {
	testenv.RunWithMCU(t, func(*mcu.Config) {}, func(w *testenv.World) {
		w.Conference(room)
		alice := w.Phone("alice")
		alice.Body = strings.Replace(alice.SDP("sendrecv"), "RTP/AVP", "UDP/TLS/RTP/SAVPF", 1) +
			fmt.Sprintf("a=fingerprint:sha-256 %s\r\na=setup:actpass\r\na=rtcp-mux\r\n", strings.Repeat("AB:", 31)+"AB")
		alice.Dials(dial)
		alice.WantsAnswer()
		alice.WantsBye(20*time.Second, `cause=488;text="no keys: the DTLS handshake has failed"`)
	})
}
