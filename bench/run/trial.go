//go:build linux

package run

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"prefork/bench/load"
	"prefork/bench/result"
)

// try starts an arm once under a short load, so that what cannot work shows before
// anything is measured, and what is slow the first time has been.
func (r *run) try(ctx context.Context, p Part) (result.Round, error) {
	short := *r
	short.Strike = nil
	short.Plan.Length, short.Plan.Warmup = trialLength, 0
	round, err := short.perform(ctx, p)
	switch {
	case err != nil && p.Arm.Command != "" && p.Arm.Strategy != result.Peer:
		err = fmt.Errorf("%s: %w", p.Arm.Command, err)
	case err == nil && round.Requests == 0 && round.Lost() > 0:
		err = r.answeredNobody(p.Arm, round)
	}
	return round, err
}

// dispensable reports whether the trial of an arm may fail: a program has to know how
// to take connections that are passed to it, and most do not.
func dispensable(a result.Arm) bool {
	return a.Optional && a.Command != "" && a.Strategy == "dispatch"
}

// undispatched is why a program was not measured under dispatch.
func undispatched(err error) string {
	why := "it answered nobody"
	if !errors.Is(err, errNobody) {
		why, _, _ = strings.Cut(err.Error(), "; it said")
	}
	return why + ": a program has to know how to take connections that are passed to it over descriptor 3"
}

// leaveOut goes on without an arm that has failed its trial.
func (r *run) leaveOut(arm result.Arm, err error) {
	out := result.LeftOut{Arm: arm.Name, Reason: undispatched(err)}
	r.leftOut = append(r.leftOut, out)
	r.schedule.drop()
	r.tell(Progress{LeftOut: &out})
}

// briefly is an error without all that a server has said but its last line.
func briefly(err error) string {
	lines := strings.Split(err.Error(), "\n")
	if last := strings.TrimSpace(lines[len(lines)-1]); len(lines) > 1 {
		return lines[0] + " " + last
	}
	return lines[0]
}

// errNobody says that a server has not done at all what it is for.
var errNobody = errors.New("answered nobody")

func (r *run) answeredNobody(arm result.Arm, round result.Round) error {
	var failed []string
	for _, kind := range slices.Sorted(maps.Keys(round.Errors)) {
		one := fmt.Sprintf("%d × %s", round.Errors[kind], kind)
		if why := round.FirstErrors[kind]; why != "" {
			one += ": " + why
		}
		failed = append(failed, one)
	}
	hint := fmt.Sprintf("does it speak what --workload %s asks for?", r.Plan.Workload)
	if r.Plan.Workload == "hello" {
		hint = `--workload hello wants "Hello from PID" and the end; a web server is for --workload http.`
	}
	if arm.Command != "" && arm.Strategy == "dispatch" {
		hint += " Under dispatch a program gets connections passed over descriptor 3 and has none to accept: if it cannot do that, compare --arm shared --arm reuseport."
	}
	if round.Errors[load.Late] > 0 {
		hint += fmt.Sprintf(" One that is slow, or slow to start, was given up after %s (prefork bench has a --timeout).", r.Plan.Timeout)
	}
	return fmt.Errorf("%s %w, all connections failed (%s): %s", arm.Name, errNobody, strings.Join(failed, ", "), hint)
}

const trialLength = 150 * time.Millisecond
