package cli

import (
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/urfave/cli/v2"

	"prefork/bench/result"
)

// Exit codes of bench and compare.
const (
	exitInvalid = 98 // what was asked for could not be measured
	exitCrossed = 99 // a --fail-if came true
)

// thresholds reads the conditions under which a command fails. They name arms of a
// result and, if there is one, of an older.
func thresholds(c *cli.Context, arms, old []string) (limits []result.Threshold, err error) {
	for _, text := range c.StringSlice("fail-if") {
		limit, err := result.ParseThreshold(text)
		if err == nil {
			err = limit.Check(arms, old)
		}
		if err != nil {
			return nil, usage(fmt.Errorf("--fail-if '%s': %w", text, err))
		}
		limits = append(limits, limit)
	}
	return limits, nil
}

// checkRates refuses conditions on rates that no load curve has. The older plan may be nil.
func checkRates(limits []result.Threshold, plan result.Plan, old *result.Plan) error {
	for _, limit := range limits {
		if err := limit.CheckRates(plan, old); err != nil {
			return usage(fmt.Errorf("--fail-if '%s': %w", limit, err))
		}
	}
	return nil
}

func armNames(arms []result.Arm) (names []string) {
	for _, arm := range arms {
		names = append(names, arm.Name)
	}
	return names
}

// leftOutNames are arms that a condition may name too: it is of nothing measured then.
func leftOutNames(p result.Plan) (names []string) {
	for _, out := range p.LeftOut {
		names = append(names, out.Arm)
	}
	return names
}

// judge turns a result into an exit code: that of conditions that hold, if any do. The
// older result may be nil.
func judge(w io.Writer, r, old *result.Result, limits []result.Threshold) error {
	code, said := 0, []string(nil)
	for _, limit := range limits {
		crossed, value, err := limit.Crossed(r, old)
		switch {
		case err != nil:
			code = max(code, exitInvalid)
			said = append(said, fmt.Sprintf("--fail-if: %v", err))
		case crossed:
			code = max(code, exitCrossed)
			said = append(said, fmt.Sprintf("--fail-if '%s' holds: %s", limit, value))
		default:
			warnOfLost(w, limit, limit.Unanswered(r, old))
		}
	}
	if code == 0 {
		return nil
	}
	return coded{code, errors.New(strings.Join(said, "\nprefork: "))}
}

// warnOfLost says what a condition on latencies does not see.
func warnOfLost(w io.Writer, limit result.Threshold, unanswered []string) {
	for _, who := range unanswered {
		fmt.Fprintln(w, folded(w, fmt.Sprintf("prefork: --fail-if '%s' does not hold, but latency is of what was answered, and %s", limit, who)))
	}
}

// strictly is an error if a number that decides is rough: --strict.
func strictly(r *result.Result) error {
	if rough := r.Rough(); len(rough) > 0 {
		return coded{exitInvalid, fmt.Errorf("--strict: in no round sound: %s", strings.Join(rough, ", "))}
	}
	return nil
}
