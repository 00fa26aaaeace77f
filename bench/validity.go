//go:build linux

package bench

import (
	"errors"
	"fmt"

	"prefork/bench/load"
)

// What makes a round worthless. It is then not low but invalid, for every arm.
const (
	busyLimit  = 0.97 // of its threads' time: the generator was the one measured
	rateLimit  = 0.97 // of what was due must have been begun in time
	stealLimit = 10.0 // per cent
)

// ErrRate says that the generator cannot make connections as fast as it was told.
var ErrRate = errors.New("the load generator cannot reach the rate")

// ErrNothingValid says that no round can be counted.
var ErrNothingValid = errors.New("no round is valid")

// lateError is an ErrRate with numbers.
type lateError struct{ begun, due int }

func (e lateError) Error() string {
	return fmt.Sprintf("%d of the %d connections that were due were begun in time", e.begun, e.due)
}

func (e lateError) Unwrap() error { return ErrRate }

// doubt is what is wrong with how a round was made; nil if nothing is. It says
// nothing about how the server did.
func doubt(o load.Order, result *load.Result, stealPct float64) error {
	switch {
	case result.Errors[load.Local] > 0:
		return fmt.Errorf("the load generator ran out of ports or descriptors %d times", result.Errors[load.Local])
	case stealPct > stealLimit:
		return fmt.Errorf("%.0f %% of the processors' time went to other machines on this host", stealPct)
	case o.Rate > 0 && result.Due > 0 && float64(result.Begun) < rateLimit*float64(result.Due):
		return lateError{begun: result.Begun, due: result.Due}
	case o.Rate == 0 && result.CPU.Seconds() > busyLimit*result.Seconds*float64(result.Threads):
		return errors.New("the load generator was as busy as it can be: it was the one measured (give it more processors, or fewer --clients)")
	}
	return nil
}

// voidRound marks every arm's share of a round as invalid if one is.
func voidRound(rounds []Round) {
	for i := range rounds {
		if rounds[i].Valid {
			continue
		}
		for j := range rounds {
			if rounds[j].Valid {
				rounds[j].Valid = false
				rounds[j].InvalidReason = fmt.Sprintf("%s%s: %s", voided, rounds[i].Arm, rounds[i].InvalidReason)
			}
		}
		return
	}
}
