package report

import (
	"math"
	"slices"

	"prefork/bench/result"
)

// sightWidth is that of a picture at first sight: three stand beside each other on a wide
// screen, and one fills a phone.
const sightWidth = 300.0

// mostSights is how many pictures a page opens with.
const mostSights = 3

// sights are the pictures that a page opens with, of those that there is data for: what
// decides in this run, in order.
func (v view) sights() (all []figure) {
	for _, make := range []func(view) (figure, bool){
		harmFigure, aftermathSight, timelineSight, heldSight, costSight, capacitySight, curveSight, answersSight, dealtSight,
	} {
		if f, ok := make(v); ok && len(all) < mostSights {
			all = append(all, f)
		}
	}
	return all
}

// costSight is what a connection costs.
func costSight(v view) (figure, bool) {
	return v.barSight("cpu_server", figure{
		Name: "cost", Title: "Processor time per connection", Caption: "Shorter is better. A dot is one round.",
	})
}

// capacitySight is what an arm can do.
func capacitySight(v view) (figure, bool) {
	return v.barSight("throughput", figure{
		Name: "capacity", Title: "Requests a second at full load", Caption: "Longer is better. A dot is one round.",
	})
}

// barSight has a bar for each arm.
func (v view) barSight(metric string, f figure) (figure, bool) {
	m, _ := result.LookupMetric(metric)
	phase, ok := v.Home(m)
	all, cells := v.atSight(phase, metric)
	if !ok || cells == nil {
		return f, false
	}
	f.Words = v.inWords(all, func(x, _ float64) string { return valueText(x, m) }, "")
	f.draw = func(width float64) drawing {
		r := newStrips(width, fromZero(farthest(all), 0, 0))
		for i, e := range all {
			if e == nil {
				continue
			}
			y := r.strip(v.looks[i], sightNumber(cells[i], m))
			r.named(v.looks[i].label()+": "+valueText(e.mid, m), v.looks[i].Class)
			r.rect(r.x.at(0), y-stripBar/2, r.x.at(e.mid)-r.x.at(0), stripBar, "bar solid "+v.looks[i].Class)
			for n, x := range e.rounds {
				r.dot(r.x.at(x), y+float64(n%3-1)*3, 1.6, "speck")
			}
			r.end()
		}
		return r.done()
	}
	return f, true
}

// atSight are the numbers of the arms but for the baseline's twin, nil where there is none:
// the very ones of the table above the pictures, with its cells, if it has that column.
func (v view) atSight(phase, metric string) (all []*estimate, cells []result.BriefCell) {
	all, _ = v.estimates(phase, metric)
	for i, e := range all {
		if v.Arms[i].Control {
			all[i] = nil
		} else if e != nil {
			e.low, e.high = math.NaN(), math.NaN()
		}
	}
	brief := v.Brief()
	at := slices.IndexFunc(brief.Columns, func(c result.BriefColumn) bool { return c.Metric == metric })
	if at < 0 {
		return all, nil
	}
	cells = make([]result.BriefCell, len(all))
	for _, row := range brief.Rows {
		if i := v.indexOf(row.Arm.Name); i >= 0 && all[i] != nil && row.Cells[at].Known {
			cells[i], all[i].mid = row.Cells[at], row.Cells[at].Value
		}
	}
	return all, cells
}

// sightNumber is a value with what is said of it.
func sightNumber(c result.BriefCell, m result.Metric) string {
	text := valueText(c.Value, m)
	if mark := markOf(c); c.Ratio > 0 && sure(mark) {
		text = mark + " " + text
	}
	return text
}

// indexOf is the place of an arm, -1 if there is none.
func (v view) indexOf(arm string) int {
	return slices.IndexFunc(v.Arms, func(a result.Arm) bool { return a.Name == arm })
}

// curveSight is the slowest answers against the load.
func curveSight(v view) (figure, bool) {
	panels := v.panels()
	f := figure{Name: "bend", Title: "Waits against load", Words: v.curveWords(panels)}
	if len(panels) == 0 {
		return f, false
	}
	last := panels[len(panels)-1:]
	f.Caption = "What the " + last[0].title + ", at so many connections a second. Each step of the upright axis is a multiple; lower is better."
	f.draw = func(width float64) drawing { return v.drawCurve(width, last) }
	return f, true
}

// answersSight is how long people wait: the typical answer, and the slowest.
func answersSight(v view) (figure, bool) {
	slow, slowest := "p99", "the slowest 1 % wait longer than"
	phase := v.phase("p50")
	if v.wasTold("cheap_p99", phase) {
		slow, slowest = "cheap_p99", "the slowest 1 % of the cheap requests wait longer than"
	}
	typical, _ := v.atSight(phase, "p50")
	tail, _ := v.atSight(phase, slow)
	ok, tailed := v.wasTold("p50", phase), v.wasTold(slow, phase)
	f := figure{Name: "answers", Title: "How long an answer takes"}
	f.Caption = "The mark is the typical answer."
	if tailed {
		f.Caption = "The mark is the typical answer; the line ends at what " + slowest + ". Each step of the axis is a multiple."
	}
	f.Words = "Typical: " + v.inWords(typical, duration, "") + " Slowest: " + v.inWords(tail, duration, "")
	f.draw = func(width float64) drawing {
		all := slices.Concat(typical, tail)
		for _, e := range all {
			if e != nil {
				e.rounds = nil // one alone would make all others look alike
			}
		}
		r := newStrips(width, logScale(nearest(all), farthest(all), 0, 0))
		for i, e := range typical {
			if e != nil {
				r.answer(v.looks[i], *e, tail[i])
			}
		}
		return r.axis(tick(duration))
	}
	return f, ok
}

func (v view) wasTold(metric, phase string) bool {
	_, ok := v.estimates(phase, metric)
	return ok
}

// answer draws one arm's line from the typical answer to the slowest.
func (r *strips) answer(l look, typical estimate, slowest *estimate) {
	number := duration(typical.mid, 0)
	if slowest != nil {
		number += " … " + duration(slowest.mid, 0)
	}
	y := r.strip(l, number)
	r.named(l.label()+": "+number, l.Class)
	if slowest != nil {
		from, to := r.x.at(typical.mid), r.x.at(slowest.mid)
		r.line(from, y, to, y, "reach")
		r.line(to, y-6, to, y+6, "reach")
	}
	r.mark(r.x.at(typical.mid), y, 5.6, l.Shape, l.mark())
	r.end()
}

// timelineSight is latency while something happens.
func timelineSight(v view) (figure, bool) {
	f, ok := timelineFigure(v)
	all := slices.DeleteFunc(v.traces(), func(t trace) bool { return t.Hollow })
	f.Name, f.Title = "moments", "Latency over time"
	f.Caption = "The slowest 1 % of each moment, by the median of the rounds. Each step of the axis is a multiple."
	f.draw = func(width float64) drawing { return v.drawTimeline(width, all, smallPlot) }
	_, struck := v.moment()
	return f, ok && struck && len(all) > 0
}

// smallPlot is the height of a plot at first sight.
const smallPlot = 130.0
