package result

import (
	"fmt"

	"prefork/bench/load"
)

// What Round.Histograms are of.
const (
	LatencyTimes = "latency" // from when a request was due
	ServiceTimes = "service" // from when it was sent or its connection begun
	ConnectTimes = "connect" // the handshake
	CheapTimes   = "cheap"   // as latency, of the cheap requests alone
)

// Pooled is a histogram of all of an arm's rounds of a phase in which a metric is sound,
// or of the rough ones where none is; nil where none was kept.
func (r *Result) Pooled(arm, phase, of string, m Metric) (*load.Histogram, error) {
	rounds, _ := r.Showing(arm, phase, m)
	var sum *load.Histogram
	for _, round := range rounds {
		text, kept := round.Histograms[of]
		if !kept {
			continue
		}
		h := load.NewHistogram()
		if err := h.UnmarshalText([]byte(text)); err != nil {
			return nil, fmt.Errorf("%s, %s loop, round %d: %w", arm, phase, round.Round, err)
		}
		if sum == nil {
			sum = h
			continue
		}
		sum.Merge(h.Histogram)
	}
	return sum, nil
}
