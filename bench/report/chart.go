package report

import (
	"math"
	"strings"
)

// figure is one chart: as a picture of any width, and in words.
type figure struct {
	Name    string
	Title   string
	Subject string // what was measured, for a picture that may be all that somebody sees
	Caption string // says what one point is
	Words   string // for those who do not see it
	draw    func(width float64) drawing
}

// drawing is the inside of an SVG.
type drawing struct {
	body          string
	width, height float64
}

// Two widths: a picture that is only scaled down to a phone cannot be read there.
const (
	wide   = 860.0
	narrow = 340.0
)

// isNarrow is where labels have no room beside what they name.
func isNarrow(width float64) bool { return width < 560 }

// figures are all the charts that the result has data for.
func (v view) figures() []figure {
	var all []figure
	for _, make := range []func(view) (figure, bool){
		curveFigure, throughputFigure, latencyFigure, timelineFigure, workersFigure, cpuFigure,
	} {
		if f, ok := make(v); ok {
			all = append(all, f)
		}
	}
	return all
}

// scale takes a value to a place along an axis.
type scale struct {
	low, high float64 // of values
	from, to  float64 // of places
	log       bool
}

func (s scale) at(x float64) float64 {
	low, high := s.low, s.high
	if s.log {
		x, low, high = math.Log10(max(x, low)), math.Log10(low), math.Log10(high)
	}
	return s.from + (x-low)/(high-low)*(s.to-s.from)
}

// fromZero is a linear scale that ends on a tick at or above high.
func fromZero(high, from, to float64) scale {
	if !(high > 0) || math.IsInf(high, 0) {
		high = 1
	}
	step := niceStep(high, 5)
	return scale{high: math.Ceil(high/step-1e-9) * step, from: from, to: to}
}

// logScale spans low to high with a little room, at least a factor of 4.
func logScale(low, high, from, to float64) scale {
	if !(low > 0) || !(high >= low) {
		low, high = 1, 10
	}
	middle := math.Sqrt(low * high)
	low, high = min(low/1.15, middle/2), max(high*1.15, middle*2)
	return scale{low: low, high: high, from: from, to: to, log: true}
}

// ticks are round values within the scale, about so many.
func (s scale) ticks(about int) []float64 {
	if s.log {
		return logTicks(s.low, s.high, about)
	}
	step := niceStep(s.high-s.low, about)
	var all []float64
	for i := 0; ; i++ {
		x := s.low + float64(i)*step
		if x > s.high+step/1e3 {
			return all
		}
		all = append(all, x)
	}
}

func niceStep(span float64, about int) float64 {
	rough := span / float64(about)
	unit := math.Pow(10, math.Floor(math.Log10(rough)))
	for _, m := range []float64{1, 2, 2.5, 5} {
		if rough <= m*unit*(1+1e-9) {
			return m * unit
		}
	}
	return 10 * unit
}

// tickDigits are what ticks of a logarithm may begin with, from dense to thin.
var tickDigits = [][]float64{{1, 2, 5}, {1, 3}, {1}}

// framed are ticks around low and high, so that all lies between the first and the
// last; about so many.
func framed(low, high float64, about int) (all []float64) {
	for _, digits := range tickDigits {
		all = all[:0]
		for e := math.Floor(math.Log10(low)); len(all) == 0 || all[len(all)-1] < high; e++ {
			for _, d := range digits {
				x := d * math.Pow(10, e)
				if len(all) > 0 && all[len(all)-1] >= high {
					break
				}
				if x <= low {
					all = all[:0]
				}
				all = append(all, x)
			}
		}
		if len(all) <= about {
			break
		}
	}
	return all
}

func logTicks(low, high float64, about int) []float64 {
	var all []float64
	for _, digits := range tickDigits {
		all = all[:0]
		for e := math.Floor(math.Log10(low)); e <= math.Ceil(math.Log10(high)); e++ {
			for _, d := range digits {
				if x := d * math.Pow(10, e); x >= low && x <= high {
					all = append(all, x)
				}
			}
		}
		if len(all) <= about {
			break
		}
	}
	return all
}

// textWidth guesses how wide text of this size comes out in a system font.
func textWidth(s string, size float64) float64 {
	return float64(len([]rune(s))) * size * 0.54
}

// shorten cuts text to a width; the end of an arm's name tells it from others, so
// the middle goes.
func shorten(s string, size, width float64) string {
	letters := []rune(s)
	fit := int(width / (size * 0.54))
	if len(letters) <= fit || fit < 4 {
		return s
	}
	head := fit / 2
	return string(letters[:head]) + "…" + string(letters[len(letters)-(fit-head-1):])
}

// wrap breaks text into lines of a width.
func wrap(s string, size, width float64) []string {
	var lines []string
	line := ""
	for word := range strings.FieldsSeq(s) {
		if line != "" && textWidth(line+" "+word, size) > width {
			lines = append(lines, line)
			line = ""
		}
		line = strings.TrimPrefix(line+" "+word, " ")
	}
	if line != "" {
		lines = append(lines, line)
	}
	return lines
}
