package focus

import (
	"fmt"
	"testing"
)

// TestConnectionsThatAreClosedAreForgotten: the table is as large as the connections that are open, to a factor of two.
func TestConnectionsThatAreClosedAreForgotten(t *testing.T) {
	var c connections
	latest := 0
	open := func(token string) bool { // the latest hundred
		var n int
		_, err := fmt.Sscan(token, &n)
		return err == nil && n > latest-100
	}
	for latest = 1; latest <= 10_000; latest++ {
		c.note(fmt.Sprint(latest), "alice", open)
		if len(c.users) > 201 {
			t.Fatalf("%d connections are remembered after %d", len(c.users), latest)
		}
	}
	if got := c.user("10000"); got != "alice" {
		t.Errorf("%q on an open connection", got)
	}
	for _, user := range []string{"alice", "bob", "alice"} {
		c.note("10000", user, open)
	}
	if got := c.user("10000"); got != several {
		t.Errorf("%q after bob had registered there too", got)
	}
}
