package result

import (
	"errors"
	"fmt"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"prefork/bench/stats"
	"prefork/internal/lookup"
)

// Threshold is a condition on a result that makes a run fail: --fail-if.
type Threshold struct {
	text   string
	surely bool // asked of the near end of the interval, and not of the median
	left   operand
	above  bool // crossed when left is above the right side, or else below
	equal  bool // crossed by equality as well
	limit  float64
	// right, if it is there, is multiplied by limit.
	right *operand
}

// operand is a metric of an arm, in a phase, or in that where it says most.
type operand struct {
	old    bool // of the older of two results
	phase  string
	metric Metric
	arm    string
	load   string // of a load curve; "" for the one that the arms are judged at
}

// ErrNotMeasured says that there is nothing to hold against a threshold.
var ErrNotMeasured = errors.New("not measured")

const thresholdForms = "write it like 'p99(dispatch/round-robin) > 2ms', 'closed.p99(shared/blocking) > 500us', of a load curve 'p99(shared/blocking, 80%) > 2ms', or 'throughput(reuseport/hash) < 0.9 * throughput(shared/blocking)'; 'surely p99(…) > 2ms' holds if all of the interval does"

const operandForm = `(?:(old)\s*\.\s*)?(?:(\w+)\s*\.\s*)?(\w+)\s*\(\s*([^()]*?)\s*\)`

var (
	thresholdText = sync.OnceValue(func() *regexp.Regexp {
		return regexp.MustCompile(`^\s*(?:(surely)\s+)?` + operandForm + `\s*(>=|<=|>|<)\s*(.*?)\s*$`)
	})
	// A factor has no letter but that of an exponent, or p99 would be one.
	factorText = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^(?:([-+.\deE]+)\s*\*\s*)?` + operandForm + `$`) })
)

// ParseThreshold reads a condition. Metrics and phases are checked at once; the
// arms, which it cannot know, by Check.
func ParseThreshold(text string) (t Threshold, err error) {
	m := thresholdText().FindStringSubmatch(text)
	if m == nil {
		return t, errors.New(thresholdForms)
	}
	t = Threshold{text: strings.TrimSpace(text), surely: m[1] != "", above: m[6][0] == '>', equal: len(m[6]) == 2}
	if t.left, err = parseOperand(m[2:6]); err != nil {
		return t, err
	}
	if f := factorText().FindStringSubmatch(m[7]); f != nil {
		err = t.parseRight(f)
	} else {
		t.limit, err = parseLimit(m[7], t.left.metric)
	}
	if err == nil {
		err = t.checkSurely()
	}
	return t, err
}

func (t *Threshold) parseRight(m []string) error {
	right, err := parseOperand(m[2:6])
	if err != nil {
		return err
	}
	if right.metric.Unit != t.left.metric.Unit {
		return fmt.Errorf("%s and %s have different units", t.left.metric.Name, right.metric.Name)
	}
	t.right, t.limit = &right, 1
	if m[1] != "" {
		t.limit, err = parseNumber(m[1])
	}
	return err
}

func parseOperand(m []string) (o operand, err error) {
	o.old, o.phase = m[0] != "", m[1]
	o.arm, o.load = armAndLoad(m[3])
	if o.phase != "" && o.phase != Closed && o.phase != Open {
		return o, lookup.Unknown("phase", o.phase, []string{Closed, Open})
	}
	var ok bool
	if o.metric, ok = LookupMetric(m[2]); !ok {
		return o, lookup.Unknown("metric", m[2], metricNames())
	}
	switch {
	case o.arm == "":
		return o, fmt.Errorf("of which arm? %s", thresholdForms)
	case o.load != "" && o.phase == Closed:
		return o, fmt.Errorf("%s is a rate of the open loop, and the closed one has none: leave out one of the two", o.load)
	}
	return o, nil
}

// armAndLoad takes an arm and one of a load curve's rates apart: "shared/blocking, 80%".
func armAndLoad(text string) (arm, load string) {
	if at := strings.LastIndex(text, ","); at >= 0 {
		if rate, err := parseRate(strings.TrimSpace(text[at+1:])); err == nil {
			return strings.TrimSpace(text[:at]), rate.String()
		}
	}
	return text, ""
}

// parseLimit reads a number, or a time with its unit for a metric that is one.
func parseLimit(text string, m Metric) (float64, error) {
	scale := map[string]time.Duration{"µs": time.Microsecond, "s": time.Second}[m.Unit]
	if d, err := time.ParseDuration(text); err == nil && text != "0" {
		if scale == 0 {
			return 0, fmt.Errorf("%s is no time: give a plain number", m.Name)
		}
		if d < 0 {
			return 0, fmt.Errorf("%s is below 0, which %s never is", text, m.Name)
		}
		return float64(d) / float64(scale), nil
	}
	if strings.HasSuffix(text, "%") {
		return 0, fmt.Errorf("%q: a percentage of what? write 0.9 * %s(ARM)", text, m.Name)
	}
	x, err := parseNumber(text)
	if err == nil && x != 0 && scale != 0 {
		return 0, fmt.Errorf("%s is a time: give %s a unit, such as %sms or %sus", m.Name, text, text, text)
	}
	return x, err
}

func parseNumber(text string) (float64, error) {
	x, err := strconv.ParseFloat(text, 64)
	if err != nil || !finite(x) || x < 0 {
		return 0, fmt.Errorf("%q is no number of 0 or more, nor a time such as 2ms", text)
	}
	return x, nil
}

func metricNames() (names []string) {
	for _, m := range Metrics {
		names = append(names, m.Name)
	}
	return names
}

// String is the condition as it was written.
func (t Threshold) String() string { return t.text }

// Check says whether the arms that the condition names are there. Those of the
// older result are nil if there is none.
func (t Threshold) Check(arms, old []string) error {
	for _, o := range t.operands() {
		among := arms
		if o.old {
			among = old
		}
		if among == nil {
			return errors.New("there is no older result here: old. is for prefork compare")
		}
		if !slices.Contains(among, o.arm) {
			return lookup.Unknown("arm", o.arm, among)
		}
	}
	return nil
}

// CheckRates says whether the rates that the condition names are of the plan's load curve.
// That of the older result is nil if there is none.
func (t Threshold) CheckRates(plan Plan, old *Plan) error {
	for _, o := range t.operands() {
		of := plan
		if o.old && old != nil {
			of = *old
		}
		switch {
		case o.load == "":
		case len(of.Rates) == 0:
			return fmt.Errorf("%s: this is no load curve: leave out %s, or give several rates, such as --rate 50%%,80%%", o, o.load)
		case !slices.Contains(of.Loads(Open), o.load):
			return lookup.Unknown("rate", o.load, of.Loads(Open))
		}
	}
	return nil
}

func (t Threshold) operands() []operand {
	if t.right == nil {
		return []operand{t.left}
	}
	return []operand{t.left, *t.right}
}

// Comparable is an error if the condition holds the open loop of one run against that
// of another, and the two are no match.
func (t Threshold) Comparable(r, old *Result) error {
	of := map[bool]bool{}
	for _, o := range t.operands() {
		if o.loop(r) == Open {
			of[o.old] = true
		}
	}
	if err := RatesApart(old, r); err != nil && len(of) == 2 {
		return fmt.Errorf("'%s' is of the open loop: %w", t, err)
	}
	return nil
}

// Crossed is whether the medians of the sound rounds meet the condition, or with "surely"
// the whole interval, and what they are, in words. The older result may be nil if Check was told so. The error
// is ErrNotMeasured where there are no medians.
func (t Threshold) Crossed(r, old *Result) (crossed bool, value string, err error) {
	if t.surely {
		return t.surelyCrossed(r, old)
	}
	left, value, err := t.left.found(r, old)
	limit := t.limit
	if err == nil && t.right != nil {
		var right float64
		var said string
		right, said, err = t.right.found(r, old)
		value, limit = value+", "+said, t.limit*right
	}
	if err != nil {
		return false, "", err
	}
	return t.crosses(left, limit), value, nil
}

// Unanswered is which of the arms lost connections where the condition is one of
// latency, in words: it knows nothing of those.
func (t Threshold) Unanswered(r, old *Result) (all []string) {
	for _, o := range t.operands() {
		phase, lost := o.loop(o.among(r, old)), 0
		for _, round := range o.among(r, old).In(phase) {
			if round.Arm == o.arm {
				lost += round.Lost()
			}
		}
		if lost > 0 && o.metric.Answered {
			all = append(all, fmt.Sprintf("%s lost %d in the %s loop", o.arm, lost, phase))
		}
	}
	return all
}

func (t Threshold) crosses(x, limit float64) bool {
	switch {
	case x == limit:
		return t.equal
	case t.above:
		return x > limit
	}
	return x < limit
}

// found is the median, and that in words. Of a load curve they say at which rate it is.
func (o operand) found(r, old *Result) (median float64, words string, err error) {
	if of := o.among(r, old); o.load == "" {
		o.load = of.Plan.JudgedAt(o.loop(of))
	}
	if median, err = o.median(r, old); err != nil {
		return 0, "", err
	}
	return median, o.show(median), nil
}

// median counts a round that was never normal again as an endless time, so that
// 'normal_after(…) > 5s' is true of it.
func (o operand) median(r, old *Result) (float64, error) {
	r = o.among(r, old)
	phase := o.loop(r)
	rounds := series(r.In(phase))
	values := rounds.of(o.arm, o.metric)
	if o.metric.Name == recovery {
		for range rounds.never(o.arm) {
			values = append(values, math.Inf(1))
		}
	}
	if few, ok := r.UntoldOf(o.arm, phase, o.metric); ok && len(values) == 0 {
		return 0, fmt.Errorf("%s: %w: %s", o, ErrNotMeasured, few)
	}
	if phase == "" || len(values) == 0 {
		return 0, fmt.Errorf("%s: %w in any sound round", o, ErrNotMeasured)
	}
	return stats.MedianOf(values).Value, nil
}

// among is the result that it is of, seen at its load.
func (o operand) among(r, old *Result) *Result {
	if o.old {
		r = old
	}
	if o.load == "" {
		return r
	}
	return r.At(o.load)
}

// loop is the phase that it is of, "" if the result has none that says anything.
func (o operand) loop(r *Result) string {
	switch {
	case o.phase != "":
		return o.phase
	case o.load != "":
		return Open
	}
	phase, ok := r.Home(o.metric)
	if !ok {
		return ""
	}
	return phase
}

func (o operand) String() string {
	name := o.metric.Name + "(" + o.arm + ")"
	if o.load != "" {
		name = o.metric.Name + "(" + o.arm + ", " + o.load + ")"
	}
	if o.phase != "" {
		name = o.phase + "." + name
	}
	if o.old {
		name = "old." + name
	}
	return name
}

// show is the median as it was found, a time with its unit.
func (o operand) show(x float64) string {
	switch {
	case math.IsInf(x, 1):
		return o.String() + " is never"
	case o.metric.Unit == "":
		return o.String() + " is " + number(x)
	}
	return o.String() + " is " + number(x) + " " + o.metric.Unit
}

func number(x float64) string {
	if x >= 1000 && !math.IsInf(x, 0) {
		return strconv.FormatFloat(x, 'f', 0, 64)
	}
	return strconv.FormatFloat(x, 'g', 4, 64)
}
