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
	// comparisons (see JudgeCounts); 1 if N is below 2. It is below 0.05 where CI
	// excludes 0, and only there.
	P float64
	// sd is what a round's difference is spread by, and needs the number
	// of rounds that have MinCountRuns.
	sd    float64
	needs int
}

// CompareCounts sets counted harm of an arm against that of the baseline, where
// arm[i], baseline[i] and twin[i] are of the same round; nil for no twin, and a zero
// Count for a round without one.
//
// A request that stalls has others that stall with it, so the counts of runs are spread
// wider than dice would have it, and by that much the difference is less sure
// (quasi-binomial; McCullagh & Nelder, "Generalized Linear Models", 1989, section 4.5).
// One bad round in ten is then one value that is far out, and no claim, whatever was in
// it. Two rounds that agree are enough: 99 of 600 stalled in each, and none of the
// baseline's. TestCountsClaimedFalsely and TestCountsFound hold it. What nothing can tell
// in two rounds is two mishaps that happen to be of one size.
func CompareCounts(arm, baseline, twin []Count) Counted {
	h, without := harmedIn(arm, baseline, twin)
	return h.counted(len(h.arm), without, h.needs())
}

// IndependentCounts sets the counted harm of the rounds of new runs against that of old
// ones, which have nothing in common.
func IndependentCounts(new, old []Count) Counted {
	h := harmed{arm: countedOf(new), reference: countedOf(old)}
	without := len(new) + len(old) - len(h.arm) - len(h.reference)
	return h.counted(min(len(h.arm), len(h.reference)), without, MinCountRuns/2)
}

// counted is what so many rounds say, of which some number is needed.
func (h harmed) counted(rounds, without, needs int) Counted {
	difference := h.difference(rounds)
	c := Counted{
		N: rounds, Without: without,
		Arm: sumOf(h.arm), Reference: sumOf(h.reference),
		Difference: difference.value, CI: [2]float64{-1, 1}, P: 1,
		sd: difference.se * math.Sqrt(float64(rounds)), needs: needs,
	}
	if c.N >= 2 {
		half := difference.halfWidth(level)
		c.CI = [2]float64{max(-1, c.Difference-half), min(1, c.Difference+half)}
		c.P = difference.p()
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
