package report

import (
	"math"
	"strings"

	"prefork/bench/result"
)

// quantity writes a number to a step: as many digits as make sense. Step 0 is
// three significant digits.
type quantity func(x, step float64) string

func count(x, step float64) string { return result.Digits(x, step) }

// duration is a number of microseconds, in the unit that fits.
func duration(us, step float64) string {
	if step > 0 {
		us = math.Round(us/step) * step // 999.6 may become 1 ms
	}
	switch {
	case us < 1000:
		return count(us, step) + " µs"
	case us < 1e6:
		return count(us/1e3, step/1e3) + " ms"
	}
	return count(us/1e6, step/1e6) + " s"
}

// tick is how a quantity stands at an axis, without idle zeros.
func tick(q quantity) func(float64) string {
	return func(x float64) string {
		number, unit, found := strings.Cut(q(x, 0), " ")
		if strings.Contains(number, ".") {
			number = strings.TrimRight(strings.TrimRight(number, "0"), ".")
		}
		if !found {
			return number
		}
		return number + " " + unit
	}
}

// step is the last digit that the interval supports, and not more than four.
func (e estimate) step() float64 {
	if !e.interval() {
		return 0
	}
	step := result.LastDigit([2]float64{e.low, e.high})
	if step == 0 || e.mid == 0 {
		return step
	}
	return max(step, math.Pow(10, math.Floor(math.Log10(math.Abs(e.mid)))-3))
}

// rounded is the median with as many digits as the interval supports.
func rounded(e estimate, q quantity) string { return q(e.mid, e.step()) }

// interval is the interval in words, empty where there is none.
func interval(e estimate, q quantity) string {
	if !e.interval() {
		return ""
	}
	return q(e.low, e.step()) + " to " + q(e.high, e.step())
}

func spread(e estimate, q quantity) string {
	if s := interval(e, q); s != "" {
		return rounded(e, q) + " (" + s + ")"
	}
	return rounded(e, q)
}

// microseconds does not change its unit: what is added up stays comparable.
func microseconds(us, step float64) string { return count(us, step) + " µs" }

// inWords says the estimates of all arms.
func (v view) inWords(all []*estimate, q quantity, unit string) string {
	var parts []string
	for i, e := range all {
		if e != nil {
			parts = append(parts, strings.TrimSpace(v.looks[i].label()+" "+spread(*e, q)+" "+unit))
		}
	}
	return strings.Join(parts, "; ") + "."
}

// under says which load a phase is.
func (v view) under(phase string) string {
	if phase == result.Closed {
		if v.Plan.Clients > 0 {
			return "with " + count(float64(v.Plan.Clients), 1) + " clients that each wait for an answer before they ask again"
		}
		return "with clients that each wait for an answer before they ask again"
	}
	for _, round := range v.In(result.Open) {
		if round.OfferedRate > 0 {
			return "at " + count(round.OfferedRate, 0) + " connections a second, whether answered or not"
		}
	}
	return "at a set rate, whether answered or not"
}
