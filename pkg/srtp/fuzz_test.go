package srtp

import (
	"bytes"
	"testing"
)

func FuzzKeyParams(f *testing.F) {
	for _, seed := range []string{"inline:" + inline + "|2^20|1:4", "inline:" + inline + "|1:4;inline:" + inline + "|2:4", "inline:" + inline + "|1048576", "inline:"} {
		f.Add(uint8(AESCM128HMACSHA180), seed)
	}
	f.Fuzz(func(t *testing.T, suite uint8, text string) {
		keys, err := ParseKeyParams(Suite(suite), text)
		if err != nil {
			return
		}
		written := KeyParams(keys...)
		again, err := ParseKeyParams(Suite(suite), written)
		if err != nil || len(again) != len(keys) {
			t.Fatalf("what was written is not read: %v", err)
		}
		for i := range keys {
			if !keys[i].Equal(again[i]) || keys[i].Lifetime() != again[i].Lifetime() {
				t.Fatalf("key %d is another one", i)
			}
		}
	})
}

// FuzzOpen gives an Inbound with three keys what a stranger sends, and then what the peer does.
func FuzzOpen(f *testing.F) {
	suites := []Suite{AEADAES128GCM, AESCM128HMACSHA180}
	first, second, third := testKey(f, suites[0], 1), testKey(f, suites[1], 2), testKey(f, suites[1], 3)
	third.mki = []byte{1, 2}
	f.Add([]byte(packet(7, 1, "x")), false)
	f.Add([]byte(report(7)), true)
	f.Add(sealed(first, 65535, 0), false)
	f.Add(sealed(third, 9, 0), false)
	f.Add(reference{second}.sealControl(report(7), 5), true)
	f.Add(extended(packet(7, 1, "some more than a tag")), false)
	f.Fuzz(func(t *testing.T, data []byte, control bool) {
		if len(data) > 2048 {
			return
		}
		in := new(Inbound)
		for _, key := range []Key{first, second, third} {
			if err := in.SetKeys(key); err != nil {
				t.Fatal(err)
			}
		}
		open := in.Open
		if control {
			open = in.OpenControl
		}
		before := bytes.Clone(data)
		out, err := open(room(), data, at(0))
		if !bytes.Equal(before, data) {
			t.Fatal("the packet was changed")
		}
		if err == nil && len(out) >= len(data) {
			t.Fatalf("%d octets became %d", len(data), len(out))
		}
		if (err == nil) != (in.Drops().Total() == 0) {
			t.Fatalf("error %v, drops %+v", err, in.Drops())
		}
		if _, err := in.Open(room(), sealed(second, 30_000, 0), at(0)); err != nil && !bytes.Equal(data, sealed(second, 30_000, 0)) {
			t.Fatalf("the peer's packet after it: %v", err)
		}
	})
}

// FuzzSeal seals what looks like a packet and opens it again.
func FuzzSeal(f *testing.F) {
	f.Add([]byte(packet(7, 1, "x")), false)
	f.Add([]byte(extended(packet(7, 1, "x"))), false)
	f.Add([]byte(report(7)), true)
	f.Fuzz(func(t *testing.T, data []byte, control bool) {
		if len(data) > 1500 {
			return
		}
		key := testKey(t, AESCM128HMACSHA180, 1)
		out, in := new(Outbound), new(Inbound)
		if out.SetKey(key) != nil || in.SetKeys(key) != nil {
			t.Fatal("the key is refused")
		}
		seal, open := out.Seal, in.Open
		if control {
			seal, open = out.SealControl, in.OpenControl
		}
		sealed, err := seal(roomy(data))
		if err != nil {
			return
		}
		if got, err := open(room(), sealed, at(0)); err != nil || !bytes.Equal(got, data) {
			t.Fatalf("%x came back as %x, %v", data, got, err)
		}
	})
}
