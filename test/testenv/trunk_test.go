package testenv_test

import (
	"bytes"
	"context"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/seed-f3cefc8c/focus/pkg/c3p"
	"github.com/seed-f3cefc8c/focus/pkg/confinfo"
	"github.com/seed-f3cefc8c/focus/pkg/focus"
	"github.com/seed-f3cefc8c/focus/pkg/sip"
	"github.com/seed-f3cefc8c/focus/test/testenv"
)

// carrier is a trunk that wants a password; the number of each call is what its telephone is asked for.
type carrier struct {
	*testenv.Phone
	mu         sync.Mutex
	asked      []string // Request-URIs
	wanted     string   // realm; "": nobody is asked
	password   string
	challenged []sip.Method
}

const (
	trunkPassword = "open sesame"
	trunkNumber   = "tel:+15551234"
)

// trunked has olivia in the room, and a carrier for numbers that begin with +1, and for example.net.
func trunked(t *testing.T, story func(w *testenv.World, olivia *testenv.Phone, c *carrier), change ...func(*focus.Config)) {
	host := "192.0.2.11" // of the first telephone of a world
	callerID, _ := sip.ParseURI("sip:+15550000@carrier.example")
	trunk := focus.Trunk{
		Name: "carrier", Numbers: []string{"+1", "9"}, Domains: []string{"example.net"}, CallerID: callerID,
		Credentials: func(realm string) (string, string, bool) { return "focus", trunkPassword, realm == "carrier.example" },
	}
	trunk.URI, _ = sip.ParseURI("sip:" + host)
	if err := trunk.Check(); err != nil {
		t.Fatal(err)
	}
	testenv.RunConfigured(t, func(c *focus.Config) {
		c.DialOut, c.Trunks = focus.DialAnybody, []focus.Trunk{trunk}
		for _, more := range change {
			more(c)
		}
	}, func(w *testenv.World) {
		c := &carrier{Phone: w.Phone("carrier"), wanted: "carrier.example", password: trunkPassword}
		if c.Host != host {
			w.Fatalf("the carrier is at %s", c.Host)
		}
		digest := sip.NewDigest(sip.DigestConfig{Realm: c.wanted, Proxy: true, Credentials: sip.CredentialsFunc(
			func(_ context.Context, user, realm string, a sip.Algorithm) (string, bool) {
				c.mu.Lock()
				defer c.mu.Unlock()
				return sip.HA1(a, user, realm, c.password), user == "focus"
			})})
		c.Lets = func(tx *sip.ServerTransaction) bool {
			_, err := digest.Authenticate(tx.Context(), tx.Request(), time.Now())
			c.mu.Lock()
			free := c.wanted == ""
			c.mu.Unlock()
			if free || err == nil {
				return true
			}
			c.mu.Lock()
			c.challenged = append(c.challenged, tx.Request().Method)
			c.mu.Unlock()
			_ = tx.Respond(digest.Challenge(tx.Request(), err, time.Now()))
			return false
		}
		c.Asked = func(tx *sip.ServerTransaction) {
			if !c.Lets(tx) {
				return
			}
			c.mu.Lock()
			c.asked = append(c.asked, tx.Request().Recipient.String())
			c.mu.Unlock()
			c.Takes(tx)
		}
		olivia, _ := meeting(w)
		story(w, olivia, c)
	})
}

// wants sets whether and which password it wants from now on, and forgets for what it was asked.
func (c *carrier) wants(realm, password string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.wanted, c.password, c.challenged = realm, password, nil
}

func TestANumberIsCalledThroughTheTrunk(t *testing.T) {
	trunked(t, func(w *testenv.World, olivia *testenv.Phone, c *carrier) {
		olivia.Refers("<tel:+1-(555)-12.34>", 202)
		wantsEndpoint(w, trunkNumber, confinfo.StatusAlerting)
		w.Later(time.Second)
		olivia.WantsNews("SIP/2.0 100 Trying", "SIP/2.0 180 Ringing")
		if got := strings.Join(c.asked, " "); got != "sip:+15551234@192.0.2.11;user=phone" {
			t.Errorf("it was asked for %s", got)
		}
		if from := sip.HeaderValue(c.Requests()[0], "From"); !strings.Contains(from, "sip:+15550000@carrier.example") {
			t.Errorf("From %s", from)
		}
		c.PicksUp()
		w.Later(time.Second)
		olivia.WantsNews("SIP/2.0 200 OK")
		wantsEndpoint(w, trunkNumber, confinfo.StatusConnected)
		w.WantsRoster(room, testenv.Organizer, trunkNumber)
		w.Log("# who was called has keys")
		w.MCU.Played()
		hears(w, c.Phone, "*6", "muted")
		wantMuted(w, trunkNumber, true)
		hears(w, c.Phone, "*7", "not-permitted")
		w.Log("# and is taken out")
		w.Succeeds(testenv.As("olivia"), &c3p.DeleteUser{Keys: keysOf(trunkNumber)})
		c.WantsBye(time.Second, "removed")
		if want := []sip.Method{sip.INVITE}; !slices.Equal(c.challenged, want) {
			t.Errorf("the carrier has asked for a password in %v, want %v", c.challenged, want)
		}
	})
}

// TestATrunkAsksForAPasswordInTheCall: the session is refreshed, and the call ends.
func TestATrunkAsksForAPasswordInTheCall(t *testing.T) {
	trunked(t, func(w *testenv.World, olivia *testenv.Phone, c *carrier) {
		c.wants("", "")
		olivia.Refers("<"+trunkNumber+">", 202)
		w.Later(time.Second)
		c.Headers = []sip.Header{sip.NewHeader("Session-Expires", "1800;refresher=uac"), sip.NewHeader("Require", "timer"), sip.NewHeader("Allow", "UPDATE")}
		c.PicksUp()
		w.Later(time.Second)
		c.wants("carrier.example", trunkPassword)
		w.Later(time.Hour)
		wantsEndpoint(w, trunkNumber, confinfo.StatusConnected)
		if refreshes := c.Requests(sip.UPDATE); len(refreshes) != 1 || !slices.Equal(c.challenged, []sip.Method{sip.UPDATE}) {
			t.Errorf("%d refreshes, asked for a password in %v", len(refreshes), c.challenged)
		}
		w.Log("# its password is another one now: BYE is tried once, and the call is over for us")
		c.wants("carrier.example", "changed")
		w.Succeeds(testenv.As("olivia"), &c3p.DeleteUser{Keys: keysOf(trunkNumber)})
		w.Later(time.Second)
		if want := []sip.Method{sip.BYE, sip.BYE}; !slices.Equal(c.challenged, want) {
			t.Errorf("the carrier has asked for a password in %v, want %v", c.challenged, want)
		}
		w.WantsRoster(room, testenv.Organizer)
	})
}

func TestATrunkThatDoesNotGetThrough(t *testing.T) {
	for name, row := range map[string]struct {
		answers int
		realm   string
		news    string
		method  string
		tries   int
	}{
		"busy":                 {486, "carrier.example", "SIP/2.0 486 Busy Here", confinfo.Busy, 1},
		"no such number":       {404, "", "SIP/2.0 404 Not Found", confinfo.Failed, 0},
		"overloaded":           {503, "", "SIP/2.0 503 Service Unavailable", confinfo.Failed, 0},
		"nobody answers":       {0, "", "SIP/2.0 408 Request Timeout", confinfo.Failed, 0},
		"asks for another one": {200, "elsewhere.example", "SIP/2.0 407 Proxy Authentication Required", confinfo.Failed, 0},
		"takes no password":    {200, "carrier.example", "SIP/2.0 407 Proxy Authentication Required", confinfo.Failed, 2},
	} {
		t.Run(name, func(t *testing.T) {
			trunked(t, func(w *testenv.World, olivia *testenv.Phone, c *carrier) {
				c.Answers = row.answers
				if c.wanted = row.realm; row.realm == "elsewhere.example" {
					c.Asked = func(tx *sip.ServerTransaction) {
						_ = tx.Reply(407, sip.NewHeader("Proxy-Authenticate", `Digest realm="elsewhere.example", nonce="1", algorithm=MD5`))
					}
				}
				if row.tries == 2 {
					c.password = "changed"
				}
				olivia.Refers("<"+trunkNumber+">", 202)
				w.Later(time.Second)
				if row.answers != 0 {
					failed := wantsEndpoint(w, trunkNumber, confinfo.StatusDisconnected)
					if reason := strings.SplitN(row.news, " ", 3)[2]; failed.DisconnectionMethod != row.method || failed.DisconnectionInfo.Reason != reason {
						t.Errorf("it says %s, %q; want %s, %q", failed.DisconnectionMethod, failed.DisconnectionInfo.Reason, row.method, reason)
					}
				}
				w.Later(time.Minute)
				if len(c.challenged) != row.tries {
					t.Errorf("it has asked for a password %d times, want %d", len(c.challenged), row.tries)
				}
				if got := news(olivia); !strings.HasSuffix(got, row.news) {
					w.Errorf("olivia is told %q, want %q", got, row.news)
				}
				w.Later(10 * time.Second)
				w.WantsRoster(room, testenv.Organizer)
				wantsLegs(w, 1)
			})
		})
	}
}

// news is the last NOTIFY that came.
func news(p *testenv.Phone) string {
	told := p.Requests(sip.NOTIFY)
	if len(told) == 0 {
		return ""
	}
	return strings.TrimSpace(string(told[len(told)-1].Body()))
}

func TestACallThroughTheTrunkIsCancelled(t *testing.T) {
	trunked(t, func(w *testenv.World, _ *testenv.Phone, c *carrier) {
		added := w.Succeeds(testenv.As("olivia"), &c3p.AddUser{Keys: testenv.Keys(room), User: &confinfo.User{
			Entity: trunkNumber, DisplayText: "Bob", Endpoints: []confinfo.Endpoint{{Entity: "x", JoiningMethod: confinfo.DialedOut}},
		}}).(*c3p.AddUser)
		if !c.Rings() || added.User.Entity != trunkNumber {
			w.Fatalf("it does not ring for %+v", added.User)
		}
		w.Succeeds(testenv.As("olivia"), &c3p.DeleteUser{Keys: keysOf(trunkNumber)})
		if c.Rings() {
			w.Error("it still rings")
		}
		w.WantsRoster(room, testenv.Organizer)
		wantsLegs(w, 1)
	})
}

func TestWhichNumbersAreCalled(t *testing.T) {
	for to, want := range map[string]struct {
		status int
		asked  string
	}{
		"tel:+442071234":                             {403, ""},
		"tel:5551234":                                {404, ""},
		"tel:112;phone-context=example.com":          {403, ""},
		"tel:911;phone-context=elsewhere.example":    {404, ""},
		"tel:911;phone-context=example.com":          {202, "sip:911@192.0.2.11;user=phone"},
		"tel:+1555;ext=12":                           {404, ""},
		"tel:+1555*67":                               {404, ""},
		"tel:+":                                      {404, ""},
		"tel:+1" + strings.Repeat("5", 15):           {404, ""},
		"sip:+15551234@example.com;user=phone":       {202, "sip:+15551234@192.0.2.11;user=phone"},
		"sip:+15551234%3Bx=y@example.com;user=phone": {404, ""},
		"sip:dave@EXAMPLE.net":                       {202, "sip:dave@EXAMPLE.net"},
		"mailto:dave@example.net":                    {416, ""},
	} {
		t.Run(to, func(t *testing.T) {
			trunked(t, func(w *testenv.World, olivia *testenv.Phone, c *carrier) {
				c.Answers = 486
				olivia.Refers("<"+to+">", want.status)
				w.Later(time.Second)
				if got := strings.Join(c.asked, " "); got != want.asked {
					t.Errorf("the carrier was asked for %q, want %q", got, want.asked)
				}
			})
		})
	}
}

// TestThePolicyOfAUser: what a user's record says counts for what the user asks for, more or less than what the server says.
func TestThePolicyOfAUser(t *testing.T) {
	for _, row := range []struct {
		server     focus.DialOutPolicy
		user       string
		tel, carol int
	}{
		{focus.DialNobody, "", 403, 403},
		{focus.DialNobody, "registered", 403, 202},
		{focus.DialNobody, "any", 202, 202},
		{focus.DialRegistered, "", 403, 202},
		{focus.DialAnybody, "", 202, 202},
		{focus.DialAnybody, "registered", 403, 202},
		{focus.DialAnybody, "none", 403, 403},
	} {
		t.Run(string(row.server)+" "+row.user, func(t *testing.T) {
			trunked(t, func(w *testenv.World, olivia *testenv.Phone, c *carrier) {
				c.Answers = 486
				if _, err := w.Store.Users.SetDialOut(w.Context(), "olivia", row.user); err != nil {
					w.Fatal(err)
				}
				olivia.Refers("<"+trunkNumber+">", row.tel)
				olivia.Refers("<sip:carol@example.com>", row.carol)
			}, func(c *focus.Config) { c.DialOut = row.server })
		})
	}
}

func TestAnAttendeeCallsNobodyElse(t *testing.T) {
	trunked(t, func(w *testenv.World, _ *testenv.Phone, c *carrier) {
		guest := w.Phone("guest")
		guest.Dials(dial)
		guest.WantsAnswer()
		res, err := guest.Dialog().Request(w.Context(), sip.REFER, "", nil, sip.NewHeader("Refer-To", "<"+trunkNumber+">"))
		if err != nil || res.StatusCode != 403 || !strings.HasPrefix(sip.HeaderValue(res, "ms-diagnostics"), "3015;") {
			w.Errorf("%v, %v; want 403 with ms-diagnostics 3015", res, err)
		}
		if len(c.asked) != 0 {
			w.Errorf("the carrier was asked for %q", c.asked)
		}
	})
}

// TestATrunksPasswordIsNotLogged: not by any level, whatever becomes of the call.
func TestATrunksPasswordIsNotLogged(t *testing.T) {
	var log bytes.Buffer
	trunked(t, func(w *testenv.World, olivia *testenv.Phone, c *carrier) {
		c.Answers = 486
		olivia.Refers("<"+trunkNumber+">", 202)
		w.Later(time.Minute)
		said := log.String()
		if !strings.Contains(said, trunkNumber) || strings.Contains(said, trunkPassword) || strings.Contains(said, "response=") {
			w.Errorf("logged: %s", said)
		}
	}, func(c *focus.Config) {
		c.Logger = slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	})
}
