package report

import (
	"fmt"
	"math"
	"strconv"
	"strings"
)

// timelineFigure is latency while something happens to the server.
func timelineFigure(v view) (figure, bool) {
	all := v.traces()
	f := figure{Name: "timeline", Title: "Latency (p99) over time", Words: v.timelineWords(all)}
	if len(all) == 0 {
		return f, false
	}
	f.Caption = fmt.Sprintf("A point of a line is the median over the rounds of the p99 of the requests due in those %s, %s. The axis is logarithmic.",
		seconds(all[0].slice()), v.under(v.timelinePhase()))
	if anyFailed(all) {
		f.Caption += " A × is such a stretch in which requests failed, in any round; the count is of all of them."
	}
	f.draw = func(width float64) drawing { return v.drawTimeline(width, all, plotHeight) }
	return f, true
}

func anyFailed(all []trace) bool {
	for _, t := range all {
		if t.lost() > 0 {
			return true
		}
	}
	return false
}

func (t trace) lost() (n int) {
	for _, f := range t.failed {
		n += f
	}
	return n
}

func seconds(x float64) string {
	if x < 1 {
		return count(x*1000, 0) + " ms"
	}
	return tick(count)(x) + " s"
}

// happening names the moment.
func (v view) happening() string {
	if at, ok := v.moment(); ok {
		return v.Plan.Scenario + ", " + seconds(at)
	}
	return ""
}

func (v view) timelineWords(all []trace) string {
	at, struck := v.moment()
	var parts []string
	for _, t := range all {
		before, after := t.worst(math.Inf(-1), at), t.worst(at, math.Inf(1))
		s := t.label() + " at most " + duration(max(before, after), 0)
		if struck {
			s = t.label() + " at most " + duration(before, 0) + " before and " + duration(after, 0) + " after"
		}
		parts = append(parts, fmt.Sprintf("%s, %d failed", s, t.lost()))
	}
	words := "p99: " + strings.Join(parts, "; ") + "."
	if struck {
		words = "The moment of " + v.Plan.Scenario + " is at " + seconds(at) + ". " + words
	}
	return words
}

// worst is the highest p99 from a time on until another.
func (t trace) worst(from, until float64) (p99 float64) {
	for i, at := range t.at {
		if at >= from && at < until && known(t.p99[i]) {
			p99 = max(p99, t.p99[i])
		}
	}
	return p99
}

const (
	plotHeight = 260.0
	laneHeight = 18.0
)

// timeplot is the room of a timeline: the legend, a lane of failures for each arm,
// the plot.
type timeplot struct {
	canvas
	width float64
	x, y  scale
	lanes float64 // where the lanes begin
}

func (v view) drawTimeline(width float64, all []trace, tall float64) drawing {
	p := &timeplot{width: width}
	p.lanes = p.legend(looksOf(all), width) + 8
	top := p.lanes + 34
	if anyFailed(all) {
		top += laneHeight * float64(len(all))
	}
	low, high, end := span(all)
	p.x = scale{high: end, from: 58, to: width - 8}
	p.y = logScale(low, high, top+tall, top)
	p.grid()
	p.moment(v)
	if anyFailed(all) {
		p.text(p.x.from-6, p.lanes+11, "end", "tick", "failed")
	}
	for i, t := range all {
		p.curve(t)
		if anyFailed(all) {
			p.failures(t, p.lanes+18+laneHeight*(float64(i)+.4))
		}
	}
	return drawing{p.String(), width, p.y.from + 40}
}

func span(all []trace) (low, high, end float64) {
	low = math.Inf(1)
	for _, t := range all {
		end = max(end, t.at[len(t.at)-1]+t.slice())
		for _, x := range t.p99 {
			if known(x) {
				low, high = min(low, x), max(high, x)
			}
		}
	}
	if end == 0 {
		end = 1
	}
	return low, high, end
}

func looksOf(all []trace) (looks []look) {
	for _, t := range all {
		looks = append(looks, t.look)
	}
	return looks
}

func (p *timeplot) grid() {
	about := 8
	if isNarrow(p.width) {
		about = 5
	}
	for _, t := range p.y.ticks(8) {
		p.line(p.x.from, p.y.at(t), p.x.to, p.y.at(t), "grid")
		p.text(p.x.from-6, p.y.at(t)+4, "end", "tick", tick(duration)(t))
	}
	for _, t := range p.x.ticks(about) {
		p.line(p.x.at(t), p.y.from, p.x.at(t), p.y.from+5, "axis")
		p.text(p.x.at(t), p.y.from+18, "middle", "tick", strconv.FormatFloat(t, 'g', 4, 64))
	}
	p.line(p.x.from, p.y.from, p.x.to, p.y.from, "axis")
	p.text(p.x.to, p.y.from+34, "end", "tick", "seconds from the start of a round")
	p.text(0, p.y.to-6, "start", "tick", "p99")
}

// moment marks when the scenario struck, and names it on the roomier side.
func (p *timeplot) moment(v view) {
	at, ok := v.moment()
	if !ok {
		return
	}
	x, anchor, dx := p.x.at(at), "start", 6.0
	if x > (p.x.from+p.x.to)/2 {
		anchor, dx = "end", -6
	}
	p.line(x, p.lanes, x, p.y.from, "moment")
	p.text(x+dx, p.lanes+11, anchor, "label", v.happening())
}

// curve breaks where nothing was answered.
func (p *timeplot) curve(t trace) {
	var d strings.Builder
	pen := "M"
	for i, us := range t.p99 {
		if !known(us) {
			pen = "M"
			continue
		}
		d.WriteString(pen + place(p.x.at(t.at[i]+t.slice()/2)) + " " + place(p.y.at(us)))
		pen = "L"
	}
	p.named(fmt.Sprintf("%s: %d failed", t.label(), t.lost()), t.Class)
	p.stroke(d.String(), t.look)
	p.end()
}

func (p *timeplot) failures(t trace, y float64) {
	p.mark(5, y, 4, t.Shape, t.mark())
	p.text(p.x.from-6, y+4, "end", "tick", countShort(t.lost()))
	radius := clamp(.4*(p.x.at(t.slice())-p.x.at(0)), 1.5, 3.2)
	for i, n := range t.failed {
		if n > 0 {
			p.cross(p.x.at(t.at[i]+t.slice()/2), y, radius)
		}
	}
}

// countShort fits beside a lane.
func countShort(n int) string {
	if n >= 10000 {
		return strconv.Itoa(n/1000) + "k"
	}
	return count(float64(n), 1)
}
