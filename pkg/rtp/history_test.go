package rtp

import (
	"bytes"
	"encoding/binary"
	"testing"
	"time"
)

func packetOf(seq uint16, payload string) []byte {
	b := append([]byte{0x80, 0x80, 0, 0, 0, 0, 0, 9, 0, 0, 0, 7}, payload...)
	binary.BigEndian.PutUint16(b[2:], seq)
	return b
}

func TestHistoryGivesAPacketAgain(t *testing.T) {
	var h History
	for seq := uint16(65500); seq != 20; seq++ {
		h.Put(packetOf(seq, string(rune('a'+seq%26))))
	}
	now := epoch
	if got := h.Again(5, now); !bytes.Equal(got, packetOf(5, "f")) {
		t.Fatalf("%x", got)
	}
	t.Log("# a second NACK of the same loss is one too many; a later one is not")
	if got := h.Again(5, now.Add(time.Millisecond)); got != nil {
		t.Errorf("%x", got)
	}
	if got := h.Again(5, now.Add(resendPause)); got == nil {
		t.Error("not again")
	}
	for _, seq := range []uint16{65500 - 64, 20, 20000} {
		if got := h.Again(seq, now); got != nil {
			t.Errorf("%d was never kept: %x", seq, got)
		}
	}
}

func TestHistorySendsNoMoreThanWasSent(t *testing.T) {
	var h History
	now, again := epoch, 0
	for seq := range uint16(500) {
		h.Put(packetOf(seq, "x"))
		now = now.Add(20 * time.Millisecond)
		for i := range uint16(historySize) { // a peer that asks for everything
			if h.Again(seq-i, now) != nil {
				again++
			}
		}
	}
	if again > 500 {
		t.Errorf("%d packets sent again for 500", again)
	}
	if n := testing.AllocsPerRun(100, func() { h.Put(h.slots[3].packet) }); n != 0 {
		t.Errorf("%v allocations a packet", n)
	}
}

func TestRTX(t *testing.T) {
	original := append([]byte{0x91, 0x80, 0x12, 0x34, 0, 0, 0, 9, 0, 0, 0, 7, 0, 0, 0, 1, 0xbe, 0xde, 0, 1, 0x10, 0x7f, 0, 0}, "sound"...)
	got := AppendRTX(nil, original, 0xabcdef01, 97, 0x5678)
	want := append([]byte{0x91, 0xe1, 0x56, 0x78, 0, 0, 0, 9, 0xab, 0xcd, 0xef, 0x01, 0, 0, 0, 1, 0xbe, 0xde, 0, 1, 0x10, 0x7f, 0, 0, 0x12, 0x34}, "sound"...)
	if !bytes.Equal(got, want) {
		t.Errorf("%x\nwant %x", got, want)
	}
	if got := AppendRTX(nil, []byte{0x9f, 0, 0}, 1, 2, 3); len(got) != 0 {
		t.Errorf("of nonsense: %x", got)
	}
}
