package result

import (
	"fmt"
	"math"

	"prefork/bench/stats"
)

// surely is the word that makes a condition one on the near end of an interval: 'surely
// p99(x) > 2ms' holds if all of the 95 % interval of p99 is above 2 ms.
const surely = "surely"

// checkSurely is an error if a condition asks for an interval of what has none.
func (t Threshold) checkSurely() error {
	for _, o := range t.operands() {
		measured := o.metric.Kind == Rate || o.metric.Kind == Time || o.metric.Kind == Cost
		if t.surely && (!measured || o.metric.Name == recovery) {
			return fmt.Errorf("%s has no interval to be sure by: leave out %q", o.metric.Name, surely)
		}
	}
	return nil
}

// surelyCrossed is whether the whole interval meets the condition, and what there is, in
// words.
func (t Threshold) surelyCrossed(r, old *Result) (crossed bool, value string, err error) {
	center, interval, err := t.interval(r, old)
	if err != nil {
		return false, "", err
	}
	near, limit, word := interval[0], t.limit, "above"
	if !t.above {
		near, word = interval[1], "below"
	}
	if !finite(near) || near == 0 {
		return false, "", fmt.Errorf("%s: %w in the two rounds that an interval takes", t, ErrNotMeasured)
	}
	if t.right != nil {
		value = fmt.Sprintf("%s is %s times %s, surely %s %s", t.left, number(center), t.right, word, number(near))
	} else {
		value = fmt.Sprintf("%s, surely %s %s %s", t.left.show(center), word, number(near), t.left.metric.Unit)
	}
	return t.crosses(near, limit), value, nil
}

// interval is that of the left side, or of its ratio to the right one. Arms of one run are
// compared round by round.
func (t Threshold) interval(r, old *Result) (center float64, interval [2]float64, err error) {
	for _, o := range t.operands() {
		if _, err := o.median(r, old); err != nil {
			return 0, interval, err
		}
	}
	left, leftBy := t.left.rounds(r, old)
	if t.right == nil {
		mean := stats.GeoMean(left)
		return mean.Value, mean.CI, nil
	}
	right, rightBy := t.right.rounds(r, old)
	c := stats.Independent([][]float64{left}, [][]float64{right})
	if t.left.old == t.right.old && t.left.loop(t.left.among(r, old)) == t.right.loop(t.right.among(r, old)) {
		var ours, theirs []float64
		for n, x := range leftBy {
			if y, both := rightBy[n]; both {
				ours, theirs = append(ours, x), append(theirs, y)
			}
		}
		c = stats.Paired(ours, theirs, nil)
	}
	return c.Ratio, c.CI, nil
}

// rounds are the sound values of an operand, and by the number of the round.
func (o operand) rounds(r, old *Result) (values []float64, byRound map[int]float64) {
	r = o.among(r, old)
	s := series(r.In(o.loop(r)))
	byRound = s.byRound(o.arm, o.metric)
	for n, x := range byRound {
		if math.IsNaN(x) {
			delete(byRound, n)
		}
	}
	return s.of(o.arm, o.metric), byRound
}
