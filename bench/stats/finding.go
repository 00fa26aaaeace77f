package stats

// MinRounds is the least number of rounds that a ratio is claimed from.
const MinRounds = 6

// MaxRounds is the most that an answer to "how many rounds would tell?" goes to.
const MaxRounds = 200

// Finding is what a comparison shows. Whether above is better is for whoever
// knows the metric.
type Finding int

// Unknown is the zero value: nothing is claimed of what was not measured.
const (
	// Unknown: this run cannot tell.
	Unknown Finding = iota
	// Same: the 95 % interval lies inside the margin, whether or not it excludes
	// no difference at all. Wrong in at most 5 % of cases.
	Same
	// LikelyAbove and LikelyBelow: the interval excludes no difference, but with
	// that many comparisons one may come out so by chance. Of what is called
	// likely, or different, at most a fifth is wrong in the mean; where nothing
	// differs, a fifth of runs at most call anything so.
	LikelyAbove
	LikelyBelow
	// Above and Below: the arm differs, whatever the number of comparisons (see
	// Adjust), and the interval is not inside the margin.
	Above
	Below
)

// Different says that the arm surely differs.
func (f Finding) Different() bool { return f == Above || f == Below }

// Likely says that the arm differs, but not surely.
func (f Finding) Likely() bool { return f == LikelyAbove || f == LikelyBelow }

func (f Finding) String() string {
	return [...]string{"unknown", "same", "likely above", "likely below", "above", "below"}[f]
}

// Judgement is a finding, and what it would take to get one where there is none.
type Judgement struct {
	Finding Finding
	// P is corrected for the comparisons of the family; below 0.05 is sure.
	P float64
	// Rounds is for what is Unknown or Likely: how many rounds it would take in
	// all, those that there are included, until the answer is most likely Same or
	// different. It is above MaxRounds where that would be more. 0 where there is
	// an answer.
	Rounds int
}
