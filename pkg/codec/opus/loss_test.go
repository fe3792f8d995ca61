//go:build cgo

package opus

import (
	"testing"

	"github.com/seed-f3cefc8c/focus/pkg/codec"
)

// Somebody who did not miss anything begins to miss packets: from then on the packets carry copies, until that is over.
func TestArmedAgainstLossOnTheWay(t *testing.T) {
	speech := syntheticSpeech(48000, -20, 6)
	e := mustEncoder(t, codec.Params{FEC: true})
	copies := func(from, to int) (n int) {
		for i := from; i < to; i++ {
			payload, err := e.Encode(nil, speech[i*frame:(i+1)*frame])
			if err != nil {
				t.Fatal(err)
			}
			if Opus.Redundant(payload) {
				n++
			}
		}
		return n
	}
	if n := copies(0, 100); n != 0 {
		t.Errorf("%d of 100 packets carry copies and nothing is lost", n)
	}
	e.(codec.LossEncoder).SetPacketLoss(15)
	copies(100, 105)
	if n := copies(105, 200); n < 60 {
		t.Errorf("%d of 95 packets carry copies", n)
	}
	t.Log("# who goes on where another one stands keeps his own loss")
	calm := mustEncoder(t, codec.Params{FEC: true})
	calm.(codec.Copier).CopyFrom(e)
	e = calm
	copies(200, 205)
	if n := copies(205, 250); n != 0 {
		t.Errorf("%d packets carry copies", n)
	}
}

func TestNoCopiesWithoutAskingForThem(t *testing.T) {
	for _, payload := range encodeAll(t, 48000, 20, codec.Params{PacketLoss: 20}, syntheticSpeech(48000, -20, 1)) {
		if Opus.Redundant(payload) {
			t.Fatal("the receiver has not said useinbandfec=1")
		}
	}
	for _, payload := range [][]byte{nil, {}, {0}, {0x0b}, {0xff, 0xff}, {0x0b, 0x02, 0x40}} {
		if Opus.Redundant(payload) {
			t.Errorf("%x carries a copy", payload)
		}
	}
}
