//go:build linux

package bench

import (
	"fmt"
	"strings"

	"prefork/bench/result"
	"prefork/strategies"
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
	return fmt.Sprintf("--arm %s: %v; --arm '%s?' leaves it out where it cannot be had", e.Arm.Name, e.Err, name)
}

func (e *NotHereError) Unwrap() error { return e.Err }

// obtainable sorts out the arms that this user cannot have here: an error where one
// must not be left out.
func obtainable(arms []result.Arm) (had []result.Arm, without []*NotHereError, err error) {
	refused := map[string]error{} // by the way of steering, which is loaded to see
	for _, arm := range arms {
		reason, known := refused[arm.Steer]
		if !known {
			reason = probe(arm.Steer)
			refused[arm.Steer] = reason
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

// probe says why the kernel cannot be had to pick in a way; "" is that of the others.
func probe(name string) error {
	steer, err := strategies.LookupSteer(name)
	if err != nil {
		return err
	}
	return steer.Probe()
}
