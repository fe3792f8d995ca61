package testenv_test

import (
	"math"
	"math/rand/v2"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/seed-f3cefc8c/focus/pkg/c3p"
	"github.com/seed-f3cefc8c/focus/pkg/confinfo"
	"github.com/seed-f3cefc8c/focus/pkg/focus"
	"github.com/seed-f3cefc8c/focus/pkg/quality"
	"github.com/seed-f3cefc8c/focus/pkg/rtp"
	"github.com/seed-f3cefc8c/focus/pkg/sip"
	"github.com/seed-f3cefc8c/focus/test/testenv"
)

// TestWhoeverLosesPacketsIsSeenTo: bob is behind a bad network, alice is not. The roster that is asked for, the reports of their calls and what the
// collector is told say so.
func TestWhoeverLosesPacketsIsSeenTo(t *testing.T) {
	testenv.RunWithMedia(t, func(w *testenv.World) {
		w.Conference(room, func(d *confinfo.Description) { d.AdmissionPolicy = confinfo.OpenAuthenticated })
		collector := w.Phone("collector")
		published := heard(collector)
		w.Log("# of what bob says 5 % get lost; between him and the server lie 40 ms each way")
		alice, bob := w.Talker("alice", 440), w.Talker("bob", 700)
		rng := rand.New(rand.NewPCG(6, 35))
		bobs := func(a netip.AddrPort) bool { return a.Addr() == bob.Host() }
		w.Media.Drop = func(from, _ netip.AddrPort, data []byte) bool {
			return bobs(from) && !rtp.IsRTCP(data) && rng.Float64() < 0.05
		}
		w.Media.Delay = func(from, to netip.AddrPort) time.Duration {
			if bobs(from) || bobs(to) {
				return 40 * time.Millisecond
			}
			return 0
		}
		for _, p := range []*testenv.Talker{alice, bob} {
			p.Joins(dial)
		}
		w.Talk(time.Minute, alice, bob)
		now := map[string]*quality.Metrics{}
		for _, u := range w.Document(room).Users {
			m := u.Endpoints[0].Media[0]
			if m.Received == nil || m.Sent == nil {
				t.Fatalf("nothing is said of %s", u.Entity)
			}
			now[u.Entity] = m.Received
		}
		wantQuality(t, "while it lasts", now[alice.URI()], now[bob.URI()])

		bob.Leaves()
		alice.Leaves()
		w.Later(time.Second)
		reports := w.Reports()
		if len(reports) != 2 || !strings.Contains(reports[0].RemoteID, "bob") {
			t.Fatalf("reports: %+v", reports)
		}
		wantQuality(t, "afterwards", reports[1].Local, reports[0].Local)
		r := reports[0]
		if r.Codec.Name == "" || r.CallID == "" || r.LocalTag == "" || r.RemoteTag == "" || r.Stop.Sub(r.Start) < time.Minute || r.Outgoing || r.Reason != "hung up" ||
			!bobs(r.RemoteAddr) || r.Remote == nil || r.Remote.LossRate != 0 {
			t.Errorf("bob's call: %+v", r)
		}

		if len(*published) != 2 || !strings.HasPrefix((*published)[0], "PUBLISH sip:collector@192.0.2.11") {
			t.Fatalf("the collector got %q", *published)
		}
		_, body, _ := strings.Cut((*published)[0], "hops: ")
		told, err := quality.ParseText([]byte(body))
		if err != nil || told.CallID != r.CallID || math.Abs(told.Local.LossRate-r.Local.LossRate) > 0.001 || told.RemoteTag != r.RemoteTag {
			t.Errorf("the collector got %q: %v", body, err)
		}
	}, func(c *focus.Config) { c.Collector = "sip:collector@192.0.2.11" })
}

func wantQuality(t *testing.T, when string, good, bad *quality.Metrics) {
	t.Helper()
	t.Logf("%s: R %.1f, MOS %.2f; with losses of %.1f %% R %.1f, MOS %.2f, round trip %.0f ms", when, good.R, good.MOSCQ, 100*bad.LossRate, bad.R, bad.MOSCQ, bad.RoundTrip)
	if lost := bad.LossRate + bad.DiscardRate; math.Abs(lost-0.05) > 0.01 || good.LossRate != 0 {
		t.Errorf("%s: lost %v, and %v of who loses nothing; want 0.05", when, lost, good.LossRate)
	}
	if bad.MOSCQ >= good.MOSCQ-0.05 || good.MOSCQ < 4.2 {
		t.Errorf("%s: MOS %v with losses, %v without", when, bad.MOSCQ, good.MOSCQ)
	}
	if math.Abs(bad.RoundTrip-80) > 25 { // packets wait for the tick of either side
		t.Errorf("%s: a round trip of %v ms, want 80", when, bad.RoundTrip)
	}
}

// TestACallThatTheServerEndsIsReported: a telephone that sends nothing, and a meeting that ends.
func TestACallThatTheServerEndsIsReported(t *testing.T) {
	testenv.RunWithMedia(t, func(w *testenv.World) {
		w.Conference(room)
		alice := w.Phone("alice")
		alice.Dials(dial)
		alice.WantsAnswer()
		alice.WantsBye(70*time.Second, "no media")
		bob := w.Phone("bob")
		bob.Dials(dial)
		bob.WantsAnswer()
		w.Later(time.Second)
		w.Succeeds(testenv.As("olivia"), &c3p.DeleteConference{Keys: testenv.Keys(room)})
		w.Later(10 * time.Second)
		reports := w.Reports()
		if len(reports) != 2 || reports[0].Reason != "no media" || reports[0].Local == nil || reports[0].Local.R != 0 || reports[1].Reason == "hung up" {
			t.Errorf("reports %+v", reports)
		}
	})
}

// TestTelephonesReportToo: what a user's telephone says of a call is kept; nobody else's is.
func TestTelephonesReportToo(t *testing.T) {
	testenv.Run(t, func(w *testenv.World) {
		w.User("alice")
		alice, target := w.Phone("alice"), uri("sip:collector@example.com")
		report := quality.Report{CallID: "a", LocalID: "sip:alice@example.com", RemoteID: "sip:bob@example.com", Start: time.Now(), Stop: time.Now(), Local: &quality.Metrics{}}
		text, xml := string(report.AppendText(nil)), string(report.AppendXML(nil))
		report.LocalID = "sip:bob@example.com"
		others := string(report.AppendXML(nil))
		qosm := uri("sip:example.com;gruu;opaque=srvr:QoSM:abc")
		const mine, theirs, event = "application/vq-rtcpxr", "application/vq-rtcpxr+xml", "Event: vq-rtcpxr"
		for _, row := range []struct {
			user       string
			method     sip.Method
			to         sip.URI
			kind, body string
			status     int
			lines      []string
		}{
			{"", sip.PUBLISH, target, mine, text, 401, []string{event}},
			{"alice", sip.PUBLISH, target, mine, text, 489, []string{"Event: presence"}},
			{"alice", sip.PUBLISH, target, mine, text, 412, []string{event, "SIP-If-Match: 1"}},
			{"alice", sip.PUBLISH, target, theirs, text, 415, []string{event}},
			{"alice", sip.PUBLISH, target, mine, "VQAlertReport", 400, []string{event}},
			{"alice", sip.PUBLISH, uri("sip:collector@example.org"), mine, text, 404, []string{event}},
			{"alice", sip.PUBLISH, target, mine, text, 200, []string{event}},
			{"", sip.SERVICE, qosm, theirs, xml, 401, nil},
			{"alice", sip.SERVICE, qosm, mine, xml, 415, nil},
			{"alice", sip.SERVICE, qosm, theirs, "<VQReportEvent/>", 606, nil},
			{"alice", sip.SERVICE, qosm, theirs, others, 401, nil},
			{"alice", sip.SERVICE, uri("sip:example.com"), theirs, xml, 202, nil},
		} {
			alice.User = row.user
			t.Logf("# %s to %s, %s by %q", row.method, row.to.String(), row.kind, row.user)
			alice.SendsBody(row.method, row.to, row.kind, row.body, row.lines...)
			alice.WantsStatus(row.status)
		}
		w.Later(time.Second)
		kept := w.Reports()
		if len(kept) != 2 || kept[0].Reporter != "sip:alice@example.com" || kept[0].CallID != "a" || kept[1].CallID != "a" {
			t.Errorf("kept %+v", kept)
		}
	})
}
