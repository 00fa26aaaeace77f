package report

import (
	"math"
	"testing"

	"prefork/bench/result"
)

func TestDigitsAreThoseThatTheIntervalSupports(t *testing.T) {
	for _, c := range []struct {
		x             float64
		interval      [2]float64
		scale, finest float64
		want          string
	}{
		{30_633, [2]float64{29_100, 33_400}, 1, 0, "30,600"}, // half of it is 2,150
		{30_633, [2]float64{30_620, 30_646}, 1, 0, "30,633"},
		{30_633.3, [2]float64{30_633, 30_634}, 1, 0, "30,633"}, // no more than five digits
		{30_633, [2]float64{20_000, 40_000}, 1, 0, "31,000"},
		{26.64, [2]float64{24.5, 28.1}, 1, 0, "26.6"},
		{26.64, [2]float64{20, 34}, 1, 0, "27"},
		{94.3, [2]float64{89, 101}, 1, 0, "94"},
		{0.99986, [2]float64{0.99984, 0.99989}, 1, 1e-4, "0.9999"},
		{3_390_000, [2]float64{3_200_000, 3_600_000}, 1000, 0, "3,390"},
		{291, [2]float64{277, 329}, 1000, 0, "0.291"},
		{1, [2]float64{1, 1}, 1, 0, "1.00"},
		{0, [2]float64{0, 0}, 1, 0, "0"},
		{25.13, [2]float64{0, math.Inf(1)}, 1, 0, "25.1"},
		{1, [2]float64{1, 1}, 1, 1e-4, "1.0000"},
	} {
		if got := supported(c.x, c.interval, c.scale, c.finest); got != c.want {
			t.Errorf("%v in %v: got %q, want %q", c.x, c.interval, got, c.want)
		}
	}
}

func TestDigits(t *testing.T) {
	for _, c := range []struct {
		x, step float64
		want    string
	}{
		{1234567, 1, "1,234,567"}, {1234567, 1000, "1,235,000"}, {1234.5, 0.1, "1,234.5"}, {-1234.56, 0.1, "-1,234.6"},
		{0.04, 0.1, "0.04"}, {400, 1000, "400"}, {0, 0.1, "0.0"}, {0.0123456, 0, "0.0123"}, {123456, 0, "123,456"}, {0, 0, "0"}, {999.96, 0.1, "1,000.0"}, {0.5, 0.001, "0.500"},
	} {
		if got := result.Digits(c.x, c.step); got != c.want {
			t.Errorf("%v by %v: got %q, want %q", c.x, c.step, got, c.want)
		}
	}
}

func TestTimes(t *testing.T) {
	for us, want := range map[float64]string{0: "0 µs", 94.34: "94.3 µs", 1500: "1.50 ms", 3.4e6: "3.40 s"} {
		if got := timeText(us); got != want {
			t.Errorf("%v: got %q, want %q", us, got, want)
		}
	}
}

func TestWrapped(t *testing.T) {
	if got, want := wrapped("a ratio of 0.5 × (0.4–0.6) is less", 16, 2), "a ratio of\n  0.5 × (0.4–0.6)\n  is less"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}
