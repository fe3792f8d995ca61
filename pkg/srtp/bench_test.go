package srtp

import (
	"encoding/binary"
	"testing"

	pion "github.com/pion/srtp/v2"

	"github.com/pion/rtp"
)

// voice is the payload of 20 ms of PCMU.
const voice = 160

// BenchmarkSeal and BenchmarkOpen are a packet of PCMU; the rows of pion are its own calls alone.
func BenchmarkSeal(b *testing.B) {
	for _, suite := range Suites() {
		key := testKey(b, suite, 1)
		plain := packet(7, 0, string(make([]byte, voice)))
		b.Run(suite.String(), func(b *testing.B) {
			out := new(Outbound)
			if err := out.SetKey(key); err != nil {
				b.Fatal(err)
			}
			b.ReportAllocs()
			for i := 0; b.Loop(); i++ {
				binary.BigEndian.PutUint16(plain[2:], uint16(i))
				if _, err := out.Seal(plain); err != nil {
					b.Fatal(err)
				}
			}
		})
		b.Run(suite.String()+"/pion", func(b *testing.B) {
			context, header := contextOf(b, key), new(rtp.Header)
			b.ReportAllocs()
			for i := 0; b.Loop(); i++ {
				binary.BigEndian.PutUint16(plain[2:], uint16(i))
				if _, err := context.EncryptRTP(plain, plain, header); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkOpen(b *testing.B) {
	for _, suite := range Suites() {
		key := testKey(b, suite, 1)
		out := new(Outbound)
		if err := out.SetKey(key); err != nil {
			b.Fatal(err)
		}
		const round = 1 << 16
		sealed := make([][]byte, round) // one round of sequence numbers: none is replayed
		for i := range sealed {
			p, err := out.Seal(packet(7, uint16(i), string(make([]byte, voice))))
			if err != nil {
				b.Fatal(err)
			}
			sealed[i] = p
		}
		dst := room()
		b.Run(suite.String(), func(b *testing.B) {
			in := new(Inbound)
			b.ReportAllocs()
			for i := 0; b.Loop(); i++ {
				if i%round == 0 {
					if *in = (Inbound{}); in.SetKeys(key) != nil {
						b.Fatal("no keys")
					}
				}
				if _, err := in.Open(dst, sealed[i%round], at(0)); err != nil {
					b.Fatal(err)
				}
			}
		})
		b.Run(suite.String()+"/pion", func(b *testing.B) {
			context, header := contextOf(b, key), new(rtp.Header)
			b.ReportAllocs()
			for i := 0; b.Loop(); i++ {
				context.SetROC(7, 0)
				if _, err := context.DecryptRTP(dst[:0], sealed[i%round], header); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func contextOf(b *testing.B, key Key) *pion.Context {
	b.Helper()
	context, err := pion.CreateContext(key.master(), key.salt(), key.suite.row().pion)
	if err != nil {
		b.Fatal(err)
	}
	return context
}

// Outside of pion nothing allocates: what a packet allocates is what pion's own calls do.
func TestOnlyPionAllocates(t *testing.T) {
	for _, suite := range Suites() {
		key := testKey(t, suite, 1)
		out, in := pair(t, key)
		context, err := pion.CreateContext(key.master(), key.salt(), key.suite.row().pion)
		if err != nil {
			t.Fatal(err)
		}
		other, err := pion.CreateContext(key.master(), key.salt(), key.suite.row().pion)
		if err != nil {
			t.Fatal(err)
		}
		const n = 500
		ours, theirs := packet(7, 0, string(make([]byte, voice))), packet(7, 0, string(make([]byte, voice)))
		dst, header, sequence := room(), new(rtp.Header), uint16(0)
		next := func(p []byte) []byte {
			sequence++
			binary.BigEndian.PutUint16(p[2:], sequence)
			return p
		}
		mine := testing.AllocsPerRun(n, func() {
			s, err := out.Seal(next(ours))
			if err == nil {
				_, err = in.Open(dst, s, at(0))
			}
			if err != nil {
				t.Fatal(err)
			}
		})
		pions := testing.AllocsPerRun(n, func() {
			s, err := context.EncryptRTP(theirs, next(theirs), header)
			if err == nil {
				_, err = other.DecryptRTP(dst[:0], s, header)
			}
			if err != nil {
				t.Fatal(err)
			}
		})
		if mine > pions {
			t.Errorf("%s: %v allocations, pion has %v of its own", suite, mine, pions)
		}
		t.Logf("%s: pion allocates %v times for a packet sealed and opened", suite, pions)
	}
}
