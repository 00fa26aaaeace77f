// Package stats is what may be said about measurements: how much two arms
// differ and how sure that is, how evenly work was spread, what queueing theory
// expects, and the random load that is the same for every arm. It does no input
// or output, and all its randomness is passed in, so a seed repeats a result.
package stats

import (
	"math"
	"math/rand/v2"

	moremath "github.com/aclements/go-moremath/stats"
)

// Comparison is one metric of an arm against that of the baseline. Its unit is
// the round: one number of each arm, taken one after the other under the same
// conditions, whatever the number of requests in it (Abedi & Brecht,
// "Conducting Repeatable Experiments in Highly Variable Cloud Computing
// Environments", ICPE 2017).
type Comparison struct {
	// N is the number of rounds that gave a ratio.
	N int
	// NoRatio is the number of rounds that gave none, as a value was missing,
	// zero, negative or not finite. Where it is not 0 the reader must be told:
	// the rest may be the better rounds.
	NoRatio int
	// Arm and Reference are the geometric means of exactly those rounds, in the
	// unit of the metric; NaN if N is 0.
	Arm, Reference float64
	// Ratio is Arm/Reference, which is also the geometric mean of the rounds'
	// ratios; NaN if N is 0. It is what Fleming & Wallace ask for ("How Not to
	// Lie with Statistics", CACM 1986): swapping arm and baseline inverts it.
	Ratio float64
	// CI holds the true ratio with 95 % confidence; [0, +Inf] if N is below 2.
	CI [2]float64
	// P is the two-sided p-value for a true ratio of 1, not corrected for other
	// comparisons (see Judge); 1 if N is below 2. It is below 0.05 where CI
	// excludes 1, and only there.
	P float64
	// SD is the standard deviation of the logarithm of a round's ratio: 0.05 is
	// about 5 %. NaN if N is below 2.
	SD float64
}

// Compare sets the values of an arm against those of the baseline, where
// arm[i] and baseline[i] are of the same round. Values may have any unit but
// must be above 0.
func Compare(arm, baseline []float64, random *rand.Rand) Comparison {
	var arms, bases, logs []float64
	for i := range min(len(arm), len(baseline)) {
		// Each is checked, and not the ratio alone: two negative ones have one,
		// and a NaN would never let the U test end.
		if measured(arm[i]) && measured(baseline[i]) {
			arms, bases = append(arms, arm[i]), append(bases, baseline[i])
			logs = append(logs, math.Log(arm[i])-math.Log(baseline[i]))
		}
	}
	low, high := meanInterval(logs, random)
	return Comparison{
		N:       len(logs),
		NoRatio: max(len(arm), len(baseline)) - len(logs),
		Ratio:   math.Exp(mean(logs)),
		CI:      [2]float64{math.Exp(low), math.Exp(high)},
		P:       mannWhitney(arms, bases),
	}
}

func measured(x float64) bool { return x > 0 && !math.IsInf(x, 1) }

// mannWhitney is the two-sided p-value of the U test (Mann & Whitney, "On a
// Test of Whether one of Two Random Variables is Stochastically Larger than the
// Other", 1947): exact for up to 50 values a sample, or 25 with ties. The
// samples must be of one size: the library takes the distribution of U for
// symmetric, which ties make untrue for unequal sizes (it then gives a p of 0
// for {1 2 3 5} and five ones, which is 0.095).
func mannWhitney(a, b []float64) float64 {
	result, err := moremath.MannWhitneyUTest(a, b, moremath.LocationDiffers)
	if err != nil {
		// No values, or all of them equal: nothing speaks for a difference.
		return 1
	}
	return result.P
}
