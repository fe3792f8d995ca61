package badnet_test

import (
	"testing"
	"time"

	"github.com/seed-f3cefc8c/focus/pkg/codec/opus"
	"github.com/seed-f3cefc8c/focus/pkg/mcu"
	"github.com/seed-f3cefc8c/focus/test/badnet"
	"github.com/seed-f3cefc8c/focus/test/testenv"
)

// TestWhoListensThroughABadNetwork: bob misses packets and says so in his reports; what the server sends him carries copies from then on, out of
// which his telephone makes again what is lost. Carol, who misses nothing, is sent what she was.
func TestWhoListensThroughABadNetwork(t *testing.T) {
	if !opus.Available {
		t.Skip("built without libopus")
	}
	testenv.RunWithMCU(t, func(m *mcu.Config) { m.Codecs = mcu.Codecs()[:1] }, func(w *testenv.World) {
		w.Conference("room")
		alice, bob, carol := w.Talker("alice", 0), w.Talker("bob", 0), w.Talker("carol", 0)
		alice.Through(w.Media, opus.Opus)
		carol.Through(w.Media, opus.Opus)
		bob.Through(&badnet.Network{Behind: w.Media, Down: badnet.NewLink(1, bad)}, opus.Opus)
		for _, p := range []*testenv.Talker{alice, bob, carol} {
			p.Joins(dial)
		}
		w.Later(settled)
		before := bob.Stats().Heard
		says := speech(t, 30*time.Second)
		alice.Say(says.Rate, says.Samples)
		w.Later(30 * time.Second)
		after, hers := bob.Stats().Heard, carol.Stats().Heard
		lost, concealed, recovered := after.Lost-before.Lost, after.Concealed-before.Concealed, after.Recovered-before.Recovered
		t.Logf("bob has lost %d packets: %v were made up, %v of that out of copies", lost, concealed.Round(time.Millisecond), recovered)
		if lost < 40 || float64(recovered) < 0.6*float64(lost)*float64(20*time.Millisecond) {
			t.Errorf("%d lost, %v made again out of copies", lost, recovered)
		}
		if hers.Lost != 0 || hers.Delay > 25*time.Millisecond {
			t.Errorf("carol: %+v", hers)
		}
	})
}
