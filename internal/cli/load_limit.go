//go:build linux

package cli

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"sync"

	"github.com/urfave/cli/v2"

	"prefork/bench/result"
	"prefork/bench/stats"
	"prefork/internal/lookup"
)

// loadMetrics are those of the bench's metrics that the clients alone can tell.
var loadMetrics = []string{"throughput", "p50", "p90", "p99", "p999", "max", "mean", "sd", "service_p99", "connect_p99", "lost", "cpu_client", "lag_p99"}

func loadMetricRows() (rows [][2]string) {
	for _, m := range result.Metrics {
		if slices.Contains(loadMetrics, m.Name) {
			rows = append(rows, [2]string{m.Name, m.Means})
		}
	}
	return rows
}

// enough reports whether there are enough answers for a percentile, 100 being the last.
func (l loaded) enough(p float64) bool {
	n := l.round().Latency.N
	return p == 100 && n > 0 || p < 100 && stats.TellsQuantile(p/100, n)
}

// loadLimit is a condition under which a load fails: one of the bench, with the arm and
// the loop that it leaves out.
type loadLimit struct {
	text   string
	metric result.Metric
	result.Threshold
}

var loadCondition = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^\s*(\w+)\s*([<>].*)$`) })

// loadLimits reads the conditions for a loop.
func loadLimits(c *cli.Context, loop string) (limits []loadLimit, err error) {
	for _, text := range c.StringSlice("fail-if") {
		limit, err := parseLoadLimit(text, loop)
		if err != nil {
			return nil, usage(fmt.Errorf("--fail-if '%s': %w", text, err))
		}
		limits = append(limits, limit)
	}
	return limits, nil
}

func parseLoadLimit(text, loop string) (l loadLimit, err error) {
	m := loadCondition().FindStringSubmatch(text)
	if m == nil {
		return l, errors.New("want a condition such as 'p99 > 5ms' or 'throughput < 1000'")
	}
	name := strings.ToLower(m[1])
	if !slices.Contains(loadMetrics, name) {
		return l, lookup.Unknown("metric", name, loadMetrics)
	}
	l.text = text
	l.metric, _ = result.LookupMetric(name)
	l.Threshold, err = result.ParseThreshold(fmt.Sprintf("%s.%s(%s) %s", loop, name, loadArm, m[2]))
	return l, err
}

// crossed is whether the condition holds, and the number that it is of, in words.
func (l loadLimit) crossed(of loaded) (holds bool, value string, err error) {
	round := of.round()
	if _, few := of.UntoldOf(loadArm, round.Phase, l.metric); !few && !round.Sound(l.metric) {
		return false, "", fmt.Errorf("cannot be trusted: %s", round.Doubtful())
	}
	holds, value, err = l.Crossed(of.Result, nil)
	if errors.Is(err, result.ErrNotMeasured) {
		err = errors.New(l.withoutArm(of, err.Error()))
	}
	return holds, l.withoutArm(of, value), err
}

// withoutArm leaves out of what is said of a metric what every load is.
func (l loadLimit) withoutArm(of loaded, text string) string {
	return strings.Replace(text, fmt.Sprintf("%s.%s(%s)", of.round().Phase, l.metric.Name, loadArm), l.metric.Name, 1)
}
