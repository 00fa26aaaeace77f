//go:build linux

package run

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
func doubt(o load.Order, seen *load.Result, stealPct float64) error {
	switch {
	case seen.Errors[load.Local] > 0:
		return fmt.Errorf("the load generator ran out of ports or descriptors %d times", seen.Errors[load.Local])
	case stealPct > stealLimit:
		return fmt.Errorf("%.0f %% of the processors' time went to other machines on this host", stealPct)
	case o.Rate > 0 && seen.Due > 0 && float64(seen.Begun) < rateLimit*float64(seen.Due):
		return lateError{begun: seen.Begun, due: seen.Due}
	case o.Rate == 0 && seen.CPU.Seconds() > busyLimit*seen.Seconds*float64(seen.Threads):
		return errors.New("the load generator was as busy as it can be: it was the one measured (give it more processors, or fewer --clients)")
	}
	return nil
}
