package report

import (
	"bufio"
	"cmp"
	"fmt"
	"io"
	"math"
	"slices"
	"strings"
	"unicode"

	"prefork/bench/result"
)

// GoBench writes what is sound in the rounds as results of Go benchmarks, one a line, for
// benchstat to read: `benchstat -col /arm FILE`
// (https://go.dev/design/14313-benchmark-format).
func GoBench(w io.Writer, r *result.Result) error {
	out := bufio.NewWriter(w)
	fmt.Fprintf(out, "goos: linux\ncpu: %s\nkernel: %s\nworkload: %s\nscenario: %s\n",
		oneLine(r.Environment.CPUModel), oneLine(r.Environment.Kernel), oneLine(r.Plan.Workload), oneLine(r.Plan.Scenario))
	for _, metric := range result.Metrics {
		if better := map[result.Direction]string{result.More: "higher", result.Less: "lower"}[metric.Better]; better != "" {
			fmt.Fprintf(out, "Unit %s better=%s\n", goUnit(metric), better)
		}
	}
	fmt.Fprintln(out)
	for _, phase := range r.Phases() {
		for _, load := range r.Plan.Loads(phase) {
			for _, round := range baselineFirst(r, r.At(load).In(phase)) {
				fmt.Fprintln(out, goLine(r, round))
			}
		}
	}
	return out.Flush()
}

// baselineFirst orders by round, and in it by arm: benchstat compares with what it
// reads first.
func baselineFirst(r *result.Result, rounds []result.Round) []result.Round {
	place := map[string]int{r.Plan.Baseline: -1}
	for i, arm := range r.Arms {
		if arm.Name != r.Plan.Baseline {
			place[arm.Name] = i
		}
	}
	slices.SortStableFunc(rounds, func(a, b result.Round) int {
		return cmp.Or(a.Round-b.Round, place[a.Arm]-place[b.Arm])
	})
	return rounds
}

// goLine says that it ran once: a round is one measurement, whatever the number
// of requests in it.
func goLine(r *result.Result, round result.Round) string {
	var b strings.Builder
	// Workers are last and after a =, as a last -N would be taken for GOMAXPROCS.
	fmt.Fprintf(&b, "Benchmark%s/phase=%s", camel(round.Workload), round.Phase)
	if round.Load != "" {
		fmt.Fprintf(&b, "/load=%s", round.Load)
	}
	fmt.Fprintf(&b, "/arm=%s/workers=%d 1", goName(round.Arm), armOf(r, round).Workers)
	for _, metric := range result.Metrics {
		_, few := r.At(round.Load).UntoldOf(round.Arm, round.Phase, metric)
		if value, ok := metric.Of(round); ok && !few && round.Sound(metric) && !math.IsNaN(value) && !math.IsInf(value, 0) {
			fmt.Fprintf(&b, " %s %s", exact(value), goUnit(metric))
		}
	}
	return b.String()
}

// goUnit names the metric too, since benchstat makes a table of each unit.
func goUnit(m result.Metric) string {
	switch {
	case m.Name == "throughput":
		return "req/s"
	case strings.HasPrefix(m.Name, "cpu_"):
		return m.Name + "-µs/conn"
	case m.Unit == "":
		return m.Name
	}
	return m.Name + "-" + m.Unit
}

// goName is an arm's name without what benchstat takes a name apart at.
func goName(arm string) string {
	return strings.Map(func(c rune) rune {
		switch {
		case c == '/':
			return ':'
		case unicode.IsSpace(c):
			return '_'
		}
		return c
	}, arm)
}

// camel is a workload as the name of a benchmark has to be: long-lived is
// LongLived.
func camel(name string) string {
	var b strings.Builder
	for part := range strings.FieldsFuncSeq(name, func(c rune) bool { return !unicode.IsLetter(c) && !unicode.IsDigit(c) }) {
		b.WriteString(strings.ToUpper(part[:1]) + part[1:])
	}
	return b.String()
}

func oneLine(text string) string { return strings.Join(strings.Fields(text), " ") }
