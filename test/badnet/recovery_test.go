package badnet_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/seed-f3cefc8c/focus/test/badnet"
)

// TestDelayAfterABadMinute: the network trembles, or holds everything up for 200 ms now and then; afterwards the delay through the server is soon
// what it was.
func TestDelayAfterABadMinute(t *testing.T) {
	const (
		good     = 6 * time.Second
		recovers = 18 * time.Second
		returns  = 10 * time.Second
		end      = 34 * time.Second
	)
	says := speech(t, end)
	calm := badnet.Conditions{Delay: 30 * time.Millisecond}
	var table strings.Builder
	fmt.Fprintf(&table, "%-5s %-22s %8s %8s %12s %9s\n", "codec", "network", "before", "during", "normal after", "distance")
	for _, c := range underTest() {
		clean := call{codec: c, says: says, up: badnet.NewLink(1, calm)}.heard(t)
		for _, row := range []struct {
			name  string
			worse func(link *badnet.Link, since func(time.Duration))
		}{
			{"40 ms of jitter", func(link *badnet.Link, since func(time.Duration)) {
				since(good)
				link.Set(badnet.Conditions{Delay: calm.Delay, Jitter: 40 * time.Millisecond})
				since(recovers)
			}},
			{"5 % loss and jitter", func(link *badnet.Link, since func(time.Duration)) {
				since(good)
				link.Set(bad)
				since(recovers)
			}},
			{"spikes of 200 ms", func(link *badnet.Link, since func(time.Duration)) {
				for at := good; at < recovers; at += 3 * time.Second {
					since(at)
					link.Set(badnet.Conditions{Delay: calm.Delay + 200*time.Millisecond, Order: true})
					since(at + 200*time.Millisecond)
					link.Set(badnet.Conditions{Delay: calm.Delay, Order: true})
				}
				since(recovers)
			}},
		} {
			link := badnet.NewLink(1, calm)
			heard := call{codec: c, says: says, up: link, during: func(since func(time.Duration)) {
				row.worse(link, since)
				link.Set(calm)
			}}.heard(t)
			got := badnet.Compare(clean, heard)
			before, during, settled := got.Delay(0, good), got.Delay(good, recovers), max(got.Settled(0)-recovers, 0)
			fmt.Fprintf(&table, "%-5s %-22s %5d ms %5d ms %9.1f s %6.2f dB\n", c.Name, row.name,
				before.Milliseconds(), during.Milliseconds(), settled.Seconds(), got.Distance)
			if before > 0 || settled > returns {
				t.Errorf("%s, %s: %v later before, normal %v after the end of it, want within %v", c.Name, row.name, before, settled, returns)
			}
		}
	}
	t.Log("delay over that of a good network\n" + table.String())
}
