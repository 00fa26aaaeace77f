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
	said   string // of the whole
	struck string // what was done to the worker that something was done to
}

// most is the largest share in units of the even one.
func (d deal) most() (x float64) {
	for _, s := range d.shares {
		x = max(x, s.high*float64(len(d.shares)))
	}
	return x
}

// deals are those of all arms: where something happened to the servers, of what was due
// from then on.
func (v view) deals() (all []deal, phase string) {
	for _, phase := range []string{result.Closed, result.Open} {
		_, struck := v.moment()
		for i, arm := range v.Arms {
			said := v.fairness(arm, phase)
			if struck {
				said = v.harmOf(arm.Name, phase).said(v.Plan)
			}
			if shares := v.shares(arm.Name, phase); len(shares) > 0 {
				all = append(all, deal{v.looks[i], shares, said, fates[v.Plan.Scenario]})
			}
		}
		if len(all) > 0 {
			return all, phase
		}
	}
	return nil, result.Closed
}

// fairness says what the busiest worker had.
func (v view) fairness(arm result.Arm, phase string) string {
	f, ok := v.FairnessOf(arm, phase)
	if !ok {
		return ""
	}
	return fmt.Sprintf("busiest %.1f %%, even %s", 100*f.Busiest, result.Percent(f.Even))
}

// happened is what each scenario does, after 'after'.
var happened = map[string]string{
	"stuck-worker": "one worker was stopped", "kill-worker": "one worker was killed", "kill-master": "the master was killed",
	"reload": "the reload", "upgrade": "the upgrade", "scale-down": "one worker was taken away",
}

// fates are what each scenario does to one worker.
var fates = map[string]string{"stuck-worker": "stopped", "kill-worker": "killed"}

// after is 'after one worker was stopped'; "" where nothing happened.
func (v view) after() string {
	if _, struck := v.moment(); !struck {
		return ""
	}
	if what, known := happened[v.Plan.Scenario]; known {
		return "after " + what
	}
	return "after " + v.Plan.Scenario
}

// workersFigure is who got the connections, or where something happened, who answered.
func workersFigure(v view) (figure, bool) {
	all, phase := v.deals()
	f := figure{
		Name: "workers", Title: "Connections per worker", Words: dealtInWords(all),
		Caption: "A bar is one worker slot: the mean over the rounds of its share of an arm's connections, " + v.under(phase) +
			"; the thin line on it spans the least and the most of any round. The dashed line is the even share.",
	}
	if after := v.after(); after != "" {
		f.Title = "Who answered " + after
		f.Caption = "A bar is one worker slot: its share of the " + v.Plan.Counted() + " that came after it, " + v.under(phase) +
			", the mean over the rounds. With a × is what it answered only after more than " + result.InTime(v.Plan.Stall) +
			". The thin line spans the least and the most of any round; the dashed line is the even share."
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
		height = y + panelHeight + 14
	}
	return drawing{c.String(), width, height}
}

// deal draws one panel at x, y; up is vertical, in units of the even share.
func (c *canvas) deal(d deal, x, y, room float64, up scale) {
	const scaleRoom = 52
	k := float64(len(d.shares))
	c.text(x, y+14, "start", "label", shorten(d.label(), labelSize, room))
	c.text(x, y+30, "start", "tick", d.said)
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
	c.named(d.Name+", "+s.tip(i), d.Class)
	c.stacked(d.look, s, x+gap/2, slot-gap, up.from, func(share float64) float64 { return up.from - up.at(share*k) })
	c.line(center, up.at(s.low*k), center, up.at(s.high*k), "whisker")
	c.end()
	if slot >= 17 || i%(len(d.shares)/8+1) == 0 {
		c.text(center, up.from+14, "middle", "tick", strconv.Itoa(i))
	}
	if s.struck && d.struck != "" {
		c.text(center, up.from+28, "middle", "tick", d.struck)
	}
	if slot >= 42 {
		c.text(center, min(top, up.at(s.high*k))-5, "middle", "tick", tick(count)(math.Round(1000*s.mean)/10)+" %")
	}
}

// stacked is the bar of a worker: what it did in time, and with a × what it did too late;
// tall is how high a share is.
func (c *canvas) stacked(l look, s share, x, width, bottom float64, tall func(share float64) float64) {
	good, bad := tall(s.mean-s.stalled), tall(s.mean)-tall(s.mean-s.stalled)
	c.rect(x, bottom-good, width, good, "bar solid "+l.Class)
	if bad < 1 {
		return
	}
	c.rect(x, bottom-good-bad, width, bad, "bar harmed")
	const radius = 3.5
	switch middle := x + width/2; {
	case bad > 4*radius:
		c.tag("g", attributes{"class", "inside"}, ">")
		c.cross(middle, bottom-good-bad/2, min(radius, width/2-1))
		c.end()
	case width > 2*radius:
		c.cross(middle, bottom-good-bad-radius-3, radius-.5)
	}
}

func exactly(share float64) string { return strconv.FormatFloat(100*share, 'f', 1, 64) + " %" }

func (s share) tip(i int) string {
	text := fmt.Sprintf("%s: %s (%s to %s)", s.name(i), exactly(s.mean), exactly(s.low), exactly(s.high))
	if s.stalled > 0 {
		text += fmt.Sprintf(", of which %s too late", exactly(s.stalled))
	}
	return text
}

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
			text := result.Percent(s.mean)
			if s.stalled > 0 {
				text += " (" + result.Percent(s.stalled) + " too late)"
			}
			shares = append(shares, text)
		}
		parts = append(parts, d.label()+" "+strings.Join(shares, ", "))
	}
	return strings.Join(parts, "; ") + "."
}
