package cluster

import "testing"

// What a login costs: the first of a user's within 60 s, and the others.
func BenchmarkCheckPassword(b *testing.B) {
	c, err := InMemory(Config{Realm: testRealm})
	if err != nil {
		b.Fatal(err)
	}
	if _, err := c.Users.Add(b.Context(), User{Name: "alice"}, "correct horse"); err != nil {
		b.Fatal(err)
	}
	b.Run("hashed", func(b *testing.B) {
		for b.Loop() {
			c.Users.verified = newVerified()
			c.Users.CheckPassword(b.Context(), "alice", "correct horse")
		}
	})
	b.Run("remembered", func(b *testing.B) {
		for b.Loop() {
			c.Users.CheckPassword(b.Context(), "alice", "correct horse")
		}
	})
}
