package report

import (
	"html/template"
	"slices"
	"strconv"

	"prefork/bench/result"
)

// metricView is one metric's comparisons with the baseline.
type metricView struct {
	Title, Means, Noise string
	Rows                []comparisonRow
}

type comparisonRow struct {
	Arm             string
	Swatch          template.HTML
	Ratio, Interval string
	Forest          template.HTML
	P, Verdict      string
	N               int
	Class           string // of the verdict
}

// comparisons are grouped by metric, those that decide first.
func (v view) comparisons() (all []metricView, head template.HTML) {
	f := v.forest()
	for _, m := range result.Metrics {
		phase := v.phase(m.Name)
		view := metricView{Title: m.Title, Means: m.Means + ", " + phase + " loop"}
		noise, noisy := v.AANoise[result.NoiseKey(phase, m.Name)]
		noisy = noisy && known(noise[0]) && known(noise[1])
		if noisy {
			view.Noise = "× " + ratio(noise[0], .001) + " to " + ratio(noise[1], .001)
		}
		for _, c := range v.Comparisons {
			if c.Phase == phase && c.Metric == m.Name {
				view.Rows = append(view.Rows, v.comparisonRow(c, f, noise, noisy))
			}
		}
		if len(view.Rows) > 0 {
			all = append(all, view)
		}
	}
	return all, f.head()
}

func (v view) comparisonRow(c result.Comparison, f forest, noise [2]float64, noisy bool) comparisonRow {
	e := estimate{mid: c.Ratio, low: c.CI95[0], high: c.CI95[1]}
	row := comparisonRow{
		Arm: c.Arm, N: c.N, P: probability(c.PValue), Verdict: verdictText(v.Plan, c.Verdict), Class: "none",
		Ratio: ratio(e.mid, e.step()) + " ×", Interval: "–",
	}
	if e.interval() {
		row.Interval = ratio(e.low, e.step()) + " to " + ratio(e.high, e.step())
	}
	switch c.Verdict {
	case result.Better:
		row.Class, row.Verdict = "better", "▲ better"
	case result.Worse:
		row.Class, row.Verdict = "worse", "▼ worse"
	}
	l := look{Shape: "circle", Class: "peer1"}
	if i := slices.IndexFunc(v.looks, func(l look) bool { return l.Name == c.Arm }); i >= 0 {
		l = v.looks[i]
		row.Swatch = l.swatch(false)
	}
	row.Forest = f.row(l, e, noise, noisy)
	return row
}

func ratio(x, step float64) string {
	if step == 0 {
		step = .01
	}
	return count(x, max(step, .001))
}

func probability(p float64) string {
	switch {
	case !known(p):
		return "–"
	case p < .001:
		return "< 0.001"
	}
	return strconv.FormatFloat(p, 'f', 3, 64)
}

// noiseWords say what a finding takes.
func (v view) noiseWords() string {
	words := "Better and worse are sure at 5 % for all that is compared together; same is where the whole interval is that near to 1."
	if len(v.AANoise) > 0 {
		words += " Grey in the picture is how far the baseline came out from itself, for a check."
	}
	if slices.ContainsFunc(v.Comparisons, func(c result.Comparison) bool { return c.Verdict == result.NoClaim }) {
		words += " No claim is made for the latency of an arm that lost many requests: it is of those answered, and the slowest may be among the lost."
	}
	return words
}

// forest draws ratios on one logarithmic scale around 1.
type forest struct{ scale }

const forestWidth = 170.0

// reaches are how far the scale may go to either side; what lies farther out is an
// arrow at its end, since one huge ratio would make all others look like 1.
var reaches = []float64{1.25, 1.5, 2, 4, 10}

func (v view) forest() forest {
	farthest := 1.0
	for _, c := range v.Comparisons {
		if c.Ratio > 0 && known(c.Ratio) {
			farthest = max(farthest, c.Ratio, 1/c.Ratio)
		}
	}
	reach := reaches[len(reaches)-1]
	for i := len(reaches) - 1; i >= 0 && reaches[i] >= farthest*1.03; i-- {
		reach = reaches[i]
	}
	return forest{scale{low: 1 / reach, high: reach, from: 8, to: forestWidth - 8, log: true}}
}

// svg is a strip of the forest; what lies beyond its ends is cut off.
func (f forest) svg(height float64, body string) template.HTML {
	var c canvas
	c.tag("svg", attributes{"class", "chart", "width", place(forestWidth), "height", place(height), "aria-hidden", "true"}, ">")
	return template.HTML(c.String() + body + "</svg>")
}

func (f forest) head() template.HTML {
	var c canvas
	reach := tick(count)(f.high)
	c.text(0, 13, "start", "tick", "÷ "+reach)
	c.text(f.at(1), 13, "middle", "tick", "1")
	c.text(forestWidth, 13, "end", "tick", "× "+reach)
	return f.svg(17, c.String())
}

func (f forest) row(l look, e estimate, noise [2]float64, noisy bool) template.HTML {
	const height, y = 20, 10
	var c canvas
	if noisy {
		low, high := f.within(noise[0]), f.within(noise[1])
		c.rect(low, 0, high-low, height, "noise")
	}
	c.line(f.at(1), 0, f.at(1), height, "axis")
	c.tag("g", attributes{"class", l.Class}, ">")
	if e.interval() {
		c.line(f.within(e.low), y, f.within(e.high), y, "interval")
	}
	switch {
	case e.mid > f.high:
		c.path("M"+place(f.to)+" 4l8 6l-8 6Z", l.mark())
	case e.mid < f.low:
		c.path("M"+place(f.from)+" 4l-8 6l8 6Z", l.mark())
	default:
		c.mark(f.at(e.mid), y, 4.6, l.Shape, l.mark())
	}
	c.end()
	return f.svg(height, c.String())
}

func (f forest) within(x float64) float64 { return f.at(clamp(x, f.low, f.high)) }
