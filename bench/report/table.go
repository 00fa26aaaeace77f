package report

import (
	"cmp"
	"fmt"
	"io"
	"strings"

	"prefork/bench/result"
	"prefork/bench/stats"
	"prefork/internal/ink"
)

// TableOptions are how a table is to look.
type TableOptions struct {
	Width int  // of the terminal in columns; 0 is 100, which is also the most used
	Color bool // ANSI, 24 bit
}

const (
	widest    = 100
	narrowest = 80
)

func (o TableOptions) width() int {
	if o.Width == 0 {
		return widest
	}
	return min(max(o.Width, narrowest), widest)
}

// Table writes a result for a terminal: what was measured, how the arms compare
// with the baseline, the doubts, and the verdict.
func Table(w io.Writer, r *result.Result, o TableOptions) error {
	t := &table{Result: r, width: o.width(), paint: ink.Paint(o.Color), notes: &notes{}}
	t.heading()
	t.grid()
	for _, line := range agentLines(r) {
		t.line(line)
	}
	t.comparisons()
	t.curve()
	t.doubts()
	t.footnotes()
	t.conclusion()
	_, err := io.WriteString(w, t.out.String())
	return err
}

// table is a table in the making.
type table struct {
	*result.Result
	width int
	paint ink.Paint
	notes *notes
	out   strings.Builder
}

func (t *table) line(text string) { t.out.WriteString(strings.TrimRight(text, " ") + "\n") }

// heading says what was run, so that a table that is passed on stands alone.
func (t *table) heading() {
	parts := []string{t.Plan.Workload}
	if t.Plan.Service != "" {
		parts = append(parts, t.Plan.Service)
	}
	parts = append(parts, t.Plan.Scenario)
	if workers, same := t.sameWorkers(); same {
		parts = append(parts, numbered(workers, "worker"))
	}
	parts = append(parts, numbered(t.Plan.Rounds, "round"), fmt.Sprint("seed ", t.Seed))
	t.line(t.paint.Bold(strings.Join(nonEmpty(parts), " · ")))
	if disturbed := t.Disturbed(); disturbed != "" {
		t.line(t.paint.Alarm(wrapped(disturbed, t.width, 0)))
	}
	t.line("")
}

func (t *table) sameWorkers() (n int, same bool) {
	for i, arm := range t.Arms {
		if i > 0 && arm.Workers != n {
			return 0, false
		}
		n = arm.Workers
	}
	return n, n > 0
}

// comparisons are those of the columns shown, by what they say.
func (t *table) comparisons() {
	names := t.compared()
	if len(names) == 0 {
		return
	}
	t.line("")
	t.line("against " + t.coloured(t.Plan.Baseline) + ", round by round: ratio × (95 % interval)")
	for _, arm := range names {
		t.line("  " + t.coloured(arm))
		for _, group := range t.groups(arm) {
			const label = 22
			t.line("    " + t.inVerdict(group.verdict, fmt.Sprintf("%-*s", label, verdictText(t.Plan, group.verdict))) +
				wrapped(strings.Join(group.ratios, ", "), t.width, label+4))
		}
	}
}

// compared are the arms that have comparisons, in order.
func (t *table) compared() (names []string) {
	for _, arm := range t.Arms {
		if len(t.groups(arm.Name)) > 0 {
			names = append(names, arm.Name)
		}
	}
	return names
}

// tableGroup is what was found alike of one arm.
type tableGroup struct {
	verdict string
	ratios  []string
}

// likely is before a verdict that is not sure.
const likely = "likely "

// groups puts differences first, and otherwise keeps the order of columns.
func (t *table) groups(arm string) (all []tableGroup) {
	for _, verdict := range []string{result.Better, result.Worse, result.Higher, result.Lower, likely + result.Better, likely + result.Worse, likely + result.Higher, likely + result.Lower, result.NoDifference, result.NoClaim, ""} {
		for _, col := range t.columns() {
			c, ok := t.ComparisonOf(arm, col.phase, col.metric.Name)
			if !ok || verdict != "" && c.Verdict != verdict || verdict == "" && !strings.HasPrefix(c.Verdict, "needs") {
				continue
			}
			if len(all) == 0 || all[len(all)-1].verdict != c.Verdict {
				all = append(all, tableGroup{verdict: c.Verdict})
			}
			last := &all[len(all)-1]
			last.ratios = append(last.ratios, t.compare(c))
		}
	}
	return all
}

func (t *table) compare(c result.Comparison) string {
	return strings.ReplaceAll(result.MetricInWords(c.Metric)+" "+t.ratio(c), " ", "\u00a0")
}

// ratio is one with the marks of what speaks against it.
func (t *table) ratio(c result.Comparison) string {
	text := result.RatioText(c.Ratio, c.CI95)
	if c.NoRatio > 0 {
		text += t.notes.mark(fmt.Sprintf("%s gave no ratio, as a value was not measured or was zero; the rest may be the better ones",
			numbered(c.NoRatio, "round")))
	}
	if c.Verdict == result.NoClaim {
		text += cmp.Or(t.survivorsNote(c.Arm, c.Phase), t.survivorsNote(c.Baseline, c.Phase))
	}
	return text
}

// curve is the load curve, if there is one.
func (t *table) curve() {
	if len(t.Curve) == 0 {
		return
	}
	t.line("")
	t.line(t.paint.Bold("load curve of the open loop, geometric means of the rounds"))
	for _, line := range curveText(t.Result, t.paint, t.width) {
		t.line(line)
	}
}

func (t *table) conclusion() {
	t.line("")
	t.line(t.paint.Bold("Verdict"))
	t.line(wrapped(t.Verdict(), t.width, 0))
	if known := t.InGeneral(); len(known) > 0 {
		t.line("")
		t.line(t.paint.Bold("In general") + " (not measured by this run)")
		t.line(wrapped(strings.Join(known, " "), t.width, 0))
	}
}

// claims says whether any arm has as many rounds as a claim takes.
func (t *table) claims() bool {
	for _, s := range t.Summary {
		if s.N >= stats.MinRounds {
			return true
		}
	}
	return false
}

func numbered(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%s %ss", result.Thousands(n), what)
}

func nonEmpty(texts []string) (some []string) {
	for _, text := range texts {
		if text != "" {
			some = append(some, text)
		}
	}
	return some
}
