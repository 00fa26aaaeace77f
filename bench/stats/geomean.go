package stats

import "math"

// Mean is the geometric mean of one arm's rounds, and where that of all rounds it
// might have had lies.
type Mean struct {
	// N is the number of rounds in it; Missing those left out, as they had no
	// value, or one that is zero, negative or not finite.
	N, Missing int
	// Value has the unit of the rounds; NaN if N is 0.
	Value float64
	// CI is the 95 % confidence interval; [0, +Inf] if N is below 2. Its near
	// end is what is surely reached: p99 is surely above 2 ms if CI[0] is, with
	// 97.5 % confidence.
	CI [2]float64
}

// GeoMean is the geometric mean of rounds with Student's interval on their
// logarithms. The quotient of two of these is the ratio that Paired gives of the
// same rounds.
func GeoMean(rounds []float64) Mean {
	xs := measuredOf(rounds)
	logs := meanOf(logsOf(xs))
	value := math.Exp(logs.value)
	return Mean{
		N:       len(xs),
		Missing: len(rounds) - len(xs),
		Value:   value,
		CI:      around(value, logs.halfWidth(level)),
	}
}

// around is the interval value/exp(h) to value·exp(h). It always holds value, and
// is everything where value is not known or out of a float64's range.
func around(value, h float64) [2]float64 {
	if !measured(value) || !(h < math.Inf(1)) {
		return [2]float64{0, math.Inf(1)}
	}
	return [2]float64{value * math.Exp(-h), value * math.Exp(h)}
}
