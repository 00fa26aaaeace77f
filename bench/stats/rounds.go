package stats

import (
	"math"
	"sort"
)

// power is how likely the rounds that it would take do tell.
const power = 0.8

// roundsToTell is how many rounds in all give an answer with a probability of 80 %,
// if they are spread as those seen so far and the difference is the one seen so far.
// Two answers are open to it. Same, once the interval and the luck of the rounds to
// come fit between the difference and the margin. Different, once they fit between
// the difference and nothing, at the level that the strictest of all comparisons is
// held to.
func (c evidence) roundsToTell(members int) int {
	if math.IsNaN(c.sd) || math.IsNaN(c.middle) {
		return c.needs
	}
	inside := c.margin - math.Abs(c.middle)
	return c.rounds + 1 + sort.Search(max(0, MaxRounds-c.rounds), func(more int) bool {
		n := float64(c.rounds + 1 + more)
		se := c.sd / math.Sqrt(n)
		luck := studentQuantile(power, n-1)
		return (studentQuantile(1-level/2, n-1)+luck)*se <= inside ||
			(studentQuantile(1-level/2/float64(members), n-1)+luck)*se <= math.Abs(c.middle)
	})
}
