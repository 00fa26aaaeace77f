package report

import (
	"encoding/csv"
	"math"
	"slices"
	"strconv"
	"strings"
	"testing"

	"prefork/bench/result"
)

func TestCSVHasEveryRoundAndMetric(t *testing.T) {
	r := made(3, sharedArm, peerArm)
	r.Rounds[1].Doubts = spoilt("late, by \"much\"")
	nan := math.NaN()
	r.Rounds[2].Wakeups = &nan
	var out strings.Builder
	if err := CSV(&out, r); err != nil {
		t.Fatal(err)
	}
	lines, err := csv.NewReader(strings.NewReader(out.String())).ReadAll()
	if err != nil || len(lines) != 1+len(r.Rounds) {
		t.Fatalf("%d lines, %v", len(lines), err)
	}
	for i, round := range r.Rounds {
		get := func(name string) string { return lines[i+1][slices.Index(lines[0], name)] }
		if get("arm") != round.Arm || get("valid") != strconv.FormatBool(len(round.Doubts) == 0) || get("invalid_reason") != round.Doubtful() {
			t.Errorf("line %d: %q", i, lines[i+1])
		}
		for _, metric := range result.Metrics {
			value, ok := metric.Of(round)
			if got, want := get(metric.Name), exact(value); ok && got != want || !ok && got != "" {
				t.Errorf("%s of line %d: got %q, want %q, %v", metric.Name, i, got, want, ok)
			}
		}
	}
}

func TestMarkdown(t *testing.T) {
	odd := peerArm
	odd.Name = "a|b*"
	r := made(10, sharedArm, dispatchArm, odd, controlArm)
	var out strings.Builder
	if err := Markdown(&out, r); err != nil {
		t.Fatal(err)
	}
	text := out.String()
	cells := 0
	for line := range strings.Lines(text) {
		if !strings.HasPrefix(line, "|") {
			break
		}
		n := strings.Count(strings.ReplaceAll(line, `\|`, ""), "|")
		if cells == 0 {
			cells = n
		}
		if n != cells {
			t.Errorf("%d cells in place of %d: %s", n, cells, line)
		}
	}
	for _, want := range []string{`a\|b\*`, "shared/blocking#2 (the baseline again)", "| dispatch/round-robin | throughput | 0.5", r.Verdict(), "**"} {
		if !strings.Contains(text, want) {
			t.Errorf("no %q in\n%s", want, text)
		}
	}
}
