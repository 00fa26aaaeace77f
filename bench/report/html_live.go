package report

import (
	"html/template"
	"math"
	"slices"

	"prefork/bench/result"
)

// liveData is what report.js draws from. Nil pointers are gaps.
type liveData struct {
	Arms        []look       `json:"arms"`
	Timeline    *liveLines   `json:"timeline,omitempty"`
	Percentiles *livePercent `json:"percentiles,omitempty"`
	Curve       *liveCurve   `json:"curve,omitempty"`
}

// liveChart has an x, and for each arm a y for each x, on a logarithmic axis.
type liveChart struct {
	X     []float64    `json:"x"`
	Y     [][]*float64 `json:"y"`
	Range [2]float64   `json:"range"`
	Low   float64      `json:"low"`
	High  float64      `json:"high"`
	Ticks []float64    `json:"ticks"`
}

type liveLines struct {
	liveChart
	Failed    [][]int  `json:"failed,omitempty"` // by arm and x
	Lost      []int    `json:"lost"`             // by arm
	Moment    *float64 `json:"moment,omitempty"`
	Happening string   `json:"happening"`
	Slice     float64  `json:"slice"` // how long a stretch is; x is its middle
}

type livePercent struct {
	liveChart
	Names    []string     `json:"names"`
	LowEnds  [][]*float64 `json:"low_ends"`
	HighEnds [][]*float64 `json:"high_ends"`
	phase    string
}

// liveView is the part of the page that a live chart is put into.
type liveView struct {
	Chart, Title, Label, Caption string
	Arms                         []liveArm
	Lanes                        int // of failures, above the plot
}

type liveArm struct {
	Number int // among all
	Name   string
	Swatch template.HTML
}

func (v view) liveData() liveData {
	return liveData{Arms: v.looks, Timeline: v.liveLines(), Percentiles: v.livePercentiles(), Curve: v.liveCurve()}
}

// liveView is what goes with a figure, nil where nothing does.
func (v view) liveView(f figure, data liveData) *liveView {
	l := liveView{Label: f.Words}
	switch {
	case f.Name == "timeline" && data.Timeline != nil:
		l.Chart, l.Caption = "timeline", f.Caption
		if data.Timeline.Failed != nil {
			l.Lanes = len(v.Arms)
		}
	case f.Name == "latency" && data.Percentiles != nil:
		l.Chart, l.Title = "percentiles", "From the usual to the rare"
		l.Caption = "The same percentiles on one line for each arm: a mark is the median over the rounds, the bar through it the 95 % interval. The further right, the rarer: each decade of the axis is ten times fewer requests."
	case f.Name == "curve" && data.Curve != nil:
		l.Chart, l.Caption = "curve", v.liveCurveCaption(f.Caption)
	default:
		return nil
	}
	for i, look := range v.looks {
		if l.Chart != "curve" || !look.Hollow {
			l.Arms = append(l.Arms, liveArm{i, look.label(), look.swatch(true)})
		}
	}
	return &l
}

func gap(x float64) *float64 {
	if !known(x) {
		return nil
	}
	return &x
}

// vertical fits the axis to the values: it begins and ends with a tick, or what is
// beyond the last seems to have left the chart.
func (c *liveChart) vertical(low, high float64) {
	s := logScale(low, high, 0, 1)
	c.Ticks = framed(s.low, s.high, 10)
	c.Low, c.High = c.Ticks[0], c.Ticks[len(c.Ticks)-1]
}

func (v view) liveLines() *liveLines {
	all := v.traces()
	if len(all) == 0 {
		return nil
	}
	var l liveLines
	low, high, end := span(all)
	l.vertical(low, high)
	l.Range = [2]float64{0, end}
	if at, ok := v.moment(); ok {
		l.Moment, l.Happening = &at, v.happening()
	}
	for _, t := range all {
		l.X = append(l.X, t.at...)
	}
	slices.Sort(l.X)
	l.X = slices.Compact(l.X)
	for _, look := range v.looks {
		l.add(look.Name, all)
	}
	l.Slice = all[0].slice()
	for i := range l.X {
		l.X[i] += l.Slice / 2
	}
	if !anyFailed(all) {
		l.Failed = nil
	}
	return &l
}

// add puts an arm's trace, if it has one, on the common x.
func (l *liveLines) add(arm string, all []trace) {
	y, failed, lost := make([]*float64, len(l.X)), make([]int, len(l.X)), 0
	for _, t := range all {
		if t.Name != arm {
			continue
		}
		for i, at := range t.at {
			j, _ := slices.BinarySearch(l.X, at)
			y[j], failed[j] = gap(t.p99[i]), t.failed[i]
			lost += t.failed[i]
		}
	}
	l.Y, l.Failed, l.Lost = append(l.Y, y), append(l.Failed, failed), append(l.Lost, lost)
}

// tail are the percentiles of a line, and how many requests are slower.
var tail = []struct {
	metric string
	slower float64
}{{"p50", .5}, {"p90", .1}, {"p99", .01}, {"p999", .001}}

func (v view) livePercentiles() *livePercent {
	l := livePercent{phase: v.phase("p50")}
	l.Y, l.LowEnds, l.HighEnds = make([][]*float64, len(v.Arms)), make([][]*float64, len(v.Arms)), make([][]*float64, len(v.Arms))
	var every []*estimate
	for _, p := range tail {
		all, ok := v.estimates(l.phase, p.metric)
		if !ok {
			continue
		}
		m, _ := result.LookupMetric(p.metric)
		l.X, l.Names = append(l.X, -math.Log10(p.slower)), append(l.Names, m.Title)
		l.put(all)
		every = append(every, all...)
	}
	if len(l.X) < 2 {
		return nil
	}
	l.vertical(nearest(every), farthest(every))
	l.Range = [2]float64{l.X[0] - .25, l.X[len(l.X)-1] + .25}
	return &l
}

func (l *livePercent) put(all []*estimate) {
	for i, e := range all {
		if e == nil {
			e = &estimate{mid: math.NaN(), low: math.NaN(), high: math.NaN()}
		}
		l.Y[i] = append(l.Y[i], gap(e.mid))
		l.LowEnds[i], l.HighEnds[i] = append(l.LowEnds[i], gap(e.low)), append(l.HighEnds[i], gap(e.high))
	}
}
