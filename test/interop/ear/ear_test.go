package ear

import (
	"math"
	"math/rand/v2"
	"testing"
	"time"
)

// chirps is a sound like no other seed's: short glides with pauses between them.
func chirps(seed uint64, length time.Duration) Sound {
	random := rand.New(rand.NewPCG(seed, 1))
	s := make(Sound, 0, samples(length))
	for phase := 0.0; len(s) < samples(length); {
		hz, glide := 400+2000*random.Float64(), random.Float64()-0.5
		for range 400 + random.IntN(1200) {
			phase += 2 * math.Pi * hz / Rate
			hz += glide
			s = append(s, 0.3*math.Sin(phase))
		}
		s = append(s, make(Sound, random.IntN(400))...)
	}
	return s[:samples(length)]
}

func mix(all ...Sound) (sum Sound) {
	for _, s := range all {
		for len(sum) < len(s) {
			sum = append(sum, 0)
		}
		for i, v := range s {
			sum[i] += v
		}
	}
	return sum
}

func later(s Sound, d time.Duration) Sound { return append(make(Sound, samples(d)), s...) }

func TestTheEarTellsWhoSpoke(t *testing.T) {
	alice, bob, carol := chirps(1, 9*time.Second), chirps(2, 9*time.Second), chirps(3, 9*time.Second)
	heard := mix(later(alice, 1500*time.Millisecond), later(bob, 700*time.Millisecond))
	for _, row := range []struct {
		name     string
		speech   Sound
		low, top float64
		delay    time.Duration
	}{
		{"alice", alice, 0.6, 0.8, 1500 * time.Millisecond},
		{"bob", bob, 0.6, 0.8, 700 * time.Millisecond},
		{"carol, who was not there", carol, 0, 0.25, 0},
	} {
		found := Find(heard, row.speech)
		if c := found.Correlation(); c < row.low || c > row.top {
			t.Errorf("%s: %v, want between %v and %v", row.name, found, row.low, row.top)
		}
		for i, m := range found {
			if want := row.delay + time.Duration(i)*Piece; row.low > 0 && (m.At-want).Abs() > time.Millisecond {
				t.Errorf("%s, piece %d: at %v, want %v", row.name, i, m.At, want)
			}
		}
	}
}

func TestAPieceAloneIsOne(t *testing.T) {
	s := chirps(4, Piece)
	if m := Best(later(s, time.Second), s); math.Abs(m.Correlation-1) > 1e-6 || m.At != time.Second {
		t.Errorf("found %+v, want 1 at 1 s", m)
	}
}

func TestSilenceSoundsLikeNobody(t *testing.T) {
	if c := Find(make(Sound, 5*Rate), chirps(5, Piece)).Correlation(); c != 0 {
		t.Errorf("somebody is heard in silence: %v", c)
	}
	if c := Find(nil, chirps(5, Piece)).Correlation(); c != 0 {
		t.Errorf("somebody is heard in nothing: %v", c)
	}
}

// TestTransform compares with the sum that the transform is.
func TestTransform(t *testing.T) {
	x := chirps(6, 32*time.Second/Rate)
	got := spectrum(x, 32)
	for k := range got {
		var want complex128
		for n, v := range x {
			angle := -2 * math.Pi * float64(k*n) / 32
			want += complex(v*math.Cos(angle), v*math.Sin(angle))
		}
		if d := got[k] - want; math.Hypot(real(d), imag(d)) > 1e-9 {
			t.Errorf("value %d: %v, want %v", k, got[k], want)
		}
	}
	for i, v := range signal(got) {
		if math.Abs(v-x[i]) > 1e-12 {
			t.Errorf("back again, sample %d: %v, want %v", i, v, x[i])
		}
	}
}

func TestBandKeepsTheTelephoneOnly(t *testing.T) {
	for _, row := range []struct {
		hz   float64
		kept bool
	}{{100, false}, {1000, true}, {3300, true}, {3700, false}} {
		s := make(Sound, room(Rate))
		for i := range s {
			s[i] = math.Sin(2 * math.Pi * math.Round(row.hz*float64(len(s))/Rate) * float64(i) / float64(len(s)))
		}
		if level := s.Band().Level(); (level > -4) != row.kept || !row.kept && level > -60 {
			t.Errorf("%v Hz: %.1f dB, kept: %v", row.hz, level, row.kept)
		}
	}
}
