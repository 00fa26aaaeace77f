package stats

import (
	"encoding/binary"
	"math"
	"math/rand/v2"
	"testing"
)

// Whatever the rounds are, what is shown of them never contradicts itself.
func TestNoContradiction(t *testing.T) {
	random := seeded(11)
	odd := []float64{0, -1, math.NaN(), math.Inf(1), math.Inf(-1), math.SmallestNonzeroFloat64, math.MaxFloat64, 1e-300, 1e300}
	for range fewer(3000) {
		family := make([]Comparison, 1+random.IntN(14))
		for i := range family {
			n, sd := random.IntN(15), 0.2*random.Float64()
			arm, baseline, twin := logNormal(n, 1+random.Float64(), sd, random), logNormal(n, 1, sd, random), logNormal(n, 1, sd, random)
			if n > 0 && random.IntN(3) == 0 {
				arm[random.IntN(n)] = odd[random.IntN(len(odd))]
				baseline[random.IntN(n)] = odd[random.IntN(len(odd))]
				twin[random.IntN(n)] = odd[random.IntN(len(odd))]
			}
			if random.IntN(5) == 0 {
				arm = equal(n, random)
			}
			family[i] = Paired(arm, baseline, twin)
			if random.IntN(4) == 0 {
				family[i] = Independent(oneRun(arm), oneRun(baseline))
			}
		}
		noContradiction(t, family, []float64{1, 1.02, 1.1, 2}[random.IntN(4)])
	}
}

func equal(n int, random *rand.Rand) []float64 {
	xs, x := make([]float64, n), 1+float64(random.IntN(3))
	for i := range xs {
		xs[i] = x
	}
	return xs
}

func noContradiction(t *testing.T, family []Comparison, margin float64) {
	t.Helper()
	for i, j := range Judge(family, margin) {
		c := family[i]
		low, high := c.CI[0], c.CI[1]
		excludes := low > 1 || high < 1
		for what, wrong := range map[string]bool{
			"an interval that is not one":                        !(0 <= low && low <= high),
			"a p-value that is none":                             !(0 <= c.P && c.P <= 1 && 0 <= j.P && j.P <= 1),
			"a corrected p-value below the other":                j.P < c.P && c.N >= MinRounds,
			"an interval without the ratio":                      c.N > 0 && !(low <= c.Ratio && c.Ratio <= high),
			"no ratio of rounds that there are":                  (c.N > 0) == math.IsNaN(c.Ratio),
			"a ratio that is not the quotient of what is shown":  c.N > 0 && measured(c.Ratio) && math.Abs(c.Ratio*c.Reference/c.Arm-1) > 1e-9,
			"a p-value and an interval that disagree":            (c.P < level) != excludes && !math.IsInf(high, 1),
			"different of too few rounds":                        j.Finding.Different() && c.N < MinRounds,
			"different, but the interval does not exclude 1":     j.Finding.Different() && !excludes,
			"different on the other side":                        j.Finding == Above && low <= 1 || j.Finding == Below && high >= 1,
			"different, but corrected it is not":                 j.Finding.Different() && j.P >= level,
			"likely, but surely so or not at all":                j.Finding.Likely() && (!excludes || j.P < level),
			"the same, but the interval is not in the margin":    j.Finding == Same && !(1/margin < low && high < margin),
			"unknown, though the interval is in the margin":      j.Finding == Unknown && c.N >= MinRounds && 1/margin*1.000001 < low && high*1.000001 < margin,
			"unknown, though sure":                               j.Finding == Unknown && excludes && j.P < level,
			"an answer that takes more rounds":                   (j.Finding == Same || j.Finding.Different()) != (j.Rounds == 0),
			"no more rounds than there are, and still no answer": j.Rounds != 0 && j.Rounds <= c.N,
		} {
			if wrong {
				t.Errorf("%s: %+v, judged %+v with a margin of %v", what, c, j, margin)
			}
		}
	}
}

// The same of counted harm.
func TestNoContradictionInCounts(t *testing.T) {
	random := seeded(12)
	for range fewer(3000) {
		draw := func() (all []Count) {
			for range random.IntN(8) {
				of := random.IntN(300) - 5
				all = append(all, Count{random.IntN(max(of, 1)+5) * random.IntN(2), of})
			}
			return all
		}
		family := []Counted{CompareCounts(draw(), draw(), draw()), CompareCounts(draw(), draw(), nil)}
		for i, j := range JudgeCounts(family, 0.01) {
			c := family[i]
			low, high := c.CI[0], c.CI[1]
			excludes := low > 0 || high < 0
			for what, wrong := range map[string]bool{
				"an interval that is not one":                     !(-1 <= low && low <= high && high <= 1),
				"an interval without the difference":              c.N > 0 && !(low <= c.Difference && c.Difference <= high),
				"a p-value that is none":                          !(0 <= c.P && c.P <= 1),
				"a p-value and an interval that disagree":         (c.P < level) != excludes,
				"different, but the interval does not exclude 0":  j.Finding.Different() && !excludes,
				"different, but corrected it is not":              j.Finding.Different() && j.P >= level,
				"the same, but the interval is not in the margin": j.Finding == Same && !(-0.01 < low && high < 0.01),
				"an answer that takes more rounds":                (j.Finding == Same || j.Finding.Different()) != (j.Rounds == 0),
			} {
				if wrong {
					t.Errorf("%s: %+v, judged %+v", what, c, j)
				}
			}
		}
	}
}

// Any bytes at all, as the rounds of an arm, a baseline and a twin.
func FuzzPaired(f *testing.F) {
	f.Add([]byte{}, []byte{}, []byte{}, 1.1)
	f.Add(bytesOf(1, 2, 3, 1, 2, 3, 1), bytesOf(1, 1, 1, 1, 1, 1, 1), bytesOf(math.NaN(), 0, -1), 1.1)
	f.Add(bytesOf(1e308, 1e-308, 5e-324), bytesOf(1e-308, 1e308, 1), bytesOf(), 0.0)
	f.Add(bytesOf(2, 2, 2, 2, 2, 2), bytesOf(2, 2, 2, 2, 2, 2), bytesOf(2, 2, 2, 2, 2, 2), math.NaN())
	f.Fuzz(func(t *testing.T, arm, baseline, twin []byte, margin float64) {
		family := []Comparison{
			Paired(floats(arm), floats(baseline), floats(twin)),
			Paired(floats(arm), floats(baseline), nil),
			Independent(oneRun(floats(arm)), oneRun(floats(baseline))),
		}
		noContradiction(t, family, max(1, margin))
		for _, xs := range [][]byte{arm, baseline} {
			if m := GeoMean(floats(xs)); !(0 <= m.CI[0] && m.CI[0] <= m.CI[1]) || m.N > 0 && !(m.CI[0] <= m.Value && m.Value <= m.CI[1]) {
				t.Errorf("%v: got %+v", floats(xs), m)
			}
		}
	})
}

func bytesOf(xs ...float64) (bytes []byte) {
	for _, x := range xs {
		bytes = binary.LittleEndian.AppendUint64(bytes, math.Float64bits(x))
	}
	return bytes
}

func floats(bytes []byte) (xs []float64) {
	for ; len(bytes) >= 8; bytes = bytes[8:] {
		xs = append(xs, math.Float64frombits(binary.LittleEndian.Uint64(bytes)))
	}
	return xs
}
