package report

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"prefork/bench/result"
)

const (
	curveHeight = 300.0
	curveAxis   = 58.0 // room for the numbers of the upright axis
	curveGap    = 22.0 // between panels
	curveFoot   = 44.0 // for the lower axis
	curveRoom   = 1.06 // how far the lower axis goes, in terms of the highest rate
)

// curvePlot is the room of one panel.
type curvePlot struct {
	*canvas
	x, y scale
	lane float64 // height of that of overloads, above the plot
}

// drawCurve has the panels side by side, on a phone below each other, on one upright scale,
// so that heights can be compared.
func (v view) drawCurve(width float64, panels []curvePanel) drawing {
	plot := curvePlot{canvas: &canvas{}}
	if anyOverloaded(panels) {
		plot.lane = laneHeight
	}
	across := len(panels)
	if isNarrow(width) {
		across = 1
	}
	each := (width - curveAxis - curveGap*float64(across-1) - 6) / float64(across)
	head := 26 + plot.lane
	low, high := reach(panels)
	y := plot.legend(v.shown(), width) + 12
	for i, p := range panels {
		left := curveAxis + float64(i%across)*(each+curveGap)
		if i > 0 && i%across == 0 {
			y += head + curveHeight + curveFoot + curveGap
		}
		plot.x, plot.y = v.curveX(left, left+each), logScale(low, high, y+head+curveHeight, y+head)
		plot.draw(v, p, i%across == 0)
	}
	return drawing{plot.String(), width, y + head + curveHeight + curveFoot}
}

// shown are the looks of all arms but the twin.
func (v view) shown() (looks []look) {
	for i, arm := range v.Arms {
		if !arm.Control {
			looks = append(looks, v.looks[i])
		}
	}
	return looks
}

// reach is from the shortest to the longest time of all.
func reach(panels []curvePanel) (low, high float64) {
	low = math.Inf(1)
	for _, p := range panels {
		for _, l := range p.lines {
			for _, us := range slices.Concat(l.mid, l.low, l.high) {
				if known(us) {
					low, high = min(low, us), max(high, us)
				}
			}
		}
	}
	return low, high
}

// curveX spans no load to a little more than the highest.
func (v view) curveX(from, to float64) scale {
	loads := v.CurveLoads()
	return scale{high: curveRoom * loads[len(loads)-1].Rate, from: from, to: to}
}

func (p curvePlot) draw(v view, panel curvePanel, first bool) {
	p.text(p.x.from, p.y.to-p.lane-10, "start", "group", panel.title+" ("+strings.Replace(panel.metric, "_", " ", 1)+")")
	for _, t := range p.y.ticks(9) {
		p.line(p.x.from, p.y.at(t), p.x.to, p.y.at(t), "grid")
		if first {
			p.text(p.x.from-8, p.y.at(t)+4, "end", "tick", tick(duration)(t))
		}
	}
	if first && p.lane > 0 {
		p.text(p.x.from-8, p.crosses()+4, "end", "tick", "overload")
	}
	p.loads(v)
	for _, l := range panel.lines {
		p.band(l)
	}
	for _, l := range panel.lines {
		p.curve(l)
	}
	p.overloads(panel)
}

// crosses is the height of what marks overloads.
func (p curvePlot) crosses() float64 { return p.y.to - p.lane/2 }

// loads are the ticks of the lower axis, where something was measured. From the highest down,
// those have a name that there is room for.
func (p curvePlot) loads(v view) {
	p.line(p.x.from, p.y.from, p.x.to, p.y.from, "axis")
	p.text(p.x.to, p.y.from+37, "end", "tick", v.loadUnit())
	taken := math.Inf(1)
	for _, load := range slices.Backward(v.CurveLoads()) {
		x, name := p.x.at(load.Rate), loadName(load)
		p.line(x, p.y.from, x, p.y.from+5, "axis")
		half := textWidth(name, noteSize)/2 + 4
		if x+half < taken {
			p.text(x, p.y.from+19, "middle", "tick", name)
			taken = x - half
		}
	}
}

// loadUnit is what loadName counts.
func (v view) loadUnit() string {
	if full := v.FullLoad(); full > 0 {
		return "% of " + result.Digits(full, 1) + " connections a second"
	}
	return "connections a second"
}

// band is the interval around a line, a whisker where its neighbours have none.
func (p curvePlot) band(l curveLine) {
	for from := 0; from < len(l.mid); from++ {
		to := from
		for to < len(l.mid) && known(l.low[to]) {
			to++
		}
		switch {
		case to-from > 1:
			p.path(p.around(l, from, to), "band "+l.Class)
		case to-from == 1:
			p.tag("g", attributes{"class", l.Class}, ">")
			x := p.x.at(l.rates[from])
			p.line(x, p.y.at(l.low[from]), x, p.y.at(l.high[from]), "interval")
			p.end()
		}
		from = to
	}
}

// around is the outline of a band: along the upper ends, and back along the lower.
func (p curvePlot) around(l curveLine, from, to int) string {
	var d strings.Builder
	for i := from; i < to; i++ {
		d.WriteString(pen(i == from) + p.place(l.rates[i], l.high[i]))
	}
	for i := to - 1; i >= from; i-- {
		d.WriteString("L" + p.place(l.rates[i], l.low[i]))
	}
	return d.String() + "Z"
}

// lossAbove is how far above a mark the × of what was lost is.
const lossAbove = 11.0

// pen begins a line or goes on with it.
func pen(begin bool) string {
	if begin {
		return "M"
	}
	return "L"
}

func (p curvePlot) place(rate, us float64) string {
	return place(p.x.at(rate)) + " " + place(p.y.at(us))
}

// curve is an arm's line with its marks. It breaks where nothing is known.
func (p curvePlot) curve(l curveLine) {
	var d strings.Builder
	begin := true
	for i, us := range l.mid {
		if known(us) {
			d.WriteString(pen(begin) + p.place(l.rates[i], us))
		}
		begin = !known(us)
	}
	p.stroke(d.String(), l.look)
	for i, us := range l.mid {
		if known(us) {
			e := estimate{mid: us, low: l.low[i], high: l.high[i]}
			tip := fmt.Sprintf("%s: %s at %s", l.label(), spread(e, duration), perSecond(l.rates[i]))
			if l.lost[i] > 0 {
				tip += ", " + count(float64(l.lost[i]), 1) + " lost"
			}
			p.named(tip, l.Class)
			own := l.look
			own.Hollow = l.rough[i]
			p.mark(p.x.at(l.rates[i]), p.y.at(us), 4.6, l.Shape, own.mark())
			if l.lost[i] > 0 {
				p.cross(p.x.at(l.rates[i]), p.y.at(us)-lossAbove, 3)
			}
			p.end()
		}
	}
}

// overloads are marked above the plot, those of one load beside each other, with the way there
// from where the arm still kept up.
func (p curvePlot) overloads(panel curvePanel) {
	const apart = 11.0
	for i := range panel.lines[0].rates {
		var fallen []curveLine
		for _, l := range panel.lines {
			if l.overloaded[i] {
				fallen = append(fallen, l)
			}
		}
		for n, l := range fallen {
			half := apart * float64(len(fallen)-1) / 2
			x := min(p.x.at(l.rates[i]), p.x.to-half) - half + apart*float64(n)
			p.named(l.label()+": overload at "+perSecond(l.rates[i]), l.Class)
			if i > 0 && known(l.mid[i-1]) {
				p.tag("path", attributes{"class", "curve", "d", "M" + p.place(l.rates[i-1], l.mid[i-1]) + "L" + place(x) + " " + place(p.crosses()+6),
					"stroke-width", "1.4", "stroke-dasharray", "2 4"}, "/>")
			}
			p.cross(x, p.crosses(), 4)
			p.end()
		}
	}
}
