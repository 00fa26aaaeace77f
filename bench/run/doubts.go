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
	sizes := OfGenerator(o, seen.Result)
	sizes["steal"] = 100 * machine.stolen
	sizes["neighbours"] = 100 * machine.others(seen.meter.used()+seen.beside, runtime.NumCPU())
	sizes["unseen"] = 100 * min(1, 1-seen.meter.seen(seen.Result))
	if !maps.Equal(seen.meter.before.Unwaited, seen.meter.after.Unwaited) {
		sizes["unwaited"] = 1
	}
	return sizes
}

// OfGenerator are those of the reasons, by name, that lie with the load generator.
func OfGenerator(o load.Order, seen *load.Result) map[string]float64 {
	sizes := map[string]float64{}
	if n := seen.Errors[load.Local]; n > 0 {
		sizes["no ports"] = float64(n)
	}
	switch {
	case o.Rate > 0 && seen.Due > 0:
		sizes["late"] = 100 * (1 - float64(seen.Begun)/float64(seen.Due))
	case o.Rate == 0 && o.TLS == nil && !o.Null: // a client that speaks TLS is slower than any server, and says so
		sizes["generator busy"] = 100 * seen.CPU.Seconds() / (seen.Seconds * float64(seen.Threads))
	}
	return sizes
}
