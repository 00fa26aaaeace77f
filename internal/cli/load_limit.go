//go:build linux

package cli

import (
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/urfave/cli/v2"

	"prefork/internal/lookup"
)

// loadMetric is a number of a load that a condition may be of. They are called as
// those of the bench are.
type loadMetric struct {
	name  string
	unit  string // µs for a time
	means string
	of    func(loaded) (value float64, measured bool)
}

func loadMetricsOf() []loadMetric {
	return []loadMetric{
		{"throughput", "/s", "requests answered a second", func(l loaded) (float64, bool) { return l.seen.Throughput(), true }},
		{"p50", "µs", "half of the requests are answered within it", percentile(50)},
		{"p90", "µs", "90 % of the requests are answered within it", percentile(90)},
		{"p99", "µs", "99 % of the requests are answered within it", percentile(99)},
		{"p999", "µs", "99.9 % of the requests are answered within it", percentile(99.9)},
		{"max", "µs", "the longest answer", percentile(100)},
		{"mean", "µs", "the mean answer", func(l loaded) (float64, bool) { return l.seen.Response.Mean(), l.seen.Response.TotalCount() > 0 }},
		{"sd", "µs", "standard deviation of the answers", func(l loaded) (float64, bool) { return l.seen.Response.StdDev(), l.seen.Response.TotalCount() > 1 }},
		{"lost", "", "requests that failed", func(l loaded) (float64, bool) { return float64(l.lost()), true }},
	}
}

func loadMetricRows() (rows [][2]string) {
	for _, m := range loadMetricsOf() {
		rows = append(rows, [2]string{m.name, m.means})
	}
	return rows
}

func percentile(p float64) func(loaded) (float64, bool) {
	return func(l loaded) (float64, bool) {
		return float64(l.seen.Response.ValueAtQuantile(p)), l.enough(p)
	}
}

// enoughBeyond is how many answers are to be beyond a percentile before it is told: ten
// for p99 are a thousand in all.
const enoughBeyond = 10

// enough reports whether there are enough answers for a percentile, 100 being the last.
func (l loaded) enough(p float64) bool {
	n := float64(l.seen.Response.TotalCount())
	return n > 0 && (p == 100 || n*(100-p)/100 >= enoughBeyond-1e-6)
}

// loadLimit is a condition under which a load fails.
type loadLimit struct {
	text   string
	metric loadMetric
	holds  func(x, limit float64) bool
	limit  float64
}

var comparisons = map[string]func(x, limit float64) bool{
	">":  func(x, limit float64) bool { return x > limit },
	">=": func(x, limit float64) bool { return x >= limit },
	"<":  func(x, limit float64) bool { return x < limit },
	"<=": func(x, limit float64) bool { return x <= limit },
}

var loadCondition = regexp.MustCompile(`^\s*(\w+)\s*(>=|<=|>|<)\s*(\S+)\s*$`)

// loadLimits reads the conditions.
func loadLimits(c *cli.Context) (limits []loadLimit, err error) {
	for _, text := range c.StringSlice("fail-if") {
		limit, err := parseLoadLimit(text)
		if err != nil {
			return nil, usage(fmt.Errorf("--fail-if '%s': %w", text, err))
		}
		limits = append(limits, limit)
	}
	return limits, nil
}

func parseLoadLimit(text string) (l loadLimit, err error) {
	m := loadCondition.FindStringSubmatch(text)
	if m == nil {
		return l, errors.New("want a condition such as 'p99 > 5ms' or 'throughput < 1000'")
	}
	l.metric, err = lookup.ByName("metric", strings.ToLower(m[1]), loadMetricsOf(), func(m loadMetric) string { return m.name })
	if err != nil {
		return l, err
	}
	l.text, l.holds = text, comparisons[m[2]]
	l.limit, err = l.metric.parse(m[3])
	return l, err
}

// parse reads a time for a metric that is one, and else a number.
func (m loadMetric) parse(text string) (float64, error) {
	if m.unit == "µs" {
		d, err := time.ParseDuration(text)
		if err != nil || d < 0 {
			return 0, fmt.Errorf("%s is a time: %q is none such as 5ms", m.name, text)
		}
		return float64(d) / float64(time.Microsecond), nil
	}
	x, err := strconv.ParseFloat(text, 64)
	if err != nil || !(x >= 0) {
		return 0, fmt.Errorf("%s is a number: %q is none of 0 or more", m.name, text)
	}
	return x, nil
}

// crossed is whether the condition holds, and the number that it is of, in words.
func (l loadLimit) crossed(of loaded) (holds bool, value string, err error) {
	x, measured := l.metric.of(of)
	doubts := of.doubts()
	switch {
	case !measured:
		return false, "", fmt.Errorf("not measured: %d answers are too few", of.seen.Response.TotalCount())
	case len(doubts) > 0:
		return false, "", fmt.Errorf("cannot be trusted: %s", doubts[0])
	}
	value = fmt.Sprintf("%s is %s", l.metric.name, strings.TrimSpace(strconv.FormatFloat(x, 'f', -1, 64)+" "+l.metric.unit))
	if l.metric.unit == "µs" {
		value = fmt.Sprintf("%s is %s", l.metric.name, inTime(x))
	}
	return l.holds(x, l.limit), value, nil
}
