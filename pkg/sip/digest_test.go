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

// TestRFC7616Examples: RFC 7616 §3.9.1, "Mufasa" with the password "Circle of Life", and §3.9.2 for SHA-512-256 without userhash and charset.
func TestRFC7616Examples(t *testing.T) {
	const nonce, cnonce = "7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v", "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ"
	for _, row := range []struct {
		algorithm sip.Algorithm
		want      string
	}{
		{sip.MD5, "8ca523f5e9506fed4657c9700eebdbec"},
		{sip.SHA256, "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1"},
	} {
		ha1 := sip.HA1(row.algorithm, "Mufasa", "http-auth@example.org", "Circle of Life")
		if got := sip.RequestDigest(row.algorithm, ha1, "GET", "/dir/index.html", nonce, cnonce, 1); got != row.want {
			t.Errorf("%s: %s, want %s", row.algorithm, got, row.want)
		}
	}
}

// TestRFC8760HA1 checks the hash that RFC 7616 §3.9.2 calls SHA-512-256 against the published digest of the empty string (FIPS 180-4).
func TestSHA512256(t *testing.T) {
	if got, want := sip.Hash(sip.SHA512256, ""), "c672b8d1ef56ed28ab87c3622c5114069bdd3ad7b8f9737498d0c01ecef0967a"; got != want {
		t.Errorf("%s, want %s", got, want)
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
			nonce, sip.RequestDigest(sip.MD5, ha1, "REGISTER", "(null)", nonce, "c", 1)))
		who, err := g.Authenticate(t.Context(), req, now)
		if (err == nil) != allowed || (who == "alice") != allowed {
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
	for range 3 {
		n.Issue(now)
	}
	if n.Use(text, 2000, now) {
		t.Error("a nonce was remembered beyond the bound")
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

// Some telephones end the call when a challenge names an algorithm they do not know. They are offered MD5 alone, if at all.
func TestDigestOnlyMD5(t *testing.T) {
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
			OnlyMD5: func(*sip.Request) bool { return tt.poor }})
		challenges := g.Challenge(register(t), nil, now).GetHeaders("WWW-Authenticate")
		if len(challenges) != tt.want {
			t.Errorf("algorithms %v, only MD5 %v: %d challenges, want %d", tt.algorithms, tt.poor, len(challenges), tt.want)
		}
		if md5 := strings.Contains(challenges[len(challenges)-1].Value(), "algorithm=MD5"); md5 != (tt.algorithms == nil) {
			t.Errorf("algorithms %v: the last challenge is %s", tt.algorithms, challenges[len(challenges)-1].Value())
		}
	}
}
