package stats

import "fmt"

// TooFew and NoDifference are the findings of a Verdict besides Above and Below.
// Whoever calls Judge needs neither.
const (
	TooFew       = Unknown
	NoDifference = Same
)

// Verdict is a finding, and where it is TooFew, what it would take to get one.
type Verdict struct {
	Finding Finding
	// Needs is the number of further rounds until a claim may be made.
	Needs int
}

func (v Verdict) String() string {
	switch v.Finding {
	case NoDifference:
		return "no difference"
	case Above:
		return "above"
	case Below:
		return "below"
	}
	if v.Needs == 1 {
		return "needs 1 more round"
	}
	return fmt.Sprintf("needs %d more rounds", v.Needs)
}

// Verdict is what may be claimed. The arm differs from the baseline only if the
// confidence interval excludes 1 and the ratio lies outside noise, the interval
// that Noise found for the same metric: the first alone calls one in twenty
// pairs of identical arms different, and a bias that the order of arms or the
// machine brings into every round would pass it.
func (c Comparison) Verdict(noise [2]float64) Verdict {
	switch {
	case c.N < MinRounds:
		return Verdict{Finding: TooFew, Needs: MinRounds - c.N}
	case c.CI[0] > 1 && c.Ratio > noise[1]:
		return Verdict{Finding: Above}
	case c.CI[1] < 1 && c.Ratio < noise[0]:
		return Verdict{Finding: Below}
	}
	return Verdict{Finding: NoDifference}
}
