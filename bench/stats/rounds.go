package stats

import (
	"math"
	"sort"

	"gonum.org/v1/gonum/stat/distuv"
)

// luck is how many standard errors the rounds to come may stray without harm: that far
// or less in 80 % of runs.
var luck = distuv.UnitNormal.Quantile(0.80)

// roundsToTell is how many rounds in all give an answer, if they are spread as those
// seen so far and the difference is the one seen so far. Two answers are open to it.
// Same, once the interval and the luck fit between the difference and the margin.
// Different, once they fit between the difference and nothing, at the level that the
// strictest of all comparisons is held to. TestRoundsToTell counts how often it comes
// true.
func (c evidence) roundsToTell(members int) int {
	inside := c.margin - math.Abs(c.middle)
	fits := func(n int, gap, alpha float64) bool {
		errors := gap / (c.sd / math.Sqrt(float64(n)))
		return 2*studentCDF(luck-errors, float64(n-1)) <= alpha
	}
	next := c.rounds + 1
	return next + sort.Search(max(0, MaxRounds+1-next), func(more int) bool {
		n := next + more
		return fits(n, inside, level) || fits(n, math.Abs(c.middle), level/float64(members))
	})
}
