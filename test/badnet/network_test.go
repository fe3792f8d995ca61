package badnet_test

import (
	"net/netip"
	"testing"
	"testing/synctest"
	"time"

	"github.com/seed-f3cefc8c/focus/pkg/media"
	"github.com/seed-f3cefc8c/focus/test/badnet"
)

// Datagrams take as long as the links say, both ways, and what is on its way when a socket closes is lost.
func TestNetworkDelaysBothWays(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		link := func(d time.Duration) *badnet.Link { return badnet.NewLink(1, badnet.Conditions{Delay: d}) }
		wire := &media.Memory{}
		far := &badnet.Network{Behind: wire, Up: link(30 * time.Millisecond), Down: link(50 * time.Millisecond)}
		here, _ := wire.Listen(netip.MustParseAddrPort("192.0.2.1:1000"))
		there, _ := far.Listen(netip.MustParseAddrPort("192.0.2.2:1000"))
		batch := media.NewBatch()
		arrives := func(c media.Conn) time.Duration {
			for began := time.Now(); time.Since(began) < time.Second; time.Sleep(time.Millisecond) {
				synctest.Wait()
				if c.ReadBatch(batch, time.Now()) > 0 {
					if got := time.Since(batch.Datagrams[0].At); got != 0 || string(batch.Datagrams[0].Data) != "hello" {
						t.Errorf("%q, stamped %v ago", batch.Datagrams[0].Data, got)
					}
					return time.Since(began)
				}
			}
			return -1
		}
		send := func(from, to media.Conn) {
			if err := from.WriteTo([]byte("hello"), media.NewDestination(to.LocalAddr())); err != nil {
				t.Error(err)
			}
		}
		send(there, here)
		if got := arrives(here); got != 30*time.Millisecond {
			t.Errorf("up in %v", got)
		}
		send(here, there)
		if got := arrives(there); got != 50*time.Millisecond {
			t.Errorf("down in %v", got)
		}
		send(there, here)
		there.Close()
		if got := arrives(here); got >= 0 {
			t.Errorf("a closed socket has sent")
		}
	})
}
