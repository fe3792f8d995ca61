package testenv_test

import (
	"strings"
	"testing"
	"time"

	"github.com/seed-f3cefc8c/focus/pkg/c3p"
	"github.com/seed-f3cefc8c/focus/pkg/confinfo"
	"github.com/seed-f3cefc8c/focus/pkg/sip"
	"github.com/seed-f3cefc8c/focus/test/testenv"
)

const sdp = "application/sdp"

// talking is a story in which alice is in the conference.
func talking(t *testing.T, story func(w *testenv.World, alice *testenv.Phone)) {
	t.Helper()
	testenv.Run(t, func(w *testenv.World) {
		w.Conference(room)
		alice := w.Phone("alice")
		alice.Dials(dial)
		alice.WantsAnswer()
		story(w, alice)
	})
}

func TestLateOffer(t *testing.T) {
	testenv.Run(t, func(w *testenv.World) {
		w.Conference(room)
		alice := w.Phone("alice")
		alice.LateOffer = true
		alice.Dials(dial)
		if body := string(alice.WantsAnswer().Body()); !strings.Contains(body, "m=audio") {
			w.Errorf("offer in the 200: %q", body)
		}
		if e := w.MCU.Endpoint("sip:alice"); e == nil || e.Offered || e.SDP != alice.SDP("sendrecv") {
			w.Errorf("alice at the MCU: %+v; want her answer there", e)
		}
	})
}

func TestLateOfferWithoutAnswer(t *testing.T) {
	testenv.Run(t, func(w *testenv.World) {
		w.Conference(room)
		alice := w.Phone("alice")
		alice.LateOffer, alice.NoAnswer = true, true
		alice.Dials(dial)
		alice.WantsAnswer()
		alice.WantsBye(time.Second, "no agreement on media")
		w.WantsRoster(room)
	})
}

func TestCancelWhileTheMCUWorks(t *testing.T) {
	testenv.Run(t, func(w *testenv.World) {
		w.Conference(room)
		w.MCU.Delay = 3 * time.Second // addConference, then addUser
		alice := w.Phone("alice")
		alice.Dials(dial)
		w.Later(4 * time.Second)
		alice.GivesUp()
		w.Later(10 * time.Second)
		if n := w.MCU.Commanded("addUser"); n != 1 {
			w.Errorf("addUser came %d times, want 1", n)
		}
		if n := w.MCU.Len(); n != 0 {
			w.Errorf("%d legs at the MCU after CANCEL", n)
		}
		w.WantsRoster(room)
	})
}

func TestCancelAtOnce(t *testing.T) {
	testenv.Run(t, func(w *testenv.World) {
		w.Conference(room)
		w.MCU.Delay = time.Second
		alice := w.Phone("alice")
		alice.Dials(dial)
		alice.GivesUp()
		w.Later(10 * time.Second)
		if n := w.MCU.Commanded("addUser"); n != 0 {
			w.Errorf("addUser came %d times for somebody who had given up", n)
		}
	})
}

func TestHoldAndResume(t *testing.T) {
	for _, method := range []sip.Method{sip.INVITE, sip.UPDATE} {
		t.Run(string(method), func(t *testing.T) {
			talking(t, func(w *testenv.World, alice *testenv.Phone) {
				for _, row := range []struct{ offered, answered, status string }{
					{"sendonly", "recvonly", confinfo.StatusConnected},
					{"inactive", "inactive", confinfo.StatusOnHold},
					{"sendrecv", "sendrecv", confinfo.StatusConnected},
				} {
					res := alice.Asks(method, sdp, alice.SDP(row.offered), 200)
					if body := string(res.Body()); !strings.Contains(body, "a="+row.answered) {
						w.Errorf("%s was answered %q", row.offered, body)
					}
					e := w.Document(room).Users[0].Endpoints[0]
					if e.Status != row.status || e.Media[0].Status != row.offered {
						w.Errorf("%s: roster says %s, %s", row.offered, e.Status, e.Media[0].Status)
					}
				}
			})
		})
	}
}

func TestReInviteWithoutOffer(t *testing.T) {
	talking(t, func(w *testenv.World, alice *testenv.Phone) {
		if body := string(alice.Asks(sip.INVITE, "", "", 200).Body()); !strings.Contains(body, "m=audio") {
			w.Errorf("offer %q", body)
		}
		if w.MCU.Endpoint("sip:alice").Offered {
			w.Error("the answer in the ACK did not reach the MCU")
		}
	})
}

func TestRefusedOffersLeaveTheCallAlone(t *testing.T) {
	talking(t, func(w *testenv.World, alice *testenv.Phone) {
		for _, method := range []sip.Method{sip.INVITE, sip.UPDATE} {
			res := alice.Asks(method, sdp, "v=0\r\nm=video 4000 RTP/AVP 31\r\n", 488)
			if got := sip.HeaderValue(res, "Warning"); got != `304 example.com "Media type not available"` {
				w.Errorf("Warning %s", got)
			}
			alice.Asks(method, sdp, "rubbish", 400)
			alice.Asks(method, "text/plain", "hello", 415)
		}
		alice.Asks(sip.UPDATE, "", "", 200)
		alice.Asks(sip.INVITE, sdp, alice.SDP("sendrecv"), 200)
		w.WantsRoster(room, "sip:alice@elsewhere.example;guest=1")
	})
}

func TestOtherRequestsInTheCall(t *testing.T) {
	talking(t, func(w *testenv.World, alice *testenv.Phone) {
		if allow := sip.HeaderValue(alice.Asks(sip.OPTIONS, "", "", 200), "Allow"); !strings.Contains(allow, "UPDATE") {
			w.Errorf("Allow %q", allow)
		}
		if allow := sip.HeaderValue(alice.Asks(sip.MESSAGE, "text/plain", "hello", 405), "Allow"); !strings.Contains(allow, "UPDATE") {
			w.Errorf("Allow %q", allow)
		}
		alice.Asks(sip.INFO, "", "", 200)
		alice.Asks(sip.INFO, "application/dtmf", "5", 200)
		alice.Asks(sip.INFO, "application/dtmf-relay", "Signal=?", 400)
		alice.Asks(sip.INFO, "application/media_control+xml", "<x/>", 415)
		if !alice.Talks() {
			w.Error("the call is over")
		}
	})
}

func TestNoMedia(t *testing.T) {
	talking(t, func(w *testenv.World, alice *testenv.Phone) {
		keys := w.MCU.Endpoint("sip:alice").Keys
		w.MCU.Says(&c3p.Notification{To: testenv.FocusURI(room), Conference: &confinfo.Document{
			Entity: testenv.FocusURI(room), State: confinfo.Partial, UsersState: confinfo.Partial,
			Users: []confinfo.User{{Entity: keys.User, State: confinfo.Partial, Endpoints: []confinfo.Endpoint{{
				Entity: keys.Endpoint, Status: confinfo.StatusDisconnected,
				DisconnectionInfo: confinfo.Execution{Reason: confinfo.ReasonMediaTimeout},
			}}}},
		}})
		alice.WantsBye(time.Second, `SIP;cause=408;text="no media"`)
		w.WantsRoster(room)
	})
}

func TestTheMCUWantsANewSession(t *testing.T) {
	talking(t, func(w *testenv.World, alice *testenv.Phone) {
		alice.Holds = true
		keys := w.MCU.Endpoint("sip:alice").Keys
		w.MCU.Offers(keys)
		w.Later(time.Second)
		if e := w.MCU.Endpoint("sip:alice"); e.Offered || !strings.Contains(e.SDP, "a=inactive") {
			w.Errorf("alice's answer at the MCU: %+v", e)
		}
	})
}

func TestPhoneGoesAwayWithoutAWord(t *testing.T) {
	talking(t, func(w *testenv.World, alice *testenv.Phone) {
		alice.UA.Close()
		w.Succeeds(testenv.Admin, &c3p.DeleteUser{Keys: c3p.UserKeys{Conference: testenv.FocusURI(room), User: "sip:alice@elsewhere.example;guest=1"}})
		w.WantsRoster(room)
		w.Later(time.Minute)
		if w.MCU.Len() != 0 {
			w.Error("the leg is still at the MCU")
		}
	})
}

func TestNoAck(t *testing.T) {
	testenv.Run(t, func(w *testenv.World) {
		w.Conference(room)
		alice := w.Phone("alice")
		w.Net.Drop(func(from, _ string, data []byte) bool {
			return strings.HasPrefix(from, alice.Host) && strings.HasPrefix(string(data), "ACK ")
		})
		alice.Dials(dial)
		w.Later(40 * time.Second)
		w.WantsRoster(room)
		if w.MCU.Len() != 0 {
			w.Error("the leg is still at the MCU")
		}
	})
}
