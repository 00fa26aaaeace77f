package report

import (
	"math"
	"slices"

	"prefork/bench/result"
)

// liveCurve is the load curve: its lines are the last of its times, below them the first, which
// is the typical answer.
type liveCurve struct {
	liveChart
	Names    []string     `json:"names"` // of the loads
	Rates    []string     `json:"rates"` // as they were
	Unit     string       `json:"unit"`
	LowEnds  [][]*float64 `json:"low_ends"`
	HighEnds [][]*float64 `json:"high_ends"`
	Under    [][]*float64 `json:"under,omitempty"`
	Overload [][]bool     `json:"overload,omitempty"` // by arm and load
	Rough    [][]bool     `json:"rough"`              // by arm and load
	Lost     [][]int      `json:"lost"`               // requests that failed, by arm and load
}

func (v view) liveCurve() *liveCurve {
	panels := v.panels()
	if len(panels) == 0 {
		return nil
	}
	c := liveCurve{Unit: v.loadUnit()}
	for _, load := range v.CurveLoads() {
		c.X, c.Names, c.Rates = append(c.X, load.Rate), append(c.Names, loadName(load)), append(c.Rates, perSecond(load.Rate))
	}
	c.Range = [2]float64{0, curveRoom * c.X[len(c.X)-1]}
	c.vertical(reach(panels))
	top := panels[len(panels)-1]
	c.Y, c.LowEnds, c.HighEnds = v.gaps(top, mids), v.gaps(top, lows), v.gaps(top, highs)
	if len(panels) > 1 {
		c.Under = v.gaps(panels[0], mids)
	}
	for _, l := range v.looks {
		line := v.lineOf(l.Name, top)
		c.Overload, c.Rough, c.Lost = append(c.Overload, line.overloaded), append(c.Rough, line.rough), append(c.Lost, line.lost)
	}
	if !anyOverloaded(panels) {
		c.Overload = nil
	}
	return &c
}

func mids(l curveLine) []float64  { return l.mid }
func lows(l curveLine) []float64  { return l.low }
func highs(l curveLine) []float64 { return l.high }

// lineOf is an arm's; the baseline's twin has an empty one.
func (v view) lineOf(arm string, p curvePanel) curveLine {
	if i := slices.IndexFunc(p.lines, func(l curveLine) bool { return l.Name == arm }); i >= 0 {
		return p.lines[i]
	}
	n := len(v.CurveLoads())
	nothing := slices.Repeat([]float64{math.NaN()}, n)
	return curveLine{mid: nothing, low: nothing, high: nothing, overloaded: make([]bool, n), rough: make([]bool, n), lost: make([]int, n)}
}

// gaps are some of the numbers of all arms' lines.
func (v view) gaps(p curvePanel, of func(curveLine) []float64) (all [][]*float64) {
	for _, l := range v.looks {
		var some []*float64
		for _, us := range of(v.lineOf(l.Name, p)) {
			some = append(some, gap(us))
		}
		all = append(all, some)
	}
	return all
}

// liveCurveCaption says what the lines are.
func (v view) liveCurveCaption(caption string) string {
	panels := v.panels()
	if len(panels) < 2 {
		return caption
	}
	return "The thick lines are the " + result.MetricInWords(panels[len(panels)-1].metric) + ", the dotted ones the typical answer (p50). " + caption
}
