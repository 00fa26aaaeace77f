package stats

import "math"

// MinCountRounds is the least number of rounds that counted harm is claimed from:
// one is a single cluster, whatever is in it.
const MinCountRounds = 2

// Count is how many requests (or connections) of an arm came to harm in one round:
// lost, stalled or reset, of how many.
type Count struct{ Harmed, Of int }

// usable is not a round in which nothing was counted, or more than there were.
func (c Count) usable() bool { return c.Of > 0 && 0 <= c.Harmed && c.Harmed <= c.Of }

func (c Count) plus(other Count) Count { return Count{c.Harmed + other.Harmed, c.Of + other.Of} }

func (c Count) share() float64 { return float64(c.Harmed) / float64(c.Of) }

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
	// sd is the standard deviation of a round's difference.
	sd float64
}

// CompareCounts sets counted harm of an arm against that of the baseline, where
// arm[i], baseline[i] and twin[i] are of the same round; nil for no twin, and a zero
// Count for a round without one.
//
// Two things must both speak for a difference. The sums: Fisher's exact test, as if
// every request were thrown by itself. And the rounds: a request that stalls has
// others that stall with it, so what a round differs by counts as one value, and its
// spread over rounds is what the mean is held against (the linearised variance of a
// ratio, Cochran, "Sampling Techniques", 1977, section 6.13). One bad round in ten is
// then one value that is far out, and no claim. The spread that dice alone would
// give is known beforehand; only what is seen beyond it is estimated from the
// rounds, and has their few degrees of freedom (Satterthwaite, 1946). So two rounds
// that agree are enough, and two that do not are not. TestCountsSize and
// TestCountsPower hold it.
func CompareCounts(arm, baseline, twin []Count) Counted {
	var arms, references []Count
	all := max(len(arm), len(baseline), len(twin))
	for i := range all {
		reference := onlyUsable(countAt(baseline, i)).plus(onlyUsable(countAt(twin, i)))
		if a := countAt(arm, i); a.usable() && reference.usable() {
			arms, references = append(arms, a), append(references, reference)
		}
	}
	c := Counted{N: len(arms), Without: all - len(arms), Arm: sumOf(arms), Reference: sumOf(references)}
	c.Difference = c.Arm.share() - c.Reference.share()
	byRounds := clustered(arms, references)
	half := byRounds.halfWidth(level)
	c.CI = [2]float64{max(-1, c.Difference-half), min(1, c.Difference+half)}
	c.P, c.sd = 1, byRounds.se*math.Sqrt(float64(c.N))
	if c.N >= MinCountRounds {
		c.P = max(byRounds.p(), fisher(c.Arm, c.Reference))
	} else {
		c.CI = [2]float64{-1, 1}
	}
	return c
}

// JudgeCounts is Judge for counted harm. margin is the difference of shares up to
// which two arms count as the same, 0.001 for one request in a thousand.
func JudgeCounts(family []Counted, margin float64) []Judgement {
	cases := make([]evidence, len(family))
	for i, c := range family {
		cases[i] = evidence{
			rounds: c.N, needs: MinCountRounds, p: c.P, sd: c.sd,
			middle: c.Difference, margin: margin, low: c.CI[0], high: c.CI[1],
		}
	}
	return judge(cases)
}

func countAt(counts []Count, i int) Count {
	if i < len(counts) {
		return counts[i]
	}
	return Count{}
}

func onlyUsable(c Count) Count {
	if c.usable() {
		return c
	}
	return Count{}
}

func sumOf(counts []Count) (all Count) {
	for _, c := range counts {
		all = all.plus(c)
	}
	return all
}
