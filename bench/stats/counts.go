package stats

import "math"

// MinCountRuns is the least number of runs, of arm, baseline and twin together, that
// counted harm is claimed from: two rounds with a twin, three without. With fewer the
// rounds cannot be told from two bad ones that happen to be alike.
const MinCountRuns = 6

// Counted is the counted harm of an arm against that of the baseline.
type Counted struct {
	// N is the number of rounds that count, Without that of those that do not, as
	// nothing was counted of the arm or of the baseline.
	N, Without int
	// Arm and Reference are the sums over exactly those rounds; the reference is
	// the baseline and its twin together.
	Arm, Reference Count
	// Difference is the share of the arm's that came to harm less that of the
	// reference's, −1 to 1; NaN if N is 0.
	Difference float64
	// CI holds the true difference with 95 % confidence, or more; [−1, 1] if N is
	// below 2.
	CI [2]float64
	// P is the two-sided p-value for no difference, not corrected for other
	// comparisons (see JudgeCounts); 1 if N is below 2. CI excludes 0 where it is
	// below 0.05.
	P float64
	// sd is the standard deviation of a round's difference, and needs the number
	// of rounds that have MinCountRuns.
	sd    float64
	needs int
}

// CompareCounts sets counted harm of an arm against that of the baseline, where
// arm[i], baseline[i] and twin[i] are of the same round; nil for no twin, and a zero
// Count for a round without one.
//
// Two tests must both find a difference. The sums: Fisher's exact test, as if every
// request were thrown by itself. And the rounds: a request that stalls has others
// that stall with it, so the counts of rounds are spread wider than dice would have
// it, and by that much the difference is less sure. How much is the largest of three
// estimates: by the paired differences of rounds, by the runs of the arm, and by those
// of the baseline and its twin. One bad round in ten is then one value that is far
// out, and no claim. What dice alone would spread is known beforehand; only what is
// beyond it is estimated from the rounds, and has their few degrees of freedom
// (Satterthwaite, 1946). So two rounds that agree are enough: 99 of 600 stalled in
// each, and none of the baseline's. TestCountsClaimedFalsely and TestCountsFound hold it.
func CompareCounts(arm, baseline, twin []Count) Counted {
	h, without := harmRoundsOf(arm, baseline, twin)
	difference := h.difference()
	c := Counted{
		N: len(h.arm), Without: without,
		Arm: sumOf(h.arm), Reference: sumOf(h.reference),
		Difference: difference.value, CI: [2]float64{-1, 1}, P: 1,
		sd: difference.se * math.Sqrt(float64(len(h.arm))), needs: h.needs(),
	}
	if c.N >= 2 {
		half := difference.halfWidth(level)
		c.CI = [2]float64{max(-1, c.Difference-half), min(1, c.Difference+half)}
		c.P = max(difference.p(), fisher(c.Arm, c.Reference))
	}
	return c
}

// JudgeCounts is Judge for counted harm. margin is the difference of shares up to
// which two arms count as the same, 0.001 for one request in a thousand.
func JudgeCounts(family []Counted, margin float64) []Judgement {
	cases := make([]evidence, len(family))
	for i, c := range family {
		cases[i] = evidence{
			rounds: c.N, needs: max(c.needs, 2), p: c.P, sd: c.sd,
			middle: c.Difference, margin: margin, low: c.CI[0], high: c.CI[1],
		}
	}
	return judge(cases)
}
