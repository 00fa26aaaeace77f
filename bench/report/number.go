package report

import (
	"math"
	"strings"
	"sync"
	"unicode/utf8"

	"prefork/bench/result"
	"prefork/internal/ink"
)

// aligned makes columns of numbers: texts of one length whose decimal points, where they have
// one, are below each other.
func aligned(texts []string) []string {
	whole, rest := 0, 0
	for _, text := range texts {
		w, r := aroundPoint(text)
		whole, rest = max(whole, w), max(rest, r)
	}
	all := make([]string, len(texts))
	for i, text := range texts {
		w, r := aroundPoint(text)
		all[i] = strings.Repeat(" ", whole-w) + text + strings.Repeat(" ", rest-r)
	}
	return all
}

// aroundPoint is how many characters stand before the decimal point, and how many
// from it on.
func aroundPoint(text string) (whole, rest int) {
	before, _, _ := strings.Cut(text, ".")
	whole = utf8.RuneCountInString(before)
	return whole, utf8.RuneCountInString(text) - whole
}

// supported writes a number, in units of scale, with as many digits as its
// interval supports, but none beyond the place of finest and no more than five.
func supported(x float64, interval [2]float64, scale, finest float64) string {
	x /= scale
	step := result.LastDigit([2]float64{interval[0] / scale, interval[1] / scale})
	switch {
	case step == 0 && finest == 0:
		return result.Digits(x, 0)
	case x != 0:
		step = max(step, math.Pow(10, math.Floor(math.Log10(math.Abs(x)))-4))
	}
	return result.Digits(x, max(step, finest))
}

// timeText is microseconds in the unit that fits, to three digits.
func timeText(us float64) string {
	switch {
	case us < 1e3:
		return result.Digits(us, 0) + " µs"
	case us < 1e6:
		return result.Digits(us/1e3, 0) + " ms"
	}
	return result.Digits(us/1e6, 0) + " s"
}

var raised = strings.NewReplacer("0", "⁰", "1", "¹", "2", "²", "3", "³", "4", "⁴", "5", "⁵", "6", "⁶", "7", "⁷", "8", "⁸", "9", "⁹")

// glue keeps numbers and their units on one line.
var glue = sync.OnceValue(func() *strings.Replacer {
	return strings.NewReplacer(" %", "\u00a0%", " × ", "\u00a0×\u00a0", " ×", "\u00a0×", "± ", "±\u00a0", " µs", "\u00a0µs", " ms", "\u00a0ms")
})

// wrapped breaks text into lines of at most width characters, where words allow,
// but not at a no-break space; all but the first are indented.
func wrapped(text string, width, indent int) string {
	lines := ink.Fold(glue().Replace(text), width-indent)
	return strings.ReplaceAll(strings.Join(lines, "\n"+strings.Repeat(" ", indent)), "\u00a0", " ")
}
