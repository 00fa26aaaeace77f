package report

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"prefork/bench/result"
)

// curveLine is an arm's line in one panel of the load curve: a time at each rate, NaN where
// there is none.
type curveLine struct {
	look
	rates      []float64 // connections a second
	mid        []float64 // µs
	low, high  []float64 // NaN where no interval is known
	overloaded []bool
	rough      []bool // something from outside spoilt all of it
	lost       []int  // requests that failed
}

// curvePanel is one of its times.
type curvePanel struct {
	metric, title string
	lines         []curveLine
}

// panels are the times that the load curve has, each with a line for every arm but the
// baseline's twin.
func (v view) panels() (all []curvePanel) {
	for _, b := range curveBlocks(v.Result) {
		p := curvePanel{metric: b.metric, title: b.title}
		for i, arm := range v.Arms {
			if !arm.Control {
				p.lines = append(p.lines, v.curveLine(v.looks[i], b.metric))
			}
		}
		all = append(all, p)
	}
	return all
}

func (v view) curveLine(l look, metric string) curveLine {
	line := curveLine{look: l}
	for _, load := range v.CurveLoads() {
		p, _ := v.PointOf(l.Name, load.Load)
		cell := cellOf(p, metric)
		low, high := math.NaN(), math.NaN()
		if known(cell.value) && known(cell.ci[1]) {
			low, high = cell.ci[0], cell.ci[1]
		}
		line.rates, line.mid = append(line.rates, load.Rate), append(line.mid, cell.value)
		line.low, line.high = append(line.low, low), append(line.high, high)
		line.overloaded, line.rough = append(line.overloaded, p.State == result.Overload), append(line.rough, p.State == result.Rough)
		line.lost = append(line.lost, p.Lost)
	}
	return line
}

// curveFigure is latency against load.
func curveFigure(v view) (figure, bool) {
	panels := v.panels()
	f := figure{Name: "curve", Title: "Latency against load", Words: v.curveWords(panels)}
	if len(panels) == 0 {
		return f, false
	}
	f.Subject, f.Caption = v.subject(), v.curveCaption(panels)
	f.draw = func(width float64) drawing { return v.drawCurve(width, panels) }
	return f, true
}

func (v view) curveCaption(panels []curvePanel) string {
	text := "A mark is the geometric mean over the rounds, at that many connections a second, which come whether answered or not; times are from when each was due. The band around a line is the 95 % interval. The upright axis is logarithmic. Lower is better."
	if full := v.FullLoad(); full > 0 {
		text += " " + fullLoad(v.Result)
	}
	if anyOverloaded(panels) {
		text += " A × above the plot is an overload: fewer were answered than came, and the longer that lasts, the longer all wait."
	}
	if slices.ContainsFunc(panels[0].lines, func(l curveLine) bool { return slices.Contains(l.rough, true) }) {
		text += " A hollow mark is rough: the machine's other business disturbed every round."
	}
	if slices.ContainsFunc(panels[0].lines, func(l curveLine) bool { return slices.Max(l.lost) > 0 }) {
		text += " A × at a mark says that some requests were lost, of which there is no time."
	}
	return text
}

// subject is what was measured, and where.
func (v view) subject() string {
	parts := []string{strings.TrimSpace(v.Plan.Workload + " " + v.Plan.Service)}
	if len(v.Arms) > 0 && v.Arms[0].Workers > 0 {
		parts = append(parts, numbered(v.Arms[0].Workers, "worker"))
	}
	return strings.Join(append(parts, v.Sharing()), " · ")
}

func anyOverloaded(panels []curvePanel) bool {
	return slices.ContainsFunc(panels, func(p curvePanel) bool {
		return slices.ContainsFunc(p.lines, func(l curveLine) bool { return slices.Contains(l.overloaded, true) })
	})
}

// curveWords are for those who do not see it.
func (v view) curveWords(panels []curvePanel) string {
	var parts []string
	for _, p := range panels {
		for _, l := range p.lines {
			var at []string
			for i, us := range l.mid {
				switch {
				case l.overloaded[i]:
					at = append(at, "overload at "+perSecond(l.rates[i]))
				case known(us):
					at = append(at, duration(us, 0)+" at "+perSecond(l.rates[i]))
				}
			}
			if len(at) > 0 {
				parts = append(parts, fmt.Sprintf("%s, %s: %s.", p.metric, l.label(), strings.Join(at, ", ")))
			}
		}
	}
	return strings.Join(parts, " ")
}
