package load

import "fmt"

// Sum adds up what several generators saw, each of its share of one load, in the same
// window: as if one had seen it all. Their histograms have the same bounds, so nothing of a
// quantile is lost. The zero value is of none.
type Sum struct{ total *Result }

// Add takes in one more, and uses it up. An order that has a timeline must have been Shared.
func (s *Sum) Add(r *Result) error {
	if s.total == nil {
		s.total = r
		return nil
	}
	if r.Loop != s.total.Loop || len(r.Timeline) != len(s.total.Timeline) {
		return fmt.Errorf("results of different orders: %s loop and %s, %d slices and %d", s.total.Loop, r.Loop, len(s.total.Timeline), len(r.Timeline))
	}
	s.total.add(r)
	for kind, first := range r.First {
		if s.total.First[kind] == "" {
			s.total.First[kind] = first
		}
	}
	for i := range s.total.Timeline {
		if err := s.total.Timeline[i].add(r.Timeline[i]); err != nil {
			return err
		}
	}
	s.total.CPU += r.CPU
	return nil
}

// Result is the sum, to which nothing can be added any more; nil of none. From is the first
// one's, whose clock the others' need not be.
func (s *Sum) Result() *Result {
	if s.total != nil {
		for i := range s.total.Timeline {
			s.total.Timeline[i].settle()
		}
	}
	return s.total
}

// add takes in what another saw at the same time, but for First, Timeline and CPU.
func (r *Result) add(o *Result) {
	r.Threads += o.Threads
	r.Seconds, r.Partial = max(r.Seconds, o.Seconds), r.Partial || o.Partial
	r.Requests += o.Requests
	r.Conns += o.Conns
	r.Stalled += o.Stalled
	r.Again += o.Again
	r.MaxOpen += o.MaxOpen
	r.Due += o.Due
	r.Begun += o.Begun
	for _, pair := range [...]struct{ to, from *Histogram }{
		{r.Response, o.Response}, {r.Service, o.Service}, {r.Connect, o.Connect}, {r.Lag, o.Lag}, {r.Cheap, o.Cheap},
	} {
		if pair.to != nil && pair.from != nil {
			pair.to.Merge(pair.from.Histogram)
		}
	}
	addCounts(r.Errors, o.Errors)
	addCounts(r.Workers, o.Workers)
	addCounts(r.Held, o.Held)
	addFates(r.After, o.After)
}

func addCounts[K comparable](to, from map[K]int) {
	for key, n := range from {
		to[key] += n
	}
}

// add takes in another generator's slice of the same time.
func (s *Slice) add(o Slice) error {
	if s.At != o.At {
		return fmt.Errorf("slices of different times: %g s and %g s", s.At, o.At)
	}
	s.Answered += o.Answered
	s.Failed += o.Failed
	s.Stalled += o.Stalled
	if s.Times == nil {
		s.Times = o.Times
	} else if o.Times != nil {
		s.Times.Merge(o.Times.Histogram)
	}
	return nil
}

// settle works out the quantiles, after which nothing can be added.
func (s *Slice) settle() {
	if s.Times != nil {
		s.P50, s.P99 = float64(s.Times.ValueAtQuantile(50)), float64(s.Times.ValueAtQuantile(99))
		s.Times = nil
	}
}
