package stats

import (
	"iter"
	"math"
	"math/rand/v2"
	"time"
)

// Arrivals are the offsets from the start of a Poisson stream of rate arrivals
// a second: the gaps are exponential, and do not wait for any answer. They have
// no end (but that of a Duration, after 292 years); a rate that is not above 0
// has none.
//
// For common random numbers (Law, "Simulation Modeling and Analysis", chapter
// 11) every arm gets the same seed, and arrivals and service times a source
// each: from a shared one, who draws first would change what the other gets.
// At another rate the same seed gives the same pattern, stretched.
func Arrivals(rate float64, random *rand.Rand) iter.Seq[time.Duration] {
	return func(yield func(time.Duration) bool) {
		if !(rate > 0) {
			return
		}
		// Summed as a float: gaps rounded to nanoseconds would add up to
		// another rate than was asked for.
		for at := 0.0; ; {
			at += random.ExpFloat64() / rate * float64(time.Second)
			if at >= math.MaxInt64 || !yield(time.Duration(at)) {
				return
			}
		}
	}
}
