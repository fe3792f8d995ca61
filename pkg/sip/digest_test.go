package sip_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/seed-f3cefc8c/focus/pkg/sip"
)

// TestRFC7616Examples: RFC 7616 §3.9.1, "Mufasa" with the password "Circle of Life"; §3.9.2 with the response of erratum 4897, as the RFC's own is
// of another hash; and RFC 2617 §3.5.
func TestRFC7616Examples(t *testing.T) {
	for _, row := range []struct {
		algorithm                                                   sip.Algorithm
		username, realm, password, method, uri, nonce, cnonce, want string
	}{
		{sip.MD5, "Mufasa", "http-auth@example.org", "Circle of Life", "GET", "/dir/index.html", "7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v",
			"f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ", "8ca523f5e9506fed4657c9700eebdbec"},
		{sip.SHA256, "Mufasa", "http-auth@example.org", "Circle of Life", "GET", "/dir/index.html", "7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v",
			"f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ", "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1"},
		{sip.SHA512256, "J\u00e4s\u00f8n Doe", "api@example.org", "Secret, or not?", "GET", "/doe.json", "5TsQWLVdgBdmrQ0XsxbDODV+57QdFR34I9HAbC/RVvkK",
			"NTg6RKcb9boFIAS3KrFK9BGeh+iDa/sm6jUMp2wds69v", "3798d4131c277846293534c3edc11bd8a5e4cdcbff78b05db9d95eeb1cec68a5"},
		{sip.MD5, "Mufasa", "testrealm@host.com", "Circle Of Life", "GET", "/dir/index.html", "dcd98b7102dd2f0e8b11d0f600bfb0c093",
			"0a4f113b", "6629fae49393a05397450978507c4ef1"},
	} {
		ha1 := sip.HA1(row.algorithm, row.username, row.realm, row.password)
		if got := sip.RequestDigest(row.algorithm, ha1, row.method, "auth", row.uri, row.nonce, row.cnonce, ""); got != row.want {
			t.Errorf("%s of %s: %s, want %s", row.algorithm, row.username, got, row.want)
		}
	}
}

var passwords = sip.CredentialsFunc(func(_ context.Context, username, realm string, a sip.Algorithm) (string, bool) {
	return sip.HA1(a, username, realm, "secret"), username == "alice"
})

// register is a REGISTER of alice as if it had come from the network.
func register(t *testing.T) *sip.Request {
	req := sip.NewRequest(sip.REGISTER, mustURI(t, "sip:example.com"))
	sip.AddHeader(req, "Via", "SIP/2.0/UDP 192.0.2.3;branch=z9hG4bK1")
	sip.AddHeader(req, "From", "<sip:alice@example.com>;tag=1")
	sip.AddHeader(req, "To", "<sip:alice@example.com>")
	sip.AddHeader(req, "Call-ID", "c")
	sip.AddHeader(req, "CSeq", "1 REGISTER")
	return req
}

func TestDigest(t *testing.T) {
	now := time.Now()
	g := sip.NewDigest(sip.DigestConfig{Realm: "example.com", Credentials: passwords, NonceLifetime: time.Minute})
	req := register(t)

	t.Log("# alice shows nothing and is asked, best first")
	_, err := g.Authenticate(t.Context(), req, now)
	if !errors.Is(err, sip.ErrNoCredentials) {
		t.Fatalf("error %v", err)
	}
	challenge := g.Challenge(req, err, now)
	offers := challenge.GetHeaders("WWW-Authenticate")
	if challenge.StatusCode != 401 || len(offers) != 3 || !strings.Contains(offers[0].Value(), "algorithm=SHA-512-256") {
		t.Fatalf("challenge %s", challenge)
	}
	t.Log("# she answers")
	signed, err := sip.Authorize(req, challenge, "alice", "secret")
	if err != nil {
		t.Fatal(err)
	}
	if signed.CSeq().SeqNo != 2 || signed.Via() != nil {
		t.Errorf("CSeq %d, Via %v", signed.CSeq().SeqNo, signed.Via())
	}
	if who, err := g.Authenticate(t.Context(), signed, now); who != "alice" || err != nil {
		t.Errorf("%q, %v", who, err)
	}
	t.Log("# somebody replays it")
	if _, err := g.Authenticate(t.Context(), signed, now); !errors.Is(err, sip.ErrStale) {
		t.Errorf("replay: %v, want ErrStale", err)
	}
	t.Log("# an old nonce is stale, and the new challenge says so")
	fresh, _ := sip.Authorize(req, g.Challenge(req, nil, now), "alice", "secret")
	_, err = g.Authenticate(t.Context(), fresh, now.Add(61*time.Second))
	if !errors.Is(err, sip.ErrStale) || !strings.Contains(g.Challenge(req, err, now).String(), "stale=true") {
		t.Errorf("old nonce: %v", err)
	}
	t.Log("# a proxy forwards it to another user of ours")
	forwarded, _ := sip.Authorize(req, g.Challenge(req, nil, now), "alice", "secret")
	forwarded.Recipient.User = "somebody-else"
	if who, err := g.Authenticate(t.Context(), forwarded, now); who != "alice" || err != nil {
		t.Errorf("forwarded: %q, %v", who, err)
	}
	t.Log("# wrong password, unknown user, other method, other server")
	for name, spoil := range map[string]func() *sip.Request{
		"password": func() *sip.Request {
			r, _ := sip.Authorize(req, g.Challenge(req, nil, now), "alice", "guess")
			return r
		},
		"user": func() *sip.Request {
			r, _ := sip.Authorize(req, g.Challenge(req, nil, now), "mallory", "secret")
			return r
		},
		"method": func() *sip.Request {
			r, _ := sip.Authorize(req, g.Challenge(req, nil, now), "alice", "secret")
			r.Method = sip.INVITE
			return r
		},
		"server": func() *sip.Request {
			r, _ := sip.Authorize(req, g.Challenge(req, nil, now), "alice", "secret")
			r.Recipient.Host = "example.org"
			return r
		},
	} {
		if _, err := g.Authenticate(t.Context(), spoil(), now); !errors.Is(err, sip.ErrBadCredentials) {
			t.Errorf("wrong %s: %v, want ErrBadCredentials", name, err)
		}
	}
}

func TestDigestNullURI(t *testing.T) {
	now := time.Now()
	for _, allowed := range []bool{true, false} {
		g := sip.NewDigest(sip.DigestConfig{
			Realm: "example.com", Credentials: passwords, Algorithms: []sip.Algorithm{sip.MD5}, Proxy: true,
			AllowNullURI: func(*sip.Request) bool { return allowed },
		})
		req := register(t)
		challenge := sip.HeaderValue(g.Challenge(req, nil, now), "Proxy-Authenticate")
		_, rest, _ := strings.Cut(challenge, `nonce="`)
		nonce, _, _ := strings.Cut(rest, `"`)
		ha1 := sip.HA1(sip.MD5, "alice", "example.com", "secret")
		sip.AddHeader(req, "Proxy-Authorization", fmt.Sprintf(
			`Digest username="alice", realm="example.com", nonce="%s", uri="(null)", qop=auth, nc=00000001, cnonce="c", response="%s"`,
			nonce, sip.RequestDigest(sip.MD5, ha1, "REGISTER", "auth", "(null)", nonce, "c", "")))
		who, err := g.Authenticate(t.Context(), req, now)
		if who != "alice" || (err == nil) != allowed || g.Stats().NullURI != map[bool]uint64{true: 1}[allowed] {
			t.Errorf("allowed %v: %q, %v", allowed, who, err)
		}
	}
}

// TestNonceCounts compares the window with the obvious set.
func TestNonceCounts(t *testing.T) {
	now := time.Now()
	n := sip.NewNonces(3, time.Minute)
	text := n.Issue(now)
	spent := map[int]bool{}
	highest := 0
	for _, count := range []int{1, 2, 2, 5, 3, 4, 5, 100, 36, 37, 99, 37, 35, 101, 1000, 900, 937, 936, 1000} {
		want := !spent[count] && count > highest-64
		if got := n.Use(text, count, now); got != want {
			t.Errorf("count %d: %v, want %v", count, got, want)
		}
		spent[count], highest = true, max(highest, count)
	}
	t.Log("# others are used, and it is forgotten: no count of it is good again, nor of what is older")
	older := n.Issue(now.Add(-time.Second))
	for range 3 {
		if !n.Use(n.Issue(now.Add(time.Second)), 1, now) {
			t.Error("a new nonce is stale")
		}
	}
	for _, forgotten := range []string{text, older} {
		if n.Use(forgotten, 2000, now) {
			t.Error("a nonce is good beyond the bound")
		}
	}
}

func TestInviteWithCredentials(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		g := sip.NewDigest(sip.DigestConfig{Realm: "example.com", Credentials: passwords})
		conf := &leg{}
		var dialogs []*sip.Dialog
		accept := accepts(t, conf, &dialogs)
		w.agent("192.0.2.1", sip.Config{Handler: sip.HandlerFunc(func(tx *sip.ServerTransaction) {
			if _, err := g.Authenticate(tx.Context(), tx.Request(), time.Now()); err != nil {
				tx.Respond(g.Challenge(tx.Request(), err, time.Now()))
				return
			}
			accept.ServeSIP(tx)
		})})
		phone := w.agent("192.0.2.2", sip.Config{})
		d, _, err := phone.Invite(t.Context(), sip.Invitation{
			Target: mustURI(t, "sip:conf@192.0.2.1"), From: mustURI(t, "sip:alice@example.com"), Handler: &leg{},
			Credentials: func(realm string) (string, string, bool) { return "alice", "secret", realm == "example.com" },
		})
		if err != nil || d.State() != sip.Confirmed {
			t.Errorf("%v, %v", d, err)
		}
	})
}

// Some telephones end the call when a challenge names an algorithm they do not know. They are offered what they know, if there is anything.
func TestDigestThatIsKnown(t *testing.T) {
	now := time.Now()
	for _, tt := range []struct {
		algorithms []sip.Algorithm
		poor       bool
		want       int
	}{
		{nil, false, 3},
		{nil, true, 1},
		{[]sip.Algorithm{sip.SHA256}, true, 1}, // no MD5 for those either who know nothing else
	} {
		g := sip.NewDigest(sip.DigestConfig{Realm: "example.com", Credentials: passwords, Algorithms: tt.algorithms,
			Knows: func(_ *sip.Request, a sip.Algorithm) bool { return !tt.poor || a == sip.MD5 }})
		challenges := g.Challenge(register(t), nil, now).GetHeaders("WWW-Authenticate")
		if len(challenges) != tt.want {
			t.Errorf("algorithms %v, only MD5 %v: %d challenges, want %d", tt.algorithms, tt.poor, len(challenges), tt.want)
		}
		if md5 := strings.Contains(challenges[len(challenges)-1].Value(), "algorithm=MD5"); md5 != (tt.algorithms == nil) {
			t.Errorf("algorithms %v: the last challenge is %s", tt.algorithms, challenges[len(challenges)-1].Value())
		}
	}
}
