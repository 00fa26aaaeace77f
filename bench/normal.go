package bench

import "math"

// normalFactor is how much worse than before the disturbance p99 may be to count
// as normal again.
const normalFactor = 2

// normalFloor, in microseconds, is a p99 that is normal whatever it was before:
// on a fast server twice of nothing is still nothing.
const normalFloor = 2000

// normalAfter is how many seconds after the moment of the disturbance the service
// was as before and stayed so: no failures, and p99 at most twice that of before
// it. nil if it had not recovered by the end. end and moment are in seconds from
// the start, as the slices' times are; those after end hold only stragglers.
func normalAfter(slices []Slice, moment, end float64) *float64 {
	var before, normal float64
	for _, s := range slices {
		if s.At < moment && s.Answered > 0 {
			before = max(before, s.P99)
		}
	}
	limit := max(normalFactor*before, normalFloor)
	recovered := true
	for i, s := range slices {
		if s.At < moment || s.At >= end || (s.Answered == 0 && s.Failed == 0) {
			continue
		}
		if recovered = s.Failed == 0 && s.P99 <= limit; !recovered {
			normal = end - moment
			if i+1 < len(slices) {
				normal = slices[i+1].At - moment
			}
		}
	}
	if !recovered {
		return nil
	}
	normal = math.Round(normal*1000) / 1000 // slices begin at whole milliseconds
	return &normal
}
