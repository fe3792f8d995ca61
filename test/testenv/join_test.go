package testenv_test

import (
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/seed-f3cefc8c/focus/pkg/sip"
	"github.com/seed-f3cefc8c/focus/test/testenv"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const (
	room = "1234567890"
	dial = "sip:1234567890@example.com"
)

func TestJoinAndLeave(t *testing.T) {
	for _, uri := range []string{dial, "sip:1234567890@192.0.2.1", testenv.FocusURI(room),
		"sip:olivia@example.com;gruu;opaque=app:conf:audio-video:id:1234567890"} {
		t.Run(uri, func(t *testing.T) {
			testenv.Run(t, func(w *testenv.World) {
				w.Conference(room)
				alice, bob := w.Phone("alice"), w.Phone("bob")

				w.Log("# alice and bob join")
				alice.Dials(uri)
				res := alice.WantsAnswer()
				if got := string(res.Body()); got != testenv.SDP("198.51.100.1", 20000, "sendrecv") {
					w.Errorf("answer %q", got)
				}
				if contact := res.Contact(); !contact.Params.Has("isfocus") {
					w.Errorf("Contact %s, want isfocus", contact.Value())
				}
				bob.Dials(uri)
				bob.WantsAnswer()
				w.WantsRoster(room, "sip:alice@elsewhere.example;guest=1", "sip:bob@elsewhere.example;guest=2")
				if e := w.MCU.Endpoint("sip:bob"); e == nil || e.Name != "bob" || e.Source != "sip:"+bob.Host || !e.Admitted {
					w.Errorf("bob at the MCU: %+v", e)
				}

				w.Log("# they leave; ten minutes later nothing is left")
				alice.HangsUp()
				w.WantsRoster(room, "sip:bob@elsewhere.example;guest=2")
				bob.HangsUp()
				if n := w.MCU.Len(); n != 0 {
					w.Errorf("%d legs at the MCU after everybody left", n)
				}
				w.Later(11 * time.Minute)
				if rooms := w.MCU.Conferences(); len(rooms) != 0 {
					w.Errorf("the MCU still has %q", rooms)
				}

				w.Log("# the conference can be dialled again")
				carol := w.Phone("carol")
				carol.Dials(uri)
				carol.WantsAnswer()
				carol.HangsUp()
			})
		})
	}
}

func TestUnknownConference(t *testing.T) {
	testenv.Run(t, func(w *testenv.World) {
		alice := w.Phone("alice")
		alice.Dials("sip:9999999999@example.com")
		res := alice.WantsRefusal(404)
		if got := sip.HeaderValue(res, "Warning"); got != `399 example.com "no such conference"` {
			w.Errorf("Warning %s", got)
		}
	})
}
