package report

import (
	"fmt"
	"math"
	"strconv"
	"strings"

	"prefork/bench/result"
)

// deal is how an arm's connections fell on its workers.
type deal struct {
	look
	shares []share
	jain   string
}

// most is the largest share in units of the even one.
func (d deal) most() (x float64) {
	for _, s := range d.shares {
		x = max(x, s.high*float64(len(d.shares)))
	}
	return x
}

func (v view) deals() (all []deal, phase string) {
	for _, phase := range []string{result.Closed, result.Open} {
		for i, arm := range v.Arms {
			if shares := v.shares(arm.Name, phase); len(shares) > 0 {
				all = append(all, deal{v.looks[i], shares, v.fairness(arm.Name, phase)})
			}
		}
		if len(all) > 0 {
			return all, phase
		}
	}
	return nil, result.Closed
}

// fairness says Jain's index, which means little without what dice would give.
func (v view) fairness(arm, phase string) string {
	jain, _ := result.LookupMetric("jain")
	e, ok := v.estimate(arm, phase, jain)
	if !ok {
		return ""
	}
	var expected []float64
	for _, r := range v.In(phase) {
		if r.Arm == arm && r.JainExpected != nil {
			expected = append(expected, *r.JainExpected)
		}
	}
	s := "Jain " + strconv.FormatFloat(e.mid, 'f', 4, 64)
	if len(expected) > 0 {
		s += fmt.Sprintf(" · dice %.4f", middle(expected))
	}
	return s
}

// workersFigure is who got the connections.
func workersFigure(v view) (figure, bool) {
	all, phase := v.deals()
	f := figure{
		Name: "workers", Title: "Connections per worker", Words: dealtInWords(all),
		Caption: "A bar is one worker slot: the mean over the rounds of its share of an arm's connections, " + v.under(phase) +
			"; the thin line on it spans the least and the most of any round. The dashed line is the even share. Jain's index is 1 where all is even; beside it, what fair dice would get.",
	}
	f.draw = func(width float64) drawing { return drawDeals(width, all) }
	return f, len(all) > 0
}

const (
	panelHeight = 168.0
	panelGap    = 28.0
)

// drawDeals has a small panel for every arm, all on one scale.
func drawDeals(width float64, all []deal) drawing {
	across := 1
	if !isNarrow(width) {
		across = min(max(len(all), 2), 3)
		if len(all) == 4 {
			across = 2
		}
	}
	room := (width - panelGap*float64(across-1)) / float64(across)
	most := 0.0
	for _, d := range all {
		most = max(most, d.most())
	}
	var c canvas
	height := 0.0
	for i, d := range all {
		x, y := float64(i%across)*(room+panelGap), float64(i/across)*(panelHeight+panelGap/2)
		c.deal(d, x, y, room, scale{high: max(most*1.12, 1.3), from: y + panelHeight - 18, to: y + 44})
		height = y + panelHeight
	}
	return drawing{c.String(), width, height}
}

// deal draws one panel at x, y; up is vertical, in units of the even share.
func (c *canvas) deal(d deal, x, y, room float64, up scale) {
	const scaleRoom = 52
	k := float64(len(d.shares))
	c.text(x, y+14, "start", "label", shorten(d.label(), labelSize, room))
	c.text(x, y+30, "start", "tick", d.jain)
	left := x + scaleRoom
	slot := (room - scaleRoom) / k
	gap := min(slot*.25, 10)
	for i, s := range d.shares {
		c.worker(d, s, i, left+float64(i)*slot, slot, gap, up)
	}
	c.line(left, up.from, x+room, up.from, "axis")
	c.line(left, up.at(1), x+room, up.at(1), "even")
	c.text(left-6, up.at(1)+4, "end", "tick", tick(count)(math.Round(1000/k)/10)+" %")
}

func (c *canvas) worker(d deal, s share, i int, x, slot, gap float64, up scale) {
	k := float64(len(d.shares))
	top, center := up.at(s.mean*k), x+slot/2
	c.named(fmt.Sprintf("%s, %s: %s (%s to %s)", d.Name, s.name(i), exactly(s.mean), exactly(s.low), exactly(s.high)), d.Class)
	c.rect(x+gap/2, top, slot-gap, up.from-top, "bar "+d.Class)
	c.line(center, up.at(s.low*k), center, up.at(s.high*k), "whisker")
	c.end()
	if slot >= 17 || i%(len(d.shares)/8+1) == 0 {
		c.text(center, up.from+14, "middle", "tick", strconv.Itoa(i))
	}
	if slot >= 42 {
		c.text(center, min(top, up.at(s.high*k))-5, "middle", "tick", tick(count)(math.Round(1000*s.mean)/10)+" %")
	}
}

func exactly(share float64) string { return strconv.FormatFloat(100*share, 'f', 1, 64) + " %" }

// name is the slot, or the place in the order of pids where slots are unknown.
func (s share) name(i int) string {
	if s.slot < 0 {
		return "worker " + strconv.Itoa(i) + " by pid"
	}
	return "slot " + strconv.Itoa(s.slot)
}

func dealtInWords(all []deal) string {
	var parts []string
	for _, d := range all {
		var shares []string
		for _, s := range d.shares {
			shares = append(shares, result.Percent(s.mean))
		}
		parts = append(parts, d.label()+" "+strings.Join(shares, ", "))
	}
	return strings.Join(parts, "; ") + "."
}
