//go:build linux

package run

import (
	"errors"
	"maps"
	"runtime"

	"prefork/bench/load"
)

// ErrRate says that the generator cannot make connections as fast as it was told.
var ErrRate = errors.New("the load generator cannot reach the rate")

// doubtful is how much of each of result.Reasons a part has met with, in their units. It
// says nothing about how the server did.
func doubtful(o load.Order, seen observed) map[string]float64 {
	machine := seen.meter.machine
	sizes := map[string]float64{
		"steal":      100 * machine.stolen,
		"neighbours": 100 * machine.others(seen.meter.used()+seen.CPU, runtime.NumCPU()),
		"unseen":     100 * min(1, 1-seen.meter.seen(seen.Result)),
	}
	if n := seen.Errors[load.Local]; n > 0 {
		sizes["no ports"] = float64(n)
	}
	if !maps.Equal(seen.meter.before.Unwaited, seen.meter.after.Unwaited) {
		sizes["unwaited"] = 1
	}
	switch {
	case o.Rate == 0:
		sizes["generator busy"] = 100 * seen.CPU.Seconds() / (seen.Seconds * float64(seen.Threads))
	case seen.Due > 0:
		sizes["late"] = 100 * (1 - float64(seen.Begun)/float64(seen.Due))
	}
	return sizes
}
