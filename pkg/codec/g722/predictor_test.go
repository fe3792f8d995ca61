package g722

import (
	"math/rand/v2"
	"testing"
)

// model is the predictor as the Recommendation writes it, block by block over
// arrays with the present sample at index 0.
type model struct {
	s, sp, sz int32
	r, a, p   [3]int32
	d, b      [7]int32
}

func (m *model) update(d int32) {
	m.d[0] = d
	m.r[0] = saturate(m.s + d)  // RECONS
	m.p[0] = saturate(m.sz + d) // PARREC
	a2 := m.uppol2()
	a1 := m.uppol1(a2)
	m.upzero()
	m.a = [3]int32{0, a1, a2} // DELAYA
	m.r = [3]int32{0, m.r[0], m.r[1]}
	m.p = [3]int32{0, m.p[0], m.p[1]}
	copy(m.d[1:], m.d[:6])
	m.predict()
}

func (m *model) uppol2() int32 {
	wd := saturate(m.a[1] * 4)
	if m.p[0] < 0 == (m.p[1] < 0) {
		wd = saturate(-wd)
	}
	wd >>= 7
	if m.p[0] < 0 == (m.p[2] < 0) {
		wd += 128
	} else {
		wd -= 128
	}
	return max(-12288, min(saturate(wd+m.a[2]*32512>>15), 12288))
}

func (m *model) uppol1(a2 int32) int32 {
	wd := int32(-192)
	if m.p[0] < 0 == (m.p[1] < 0) {
		wd = 192
	}
	limit := saturate(15360 - a2)
	return max(-limit, min(saturate(wd+m.a[1]*32640>>15), limit))
}

func (m *model) upzero() {
	for i := 1; i <= 6; i++ {
		var wd int32
		switch {
		case m.d[0] == 0:
		case m.d[0] < 0 == (m.d[i] < 0):
			wd = 128
		default:
			wd = -128
		}
		m.b[i] = saturate(wd + m.b[i]*32640>>15)
	}
}

func (m *model) predict() {
	m.sz = 0
	for i := 6; i > 0; i-- {
		m.sz += m.b[i] * saturate(2*m.d[i]) >> 15
	}
	m.sz = saturate(m.sz)                                                          // FILTEZ
	m.sp = saturate(m.a[1]*saturate(2*m.r[1])>>15 + m.a[2]*saturate(2*m.r[2])>>15) // FILTEP
	m.s = saturate(m.sp + m.sz)                                                    // PREDIC
}

func TestPredictorAgainstTheModel(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 6))
	for _, limit := range []int32{2, 30, 1000, 20000, 32767} {
		var p predictor
		var m model
		for i := range 20000 {
			d := r.Int32N(2*limit+1) - limit
			if i/1000%2 == 1 {
				d = max(d, -d) // a stretch of one sign drives the coefficients to their limits
			}
			p.update(d)
			m.update(d)
			if p.s != m.s || p.sz != m.sz {
				t.Fatalf("difference %d of up to %d: %d and %d, want %d and %d", i, limit, p.s, p.sz, m.s, m.sz)
			}
		}
	}
}
