package srtp

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"math/rand/v2"
	"testing"
	"time"
)

func room() []byte { return make([]byte, 0, 2048) }

// roomy is a copy of a packet with room for its tag.
func roomy(packet []byte) []byte {
	return append(make([]byte, 0, len(packet)+MaxOverhead), packet...)
}

func ssrcOf(b []byte) uint32 { return binary.BigEndian.Uint32(b) }

// packet is an RTP packet.
func packet(ssrc uint32, sequence uint16, payload string) []byte {
	b := []byte{0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0}
	binary.BigEndian.PutUint16(b[2:], sequence)
	binary.BigEndian.PutUint32(b[4:], uint32(sequence)*160)
	binary.BigEndian.PutUint32(b[8:], ssrc)
	return roomy(append(b, payload...))
}

// report is an empty receiver report.
func report(ssrc uint32) []byte {
	return roomy(binary.BigEndian.AppendUint32([]byte{0x80, 201, 0, 1}, ssrc))
}

// testKey makes a key of which each octet is known.
func testKey(t testing.TB, suite Suite, seed byte) Key {
	t.Helper()
	secret := make([]byte, suite.KeyLen()+suite.SaltLen())
	for i := range secret {
		secret[i] = seed + byte(i)
	}
	key, err := NewKey(suite, secret)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

// outboundAt is an Outbound whose next packet of this source is the given one.
func outboundAt(t *testing.T, key Key, packet []byte, roc uint32) *Outbound {
	t.Helper()
	out := new(Outbound)
	if err := out.SetKey(key); err != nil {
		t.Fatal(err)
	}
	if roc > 0 {
		s, _ := out.source(ssrcOf(packet[8:]))
		s.highest, s.begun = uint64(roc)<<16+uint64(binary.BigEndian.Uint16(packet[2:]))-1, true
	}
	return out
}

func inboundAt(t *testing.T, key Key, packet []byte, roc uint32) *Inbound {
	t.Helper()
	in := new(Inbound)
	if err := in.SetKeys(key); err != nil {
		t.Fatal(err)
	}
	if roc > 0 {
		in.generations[0].keys[0].stream(ssrcOf(packet[8:])).packets.add(uint64(roc)<<16 + uint64(binary.BigEndian.Uint16(packet[2:])) - 1)
	}
	return in
}

// pair is two ends with one key.
func pair(t *testing.T, key Key) (*Outbound, *Inbound) {
	t.Helper()
	return outboundAt(t, key, nil, 0), inboundAt(t, key, nil, 0)
}

// pass seals a packet and opens it.
func pass(t *testing.T, out *Outbound, in *Inbound, packet []byte) error {
	t.Helper()
	plain := bytes.Clone(packet)
	sealed, err := out.Seal(packet)
	if err != nil {
		t.Fatalf("Seal of packet %d: %v", binary.BigEndian.Uint16(plain[2:]), err)
	}
	got, err := in.Open(room(), sealed, time.Time{})
	if err == nil && !bytes.Equal(got, plain) {
		t.Fatalf("Open = %x, want %x", got, plain)
	}
	return err
}

func TestEverySuiteMatchesTheReference(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	for _, suite := range Suites() {
		for range 10 {
			key := GenerateKey(suite)
			if rng.IntN(3) == 0 {
				key.mki = make([]byte, 1+rng.IntN(8))
			}
			plain := packet(rng.Uint32(), uint16(rng.Uint32()), string(make([]byte, rng.IntN(200))))
			if rng.IntN(2) == 0 {
				plain = extended(plain)
			}
			roc := rng.Uint32()
			checkPacket(t, 0, key, plain, reference{key}.seal(plain, roc), roc)
			control := append(report(rng.Uint32()), make([]byte, 4*rng.IntN(20))...)
			index := 1 + rng.Uint32N(maxControl-2)
			checkControl(t, 0, key, control, reference{key}.sealControl(control, index), index)
		}
	}
}

// extended puts a contributing source and a header extension with an audio level (RFC 6464) into a packet.
func extended(plain []byte) []byte {
	out := bytes.Clone(plain[:12])
	out[0] |= 0x11
	out = append(out, 0, 0, 0, 7, 0xbe, 0xde, 0, 1, 0x10, 0x85, 0, 0)
	return roomy(append(out, plain[12:]...))
}

func TestRolloverAtTheWrap(t *testing.T) {
	for _, suite := range Suites() {
		out, in := pair(t, testKey(t, suite, 1))
		for sequence := uint16(65530); sequence != 6; sequence++ {
			if err := pass(t, out, in, packet(7, sequence, "x")); err != nil {
				t.Fatalf("%s: packet %d: %v", suite, sequence, err)
			}
		}
	}
}

func TestReorderedAroundTheWrap(t *testing.T) {
	out, in := pair(t, testKey(t, AEADAES128GCM, 1))
	var sealed [][]byte
	for sequence := uint16(65533); sequence != 3; sequence++ {
		s, err := out.Seal(packet(7, sequence, "x"))
		if err != nil {
			t.Fatal(err)
		}
		sealed = append(sealed, s)
	}
	for _, i := range []int{0, 4, 1, 3, 2, 5} {
		if _, err := in.Open(room(), sealed[i], time.Time{}); err != nil {
			t.Errorf("packet %d of the order sent: %v", i, err)
		}
	}
}

func TestFirstPacketsBeforeTheWrapAreLost(t *testing.T) {
	out, in := pair(t, testKey(t, AESCM128HMACSHA180, 1))
	for sequence := uint16(65530); sequence != 2; sequence++ { // nobody gets these
		if _, err := out.Seal(packet(7, sequence, "lost")); err != nil {
			t.Fatal(err)
		}
	}
	if err := pass(t, out, in, packet(7, 2, "x")); err != nil {
		t.Errorf("the first packet that arrives: %v", err)
	}
}

func TestEverySecondSequenceNumberOfTwoRounds(t *testing.T) {
	out, in := pair(t, testKey(t, AEADAES256GCM, 1))
	for i := range 70_000 {
		if err := pass(t, out, in, packet(7, uint16(2*i), "x")); err != nil {
			t.Fatalf("packet %d: %v", i, err)
		}
	}
}

func TestGapOf40000Packets(t *testing.T) {
	for _, start := range []uint16{0, 1000, 20000, 30000, 40000, 60000} {
		out, in := pair(t, testKey(t, AESCM128HMACSHA180, 1))
		sequence := start
		for round := range 5 {
			for range 3 {
				if err := pass(t, out, in, packet(7, sequence, "x")); err != nil {
					t.Fatalf("from %d, after %d gaps: packet %d: %v", start, round, sequence, err)
				}
				sequence++
			}
			for range 40 { // the sender counts on, in steps that it would notice itself
				sequence += 1000
				if _, err := out.Seal(packet(7, sequence, "lost")); err != nil {
					t.Fatal(err)
				}
			}
			sequence++
		}
	}
}

func TestForgedPacketsMoveNothing(t *testing.T) {
	out, in := pair(t, testKey(t, AESCM128HMACSHA180, 1))
	if err := pass(t, out, in, packet(7, 100, "x")); err != nil {
		t.Fatal(err)
	}
	rng := rand.New(rand.NewPCG(1, 2))
	for range 5000 {
		forged := packet(7, uint16(rng.Uint32()), "forged, with a tag of ten")
		if rng.IntN(2) == 0 {
			binary.BigEndian.PutUint32(forged[8:], rng.Uint32())
		}
		if _, err := in.Open(room(), forged, time.Time{}); err == nil {
			t.Fatal("a forged packet was opened")
		}
	}
	if n := len(in.generations[0].keys[0].streams); n != 1 {
		t.Errorf("%d streams are remembered, want 1", n)
	}
	if n := in.generations[0].keys[0].strangers; n >= maxStrangers {
		t.Errorf("%d strangers are remembered, want fewer than %d", n, maxStrangers)
	}
	if err := pass(t, out, in, packet(7, 101, "x")); err != nil {
		t.Errorf("the next genuine packet: %v", err)
	}
}

func TestReplayWindow(t *testing.T) {
	out, in := pair(t, testKey(t, AEADAES128GCM, 1))
	var sealed [][]byte
	for i := range 1500 {
		s, err := out.Seal(packet(7, uint16(i), "x"))
		if err != nil {
			t.Fatal(err)
		}
		sealed = append(sealed, s)
	}
	open := func(i int) error { _, err := in.Open(room(), sealed[i], time.Time{}); return err }
	if err := open(1200); err != nil {
		t.Fatal(err)
	}
	for _, row := range []struct {
		packet int
		want   error
	}{{1200, ErrReplayed}, {177, nil}, {177, ErrReplayed}, {176, ErrReplayed}, {1201, nil}, {178, nil}, {177, ErrReplayed}} {
		if err := open(row.packet); err != row.want {
			t.Errorf("packet %d: %v, want %v", row.packet, err, row.want)
		}
	}
	if got := in.Drops(); got != (Drops{Replayed: 4}) {
		t.Errorf("drops = %+v, want 4 replayed", got)
	}
}

func TestReplayWindowOfControl(t *testing.T) {
	out, in := pair(t, testKey(t, AESCM128HMACSHA132, 1))
	var sealed [][]byte
	for range 100 {
		s, err := out.SealControl(report(7))
		if err != nil {
			t.Fatal(err)
		}
		sealed = append(sealed, s)
	}
	for _, row := range []struct {
		packet int
		want   error
	}{{80, nil}, {80, ErrReplayed}, {17, nil}, {16, ErrReplayed}, {99, nil}, {35, ErrReplayed}, {36, nil}} {
		if _, err := in.OpenControl(room(), sealed[row.packet], time.Time{}); err != row.want {
			t.Errorf("packet %d: %v, want %v", row.packet, err, row.want)
		}
	}
}

// The ring of bits against a set of all that was ever seen.
func TestWindowAgainstASet(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 4))
	for _, size := range []int{64, 1024} {
		w, seen, highest := window{seen: make([]uint64, size/64)}, map[uint64]bool{}, uint64(0)
		for range 20_000 {
			index := highest + uint64(rng.IntN(40))
			switch rng.IntN(20) {
			case 0:
				index = highest + uint64(rng.IntN(3*size))
			case 1, 2, 3, 4, 5, 6:
				index = highest - min(highest, uint64(rng.IntN(size+20)))
			}
			want := !seen[index] && (len(seen) == 0 || index > highest || highest-index < uint64(size))
			if got := w.fresh(index); got != want {
				t.Fatalf("window of %d at %d: fresh(%d) = %t, want %t", size, highest, index, got, want)
			}
			if want {
				w.add(index)
				seen[index], highest = true, max(highest, index)
			}
		}
	}
}

// RFC 3711 Appendix A, as it is written there.
func TestNearestAgainstTheAppendix(t *testing.T) {
	rng := rand.New(rand.NewPCG(5, 6))
	for range 100_000 {
		highest := rng.Uint64N(1 << 20)
		sequence := uint16(rng.Uint32())
		roc, sl := int64(highest>>16), int64(highest&0xffff)
		seq, v := int64(sequence), roc
		if sl < 32768 {
			if seq-sl > 32768 {
				v = roc - 1
			}
		} else if sl-32768 > seq {
			v = roc + 1
		}
		want := uint64(max(v, 0))<<16 | uint64(sequence)
		if got := nearest(highest, sequence); got != want {
			t.Fatalf("nearest(%#x, %#x) = %#x, want %#x", highest, sequence, got, want)
		}
	}
}

func TestSealNeverUsesAnIndexTwice(t *testing.T) {
	out, _ := pair(t, testKey(t, AEADAES128GCM, 1))
	for _, row := range []struct {
		sequence uint16
		want     error
	}{{10, nil}, {10, ErrReplayed}, {9, ErrReplayed}, {11, nil}} {
		if _, err := out.Seal(packet(7, row.sequence, "x")); err != row.want {
			t.Errorf("packet %d: %v, want %v", row.sequence, err, row.want)
		}
	}
	if _, err := out.Seal(packet(7, 12, "x")[:13:13]); err != ErrNoRoom {
		t.Errorf("without room: %v, want %v", err, ErrNoRoom)
	}
	if _, err := out.SealControl(report(7)[:8:8]); err != ErrNoRoom {
		t.Errorf("RTCP without room: %v, want %v", err, ErrNoRoom)
	}
}

func TestLifetimeEnds(t *testing.T) {
	key := testKey(t, AEADAES128GCM, 1)
	key.lifetime = 3
	out, in := pair(t, key)
	for i := range uint16(3) {
		if err := pass(t, out, in, packet(7, i, "x")); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := out.Seal(packet(7, 3, "x")); err != ErrExpired {
		t.Errorf("the fourth packet: %v, want %v", err, ErrExpired)
	}
	late := reference{key}.seal(packet(7, 3, "x"), 0)
	if _, err := in.Open(room(), late, time.Time{}); err != ErrExpired {
		t.Errorf("the fourth packet received: %v, want %v", err, ErrExpired)
	}
}

func TestIndicesEnd(t *testing.T) {
	out, in := pair(t, testKey(t, AEADAES128GCM, 1))
	s, _ := out.source(7)
	s.highest, s.begun, s.control = maxPackets-2, true, maxControl-2
	in.generations[0].keys[0].stream(7).packets.add(maxPackets - 2)
	if err := pass(t, out, in, packet(7, 65535, "the last")); err != nil {
		t.Errorf("packet 2^48-1: %v", err)
	}
	if _, err := out.Seal(packet(7, 0, "x")); err != ErrExpired {
		t.Errorf("packet 2^48: %v, want %v", err, ErrExpired)
	}
	if _, err := out.SealControl(report(7)); err != nil {
		t.Errorf("RTCP packet 2^31-1: %v", err)
	}
	if _, err := out.SealControl(report(7)); err != ErrExpired {
		t.Errorf("RTCP packet 2^31: %v, want %v", err, ErrExpired)
	}
}

func TestWithoutKeys(t *testing.T) {
	var in Inbound
	var out Outbound
	if _, err := in.Open(room(), packet(7, 1, "clear"), time.Time{}); err != ErrNoKey {
		t.Errorf("Open: %v, want %v", err, ErrNoKey)
	}
	if _, err := in.OpenControl(room(), report(7), time.Time{}); err != ErrNoKey {
		t.Errorf("OpenControl: %v, want %v", err, ErrNoKey)
	}
	if _, err := out.Seal(packet(7, 1, "clear")); err != ErrNoKey {
		t.Errorf("Seal: %v, want %v", err, ErrNoKey)
	}
	if _, err := out.SealControl(report(7)); err != ErrNoKey {
		t.Errorf("SealControl: %v, want %v", err, ErrNoKey)
	}
	if got := in.Drops(); got != (Drops{NoKey: 2}) {
		t.Errorf("drops = %+v, want 2 without a key", got)
	}
	if in.HasKeys() || in.Proven() || !out.Key().IsZero() {
		t.Error("there are keys")
	}
}

func TestTooManySources(t *testing.T) {
	out, in := pair(t, testKey(t, AEADAES128GCM, 1))
	for i := range uint32(maxSources) {
		if err := pass(t, out, in, packet(i, 1, "x")); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := out.Seal(packet(maxSources, 1, "x")); err != ErrSources {
		t.Errorf("Seal: %v, want %v", err, ErrSources)
	}
	one := reference{out.Key()}.seal(packet(maxSources, 1, "x"), 0)
	if _, err := in.Open(room(), one, time.Time{}); err != ErrSources {
		t.Errorf("Open: %v, want %v", err, ErrSources)
	}
}

func TestShapes(t *testing.T) {
	_, in := pair(t, testKey(t, AESCM128HMACSHA180, 1))
	for _, row := range []struct {
		name, packet string
		want         error
	}{
		{"empty", "", ErrMalformed},
		{"a header and half a tag", "8000000100000000000000070000000000", ErrTooShort},
		{"version 1", "400000010000000000000007" + "00000000000000000000", ErrMalformed},
		{"more sources than octets", "8f0000010000000000000007" + "00000000000000000000", ErrMalformed},
		{"an extension beyond the end", "900000010000000000000007" + "bede0040" + "00000000000000000000", ErrMalformed},
	} {
		b, err := hex.DecodeString(row.packet)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := in.Open(room(), b, time.Time{}); err != row.want {
			t.Errorf("%s: %v, want %v", row.name, err, row.want)
		}
	}
	for _, b := range [][]byte{nil, {0x80, 201, 0, 1}, make([]byte, 40)} {
		if _, err := in.OpenControl(room(), b, time.Time{}); err != ErrMalformed {
			t.Errorf("RTCP %x: %v, want %v", b, err, ErrMalformed)
		}
	}
	if _, err := in.OpenControl(room(), report(7), time.Time{}); err != ErrTooShort {
		t.Errorf("RTCP without a tag: %v, want %v", err, ErrTooShort)
	}
}
