package cluster

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

func addUser(t *testing.T, c *Cluster, user User, password string) User {
	t.Helper()
	user, err := c.Users.Add(t.Context(), user, password)
	check(t, err)
	return user
}

func TestUserLogsIn(t *testing.T) {
	inBothWorlds(t, func(t *testing.T, c *Cluster) {
		ctx := t.Context()
		alice := addUser(t, c, User{Name: "Alice", DisplayName: "Alice A.", Administrator: true}, "correct horse")
		if alice.URI != "sip:alice@example.com" || alice.Name != "alice" {
			t.Errorf("alice is %+v", alice)
		}
		for range 2 { // the second time she is remembered
			if got, err := c.Users.CheckPassword(ctx, "ALICE", "correct horse"); err != nil || got != alice {
				t.Errorf("alice logs in: %+v, %v", got, err)
			}
		}
		for name, password := range map[string]string{
			"alice": "wrong horse", "bob": "correct horse", "": "", "a:b": "x", "\x00": strings.Repeat("p", 10_000),
		} {
			if _, err := c.Users.CheckPassword(ctx, name, password); !errors.Is(err, ErrWrongCredentials) {
				t.Errorf("%q logs in with %.20q: %v, want %v", name, password, err, ErrWrongCredentials)
			}
		}

		t.Log("# alice changes her password: the old one is forgotten at once")
		check(t, c.Users.SetPassword(ctx, "alice", "battery staple"))
		if _, err := c.Users.CheckPassword(ctx, "alice", "correct horse"); !errors.Is(err, ErrWrongCredentials) {
			t.Errorf("old password: %v", err)
		}
		if _, err := c.Users.CheckPassword(ctx, "alice", "battery staple"); err != nil {
			t.Errorf("new password: %v", err)
		}

		t.Log("# alice is removed")
		check(t, c.Users.Remove(ctx, "alice"))
		if _, err := c.Users.CheckPassword(ctx, "alice", "battery staple"); !errors.Is(err, ErrWrongCredentials) {
			t.Errorf("removed user: %v", err)
		}
		if users, err := c.Users.List(ctx); err != nil || len(users) != 0 {
			t.Errorf("list: %v, %v", users, err)
		}
	})
}

func TestUserErrors(t *testing.T) {
	inBothWorlds(t, func(t *testing.T, c *Cluster) {
		ctx := t.Context()
		addUser(t, c, User{Name: "alice"}, "correct horse")
		for _, row := range []struct {
			name, password string
			want           error
		}{
			{"alice", "correct horse", ErrUserExists},
			{"ALICE", "correct horse", ErrUserExists},
			{"", "correct horse", ErrInvalidUser},
			{"a b", "correct horse", ErrInvalidUser},
			{"a:b", "correct horse", ErrInvalidUser},
			{"a@b", "correct horse", ErrInvalidUser},
			{strings.Repeat("a", 65), "correct horse", ErrInvalidUser},
			{"bob", "short", ErrInvalidUser},
			{"bob", strings.Repeat("p", 257), ErrInvalidUser},
		} {
			if _, err := c.Users.Add(ctx, User{Name: row.name}, row.password); !errors.Is(err, row.want) {
				t.Errorf("add %q: %v, want %v", row.name, err, row.want)
			}
		}
		if err := c.Users.Remove(ctx, "bob"); !errors.Is(err, ErrNoSuchUser) {
			t.Errorf("remove of nobody: %v", err)
		}
	})
}

func TestHA1(t *testing.T) {
	inBothWorlds(t, func(t *testing.T, c *Cluster) {
		addUser(t, c, User{Name: "mufasa"}, "Circle of Life")
		for algorithm, want := range map[string]string{ // printf %s mufasa:example.com:'Circle of Life' | md5sum, openssl sha256, openssl sha512-256
			"MD5":         md5HA1,
			"SHA-256":     sha256HA1,
			"sha-512-256": sha512HA1,
		} {
			if got, err := c.Users.HA1(t.Context(), "mufasa", testRealm, algorithm); got != want || err != nil {
				t.Errorf("%s: %s, %v, want %s", algorithm, got, err, want)
			}
		}
		for what, row := range map[string]struct {
			name, realm, algorithm string
			want                   error
		}{
			"another realm":     {"mufasa", "example.net", "MD5", ErrUnknownRealm},
			"another user":      {"scar", testRealm, "MD5", ErrNoSuchUser},
			"another algorithm": {"mufasa", testRealm, "SHA-1", ErrUnknownAlgorithm},
		} {
			if _, err := c.Users.HA1(t.Context(), row.name, row.realm, row.algorithm); !errors.Is(err, row.want) {
				t.Errorf("%s: %v, want %v", what, err, row.want)
			}
		}
	})
}

// Who does not exist is looked for as long as who does: his stand-in can be opened with each algorithm.
func TestTheGhostHasHA1s(t *testing.T) {
	secrets, err := newSealer(make([]byte, keySize))
	if err != nil {
		t.Fatal(err)
	}
	u := newUsers(nil, secrets, testRealm, HashCost{})
	ghost, err := unmarshalUser(entry{value: u.ghost})
	if err != nil {
		t.Fatal(err)
	}
	for _, a := range digestAlgorithms() {
		if _, err := u.openHA1(ghost, a.name); err != nil {
			t.Errorf("%s: %v", a.name, err)
		}
	}
}

func TestTokens(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, err := InMemory(Config{Realm: testRealm, Hash: cheap()})
		check(t, err)
		testTokens(t, c)
	})
	t.Run("nats", func(t *testing.T) { testTokenLife(t, startIn(t, t.TempDir())) })
}

func testTokens(t *testing.T, c *Cluster) {
	ctx := t.Context()
	testTokenLife(t, c)
	addUser(t, c, User{Name: "carol"}, "correct horse")
	text, _, err := c.Tokens.NewToken(ctx, Token{Owner: "carol", Expires: time.Now().Add(time.Hour)})
	check(t, err)
	time.Sleep(time.Hour - time.Second)
	if _, err := c.Tokens.CheckToken(ctx, text); err != nil {
		t.Errorf("a second before it expires: %v", err)
	}
	time.Sleep(time.Second)
	if _, err := c.Tokens.CheckToken(ctx, text); !errors.Is(err, ErrWrongCredentials) {
		t.Errorf("when it expires: %v", err)
	}
	check(t, c.Tokens.Sweep(ctx, time.Now()))
	if tokens, err := c.Tokens.List(ctx, "carol"); err != nil || len(tokens) != 0 {
		t.Errorf("after the sweep: %v, %v", tokens, err)
	}
}

func testTokenLife(t *testing.T, c *Cluster) {
	ctx := t.Context()
	addUser(t, c, User{Name: "alice", Administrator: true}, "correct horse")
	addUser(t, c, User{Name: "bob"}, "correct horse")
	text, token, err := c.Tokens.NewToken(ctx, Token{Name: "ci", Owner: "Alice", Administrator: true})
	check(t, err)
	if got, err := c.Tokens.CheckToken(ctx, text); got != token || err != nil || !got.Administrator || got.Owner != "alice" {
		t.Errorf("token: %+v, %v, want %+v", got, err, token)
	}
	for _, wrong := range []string{"", "focus_", text + "x", strings.ToUpper(text), token.ID} {
		if _, err := c.Tokens.CheckToken(ctx, wrong); !errors.Is(err, ErrWrongCredentials) {
			t.Errorf("token %q: %v", wrong, err)
		}
	}
	if _, _, err := c.Tokens.NewToken(ctx, Token{Owner: "bob", Administrator: true}); !errors.Is(err, ErrInvalidToken) {
		t.Errorf("an administrator's token for bob: %v", err)
	}
	if _, _, err := c.Tokens.NewToken(ctx, Token{Owner: "dave"}); !errors.Is(err, ErrNoSuchUser) {
		t.Errorf("a token for nobody: %v", err)
	}
	if err := c.Tokens.Revoke(ctx, "0123456789abcdef"); !errors.Is(err, ErrNoSuchToken) {
		t.Errorf("revoking nothing: %v", err)
	}
	bobs, bobsToken, err := c.Tokens.NewToken(ctx, Token{Owner: "bob"})
	check(t, err)
	check(t, c.Tokens.Revoke(ctx, bobsToken.ID))
	check(t, c.Users.Remove(ctx, "alice"))
	addUser(t, c, User{Name: "alice"}, "another alice")
	for what, text := range map[string]string{"revoked": bobs, "of a removed user": text} {
		if _, err := c.Tokens.CheckToken(ctx, text); !errors.Is(err, ErrWrongCredentials) {
			t.Errorf("token %s: %v", what, err)
		}
	}
}

// "A verified Basic credential is remembered for 60 s in memory": then the hash is paid again.
func TestVerifiedIsForgotten(t *testing.T) {
	v := newVerified()
	now := time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)
	v.add(now, "alice", "correct horse", 7)
	for what, row := range map[string]struct {
		after    time.Duration
		name     string
		password string
		revision uint64
		want     bool
	}{
		"at once":         {0, "alice", "correct horse", 7, true},
		"just in time":    {verifiedLife - 1, "alice", "correct horse", 7, true},
		"too late":        {verifiedLife, "alice", "correct horse", 7, false},
		"user changed":    {0, "alice", "correct horse", 8, false},
		"wrong password":  {0, "alice", "correct hors", 7, false},
		"another's":       {0, "bob", "correct horse", 7, false},
		"cut differently": {0, "alic", "e\x00correct horse", 7, false},
	} {
		if got := v.has(now.Add(row.after), row.name, row.password, row.revision); got != row.want {
			t.Errorf("%s: %t, want %t", what, got, row.want)
		}
	}
	for i := range 3 * maxVerified {
		v.add(now, "alice", "correct horse", uint64(i))
		v.add(now, strings.Repeat("x", i%50), time.Duration(i).String(), 1)
		if len(v.seen) > maxVerified {
			t.Fatalf("%d remembered, want at most %d", len(v.seen), maxVerified)
		}
	}
}

// However many log in at once, the memory of two hashes is all it takes; too many are told so.
func TestHashingIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHasher()
		h.slots <- struct{}{}
		h.slots <- struct{}{}
		ctx, cancel := context.WithCancel(t.Context())
		var waiting sync.WaitGroup
		for range maxHashing + maxWaiting {
			waiting.Go(func() {
				if _, err := h.newVerifier(ctx, cheap(), "password"); !errors.Is(err, context.Canceled) {
					t.Errorf("waiting: %v, want %v", err, context.Canceled)
				}
			})
		}
		synctest.Wait()
		if _, err := h.newVerifier(ctx, cheap(), "password"); !errors.Is(err, ErrBusy) {
			t.Errorf("one too many: %v, want %v", err, ErrBusy)
		}
		cancel()
		waiting.Wait()
	})
}

const (
	md5HA1    = "597c1ac7dd078f1eafd0d986650a1f67"
	sha256HA1 = "ed53a5391fe7456f9298d0f6cb2918ad2af71830c48a328507fd494f6fc51d0c"
	sha512HA1 = "b2f97056e91033bfed39ceabdab7b03ed04788f7d0b4dffd0a9af33b58a97b33"
)
