//go:build linux

package bench

import (
	"cmp"
	"fmt"
	"strings"

	"prefork/bench/result"
	"prefork/strategies"
	"prefork/strategies/accept"
)

// NotHereError says that this user, or this kernel, cannot have an arm, and that the
// run cannot do without it.
type NotHereError struct {
	Arm result.Arm
	Err error
}

func (e *NotHereError) Error() string {
	if e.Arm.Optional {
		return fmt.Sprintf("nothing is left to compare: without %s, for %v", e.Arm.Name, e.Err)
	}
	name, _, _ := strings.Cut(e.Arm.Name, " ") // flags follow
	return fmt.Sprintf("--arm %s: %v; --arm '%s?' leaves it out where this machine does not allow it", e.Arm.Name, e.Err, name)
}

func (e *NotHereError) Unwrap() error { return e.Err }

// obtainable sorts out the arms that this user cannot have here: an error where one
// must not be left out.
func obtainable(arms []result.Arm) (had []result.Arm, without []*NotHereError, err error) {
	type needs struct {
		accept, steer string
		many          bool
	}
	refused := map[needs]error{} // what is needed is tried to see
	for _, arm := range arms {
		need := needs{arm.Accept, arm.Steer, arm.Concurrency > 1}
		reason, known := refused[need]
		if !known {
			reason = probe(arm)
			refused[need] = reason
		}
		switch {
		case reason == nil:
			had = append(had, arm)
		case !arm.Optional:
			return nil, nil, &NotHereError{arm, reason}
		default:
			without = append(without, &NotHereError{arm, reason})
		}
	}
	return had, without, nil
}

// probe says why workers cannot wait, or the kernel cannot be had to pick, as the arm
// has them do.
func probe(arm result.Arm) error {
	mode, errMode := accept.LookupListening(arm.Accept)
	steer, errSteer := strategies.LookupSteer(arm.Steer)
	if err := cmp.Or(errMode, errSteer); err != nil {
		return err
	}
	if arm.Concurrency > 1 && arm.Accept != "" {
		errMode = mode.CheckPolls()
	}
	return cmp.Or(errMode, mode.Probe(), steer.Probe())
}
