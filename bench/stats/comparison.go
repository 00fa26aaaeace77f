// Package stats is what may be said about measurements: how much two arms
// differ and how sure that is, how evenly work was spread, what queueing theory
// expects, and the random load that is the same for every arm. It does no input
// or output, and all its randomness is passed in, so a seed repeats a result.
package stats

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
