package report

import (
	"strings"

	"prefork/bench/result"
)

// rows is a chart with one row an arm. Wide, a row has its name to the left of the
// plot and its number to the right; narrow, both are above it.
type rows struct {
	canvas
	width  float64
	x      scale // horizontal
	y      float64
	height float64 // of a row
	middle float64 // of the plot in a row
	top    float64 // of the grid
	left   float64 // where names end
}

const (
	labelSize = 13.0
	noteSize  = 12.0
	valueRoom = 104.0
)

// newRows finds the room for the plot; from and to of x are set here.
func newRows(width float64, x scale, names []string) *rows {
	r := &rows{width: width, x: x, height: 34, middle: 17}
	r.x.from, r.x.to = 8, width-8
	if isNarrow(width) {
		r.height, r.middle = 46, 27
		return r
	}
	for _, name := range names {
		r.left = max(r.left, min(textWidth(name, labelSize)+14, width*.3))
	}
	r.x.from, r.x.to = r.left+8, width-valueRoom
	return r
}

// row starts the next one: name and number, and where its marks go.
func (r *rows) row(name, number string) (y float64) {
	y = r.y + r.middle
	if isNarrow(r.width) {
		r.text(0, r.y+14, "start", "label", shorten(name, labelSize, r.width-textWidth(number, labelSize)-8))
		r.text(r.width, r.y+14, "end", "number", number)
	} else {
		r.text(0, y+4.5, "start", "label", shorten(name, labelSize, r.left-8))
		r.text(r.width, y+4.5, "end", "number", number)
	}
	r.y += r.height
	return y
}

// group is a heading over rows.
func (r *rows) group(title string) {
	if r.y > 0 {
		r.y += 12
	}
	r.text(0, r.y+14, "start", "group", title)
	r.y += 22
}

// finish draws the grid behind what has been drawn, with the axis below.
func (r *rows) finish(tick func(float64) string, unit string) drawing {
	var grid canvas
	bottom := r.y + 4
	about := 6
	if isNarrow(r.width) {
		about = 4
	}
	for _, t := range r.x.ticks(about) {
		x := r.x.at(t)
		grid.line(x, r.top, x, bottom, "grid")
		grid.text(clamp(x, r.x.from, r.x.to), bottom+16, "middle", "tick", tick(t))
	}
	height := bottom + 22
	if unit != "" {
		grid.text(r.x.to, bottom+33, "end", "tick", unit)
		height += 17
	}
	return drawing{grid.String() + r.String(), r.width, height}
}

func clamp(x, low, high float64) float64 { return min(max(x, low), high) }

// estimate draws the rounds, the interval and the median, over each other.
func (r *rows) estimate(y float64, l look, e estimate, tip string) {
	r.named(tip, l.Class)
	for i, x := range e.rounds {
		r.dot(r.x.at(x), y+float64(i%5-2)*2.6, 2.4, "round")
	}
	if e.interval() {
		low, high := r.x.at(e.low), r.x.at(e.high)
		r.line(low, y, high, y, "interval")
		r.line(low, y-5, low, y+5, "interval cap")
		r.line(high, y-5, high, y+5, "interval cap")
	}
	r.mark(r.x.at(e.mid), y, 5.2, l.Shape, l.mark())
	r.end()
}

func (v view) labels() []string {
	var all []string
	for _, l := range v.looks {
		all = append(all, l.label())
	}
	return all
}

// throughputFigure is what each arm can do.
func throughputFigure(v view) (figure, bool) {
	phase := v.phase("throughput")
	all, ok := v.estimates(phase, "throughput")
	f := figure{
		Name: "throughput", Title: "Throughput", Words: v.inWords(all, count, "requests a second"),
		Caption: "A mark is the median over the rounds of the requests answered a second, " + v.under(phase) +
			"; the bar through it is its 95 % interval; a faint dot is one round. Further right is better.",
	}
	f.draw = func(width float64) drawing {
		r := newRows(width, fromZero(farthest(all), 0, 0), v.labels())
		for i, e := range all {
			if e == nil {
				r.row(v.looks[i].label(), "not measured")
				continue
			}
			y := r.row(v.looks[i].label(), rounded(*e, count)+" /s")
			r.estimate(y, v.looks[i], *e, v.Arms[i].Name+": "+spread(*e, count)+" requests a second")
		}
		return r.finish(tick(count), "requests a second")
	}
	return f, ok
}

// latencyFigure is how long requests take.
func latencyFigure(v view) (figure, bool) {
	phase := v.phase("p50")
	groups := map[string][]*estimate{}
	var names, words []string
	for _, name := range []string{"p50", "p90", "p99"} {
		if all, ok := v.estimates(phase, name); ok {
			names, groups[name] = append(names, name), all
			words = append(words, name+": "+v.inWords(all, duration, ""))
		}
	}
	f := figure{
		Name: "latency", Title: "Latency", Words: strings.Join(words, " "),
		Caption: "A mark is the median over the rounds of that percentile of a round's requests, " + v.under(phase) +
			", timed from when each was due; the bar through it is its 95 % interval; a faint dot is one round. The axis is logarithmic. Further left is better." + v.survivors(phase),
	}
	f.draw = func(width float64) drawing { return v.drawLatency(width, names, groups) }
	return f, len(names) > 0
}

// survivors says of which arms the latency lacks many.
func (v view) survivors(phase string) (words string) {
	for i, arm := range v.Arms {
		if share := v.LostShare(arm.Name, phase); share > 0 {
			words += " Of " + v.looks[i].label() + " these are the answered alone: " + result.Percent(share) + " were lost."
		}
	}
	return words
}

// meanings are what stands beside a percentile's name.
var meanings = map[string]string{
	"p50": "half of the requests are faster", "p90": "1 in 10 is slower", "p99": "1 in 100 is slower",
}

func (v view) drawLatency(width float64, names []string, groups map[string][]*estimate) drawing {
	var all []*estimate
	for _, name := range names {
		all = append(all, groups[name]...)
	}
	r := newRows(width, logScale(nearest(all), farthest(all), 0, 0), v.labels())
	for _, name := range names {
		r.group(name + ": " + meanings[name])
		for i, e := range groups[name] {
			if e == nil {
				r.row(v.looks[i].label(), "not measured")
				continue
			}
			y := r.row(v.looks[i].label(), rounded(*e, duration))
			r.estimate(y, v.looks[i], *e, v.Arms[i].Name+", "+name+": "+spread(*e, duration))
		}
	}
	return r.finish(tick(duration), "")
}

// farthest is the largest number of all estimates.
func farthest(all []*estimate) (x float64) {
	for _, e := range all {
		if e != nil {
			x = max(x, e.farthest())
		}
	}
	return x
}

// nearest is the smallest number of all estimates that a logarithm has.
func nearest(all []*estimate) (x float64) {
	for _, e := range all {
		if e != nil && e.nearest() > 0 && (x == 0 || e.nearest() < x) {
			x = e.nearest()
		}
	}
	return x
}
