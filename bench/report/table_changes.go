package report

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode/utf8"

	"prefork/bench/result"
	"prefork/internal/ink"
)

// Changes writes how each arm of a new run compares with the same arm of an old
// one. doubts are what else may have made the difference.
func Changes(w io.Writer, old, new *result.Result, changes []result.Change, harms []result.ChangedHarm, doubts []string, o TableOptions) error {
	t := &table{Result: new, width: o.width(), paint: ink.Paint(o.Color), notes: &notes{}}
	t.line(t.paint.Bold(fmt.Sprintf("%s · %s · old %s, new %s", new.Plan.Workload, new.Plan.Scenario, when(old), when(new))))
	t.line("")
	t.changes(old, changes, harms)
	t.untold(old)
	t.changeNotes(doubts)
	t.footnotes()
	_, err := io.WriteString(w, t.out.String())
	return err
}

// when is the time of a run, of the first where several are pooled.
func when(r *result.Result) string {
	text := r.Started.UTC().Format("2006-01-02 15:04") + " UTC"
	runs := 0
	for _, round := range r.Rounds {
		runs = max(runs, round.Run)
	}
	if runs > 0 {
		text += fmt.Sprintf(" and %d more", runs)
	}
	return text
}

// changes has a block of lines for each arm, with the metrics that a table of the
// run would show.
func (t *table) changes(old *result.Result, changes []result.Change, harms []result.ChangedHarm) {
	rows := []changeRow{{}}
	if len(changes) > 0 {
		rows[0].cells = [4]string{"", "old", "new", "ratio × (95 % interval)" + t.notes.mark(ofMeans)}
	}
	for _, arm := range t.Arms {
		rows = append(rows, t.changesOf(arm, old, changes, harms)...)
	}
	if len(rows) == 1 {
		t.line("No arm has a round in both: there is nothing to compare.")
		return
	}
	widths := changeWidths(rows)
	t.line(t.paint.Dim(rows[0].line(widths)))
	for i, row := range rows[1:] {
		if row.arm != rows[i].arm {
			t.line(t.coloured(row.arm))
		}
		verdict := t.inVerdict(row.verdict, row.verdict)
		if row.alarm {
			verdict = t.paint.Alarm(row.verdict)
		}
		t.line(row.line(widths) + verdict)
	}
}

const ofMeans = "new to old of the geometric means over the rounds; the numbers beside it are medians, which may have moved otherwise"

// changeRow is one metric of one arm: what, old, new and their ratio.
type changeRow struct {
	arm     string
	cells   [4]string
	verdict string
	alarm   bool
}

func (t *table) changesOf(arm result.Arm, old *result.Result, changes []result.Change, harms []result.ChangedHarm) (rows []changeRow) {
	before := &table{Result: old, notes: t.notes}
	for _, col := range t.columns() {
		i := slices.IndexFunc(changes, func(c result.Change) bool {
			return c.Arm == arm.Name && c.Phase == col.phase && c.Load == t.Plan.JudgedAt(c.Phase) && c.Metric == col.metric.Name
		})
		if i >= 0 {
			rows = append(rows, t.change(before, changes[i], col.metric))
		}
	}
	for _, c := range changes {
		if metric, _ := result.LookupMetric(c.Metric); c.Arm == arm.Name && c.Load != t.Plan.JudgedAt(c.Phase) {
			here, there := *t, &table{Result: old.At(c.Load), notes: t.notes}
			here.Result = t.At(c.Load)
			rows = append(rows, here.change(there, c, metric))
		}
	}
	if len(rows) == 0 {
		return nil
	}
	for _, h := range harms {
		if h.Arm == arm.Name {
			rows = append(rows, t.harmRow(h))
		}
	}
	return rows
}

func (t *table) change(before *table, c result.Change, metric result.Metric) changeRow {
	mark := ""
	if c.NoRatio > 0 {
		mark = t.notes.mark(numbered(c.NoRatio, "round") + " had no value above zero and counted for nothing; the rest may be the better ones")
	}
	if c.Verdict == result.NoClaim {
		mark += cmp.Or(t.survivorsNote(c.Arm, c.Phase), before.survivorsNote(c.Arm, c.Phase))
	}
	if c.Rough {
		mark += t.notes.mark("rough: it was sound in no round of one of the two")
	}
	what := result.MetricInWords(c.Metric)
	if c.Load != "" {
		what += " at " + c.Load
	}
	return changeRow{arm: c.Arm, verdict: verdictText(t.Plan, c.Verdict), cells: [4]string{
		what, asQuantity(c.Old, metric), asQuantity(c.New, metric), result.RatioText(c.Ratio, c.CI95) + mark,
	}}
}

// harmRow is of what has no ratio, as it should be 0.
func (t *table) harmRow(h result.ChangedHarm) changeRow {
	worse := h.Verdict == result.Worse || h.Verdict == likely+result.Worse
	return changeRow{arm: h.Arm, verdict: h.Verdict, alarm: worse, cells: [4]string{
		fmt.Sprintf("%s (%s)", h.Metric, h.Phase), inAll(h.Old, h.OldOf), inAll(h.New, h.NewOf),
		fmt.Sprintf("%s (%s to %s)", points(h.Difference), points(h.CI95[0]), points(h.CI95[1])) + t.notes.mark(ofShares),
	}}
}

const ofShares = "no ratio, as none of it should be there: the difference of the two shares, new less old"

// inAll is a count of all, with a mark if it is bad.
func inAll(n, of int) string {
	text := result.Thousands(n) + "/" + result.Thousands(of)
	switch {
	case of == 0:
		return notMeasured
	case n > 0:
		return "✗ " + text
	}
	return text
}

// points is a difference of shares.
func points(x float64) string {
	text := strings.Replace(fmt.Sprintf("%+.1f %%", 100*x), "-", "−", 1)
	if text == "−0.0 %" || text == "+0.0 %" {
		return "0.0 %"
	}
	return text
}

// untold notes the quantiles that are not compared, since either side has too few answers.
func (t *table) untold(old *result.Result) {
	said := map[string]bool{}
	for _, r := range []*result.Result{old, t.Result} {
		for _, col := range t.columns() {
			for _, few := range r.UntoldIn(col.phase, col.metric.Name) {
				if !said[col.metric.Name] {
					t.notes.add("%s of %s is not compared: %s", result.MetricInWords(col.metric.Name), few.Arm, few)
				}
				said[col.metric.Name] = true
			}
		}
	}
}

// asQuantity is a number with its unit, to three digits.
func asQuantity(x float64, m result.Metric) string {
	switch m.Unit {
	case "µs":
		return timeText(x)
	case "":
		return result.Digits(x, 0)
	}
	return result.Digits(x, 0) + " " + m.Unit
}

func changeWidths(rows []changeRow) (widths [4]int) {
	for _, row := range rows {
		for i, text := range row.cells {
			widths[i] = max(widths[i], utf8.RuneCountInString(text))
		}
	}
	return widths
}

// line has text to the left of its column and numbers to the right.
func (r changeRow) line(widths [4]int) string {
	line := ""
	for i, text := range r.cells {
		room := strings.Repeat(" ", widths[i]-utf8.RuneCountInString(text))
		if i == 1 || i == 2 {
			line += columnGap + room + text
		} else {
			line += columnGap + text + room
		}
	}
	return line + columnGap
}

func (t *table) changeNotes(doubts []string) {
	for _, doubt := range doubts {
		t.notes.add("%s", doubt)
	}
	t.notes.add("better and worse are sure at 5 %% for all that is compared together; same is where the whole interval is that near to 1")
	t.notes.add("the runs were not made side by side: what else changed on the machine between them is in the ratios; if all arms moved alike, it was that")
}
