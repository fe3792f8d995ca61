package quality

import (
	"math"
	"testing"
)

// gModel is ITU-T G.107 clause 3 in full, term by term, with the default values of its table 2 but for the delay (T = Ta = Tr/2), the codec and
// TELR, for a headset has no echo.
func gModel(delay, loss, burst float64, codec Impairment) float64 {
	const (
		slr, rlr, stmr, dr, ds, telr, wepl, qdu = 8., 2., 15., 3., 3., 130., 110., 1.
		nc, nfor, ps, pr, olr                   = -70., -64., 35., 35., slr + rlr
	)
	power := func(x float64) float64 { return math.Pow(10, x/10) }
	log := func(x float64) float64 { return 10 * math.Log10(x) }
	// 3.2 basic signal-to-noise ratio
	nos := ps - slr - ds - 100 + 0.004*math.Pow(ps-olr-ds-14, 2)
	pre := pr + log(1+power(10-(stmr+dr)))
	nor := rlr - 121 + pre + 0.008*math.Pow(pre-35, 2)
	no := log(power(nc) + power(nos) + power(nor) + power(nfor+rlr))
	ro := 15 - 1.5*(slr+no)
	// 3.3 simultaneous impairment
	xolr := olr + 0.2*(64+no-rlr)
	iolr := 20 * (math.Pow(1+math.Pow(xolr/8, 8), 1./8) - xolr/8)
	stmro := -log(power(-stmr) + math.Exp(-delay/4)*power(-telr))
	ist := 12*math.Pow(1+math.Pow((stmro-13)/6, 8), 1./8) - 28*math.Pow(1+math.Pow((stmro+1)/19.4, 35), 1./35) -
		13*math.Pow(1+math.Pow((stmro-3)/33, 13), 1./13) + 29
	q := 37 - 15*math.Log10(qdu)
	g := 1.07 + 0.258*q + 0.0602*q*q
	iq := 15 * math.Log10(1+math.Pow(10, (ro-100)/15+46/8.4-g/9)+math.Pow(10, 46./30-g/40))
	is := iolr + ist + iq
	// 3.4 delay impairment
	terv := telr - 40*math.Log10((1+delay/10)/(1+delay/150)) + 6*math.Exp(-0.3*delay*delay)
	roe, re := -1.5*(no-rlr), 80+2.5*(terv-14)
	idte := ((roe-re)/2 + math.Sqrt((roe-re)*(roe-re)/4+100) - 1) * (1 - math.Exp(-delay))
	rle := 10.5 * (wepl + 7) * math.Pow(2*delay+1, -0.25)
	idle := (ro-rle)/2 + math.Sqrt((ro-rle)*(ro-rle)/4+169)
	idd := 0.
	if delay > 100 {
		x := math.Log10(delay/100) / math.Log10(2)
		idd = 25 * (math.Pow(1+math.Pow(x, 6), 1./6) - 3*math.Pow(1+math.Pow(x/3, 6), 1./6) + 2)
	}
	// 3.5 equipment impairment
	ppl := 100 * loss
	ie := codec.Ie + (95-codec.Ie)*ppl/(ppl/burst+codec.Bpl)
	return min(max(ro-is-idte-idle-idd-ie, 0), 100)
}

func TestRIsThatOfTheWholeModel(t *testing.T) {
	if r := gModel(0, 0, 1, ImpairmentOf("PCMU")); math.Abs(r-93.2) > 0.1 {
		t.Fatalf("the model itself gives %.2f for its default values, G.107 says 93.2", r)
	}
	worst := 0.
	for _, codec := range []string{"PCMU", "G722", "opus", "GSM"} {
		for delay := 0.; delay <= 600; delay += 20 {
			for _, loss := range []float64{0, 0.01, 0.05, 0.2, 1} {
				for _, burst := range []float64{1, 2, 5} {
					got, want := R(delay, loss, burst, ImpairmentOf(codec)), gModel(delay, loss, burst, ImpairmentOf(codec))
					if worst = max(worst, math.Abs(got-want)); math.Abs(got-want) > 1 {
						t.Fatalf("%s, %v ms, %v lost in bursts of %v: R %.1f, want %.1f", codec, delay, loss, burst, got, want)
					}
				}
			}
		}
	}
	t.Logf("at most %.2f from the whole model", worst)
}

// TestMOS: the pairs of G.107 table B.1.
func TestMOS(t *testing.T) {
	for r, want := range map[float64]float64{90: 4.34, 80: 4.03, 70: 3.60, 60: 3.10, 50: 2.58, 0: 1, -5: 1, 3: 1, 100: 4.5, 120: 4.5} {
		if got := MOS(r); math.Abs(got-want) > 0.01 {
			t.Errorf("MOS of R %v is %.3f, want %v", r, got, want)
		}
	}
}

func TestLossAndDelayOnlyMakeItWorse(t *testing.T) {
	c := ImpairmentOf("PCMA")
	best := R(0, 0, 1, c)
	for name, r := range map[string]float64{
		"5 % lost": R(0, 0.05, 1, c), "in bursts": R(0, 0.05, 3, c), "300 ms": R(300, 0, 1, c), "no concealment": R(0, 0.05, 1, ImpairmentOf("x")),
	} {
		if r >= best {
			t.Errorf("%s: R %.1f, without it %.1f", name, r, best)
		}
	}
	if R(0, 0.05, 3, c) >= R(0, 0.05, 1, c) {
		t.Error("bursts sound better than single losses")
	}
	for _, nonsense := range []float64{math.NaN(), math.Inf(1), -1} {
		if r := R(nonsense, 0, 1, c); !(r >= 0 && r <= 100) {
			t.Errorf("R of a delay of %v is %v", nonsense, r)
		}
	}
}
