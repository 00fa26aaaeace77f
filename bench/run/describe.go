//go:build linux

package run

import (
	"prefork/bench/load"
	"prefork/bench/result"
)

// Describe is a round as the load generator saw it. Whose it was is left open.
func Describe(o load.Order, seen *load.Result) result.Round {
	r := result.Round{
		OfferedRate: o.Rate, Seconds: seen.Seconds,
		Conns: seen.Conns, Requests: seen.Requests, Errors: seen.Errors, FirstErrors: seen.First, Stalled: seen.Stalled, MaxOpen: seen.MaxOpen,
		Throughput: seen.Throughput(),
		Latency:    shape(seen.Response), Service: shape(seen.Service), Connect: shape(seen.Connect),
		Histograms: map[string]string{},
	}
	for of, h := range map[string]*load.Histogram{
		result.LatencyTimes: seen.Response, result.ServiceTimes: seen.Service, result.ConnectTimes: seen.Connect, result.CheapTimes: seen.Cheap,
	} {
		if h == nil || h.TotalCount() == 0 {
			continue
		}
		if text, err := h.MarshalText(); err == nil { // it is of our own making
			r.Histograms[of] = string(text)
		}
	}
	if seen.Cheap != nil {
		cheap := shape(seen.Cheap)
		r.Cheap = &cheap
	}
	if o.Rate > 0 {
		lag := float64(seen.Lag.ValueAtQuantile(99))
		r.ScheduleLagP99 = &lag
	}
	for _, s := range seen.Timeline {
		r.Timeline = append(r.Timeline, result.Slice{At: s.At, Answered: s.Answered, Failed: s.Failed, Stalled: s.Stalled, P50: s.P50, P99: s.P99})
	}
	return r
}

// manySamples is how many a percentile of 99.9 takes.
const manySamples = 10000

func shape(h *load.Histogram) result.Latency {
	l := result.Latency{N: int(h.TotalCount())}
	if l.N == 0 {
		return l
	}
	at := func(q float64) float64 { return float64(h.ValueAtQuantile(q)) }
	l.Min, l.P50, l.P90, l.P99, l.Max = float64(h.Min()), at(50), at(90), at(99), float64(h.Max())
	l.Mean, l.SD = h.Mean(), h.StdDev()
	if l.N >= manySamples {
		p999 := at(99.9)
		l.P999 = &p999
	}
	return l
}
