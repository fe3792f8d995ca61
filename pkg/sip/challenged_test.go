package sip_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/seed-f3cefc8c/focus/pkg/sip"
)

// trunk is a server that asks for a password, at 192.0.2.1, and writes down what reaches it.
type trunk struct {
	t        *testing.T
	digest   *sip.Digest
	password string
	asks     func(*sip.Request) bool // for which requests it wants one
	dialogs  []*sip.Dialog

	mu    sync.Mutex
	acks  []string // the credentials in them
	heard []string // "INVITE 1 nc=- 407", …
}

func (w *world) trunk(change ...func(*sip.DigestConfig)) *trunk {
	c := &trunk{t: w.t, password: "secret", asks: func(*sip.Request) bool { return true }}
	cfg := sip.DigestConfig{Realm: "carrier.example", Proxy: true, Credentials: sip.CredentialsFunc(
		func(_ context.Context, username, realm string, a sip.Algorithm) (string, bool) {
			return sip.HA1(a, username, realm, c.password), username == "alice"
		})}
	for _, more := range change {
		more(&cfg)
	}
	c.digest = sip.NewDigest(cfg)
	w.agent("192.0.2.1", sip.Config{Supported: extensions, Handler: sip.HandlerFunc(func(tx *sip.ServerTransaction) {
		if c.lets(tx) {
			d, err := tx.UserAgent().NewServerDialog(tx, tx.ContactURI("trunk"), c)
			if err != nil {
				w.t.Error(err)
				return
			}
			c.dialogs = append(c.dialogs, d)
			if err := d.Accept("application/sdp", []byte("v=0\r\n")); err != nil {
				w.t.Error(err)
			}
		}
	})})
	return c
}

// credentials are those of a request, whatever their header.
func credentials(req *sip.Request) string {
	return sip.HeaderValue(req, "Authorization") + sip.HeaderValue(req, "Proxy-Authorization")
}

func (c *trunk) lets(tx *sip.ServerTransaction) bool {
	req, code := tx.Request(), 200
	if c.asks(req) {
		if _, err := c.digest.Authenticate(tx.Context(), req, time.Now()); err != nil {
			res := c.digest.Challenge(req, err, time.Now())
			code = res.StatusCode
			defer tx.Respond(res)
		}
	}
	nc := strings.TrimLeft(between(credentials(req), "nc=", ","), "0")
	c.mu.Lock()
	defer c.mu.Unlock()
	c.heard = append(c.heard, fmt.Sprintf("%s %d nc=%s %d", req.Method, req.CSeq().SeqNo, nc, code))
	return code == 200
}

func (c *trunk) ServeDialog(d *sip.Dialog, tx *sip.ServerTransaction) {
	if c.lets(tx) {
		d.AcceptTx(tx, "", nil)
	}
}

func (c *trunk) Acknowledged(_ *sip.Dialog, ack *sip.Request, err error) {
	if err != nil {
		c.t.Error(err)
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.acks = append(c.acks, credentials(ack))
}

// wants compares what has reached the trunk since the last call.
func (c *trunk) wants(want ...string) {
	c.t.Helper()
	synctest.Wait()
	c.mu.Lock()
	defer c.mu.Unlock()
	if !slices.Equal(c.heard, want) {
		c.t.Errorf("the trunk heard\n%q, want\n%q", c.heard, want)
	}
	c.heard = nil
}

// called is a call of ours to the trunk.
func (w *world) called(c *trunk, transport string, change ...func(*sip.Invitation)) (*sip.Dialog, error) {
	phone := w.agent("192.0.2.2", sip.Config{Supported: extensions})
	inv := sip.Invitation{
		Target: mustURI(w.t, "sip:+1555@192.0.2.1"+transport), From: mustURI(w.t, "sip:alice@example.com"), Handler: &leg{},
		Credentials: func(realm string) (string, string, bool) { return "alice", "secret", realm == "carrier.example" },
	}
	for _, more := range change {
		more(&inv)
	}
	d, _, err := phone.Invite(w.t.Context(), inv)
	return d, err
}

// wantsStatus sends a request in a call and wants that answer.
func wantsStatus(t *testing.T, d *sip.Dialog, method sip.Method, want int) {
	t.Helper()
	res, err := (*sip.Response)(nil), error(nil)
	switch method {
	case sip.INVITE:
		res, err = d.Invite(t.Context(), "application/sdp", []byte("v=0\r\n"))
	case sip.UPDATE:
		res, err = d.Update(t.Context(), "application/sdp", []byte("v=0\r\n"))
	case sip.MESSAGE:
		res, err = d.Try(t.Context(), method, "text/plain", []byte("hello"))
	default:
		res, err = d.Request(t.Context(), method, "", nil)
	}
	if err != nil || res.StatusCode != want {
		t.Errorf("%s: %v, %v; want %d", method, res, err, want)
	}
}

// inCalls are the requests that follow in a call of ours.
var inCalls = []sip.Method{sip.INFO, sip.UPDATE, sip.INVITE, sip.NOTIFY, sip.REFER, sip.MESSAGE}

// TestATrunkAsksForEveryRequest: "it should incorporate credentials for that realm in all subsequent requests that contain the same Call-ID" (RFC 3261
// §22.3), so that it is challenged once; the nonce count of each is its own.
func TestATrunkAsksForEveryRequest(t *testing.T) {
	for _, proxy := range []bool{true, false} {
		for _, transport := range []string{"", ";transport=tcp"} {
			t.Run(fmt.Sprint(proxy, transport), func(t *testing.T) {
				inWorld(t, func(t *testing.T, w *world) {
					c := w.trunk(func(cfg *sip.DigestConfig) { cfg.Proxy = proxy })
					d, err := w.called(c, transport)
					if err != nil {
						t.Fatal(err)
					}
					refused := 407
					if !proxy {
						refused = 401
					}
					c.wants(fmt.Sprintf("INVITE 1 nc= %d", refused), "INVITE 2 nc=1 200")
					if len(c.acks) != 1 || !strings.Contains(c.acks[0], "nc=00000001") {
						t.Errorf(`ACKs with %q: "The ACK MUST contain the same credentials as the INVITE"`, c.acks)
					}
					var want []string
					for i, method := range inCalls {
						wantsStatus(t, d, method, 200)
						want = append(want, fmt.Sprintf("%s %d nc=%x 200", method, 3+i, 2+i))
					}
					if err := d.Bye(t.Context()); err != nil {
						t.Error(err)
					}
					c.wants(append(want, "BYE 9 nc=8 200")...)
					if len(c.acks) != 2 || !strings.Contains(c.acks[1], "nc=00000004") {
						t.Errorf("the ACK of the re-INVITE has %q", c.acks)
					}
				})
			})
		}
	}
}

// TestATrunkAsksLate: it lets the call through, and asks for a password with what follows.
func TestATrunkAsksLate(t *testing.T) {
	for _, method := range append(inCalls, sip.BYE) {
		t.Run(string(method), func(t *testing.T) {
			inWorld(t, func(t *testing.T, w *world) {
				c := w.trunk()
				c.asks = func(*sip.Request) bool { return false }
				offers := func(inv *sip.Invitation) { inv.ContentType, inv.Body = "application/sdp", []byte("v=0\r\n") }
				d, err := w.called(c, "", offers)
				if err != nil {
					t.Fatal(err)
				}
				c.wants("INVITE 1 nc= 200")
				c.asks = func(req *sip.Request) bool { return true }
				if method == sip.BYE {
					if err := d.Bye(t.Context()); err != nil {
						t.Error(err)
					}
				} else {
					wantsStatus(t, d, method, 200)
				}
				c.wants(fmt.Sprintf("%s 2 nc= 407", method), fmt.Sprintf("%s 3 nc=1 200", method))
				if method != sip.BYE {
					wantsStatus(t, d, sip.INVITE, 200) // no offer is left open
					c.wants("INVITE 4 nc=2 200")
				}
			})
		})
	}
}

// TestAStaleNonce: what was right is answered with the new nonce, once.
func TestAStaleNonce(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		c := w.trunk(func(cfg *sip.DigestConfig) { cfg.NonceLifetime = time.Minute })
		d, err := w.called(c, "")
		if err != nil {
			t.Fatal(err)
		}
		time.Sleep(2 * time.Minute)
		c.wants("INVITE 1 nc= 407", "INVITE 2 nc=1 200")
		wantsStatus(t, d, sip.INFO, 200)
		wantsStatus(t, d, sip.INFO, 200)
		c.wants("INFO 3 nc=2 407", "INFO 4 nc=1 200", "INFO 5 nc=2 200")
		t.Log("# for a day of session refreshes")
		time.Sleep(24 * time.Hour)
		synctest.Wait()
		c.mu.Lock()
		defer c.mu.Unlock()
		if d.State() != sip.Confirmed || len(c.heard) < 48 {
			t.Errorf("%v after a day, %d requests", d.State(), len(c.heard))
		}
	})
}

// TestANonceThatIsAlwaysStale: a server that never takes one is asked three times.
func TestANonceThatIsAlwaysStale(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		c := w.trunk(func(cfg *sip.DigestConfig) { cfg.NonceLifetime = time.Nanosecond })
		c.asks = func(req *sip.Request) bool { time.Sleep(ms); return true }
		var refused *sip.StatusError
		if _, err := w.called(c, ""); !errors.As(err, &refused) || refused.Code != 407 {
			t.Errorf("%v, want 407", err)
		}
		c.wants("INVITE 1 nc= 407", "INVITE 2 nc=1 407", "INVITE 3 nc=1 407")
	})
}

// TestAWrongPassword is tried once, and the error says so.
func TestAWrongPassword(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		c := w.trunk()
		c.password = "changed"
		_, err := w.called(c, "")
		var refused *sip.StatusError
		if !errors.Is(err, sip.ErrBadCredentials) || !errors.As(err, &refused) || refused.Code != 407 {
			t.Errorf("%v, want ErrBadCredentials with 407", err)
		}
		c.wants("INVITE 1 nc= 407", "INVITE 2 nc=1 407")
	})
}

// TestThePasswordChangesInACall: what was right before may be asked for anew once; the call goes on, and ends.
func TestThePasswordChangesInACall(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		c := w.trunk()
		d, err := w.called(c, "")
		if err != nil {
			t.Fatal(err)
		}
		c.wants("INVITE 1 nc= 407", "INVITE 2 nc=1 200")
		c.password = "changed"
		wantsStatus(t, d, sip.INFO, 407)
		c.wants("INFO 3 nc=2 407", "INFO 4 nc=1 407")
		if d.State() != sip.Confirmed {
			t.Errorf("the call is %v", d.State())
		}
		d.Bye(t.Context())
		c.wants("BYE 5 nc=2 407", "BYE 6 nc=1 407")
		if d.State() != sip.Terminated {
			t.Errorf("the call is %v after BYE", d.State())
		}
	})
}

// TestNobodyElseGetsCredentials: another realm, and a call without any.
func TestNobodyElseGetsCredentials(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		c := w.trunk()
		c.asks = func(req *sip.Request) bool { return req.Method != sip.INVITE }
		d, err := w.called(c, "", func(inv *sip.Invitation) { inv.Credentials = nil })
		if err != nil {
			t.Fatal(err)
		}
		wantsStatus(t, d, sip.INFO, 407)
		d.SetCredentials(func(realm string) (string, string, bool) { return "alice", "secret", realm == "elsewhere.example" })
		wantsStatus(t, d, sip.INFO, 407)
		c.wants("INVITE 1 nc= 200", "INFO 2 nc= 407", "INFO 3 nc= 407")
		d.SetCredentials(func(string) (string, string, bool) { return "alice", "secret", true })
		wantsStatus(t, d, sip.INFO, 200)
		c.wants("INFO 4 nc= 407", "INFO 5 nc=1 200")
	})
}

// TestSeveralRealms: a server and proxies on the way to it, each with a realm of its own, one after the other or at once.
func TestSeveralRealms(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		phone := w.agent("192.0.2.2", sip.Config{})
		peer := w.wire("192.0.2.1:5060", "192.0.2.2:5060")
		done := make(chan error, 1)
		go func() {
			_, _, err := phone.Invite(t.Context(), sip.Invitation{
				Target: mustURI(t, "sip:conf@192.0.2.1"), From: mustURI(t, "sip:alice@example.com"), Handler: &leg{},
				Credentials: func(realm string) (string, string, bool) { return "alice", "secret", realm != "c" },
			})
			done <- err
		}()
		wants := func(invite message, realms ...string) {
			t.Helper()
			var got []string
			for _, line := range strings.Split(invite.text, "\r\n") {
				if strings.Contains(line, "Authorization: ") {
					got = append(got, line[:strings.Index(line, ":")]+" "+between(line, `realm="`, `"`))
				}
			}
			slices.Sort(got)
			if !slices.Equal(got, realms) {
				t.Errorf("credentials for %q, want %q", got, realms)
			}
		}
		asks := func(header, realm string) string {
			return header + `: Digest realm="` + realm + `", nonce="n", qop="auth"`
		}
		first := peer.hears("INVITE", 0)[0]
		wants(first)
		peer.says(answerTo(first.text, 407, "x", asks("Proxy-Authenticate", "a"), asks("Proxy-Authenticate", "c")))
		second := peer.hears("INVITE", 0)[0]
		wants(second, "Proxy-Authorization a")
		peer.says(answerTo(second.text, 401, "x", asks("WWW-Authenticate", "a"), asks("Proxy-Authenticate", "b")))
		third := peer.hears("INVITE", 0)[0]
		wants(third, "Authorization a", "Proxy-Authorization a", "Proxy-Authorization b")
		peer.says(answerTo(third.text, 200, "x", "Contact: <sip:192.0.2.1>"))
		if err := <-done; err != nil {
			t.Error(err)
		}
		wants(peer.hears("ACK", 0, 0, 0)[2], "Authorization a", "Proxy-Authorization a", "Proxy-Authorization b")
	})
}

// TestAHostilePeerAsksWithoutEnd: each time in the name of another realm.
func TestAHostilePeerAsksWithoutEnd(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		asked := 0
		w.agent("192.0.2.1", sip.Config{Handler: sip.HandlerFunc(func(tx *sip.ServerTransaction) {
			asked++
			tx.Reply(401, sip.NewHeader("WWW-Authenticate", fmt.Sprintf(`Digest realm="%d", nonce="n", qop="auth", stale=true`, asked)))
		})})
		phone := w.agent("192.0.2.2", sip.Config{})
		_, _, err := phone.Invite(t.Context(), sip.Invitation{
			Target: mustURI(t, "sip:conf@192.0.2.1"), From: mustURI(t, "sip:alice@example.com"), Handler: &leg{},
			Credentials: func(string) (string, string, bool) { return "alice", "secret", true },
		})
		if err == nil || asked != 6 {
			t.Errorf("%v, asked %d times, want 6", err, asked)
		}
	})
}

// TestAPRACKIsChallenged: with the answer to the peer's offer in it, which is then given once more.
func TestAPRACKIsChallenged(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		phone := w.agent("192.0.2.2", sip.Config{Supported: extensions})
		peer := w.wire("192.0.2.1:5060", "192.0.2.2:5060")
		type result struct {
			d   *sip.Dialog
			err error
		}
		done := make(chan result, 1)
		go func() {
			d, _, err := phone.Invite(t.Context(), sip.Invitation{
				Target: mustURI(t, "sip:conf@192.0.2.1"), From: mustURI(t, "sip:alice@example.com"), Handler: &leg{},
				Answer:      func(*sip.Response) (string, []byte) { return "application/sdp", []byte("answer") },
				Credentials: func(string) (string, string, bool) { return "alice", "secret", true },
			})
			done <- result{d, err}
		}()
		invite := peer.hears("INVITE", 0)[0].text
		peer.says(described(answerTo(invite, 183, "x", "Contact: <sip:192.0.2.1>", "Require: 100rel", "RSeq: 1"), "offer"))
		first := peer.hears("PRACK", 0)[0].text
		peer.says(answerTo(first, 407, "", `Proxy-Authenticate: Digest realm="a", nonce="n", qop="auth"`))
		second := peer.hears("PRACK", 0)[0].text
		if header(second, "RAck") != header(first, "RAck") || body(second) != "answer" || header(second, "CSeq") != "3 PRACK" || header(second, "Proxy-Authorization") == "" {
			t.Errorf("the second PRACK:\n%s", second)
		}
		peer.says(answerTo(second, 200, ""))
		peer.says(answerTo(invite, 200, "x", "Contact: <sip:192.0.2.1>"))
		got := <-done
		if got.err != nil {
			t.Fatal(got.err)
		}
		if ack := peer.hears("ACK", 0)[0].text; body(ack) != "" || header(ack, "Proxy-Authorization") != "" {
			t.Errorf("the INVITE had no credentials, and the offer is answered:\n%s", ack)
		}
		t.Log("# no offer is left open")
		go got.d.Invite(t.Context(), "application/sdp", []byte("ours"))
		if again := peer.hears("INVITE", 0)[0].text; header(again, "Proxy-Authorization") == "" {
			t.Errorf("the re-INVITE:\n%s", again)
		}
	})
}

// FuzzChallenges: whatever a peer asks, and however often, it is answered a bounded number of times, with credentials that can be read and are for realms
// that it named.
func FuzzChallenges(f *testing.F) {
	f.Add("Digest realm=\"a\", nonce=\"n\", qop=\"auth\"\nDigest realm=\"REALM\", nonce=\"n\", stale=true")
	f.Add("Digest realm=\"a\\\"\\\\\", nonce=\"n,\", opaque=\"\", algorithm=SHA-256, qop=auth-int")
	f.Fuzz(func(t *testing.T, challenges string) {
		req := register(t)
		asked := sip.Challenged(func(realm string) (string, string, bool) { return "alice", "secret", realm != "c" })
		times := 0
		for ; times < 100; times++ {
			res := sip.NewResponse(req, 401, "")
			for i, text := range strings.Split(challenges, "\n") {
				name := "WWW-Authenticate"
				if i%2 == 1 {
					name = "Proxy-Authenticate"
				}
				sip.AddHeader(res, name, strings.ReplaceAll(text, "REALM", fmt.Sprint(times)))
			}
			next, ok := asked(req, res)
			if !ok {
				break
			}
			for _, h := range append(next.GetHeaders("Authorization"), next.GetHeaders("Proxy-Authorization")...) {
				got, err := sip.ParseAuth(h.Value())
				if err != nil || got["username"] != "alice" || got["realm"] == "c" {
					t.Fatalf("%q is answered by %q: %v", challenges, h.Value(), err)
				}
			}
			req = next
		}
		if times > 10 {
			t.Errorf("%q is answered %d times", challenges, times)
		}
	})
}
