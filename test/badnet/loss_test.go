package badnet_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/seed-f3cefc8c/focus/pkg/codec"
	"github.com/seed-f3cefc8c/focus/pkg/codec/g711"
	"github.com/seed-f3cefc8c/focus/pkg/codec/g722"
	"github.com/seed-f3cefc8c/focus/pkg/codec/opus"
	"github.com/seed-f3cefc8c/focus/test/badnet"
)

// bad is the network of these tests: 5 % loss and 40 ms of jitter, in which packets overtake one another.
var bad = badnet.Conditions{Loss: 0.05, Delay: 30 * time.Millisecond, Jitter: 40 * time.Millisecond}

// underTest are the codecs that the server has.
func underTest() []*codec.Codec {
	codecs := []*codec.Codec{g722.G722, g711.PCMU}
	if opus.Available {
		codecs = append([]*codec.Codec{opus.Opus}, codecs...)
	}
	return codecs
}

// TestSpeechThroughABadNetwork: alice says the same three times: over a good network, over a bad one, and over the bad one to a server that
// fills with silence what is lost. What bob hears of her is compared with the first time.
func TestSpeechThroughABadNetwork(t *testing.T) {
	says := speech(t, 24*time.Second)
	var table strings.Builder
	fmt.Fprintf(&table, "%-5s %4s  %9s %12s %6s  %s\n", "codec", "seed", "distance", "with silence", "share", "delay added")
	for _, c := range underTest() {
		clean := call{codec: c, says: says, up: badnet.NewLink(0, badnet.Conditions{Delay: bad.Delay})}.heard(t)
		for seed := range uint64(2) {
			heard := call{codec: c, says: says, up: badnet.NewLink(seed, bad)}.heard(t)
			gaps := call{codec: c, says: says, up: badnet.NewLink(seed, bad), server: silencing(c)}.heard(t)
			got, silence := badnet.Compare(clean, heard), badnet.Compare(clean, gaps)
			share := got.Distance / silence.Distance
			fmt.Fprintf(&table, "%-5s %4d  %6.2f dB %9.2f dB %6.2f  %v\n", c.Name, seed, got.Distance, silence.Distance, share,
				got.Delay(0, time.Minute).Round(time.Millisecond))
			if share > 0.5 {
				t.Errorf("%s, seed %d: %.2f dB from what was said, %.2f with silence: %.2f of it, want at most half",
					c.Name, seed, got.Distance, silence.Distance, share)
			}
		}
	}
	t.Log("5 % loss, 40 ms of jitter between a telephone and the server\n" + table.String())
}
