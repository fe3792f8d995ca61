package rtp

import (
	"maps"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/pion/rtcp"
)

// told reads a message with pion and returns when each packet came, relative to the reference time.
func told(t *testing.T, b []byte) (base, count uint16, at map[uint16]time.Duration) {
	t.Helper()
	var m rtcp.TransportLayerCC
	if err := m.Unmarshal(b); err != nil {
		t.Fatalf("%x: %v", b, err)
	}
	at = map[uint16]time.Duration{}
	seq, deltas := m.BaseSequenceNumber, m.RecvDeltas
	now := time.Duration(m.ReferenceTime) * 64 * time.Millisecond
	left := int(m.PacketStatusCount)
	for _, chunk := range m.PacketChunks {
		for _, symbol := range chunk.(*rtcp.StatusVectorChunk).SymbolList {
			if left == 0 {
				break
			}
			left--
			if symbol != rtcp.TypeTCCPacketNotReceived {
				now += time.Duration(deltas[0].Delta) * time.Microsecond
				deltas = deltas[1:]
				at[seq] = now
			}
			seq++
		}
	}
	if left != 0 || len(deltas) != 0 {
		t.Fatalf("%x: %d packets without status, %d deltas left", b, left, len(deltas))
	}
	return m.BaseSequenceNumber, m.PacketStatusCount, at
}

// TestTransportFeedbackTellsWhatCame compares with a list of arrivals.
func TestTransportFeedbackTellsWhatCame(t *testing.T) {
	rng := rand.New(rand.NewPCG(5, 15))
	var f TransportFeedback
	f.Receive(64999, epoch)
	f.Append(nil, 1, 2)
	seq, now, count := uint16(65000), epoch, uint8(1)
	for range 300 {
		came := map[uint16]time.Time{}
		first := true
		for range rng.IntN(100) + 1 {
			now = now.Add(time.Duration(rng.IntN(40_000)) * time.Microsecond)
			if rng.IntN(50) == 0 {
				now = now.Add(5 * time.Second)
			}
			if first || rng.IntN(10) > 0 {
				f.Receive(seq, now)
				came[seq] = now
			}
			first = false
			seq++
		}
		at := map[uint16]time.Duration{}
		for ; f.Waiting(); count++ { // pauses beyond 8 s take a message more
			b := f.Append(nil, 1, 2)
			_, _, more := told(t, b)
			maps.Copy(at, more)
			if b[19] != count {
				t.Fatalf("message %d is counted %d", count, b[19])
			}
		}
		if len(at) != len(came) {
			t.Fatalf("told of %d packets, %d came", len(at), len(came))
		}
		for n, when := range came {
			if off := when.Sub(epoch) - at[n]; off < 0 || off >= deltaTick {
				t.Fatalf("packet %d came at %v, told %v", n, when.Sub(epoch), at[n])
			}
		}
	}
}

func TestTransportFeedbackOutOfTheOrdinary(t *testing.T) {
	var f TransportFeedback
	if b := f.Append(nil, 1, 2); len(b) != 0 || f.Waiting() {
		t.Errorf("nothing came: %x", b)
	}
	t.Log("# 10 before 9, and 12; 9 came first of all and is the base")
	f.Receive(9, epoch)
	f.Receive(12, epoch.Add(60*time.Millisecond))
	f.Receive(10, epoch.Add(70*time.Millisecond))
	base, count, at := told(t, f.Append(nil, 1, 2))
	if base != 9 || count != 4 || len(at) != 3 || at[10] <= at[12] {
		t.Errorf("base %d, %d packets, %v", base, count, at)
	}
	t.Log("# 11 comes when it was told of as missing; then everything jumps")
	f.Receive(11, epoch.Add(80*time.Millisecond))
	if f.Waiting() {
		t.Error("11 is told of again")
	}
	f.Receive(13, epoch.Add(80*time.Millisecond))
	f.Receive(5000, epoch.Add(100*time.Millisecond))
	if base, count, at = told(t, f.Append(nil, 1, 2)); base != 5000 || count != 1 || len(at) != 1 {
		t.Errorf("base %d, %d packets, %v", base, count, at)
	}
	t.Log("# 20 s without a packet do not fit a delta: two messages")
	f.Receive(5001, epoch.Add(time.Second))
	f.Receive(5002, epoch.Add(21*time.Second))
	if _, count, _ = told(t, f.Append(nil, 1, 2)); count != 1 || !f.Waiting() {
		t.Errorf("%d packets told", count)
	}
	if base, _, _ = told(t, f.Append(nil, 1, 2)); base != 5002 || f.Waiting() {
		t.Errorf("base %d", base)
	}
}

func TestTransportFeedbackDoesNotAllocate(t *testing.T) {
	var f TransportFeedback
	buf, seq := make([]byte, 0, 512), uint16(0)
	if n := testing.AllocsPerRun(100, func() {
		for range 10 {
			f.Receive(seq, epoch.Add(time.Duration(seq)*20*time.Millisecond))
			seq++
		}
		f.Append(buf, 1, 2)
	}); n != 0 {
		t.Errorf("%v allocations a message", n)
	}
}

func FuzzTransportFeedback(f *testing.F) {
	f.Add([]byte{0, 9, 1, 0, 12, 60, 0, 10, 70, 255, 255, 0})
	f.Fuzz(func(t *testing.T, arrivals []byte) {
		var feedback TransportFeedback
		now := epoch
		for ; len(arrivals) >= 3; arrivals = arrivals[3:] {
			now = now.Add(time.Duration(arrivals[2]) * time.Duration(arrivals[2]) * time.Millisecond)
			feedback.Receive(uint16(arrivals[0])<<8|uint16(arrivals[1]), now)
			if arrivals[2]%16 == 0 {
				if b := feedback.Append(nil, 1, 2); len(b) > 0 {
					told(t, b)
				}
			}
		}
	})
}
