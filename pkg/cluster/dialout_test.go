package cluster

import (
	"errors"
	"testing"
)

func TestSetDialOut(t *testing.T) {
	c, err := InMemory(Config{Realm: "example.com", Hash: HashCost{Time: 1, Memory: 8, Threads: 1}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	if _, err := c.Users.Add(t.Context(), User{Name: "bob", DialOut: "any"}, "bob-password"); err != nil {
		t.Fatal(err)
	}
	for _, policy := range []string{"none", "registered", "any", ""} {
		if user, err := c.Users.SetDialOut(t.Context(), "BOB", policy); err != nil || user.DialOut != policy {
			t.Errorf("%q: %+v, %v", policy, user, err)
		}
		if user, err := c.Users.Get(t.Context(), "bob"); err != nil || user.DialOut != policy {
			t.Errorf("%q: %+v, %v", policy, user, err)
		}
	}
	if _, err := c.Users.CheckPassword(t.Context(), "bob", "bob-password"); err != nil {
		t.Errorf("the password: %v", err)
	}
	if _, err := c.Users.SetDialOut(t.Context(), "bob", "all"); !errors.Is(err, ErrInvalidUser) {
		t.Errorf("%v, want ErrInvalidUser", err)
	}
	if _, err := c.Users.SetDialOut(t.Context(), "nobody", "any"); !errors.Is(err, ErrNoSuchUser) {
		t.Errorf("%v, want ErrNoSuchUser", err)
	}
	if _, err := c.Users.Add(t.Context(), User{Name: "eve", DialOut: "default"}, "eve-password"); !errors.Is(err, ErrInvalidUser) {
		t.Errorf("%v, want ErrInvalidUser", err)
	}
}
