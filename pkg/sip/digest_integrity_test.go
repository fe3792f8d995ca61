package sip_test

import (
	"context"
	"crypto/md5"
	"crypto/sha256"
	"crypto/sha512"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/seed-f3cefc8c/focus/pkg/sip"
)

// modelAnswer is RFC 7616 §3.4 word by word: "response = KD(H(A1), unq(nonce) ":" nc ":" unq(cnonce) ":" unq(qop) ":" H(A2))".
func modelAnswer(a sip.Algorithm, username, realm, password, method, uri, body, nonce, nc, cnonce, qop string) string {
	h := func(text string) string {
		switch a {
		case sip.SHA256:
			return fmt.Sprintf("%x", sha256.Sum256([]byte(text)))
		case sip.SHA512256:
			return fmt.Sprintf("%x", sha512.Sum512_256([]byte(text)))
		}
		return fmt.Sprintf("%x", md5.Sum([]byte(text)))
	}
	a1 := username + ":" + realm + ":" + password
	a2 := method + ":" + uri
	if qop == "auth-int" {
		a2 = method + ":" + uri + ":" + h(body)
	}
	return h(h(a1) + ":" + nonce + ":" + nc + ":" + cnonce + ":" + qop + ":" + h(a2))
}

// between is what stands between two texts, for reading challenges as a telephone does.
func between(text, before, after string) string {
	_, rest, _ := strings.Cut(text, before)
	found, _, _ := strings.Cut(rest, after)
	return found
}

// TestDigestIsWhatTheModelSays signs by hand, with each algorithm and each qop, and then changes the body on the way.
func TestDigestIsWhatTheModelSays(t *testing.T) {
	now := time.Now()
	for _, a := range []sip.Algorithm{sip.SHA256, sip.SHA512256, sip.MD5} {
		for _, qop := range []string{"auth", "auth-int"} {
			g := sip.NewDigest(sip.DigestConfig{Realm: "example.com", Credentials: passwords})
			req := register(t)
			req.SetBody([]byte("a body"))
			challenge := sip.HeaderValue(g.Challenge(req, nil, now), "WWW-Authenticate")
			if !strings.Contains(challenge, `qop="auth,auth-int"`) {
				t.Fatalf("challenge %s", challenge)
			}
			nonce, opaque := between(challenge, `nonce="`, `"`), between(challenge, `opaque="`, `"`)
			if nonce == "" || opaque == "" {
				t.Fatalf("challenge %s", challenge)
			}
			sip.AddHeader(req, "Authorization", fmt.Sprintf(`Digest username="alice",realm="example.com",nonce="%s",uri="sip:example.com",`+
				`response="%s",algorithm=%s,cnonce="0a4f113b",opaque="%s",qop=%s,nc=00000001`, nonce,
				modelAnswer(a, "alice", "example.com", "secret", "REGISTER", "sip:example.com", "a body", nonce, "00000001", "0a4f113b", qop), a, opaque, qop))
			changed := req.Clone()
			changed.SetBody([]byte("another body"))
			if _, err := g.Authenticate(t.Context(), changed, now); (err != nil) != (qop == "auth-int") {
				t.Errorf("%s %s, body changed: %v", a, qop, err)
			}
			if _, err := g.Authenticate(t.Context(), req, now); (err == nil) != (qop == "auth-int") {
				t.Errorf("%s %s: %v; with auth the count is spent already", a, qop, err)
			}
		}
	}
}

// The client does what the server asks, also servers that know less than ours.
func TestAuthorize(t *testing.T) {
	for _, row := range []struct {
		challenges []string
		want       []string // in the credentials; nil: none can be given
	}{
		{[]string{`Digest realm="a", nonce="n", algorithm=SHA-256, qop="auth,auth-int"`, `Digest realm="a", nonce="n", algorithm=MD5`},
			[]string{"algorithm=SHA-256", "qop=auth,"}},
		{[]string{`Digest realm="a", nonce="n", algorithm=SHA-3, qop="auth"`, `Digest realm="a", nonce="n", qop="auth-int", opaque="\"x"`},
			[]string{"algorithm=MD5", "qop=auth-int", `opaque="\"x"`}},
		{[]string{`Basic realm="a"`, `Digest realm="a",nonce="dcd98b7102dd2f0e8b11d0f600bfb0c093"`}, []string{`nonce="dcd98b7102dd2f0e8b11d0f600bfb0c093"`}},
		{[]string{`Digest realm="a", nonce="n", qop="token"`}, nil},
		{[]string{`Digest realm="a", nonce="n", nonce="m"`}, nil},
		{[]string{`Digest realm="a"`}, nil},
		{nil, nil},
	} {
		req := register(t)
		res := sip.NewResponse(req, 401, "")
		for _, c := range row.challenges {
			sip.AddHeader(res, "WWW-Authenticate", c)
		}
		signed, err := sip.Authorize(req, res, "al\"ice", "secret")
		if (err == nil) != (row.want != nil) {
			t.Errorf("%v: %v", row.challenges, err)
			continue
		}
		for _, want := range row.want {
			if got := sip.HeaderValue(signed, "Authorization"); !strings.Contains(got, want) || !strings.Contains(got, `username="al\"ice"`) {
				t.Errorf("%v: %s, want %s", row.challenges, got, want)
			}
		}
	}
}

// TestQuotesInNames: realm and user name may hold quotes and backslashes; on the wire they are escaped (RFC 3261 §25.1).
func TestQuotesInNames(t *testing.T) {
	const realm, name = `the "big" \ one`, `o"mal\ley`
	now := time.Now()
	g := sip.NewDigest(sip.DigestConfig{Realm: realm, Credentials: sip.CredentialsFunc(
		func(_ context.Context, username, realm string, a sip.Algorithm) (string, bool) {
			return sip.HA1(a, username, realm, "secret"), username == name
		})})
	req := register(t)
	signed, err := sip.Authorize(req, g.Challenge(req, nil, now), name, "secret")
	if err != nil {
		t.Fatal(err)
	}
	if who, err := g.Authenticate(t.Context(), signed, now); who != name || err != nil {
		t.Errorf("%q, %v", who, err)
	}
}

// TestAfterARestart: the nonce of an earlier process is stale, not wrong, whatever the telephone remembers with it.
func TestAfterARestart(t *testing.T) {
	now := time.Now()
	before := sip.NewDigest(sip.DigestConfig{Realm: "example.com", Credentials: passwords})
	after := sip.NewDigest(sip.DigestConfig{Realm: "example.com", Credentials: passwords})
	signed, err := sip.Authorize(register(t), before.Challenge(register(t), nil, now), "alice", "secret")
	if err != nil {
		t.Fatal(err)
	}
	if who, err := after.Authenticate(t.Context(), signed, now); who != "alice" || !errors.Is(err, sip.ErrStale) {
		t.Errorf("%q, %v, want ErrStale", who, err)
	}
	if got, want := after.Stats(), (sip.DigestStats{Stale: 1}); got != want {
		t.Errorf("%+v, want %+v", got, want)
	}
}

// SIPE answers 407 alone.
func TestAsProxy(t *testing.T) {
	now := time.Now()
	g := sip.NewDigest(sip.DigestConfig{Realm: "example.com", Credentials: passwords,
		AsProxy: func(req *sip.Request) bool { return strings.Contains(sip.HeaderValue(req, "User-Agent"), "Sipe/") }})
	req := register(t)
	sip.AddHeader(req, "User-Agent", "Purple/2.14.12 Sipe/1.25.0 (linux-x86_64)")
	challenge := g.Challenge(req, nil, now)
	if challenge.StatusCode != 407 {
		t.Errorf("%d, want 407", challenge.StatusCode)
	}
	signed, err := sip.Authorize(req, challenge, "alice", "secret")
	if err != nil || !g.HasCredentials(signed) || g.HasCredentials(req) {
		t.Fatalf("%v", err)
	}
	if who, err := g.Authenticate(t.Context(), signed, now); who != "alice" || err != nil {
		t.Errorf("%q, %v", who, err)
	}
}

func TestParseAuth(t *testing.T) {
	for text, want := range map[string]map[string]string{
		`Digest username="Mufasa", realm="a,b=c", nc=00000001,uri="sip:x", , qop=auth`: {"username": "Mufasa", "realm": "a,b=c", "nc": "00000001", "uri": "sip:x", "qop": "auth"},
		"dIgEsT\tA=b":                nil, // the scheme ends with a space
		`Digest  NC = 1 ,  x="\"\\"`: {"nc": "1", "x": `"\`},
		`Digest uri=sip:alice@example.com;transport=tls`: {"uri": "sip:alice@example.com;transport=tls"},
		`Digest`:                               {},
		`Basic QWxhZGRpbjpv`:                   nil,
		`Digest a`:                             nil,
		`Digest a=`:                            nil,
		`Digest ="b"`:                          nil,
		`Digest a="b`:                          nil,
		`Digest a="b\`:                         nil,
		`Digest a="b"c`:                        nil,
		`Digest a=b"c"`:                        nil,
		`Digest a b=c`:                         nil,
		`Digest a=1, A=2`:                      nil,
		"Digest a=\"\x00\"":                    nil,
		"Digest a=\"x\ny\"":                    nil,
		"Digest " + strings.Repeat("a,", 5000): nil,
		"Digest " + "a=\"" + strings.Repeat("b", 9000) + "\"": nil,
	} {
		got, err := sip.ParseAuth(text)
		if (err == nil) != (want != nil) || fmt.Sprint(got) != fmt.Sprint(want) {
			t.Errorf("%.60q: %v %v, want %v", text, got, err, want)
		}
	}
}

// FuzzParseAuth: what is read can be written and is then read the same.
func FuzzParseAuth(f *testing.F) {
	f.Add(`Digest username="Mufasa", realm="a,b=c", nc=00000001,uri="sip:x", , qop=auth`)
	f.Add(`Digest x="\"\\", uri="(null)"`)
	f.Fuzz(func(t *testing.T, text string) {
		params, err := sip.ParseAuth(text)
		if err != nil {
			return
		}
		again := "Digest "
		for name, value := range params {
			again += name + `="` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(value) + `", `
		}
		got, err := sip.ParseAuth(again)
		if len(again) <= 8192 && (err != nil || fmt.Sprint(got) != fmt.Sprint(map[string]string(params))) {
			t.Errorf("%q is %v, written %q it is %v %v", text, params, again, got, err)
		}
	})
}

// FuzzAuthenticate: nobody gets in without the password, whatever he writes.
func FuzzAuthenticate(f *testing.F) {
	f.Add(`Digest username="alice", realm="example.com", nonce="x", uri="(null)", algorithm=MD5, cnonce="c", nc=00000001, qop=auth-int, response=""`)
	g := sip.NewDigest(sip.DigestConfig{Realm: "example.com", Credentials: passwords, AllowNullURI: func(*sip.Request) bool { return true }})
	f.Fuzz(func(t *testing.T, credentials string) {
		req := register(t)
		sip.AddHeader(req, "Authorization", credentials)
		if who, err := g.Authenticate(t.Context(), req, time.Now()); err == nil {
			t.Errorf("%q is %s", credentials, who)
		}
	})
}
