package rtp

import (
	"encoding/hex"
	"errors"
	"testing"

	pion "github.com/pion/rtp"
)

func unhex(t testing.TB, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(s)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestParse(t *testing.T) {
	tests := []struct {
		name, packet string
		payload      string
		err          error
	}{
		{"plain", "8000000100000002000000037f7e", "7f7e", nil},
		{"CSRC list", "82000001000000020000000300000004000000057f", "7f", nil},
		{"padding of two", "a000000100000002000000037f0002", "7f", nil},
		{"one-byte extension (RFC 8285)", "900000010000000200000003bede00011081000055", "55", nil},
		{"unknown extension profile", "900000010000000200000003abcd00010102030455", "55", nil},
		{"11 bytes", "8000000100000002000000", "", DropTooShort},
		{"version 1", "4000000100000002000000037f", "", DropVersion},
		{"a sender report", "80c8000100000002000000037f", "", DropRTCP},
		{"CSRC list beyond the end", "8f000001000000020000000300000004", "", DropCSRC},
		{"extension header beyond the end", "900000010000000200000003be", "", DropExtension},
		{"extension beyond the end", "900000010000000200000003bede00021081000055", "", DropExtension},
		{"element longer than its extension", "900000010000000200000003bede00011f81000055", "", DropExtension},
		{"padding of zero", "a000000100000002000000037f00", "", DropPadding},
		{"padding longer than the packet", "a000000100000002000000037fff", "", DropPadding},
		{"padding bit, nothing to pad", "a00000010000000200000003", "", DropPadding},
		{"nothing but padding", "a0000001000000020000000302" + "02", "", DropEmpty},
		{"no payload", "800000010000000200000003", "", DropEmpty},
	}
	for _, tt := range tests {
		var p Packet
		err := p.Parse(unhex(t, tt.packet))
		if !errors.Is(err, tt.err) {
			t.Errorf("%s: error %v, want %v", tt.name, err, tt.err)
		}
		if err == nil && hex.EncodeToString(p.Payload) != tt.payload {
			t.Errorf("%s: payload %x, want %s", tt.name, p.Payload, tt.payload)
		}
	}
}

func TestPacketsComeBackToTheirPool(t *testing.T) {
	pool := NewPool(2)
	a, b, c := pool.Get(), pool.Get(), pool.Get()
	a.Release()
	b.Release()
	c.Release()
	if pool.Idle() != 2 {
		t.Errorf("%d packets idle, want the bound of 2", pool.Idle())
	}
	if got := pool.Get(); got != b {
		t.Error("the packet that came back last, still in the cache, is not used first")
	}
	defer func() {
		if recover() == nil {
			t.Error("a packet with two owners went unnoticed")
		}
	}()
	a.Release()
}

func TestParseDoesNotAllocate(t *testing.T) {
	raw := unhex(t, "9200000100000002000000030000000400000005bede00011081000055")
	pool := NewPool(1)
	pool.Get().Release()
	allocs := testing.AllocsPerRun(100, func() {
		p := pool.Get()
		if err := p.Parse(p.Buffer()[:copy(p.Buffer(), raw)]); err != nil {
			t.Fatal(err)
		}
		p.Release()
	})
	if allocs != 0 {
		t.Errorf("%v allocations a packet", allocs)
	}
}

// FuzzParse compares with pion/rtp: whatever we accept, it accepts, with the same payload.
func FuzzParse(f *testing.F) {
	f.Add(unhex(f, "8000000100000002000000037f7e"))
	f.Add(unhex(f, "b200000100000002000000030000000400000005bede0001108100005502"))
	f.Fuzz(func(t *testing.T, b []byte) {
		var p Packet
		if p.Parse(b) != nil {
			return
		}
		var want pion.Packet
		if err := want.Unmarshal(b); err != nil {
			t.Fatalf("we read %x, pion does not: %v", b, err)
		}
		if string(want.Payload) != string(p.Payload) || len(p.Payload) == 0 {
			t.Fatalf("payload %x, want %x", p.Payload, want.Payload)
		}
	})
}
