package result

import (
	"slices"

	"prefork/bench/stats"
)

// Point is one arm at one load of a load curve.
type Point struct {
	Load string  `json:"load"` // as that of a Round
	Rate float64 `json:"rate"` // connections a second
	Arm  string  `json:"arm"`

	// Times are those of CurveTimes that there were answers enough to tell, by metric, in
	// microseconds.
	Times map[string]Estimate `json:"latency_us"`

	// Answered is the share of the requests due in the measured time of which as many were
	// answered in it. Lost and Stalled are of Of, all that were due.
	Answered float64 `json:"answered"`
	Lost     int     `json:"lost"`
	Stalled  int     `json:"stalled"`
	Of       int     `json:"of"`

	State string `json:"state,omitempty"` // Overload, Missed or Rough; "" where all is well
}

// Estimate is the geometric mean of the rounds, and where the true one lies with 95 %
// confidence.
type Estimate struct {
	Value float64  `json:"value"`
	CI95  Interval `json:"ci95"`
}

// What may be the matter with a point of a load curve.
const (
	Overload = "overload" // the arm fell behind: its times are those of how long that lasts
	Missed   = "missed"   // the load generator did not come to the rate
	Rough    = "rough"    // something from outside spoilt every round
)

// CurveTimes are the metrics that a load curve shows.
var CurveTimes = []string{"p50", "p99", "cheap_p99"}

// keepsUp is the least share of what comes that an arm must answer in the same time, all its
// rounds together. The rest is what chance has left in the queue at the end.
const keepsUp = 0.95

// curve are the points of all arms but the baseline's twin, load by load; none where the plan
// has but one rate.
func (r *Result) curve() (points []Point) {
	if len(r.Plan.Rates) == 0 {
		return nil
	}
	for _, load := range r.Plan.Loads(Open) {
		seen := r.At(load)
		for _, arm := range r.Arms {
			if !arm.Control && slices.ContainsFunc(seen.In(Open), func(round Round) bool { return round.Arm == arm.Name }) {
				points = append(points, seen.point(load, arm.Name))
			}
		}
	}
	return points
}

// point is an arm's at the load that the result is seen at.
func (r *Result) point(load, arm string) Point {
	p := Point{Load: load, Rate: r.offered(), Arm: arm, Times: map[string]Estimate{}}
	for _, name := range CurveTimes {
		metric, _ := LookupMetric(name)
		rounds, _ := r.Showing(arm, Open, metric)
		if mean := stats.GeoMean(metric.values(rounds)); mean.N > 0 {
			p.Times[name] = Estimate{mean.Value, mean.CI}
		}
	}
	answered := 0
	for _, round := range r.undisturbed(arm) {
		answered += round.Requests
		p.Lost, p.Stalled, p.Of = p.Lost+round.Lost(), p.Stalled+round.Stalled, p.Of+round.Ended()
	}
	p.Answered = float64(answered) / float64(max(p.Of, 1))
	p.State = r.state(p)
	return p
}

// undisturbed are an arm's rounds of the open loop, but for those that something from outside
// has spoilt where there are others.
func (r *Result) undisturbed(arm string) (rounds []Round) {
	var all []Round
	for _, round := range r.In(Open) {
		if round.Arm != arm {
			continue
		}
		all = append(all, round)
		if !round.Disturbed() {
			rounds = append(rounds, round)
		}
	}
	if len(rounds) == 0 {
		return all
	}
	return rounds
}

// state is what is the matter with a point. What was lost has not fallen behind.
func (r *Result) state(p Point) string {
	rounds := r.undisturbed(p.Arm)
	all := func(is func(Round) bool) bool {
		return !slices.ContainsFunc(rounds, func(round Round) bool { return !is(round) })
	}
	behind := 1 - p.Answered - float64(p.Lost)/float64(max(p.Of, 1))
	switch {
	case all(Round.Disturbed):
		return Rough
	case p.Of > 0 && behind > 1-keepsUp:
		return Overload
	case all(Round.Late):
		return Missed
	}
	return ""
}

// PointOf is an arm's at a load of the load curve; ok is false where it has none.
func (r *Result) PointOf(arm, load string) (p Point, ok bool) {
	return find(r.Curve, func(p Point) bool { return p.Arm == arm && p.Load == load })
}

// CurveLoads are those of the load curve that anything was measured at, the lowest first, each
// with its connections a second.
func (r *Result) CurveLoads() (loads []Point) {
	for _, p := range r.Curve {
		if len(loads) == 0 || loads[len(loads)-1].Load != p.Load {
			loads = append(loads, Point{Load: p.Load, Rate: p.Rate})
		}
	}
	return loads
}

// FullLoad is what a share of the load curve is of: the connections a second of the arm that
// reached the fewest; 0 where the rates were given.
func (r *Result) FullLoad() float64 {
	for _, rate := range r.Plan.Rates {
		if p, ok := find(r.Curve, func(p Point) bool { return p.Load == rate.String() }); ok && rate.Share > 0 {
			return p.Rate / rate.Share
		}
	}
	return 0
}
