package report

import (
	"math"

	"prefork/bench/result"
)

// strips is a small chart with a strip for each arm: its name and its number above what is
// drawn of it.
type strips struct {
	canvas
	width float64
	x     scale // horizontal
	y     float64
}

const (
	stripHeight = 46.0
	stripBar    = 15.0
)

func newStrips(width float64, x scale) *strips {
	x.from, x.to = 0, width
	if x.log {
		x.from, x.to = 8, width-8 // marks have a width
	}
	return &strips{width: width, x: x}
}

// strip starts the next one and returns the middle of what is to be drawn.
func (s *strips) strip(l look, number string) (y float64) {
	s.text(0, s.y+14, "start", "label", shorten(l.label(), labelSize, s.width-textWidth(number, labelSize)-12))
	s.text(s.width, s.y+14, "end", "number", number)
	y = s.y + 30
	s.y += stripHeight
	return y
}

// done ends a chart whose numbers need no axis.
func (s *strips) done() drawing { return drawing{s.String(), s.width, max(s.y-4, 1)} }

// axis ends a chart with an axis below, and its grid behind what has been drawn.
func (s *strips) axis(tick func(float64) string) drawing {
	var grid canvas
	bottom := s.y - 2
	for _, t := range s.x.ticks(4) {
		x := s.x.at(t)
		grid.line(x, 20, x, bottom, "grid")
		grid.text(clamp(x, 14, s.width-18), bottom+15, "middle", "tick", tick(t))
	}
	return drawing{grid.String() + s.String(), s.width, bottom + 20}
}

// cells draws what each worker had as bars side by side, on one scale for all arms.
func (s *strips) cells(d deal, most float64) {
	const tallest = 34.0
	k := float64(len(d.shares))
	s.text(0, s.y+14, "start", "label", shorten(d.label(), labelSize, s.width))
	s.text(0, s.y+30, "start", "tick", shorten(d.said, noteSize, s.width))
	bottom := s.y + 38 + tallest
	slot := s.width / k
	gap := min(slot*.2, 6)
	for i, one := range d.shares {
		x := float64(i) * slot
		s.named(d.Name+", "+one.tip(i), d.Class)
		s.stacked(d.look, one, x+gap/2, slot-gap, bottom, func(share float64) float64 { return tallest * share * k / most })
		s.end()
		if one.struck && d.struck != "" {
			half := textWidth(d.struck, noteSize) / 2
			s.text(clamp(x+slot/2, half, s.width-half), bottom+14, "middle", "tick", d.struck)
		}
	}
	s.line(0, bottom, s.width, bottom, "axis")
	s.y = bottom + 24
}

// workerCells is a chart of the workers of all arms but the baseline's twin.
func (v view) workerCells(all []deal) func(float64) drawing {
	return func(width float64) drawing {
		s := newStrips(width, scale{})
		most := 1.0
		for _, d := range all {
			most = math.Max(most, d.most())
		}
		for _, d := range all {
			if !d.Hollow {
				s.cells(d, most)
			}
		}
		return s.done()
	}
}

// aftermathSight is who answered after something happened.
func aftermathSight(v view) (figure, bool) {
	f, ok := workersFigure(v)
	all, phase := v.deals()
	_, struck := v.moment()
	f.Name, f.draw = "aftermath", v.workerCells(all)
	f.Caption = "A bar is a worker's share of what came after it. With a × is what waited over " + result.InTime(v.Plan.Stall) + " for it."
	return f, ok && struck && v.tellsAfter(phase)
}

func (v view) tellsAfter(phase string) bool {
	for _, round := range v.In(phase) {
		if tellsAfter(round) {
			return true
		}
	}
	return false
}

// dealtSight is who got the connections.
func dealtSight(v view) (figure, bool) {
	_, phase := v.deals()
	_, struck := v.moment()
	said := func(i int) string { return v.fairness(v.Arms[i], phase) }
	f, ok := v.rankSight(phase, had, said, figure{Name: "dealt", Title: "Connections per worker"})
	f.Caption = "A bar is a worker's share of the connections, the busiest of each round first."
	return f, ok && !struck
}

// heldSight is who holds the connections that stay.
func heldSight(v view) (figure, bool) {
	phase := v.phase("open_spread")
	spread, _ := v.atSight(phase, "open_spread")
	said := func(i int) string {
		if spread[i] == nil {
			return ""
		}
		return "most − least: " + result.Digits(spread[i].mid, 1)
	}
	f, ok := v.rankSight(phase, heldOpen, said, figure{Name: "held", Title: "Connections held by each worker"})
	f.Caption = "A bar is a worker's share of the connections that were open at the end, the one with the most first. The more even the better."
	return f, ok && v.Plan.Requests < 0
}

// rankSight has the workers of each arm, the busiest first.
func (v view) rankSight(phase string, counts func(result.Round, result.Worker) int, said func(arm int) string, f figure) (figure, bool) {
	var all []deal
	for i, arm := range v.Arms {
		if shares := v.ranked(arm.Name, phase, counts); len(shares) > 0 && !arm.Control {
			all = append(all, deal{look: v.looks[i], shares: shares, said: said(i)})
		}
	}
	f.Words, f.draw = dealtInWords(all), v.workerCells(all)
	return f, len(all) > 0
}
