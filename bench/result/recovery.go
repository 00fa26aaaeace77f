package result

import (
	"math"
	"slices"
)

// normalFactor is how much worse than before the disturbance p99 may be to count
// as normal again.
const normalFactor = 2

// normalFloor, in microseconds, is a p99 that is normal whatever it was before:
// on a fast server twice of nothing is still nothing.
const normalFloor = 2000

// quietShare is how much of the time after the disturbance must have been normal at its
// end, so that a lucky moment is no recovery.
const quietShare = 0.1

// NormalAfter is how many seconds after the moment of the disturbance the service
// was as before and stayed so: no failures, and p99 at most twice that of before
// it, and no stall. One slice that is only slow, between two that are not, is chance.
// nil if it had not recovered by the end. end and moment are in seconds from the
// start, as the slices' times are; those after end hold only stragglers. stall is in
// microseconds, 0 for none.
func NormalAfter(all []Slice, moment, end, stall float64) *float64 {
	limit := normalLimit(all, moment, stall)
	normal := moment // when the last slice that was not normal had passed
	recovered, slow := true, false
	for i, s := range all {
		if s.At < moment || s.At >= end || (s.Answered == 0 && s.Failed == 0) {
			continue
		}
		before := slow
		slow = s.P99 > limit
		if recovered = s.Failed == 0 && !(slow && before); !recovered {
			normal = end
			if i+1 < len(all) {
				normal = all[i+1].At
			}
		}
	}
	if !recovered || normal > moment && end-normal < quietShare*(end-moment) {
		return nil
	}
	after := math.Round((normal-moment)*1000) / 1000 // slices begin at whole milliseconds
	return &after
}

// normalLimit is the p99 of a slice that is as before. The usual one of before is the
// median: the last ones have connections that the disturbance caught.
func normalLimit(all []Slice, moment, stall float64) float64 {
	var before []float64
	for _, s := range all {
		if s.At < moment && s.Answered > 0 {
			before = append(before, s.P99)
		}
	}
	usual := 0.0
	if len(before) > 0 {
		slices.Sort(before)
		usual = before[len(before)/2]
	}
	limit := max(normalFactor*usual, normalFloor)
	if stall > 0 {
		limit = min(limit, stall)
	}
	return limit
}
