package stats

import (
	"math"
	"strings"
	"testing"
	"time"
)

func mustParse(t *testing.T, text string) Service {
	t.Helper()
	s, err := ParseService(text)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestParseService(t *testing.T) {
	for _, c := range []struct {
		text string
		mean time.Duration
		scv  float64
	}{
		{"fixed:5ms", 5 * time.Millisecond, 0},
		{"exp:5ms", 5 * time.Millisecond, 1},
		// E[X²] is 0.99·1 + 0.01·10⁴ = 100.99 and the mean 1.99, in ms.
		{"bimodal:1ms,100ms,1%", 1990 * time.Microsecond, 100.99/(1.99*1.99) - 1},
		{"bimodal:2ms,2ms,50%", 2 * time.Millisecond, 0},
	} {
		s := mustParse(t, c.text)
		near(t, c.text+" mean", float64(s.Mean()), float64(c.mean), 1)
		near(t, c.text+" scv", s.SCV(), c.scv, 1e-9)
		if s.String() != c.text {
			t.Errorf("%s prints as %s", c.text, s)
		}
	}
}

// Each error repeats what was written and says what to write.
func TestParseServiceErrors(t *testing.T) {
	for text, want := range map[string]string{
		"":                        "no such kind: write fixed:5ms",
		"5ms":                     "no such kind: write fixed:5ms",
		"normal:5ms":              "no such kind",
		"fixed":                   `"" is no time: write fixed:5ms`,
		"fixed:5":                 `"5" is no time`,
		"exp:-5ms":                "-5ms is out of range: take 1µs to 1m0s",
		"exp:0":                   "0 is out of range",
		"fixed:2m":                "2m is out of range",
		"bimodal:1ms,100ms":       "takes three values and this has 2",
		"bimodal:1ms,x,1%":        `"x" is no time`,
		"bimodal:1ms,100ms,0.01":  `"0.01" is no share: write it like 1%`,
		"bimodal:1ms,100ms,NaN%":  "take more than 0%",
		"bimodal:1ms,100ms,0%":    "take more than 0%",
		"bimodal:1ms,100ms,100%":  "less than 100%",
		"bimodal:1ms,100ms,some%": "is no share",
	} {
		_, err := ParseService(text)
		if err == nil || !strings.Contains(err.Error(), want) || !strings.HasPrefix(err.Error(), "service \""+text) {
			t.Errorf("%q: got %v, want one with %q", text, err, want)
		}
	}
}

// What is drawn has the mean and the variation that were promised.
func TestDraw(t *testing.T) {
	const n = 400_000
	for _, text := range []string{"fixed:5ms", "exp:5ms", "bimodal:1ms,10ms,10%"} {
		s, random := mustParse(t, text), seeded(1)
		var sum, squares float64
		for range n {
			x := float64(s.Draw(random))
			sum += x
			squares += x * x
		}
		mean := sum / n
		near(t, text+" mean", mean/float64(s.Mean()), 1, 0.01)
		near(t, text+" scv", squares/n/mean/mean-1, s.SCV(), 0.01*(s.SCV()+1e-6))
	}
}

func TestNoServiceTakesNoTime(t *testing.T) {
	var s Service
	if s.Mean() != 0 || s.SCV() != 0 || s.Draw(seeded(1)) != 0 {
		t.Errorf("got a mean of %v, an SCV of %v", s.Mean(), s.SCV())
	}
}

// Whatever is accepted prints as what is read the same, and is usable.
func FuzzParseService(f *testing.F) {
	for _, text := range []string{"fixed:5ms", "exp:1h", "bimodal:1ms,100ms,1%", "bimodal:1µs,1m,0.001%", "bimodal:1ms,2ms,1e-300%", ":", "exp:"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		s, err := ParseService(text)
		if err != nil {
			return
		}
		if again, err := ParseService(s.String()); err != nil || again != s {
			t.Errorf("%q prints as %q, which reads as %v, %v", text, s, again, err)
		}
		drawn := s.Draw(seeded(1))
		if s.Mean() < MinService || s.Mean() > MaxService || drawn < 0 || !(s.SCV() >= 0) || math.IsInf(s.SCV(), 0) {
			t.Errorf("%q: mean %v, SCV %v, drawn %v", text, s.Mean(), s.SCV(), drawn)
		}
	})
}
