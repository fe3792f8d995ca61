package cluster

import (
	"context"
	"log/slog"
	"os"
	"testing"

	"go.uber.org/goleak"
)

// TestMain is also the process that kill_test.go kills.
func TestMain(m *testing.M) {
	if dir := os.Getenv(victimDir); dir != "" {
		os.Exit(victim(dir))
	}
	goleak.VerifyTestMain(m)
}

// cheap is a hash that tests can pay for.
func cheap() HashCost { return HashCost{Time: 1, Memory: 64, Threads: 1} }

const testRealm = "example.com"

// inBothWorlds runs a test on NATS and in memory.
func inBothWorlds(t *testing.T, test func(t *testing.T, c *Cluster)) {
	t.Run("nats", func(t *testing.T) { test(t, startIn(t, t.TempDir())) })
	t.Run("memory", func(t *testing.T) {
		c, err := InMemory(Config{Realm: testRealm, Hash: cheap()})
		if err != nil {
			t.Fatal(err)
		}
		test(t, c)
	})
}

func startIn(t *testing.T, dir string) *Cluster {
	t.Helper()
	c, err := Start(context.Background(), Config{
		Dir: dir, Realm: testRealm, Hash: cheap(), Logger: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c
}
