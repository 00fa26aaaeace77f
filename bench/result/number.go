package result

import (
	"math"
	"strconv"
	"strings"
)

// LastDigit is the place of the last digit that an interval supports: that of half
// its width, or the next where it begins with 1 or 2, as a step of 10 would be most
// of it. It is 0, which is three digits, where there is no interval or no width.
func LastDigit(interval [2]float64) float64 {
	half := (interval[1] - interval[0]) / 2
	if !(half > 0) || math.IsInf(half, 0) {
		return 0
	}
	step := math.Pow(10, math.Floor(math.Log10(half)))
	if half < 3*step {
		step /= 10
	}
	return step
}

// Digits writes a number rounded to a step that is a power of ten, with commas in
// the thousands. A step of 0 is three digits. One digit is always left: a 400 of
// which not even the hundreds are sure is no 0.
func Digits(x, step float64) string {
	leading := math.Inf(1)
	if x != 0 {
		leading = math.Pow(10, math.Floor(math.Log10(math.Abs(x))))
	}
	if step == 0 {
		step = min(1, leading/100)
	}
	step = min(step, leading)
	places := max(0, int(math.Round(-math.Log10(step))))
	if places == 0 {
		x = math.Round(x/step) * step
	}
	whole, rest, found := strings.Cut(strconv.FormatFloat(x, 'f', places, 64), ".")
	if n, err := strconv.Atoi(whole); err == nil && n != 0 {
		whole = Thousands(n)
	}
	if found {
		whole += "." + rest
	}
	return whole
}

// RatioText writes a ratio and its interval: "0.62 × (0.61–0.64)".
func RatioText(x float64, interval [2]float64) string {
	step := LastDigit(interval)
	if step == 0 {
		step = 0.01
	}
	step = max(step, 0.001)
	for hidesOne(interval, step) {
		step /= 10
	}
	if math.IsInf(interval[1], 0) {
		return Digits(x, step) + " ×"
	}
	return Digits(x, step) + " × (" + Digits(interval[0], step) + "–" + Digits(interval[1], step) + ")"
}

// Percent writes a share of 1, with a decimal where it is small.
func Percent(share float64) string {
	if share < 0.0995 {
		return strconv.FormatFloat(100*share, 'f', 1, 64) + " %"
	}
	return strconv.FormatFloat(100*share, 'f', 0, 64) + " %"
}

// Factor writes a ratio that is too large for per cent: "a factor of 2.5".
func Factor(ratio float64) string {
	if ratio < 10 {
		return "a factor of " + Digits(ratio, 0.1)
	}
	return "a factor of " + Digits(ratio, 1)
}

// hidesOne says whether an interval without 1 would, rounded, seem to touch it.
func hidesOne(interval [2]float64, step float64) bool {
	const finest = 2e-4
	for _, end := range interval {
		if end != 1 && finest < step && math.Abs(end-1) < step/2 {
			return interval[0] > 1 || interval[1] < 1
		}
	}
	return false
}
