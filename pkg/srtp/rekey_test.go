package srtp

import (
	"testing"
	"time"
)

// at is some time after the beginning.
func at(d time.Duration) time.Time { return time.Unix(1_000_000, 0).Add(d) }

// sealed is a packet under a key, whatever an Outbound would say.
func sealed(key Key, sequence uint16, roc uint32) []byte {
	return reference{key}.seal(packet(7, sequence, "longer than any tag is"), roc)
}

func TestOldAndNewKeySideBySide(t *testing.T) {
	for _, suites := range [][2]Suite{{AEADAES128GCM, AEADAES128GCM}, {AESCM128HMACSHA180, AESCM128HMACSHA180}, {AESCM128HMACSHA180, AEADAES256GCM}} {
		before, after := testKey(t, suites[0], 1), testKey(t, suites[1], 2)
		in := inboundAt(t, before, nil, 0)
		open := func(key Key, sequence uint16, when time.Duration) error {
			_, err := in.Open(room(), sealed(key, sequence, 0), at(when))
			return err
		}
		t.Log("# bob talks under his first key and offers a second one")
		steps := []struct {
			what     string
			key      Key
			sequence uint16
			when     time.Duration
			want     error
		}{
			{"before he changes", before, 1, 0, nil},
			{"he does not change yet", before, 2, time.Minute, nil},
			{"he changes", after, 4, 2 * time.Minute, nil},
			{"one was late", before, 3, 2*time.Minute + time.Second, nil},
			{"and is sent again", before, 3, 2*time.Minute + time.Second, ErrReplayed},
			{"the new key", after, 5, 2*time.Minute + 2*time.Second, nil},
			{"the old key is done with", before, 6, 2*time.Minute + 11*time.Second, ErrBadTag},
			{"the new one is not", after, 6, 2*time.Minute + 12*time.Second, nil},
		}
		for i, step := range steps {
			if i == 1 {
				if err := in.SetKeys(after); err != nil {
					t.Fatal(err)
				}
			}
			if err := open(step.key, step.sequence, step.when); err != step.want {
				t.Errorf("%s to %s: %s: %v, want %v", suites[0], suites[1], step.what, err, step.want)
			}
			if i == 1 && in.Proven() {
				t.Error("the new key counts as used before it was")
			}
		}
		if !in.Proven() || len(in.generations) != 1 {
			t.Errorf("proven %t, %d generations; want one that is", in.Proven(), len(in.generations))
		}
	}
}

func TestRolloverGoesOnUnderANewKey(t *testing.T) {
	out, in := pair(t, testKey(t, AEADAES128GCM, 1))
	for _, sequence := range []uint16{40000, 65535, 0, 32000, 64000, 65535} { // rounds 0, 0, 1, 1, 1, 1
		if err := pass(t, out, in, packet(7, sequence, "x")); err != nil {
			t.Fatal(err)
		}
	}
	second := testKey(t, AEADAES128GCM, 2)
	if err := out.SetKey(second); err != nil {
		t.Fatal(err)
	}
	if err := in.SetKeys(second); err != nil {
		t.Fatal(err)
	}
	t.Log("# the first packet under the new key is the first one of the next round")
	if err := pass(t, out, in, packet(7, 0, "x")); err != nil {
		t.Fatal(err)
	}
	if got := in.generations[0].keys[0].stream(7).packets.highest; got != 2<<16 {
		t.Errorf("the packet's index is %#x, want %#x", got, 2<<16)
	}
}

func TestPeerThatResetsItsRollover(t *testing.T) {
	first, second := testKey(t, AESCM128HMACSHA180, 1), testKey(t, AESCM128HMACSHA180, 2)
	in := inboundAt(t, first, packet(7, 500, ""), 3)
	if _, err := in.Open(room(), sealed(first, 500, 3), at(0)); err != nil {
		t.Fatal(err)
	}
	if err := in.SetKeys(second); err != nil {
		t.Fatal(err)
	}
	for i := range uint16(3) {
		if _, err := in.Open(room(), sealed(second, 501+i, 0), at(0)); err != nil {
			t.Errorf("packet %d under the new key: %v", 501+i, err)
		}
	}
}

func TestControlIndexGoesOnUnderANewKey(t *testing.T) {
	out, in := pair(t, testKey(t, AESCM128HMACSHA180, 1))
	for range 3 {
		if _, err := out.SealControl(report(7)); err != nil {
			t.Fatal(err)
		}
	}
	second := testKey(t, AESCM128HMACSHA180, 2)
	if err := out.SetKey(second); err != nil {
		t.Fatal(err)
	}
	packet, err := out.SealControl(report(7))
	if err != nil {
		t.Fatal(err)
	}
	if err := in.SetKeys(second); err != nil {
		t.Fatal(err)
	}
	if index := in.generations[0].keys[0].controlIndex(packet); index != 4 {
		t.Errorf("index %d, want 4", index)
	}
	if _, err := in.OpenControl(room(), packet, at(0)); err != nil {
		t.Error(err)
	}
	if !in.Proven() {
		t.Error("RTCP under the new key does not prove it")
	}
}

func TestTheSameKeyAgainChangesNothing(t *testing.T) {
	key := testKey(t, AEADAES128GCM, 1)
	out, in := pair(t, key)
	for _, sequence := range []uint16{65535, 0} {
		if err := pass(t, out, in, packet(7, sequence, "x")); err != nil {
			t.Fatal(err)
		}
	}
	t.Log("# alice holds and resumes: her offer repeats the key")
	again := testKey(t, AEADAES128GCM, 1)
	again.lifetime = 1 << 31
	if err := out.SetKey(again); err != nil {
		t.Fatal(err)
	}
	if err := in.SetKeys(again); err != nil {
		t.Fatal(err)
	}
	if err := pass(t, out, in, packet(7, 1, "x")); err != nil {
		t.Errorf("after the hold: %v", err)
	}
	if _, err := in.Open(room(), sealed(key, 0, 1), at(0)); err != ErrReplayed {
		t.Errorf("a packet of before the hold: %v, want %v", err, ErrReplayed)
	}
}

func TestSeveralKeysWithMKI(t *testing.T) {
	for _, suite := range Suites() {
		first, second, third := testKey(t, suite, 1), testKey(t, suite, 2), testKey(t, suite, 3)
		first.mki, second.mki, third.mki = []byte{0, 1}, []byte{0, 2}, []byte{0, 3}
		in := new(Inbound)
		if err := in.SetKeys(first, second); err != nil {
			t.Fatal(err)
		}
		for i, row := range []struct {
			key  Key
			want error
		}{{second, nil}, {first, nil}, {third, ErrNoKey}, {second, nil}} {
			if _, err := in.Open(room(), sealed(row.key, uint16(i), 0), at(time.Hour)); err != row.want {
				t.Errorf("%s with MKI %d: %v, want %v", suite, row.key.mki, err, row.want)
			}
			control := reference{row.key}.sealControl(report(7), uint32(i+1))
			if _, err := in.OpenControl(room(), control, at(time.Hour)); err != row.want {
				t.Errorf("RTCP, %s with MKI %d: %v, want %v", suite, row.key.mki, err, row.want)
			}
		}
		out := new(Outbound)
		if err := out.SetKey(second); err != nil {
			t.Fatal(err)
		}
		if err := pass(t, out, in, packet(7, 100, "x")); err != nil {
			t.Errorf("%s: sealed with an MKI: %v", suite, err)
		}
		if err := out.SetKey(first); err != nil {
			t.Fatal(err)
		}
		if err := pass(t, out, in, packet(7, 101, "x")); err != nil {
			t.Errorf("%s: sealed with the other key: %v", suite, err)
		}
	}
}

func TestMoreKeysThanAnybodyUses(t *testing.T) {
	first := testKey(t, AEADAES128GCM, 1)
	in := inboundAt(t, first, nil, 0)
	if _, err := in.Open(room(), sealed(first, 1, 0), at(0)); err != nil {
		t.Fatal(err)
	}
	for i := range byte(10) {
		if err := in.SetKeys(testKey(t, AEADAES128GCM, 2+i)); err != nil {
			t.Fatal(err)
		}
	}
	if n := len(in.generations); n != maxGenerations {
		t.Errorf("%d generations are waited for, want %d", n, maxGenerations)
	}
	for i, row := range []struct {
		name string
		key  Key
		want error
	}{{"in use", first, nil}, {"the last but one", testKey(t, AEADAES128GCM, 10), nil}, {"the last", testKey(t, AEADAES128GCM, 11), nil},
		{"given up", testKey(t, AEADAES128GCM, 9), ErrBadTag}} {
		if _, err := in.Open(room(), sealed(row.key, uint16(2+i), 0), at(0)); err != row.want {
			t.Errorf("the key %s: %v, want %v", row.name, err, row.want)
		}
	}
}

func TestBadKeys(t *testing.T) {
	var in Inbound
	if err := in.SetKeys(); err == nil {
		t.Error("no keys were taken")
	}
	if err := in.SetKeys(Key{}); err == nil {
		t.Error("a zero key was taken")
	}
	if err := new(Outbound).SetKey(Key{}); err == nil {
		t.Error("a zero key was taken for sealing")
	}
	if in.HasKeys() {
		t.Error("a refused key counts")
	}
}
