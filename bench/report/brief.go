package report

import (
	"fmt"
	"io"
	"math"
	"strings"
	"time"
	"unicode/utf8"

	"prefork/bench/result"
	"prefork/internal/ink"
)

// BriefOptions are how a brief is to look.
type BriefOptions struct {
	Width int  // of the terminal in columns; 0 is 80, which is also the most used
	Color bool // ANSI, 24 bit
	ASCII bool // nothing but
}

const briefWidth = 80

// Brief writes what one reads of a result at first sight: an arm a row, a few numbers in
// plain words, and a sentence for each arm.
func Brief(w io.Writer, r *result.Result, o BriefOptions) error {
	b := &brief{Result: r, Brief: r.Brief(), width: o.width(), paint: ink.Paint(o.Color)}
	b.heading()
	if len(r.Curve) > 0 {
		b.curve()
	} else {
		b.grid()
		b.legend()
	}
	b.sentences()
	return b.write(w, o)
}

// curve has the loads of a load curve in place of the columns of a grid.
func (b *brief) curve() {
	for _, line := range curveLines(b.Result, b.paint, b.width) {
		b.line(line)
	}
	b.line("")
	if legend := curveLegend(b.Result, curveBlocks(b.Result)); len(legend) > 0 {
		b.line(b.paint.Dim(keyed(legend, b.width)))
	}
	if said := strings.TrimSpace(fullLoad(b.Result) + " " + tailNeeds(b.Result)); said != "" {
		b.line(b.paint.Dim(wrapped(said, b.width, 0)))
	}
}

// keyed are the parts of a legend, none of them broken, with wide gaps between.
func keyed(parts []string, width int) string {
	for i, part := range parts {
		parts[i] = strings.ReplaceAll(part, " ", "\u00a0")
	}
	return strings.NewReplacer("\u00a0", " ", " ", "   ").Replace(strings.Join(ink.Fold(strings.Join(parts, " "), width-2*len(parts)), "\n"))
}

func (o BriefOptions) width() int {
	if o.Width == 0 {
		return briefWidth
	}
	return min(o.Width, briefWidth)
}

func (b *brief) write(w io.Writer, o BriefOptions) error {
	text := b.out.String()
	if o.ASCII {
		text = plain.Replace(text)
	}
	_, err := io.WriteString(w, text)
	return err
}

// plain has ASCII for what a brief is written with.
var plain = strings.NewReplacer("▲", "^", "▼", "v", "−", "-", "–", "-", "±", "+-", "×", "x", "µ", "u", "·", "-", "…", "...",
	"▁", ".", "▂", ".", "▃", "-", "▄", "-", "▅", "=", "▆", "=", "▇", "#", "█", "#", "—", "-")

// brief is one in the making.
type brief struct {
	*result.Result
	result.Brief
	width int
	paint ink.Paint
	out   strings.Builder
}

func (b *brief) line(text string) { b.out.WriteString(strings.TrimRight(text, " ") + "\n") }

func (b *brief) say(text string) { b.line(wrapped(text, b.width, 0)) }

// heading says what was run, and what was the matter.
func (b *brief) heading() {
	parts := []string{b.Plan.Workload, b.Plan.Service}
	if b.Plan.Scenario != "steady" {
		parts = append(parts, b.Plan.Scenario)
	}
	if len(b.Arms) > 0 {
		parts = append(parts, numbered(b.Arms[0].Workers, "worker"))
	}
	shared := fmt.Sprintf("%d CPUs, shared with the load generator", b.Environment.CPUs)
	if b.Environment.CPUs == 1 {
		shared = "1 CPU, shared with the load generator"
	}
	b.line(b.paint.Bold(wrapped(strings.Join(nonEmpty(append(parts, b.lengths(), shared)), " · "), b.width, 0)))
	if b.Partial != "" {
		b.line(b.paint.Alarm(wrapped("PARTIAL: cut short, "+b.Partial, b.width, 0)))
	}
	if disturbed := b.Disturbed(); disturbed != "" {
		b.line(b.paint.Alarm(wrapped(disturbed, b.width, 0)))
	}
	b.line("")
}

// lengths are how many rounds there were, of what length.
func (b *brief) lengths() string {
	most := 0
	for _, round := range b.Rounds {
		most = max(most, round.Round)
	}
	return fmt.Sprintf("%s × %.3g s", numbered(most, "round"), b.Plan.Length.Round(time.Millisecond).Seconds())
}

// columnWidth is that of every column of numbers, with the gap before it.
const columnWidth = 14

// grid writes the columns, in as many blocks as the width takes.
func (b *brief) grid() {
	names := utf8.RuneCountInString(twinName)
	for _, row := range b.Brief.Rows {
		names = max(names, utf8.RuneCountInString(shortened(row.Arm.Name)))
	}
	fit := max(1, (b.width-names)/columnWidth)
	for from := 0; from < len(b.Columns); from += fit {
		if from > 0 {
			b.line("")
		}
		b.block(names, from, min(from+fit, len(b.Columns)))
	}
}

const twinName = "the same server twice"

// block writes some of the columns.
func (b *brief) block(names, from, to int) {
	for i := range 2 {
		line := strings.Repeat(" ", names)
		for _, c := range b.Columns[from:to] {
			line += titled(b.title(c)[i])
		}
		b.line(b.paint.Dim(strings.TrimRight(line, " ")))
	}
	for _, row := range b.Brief.Rows {
		name := shortened(row.Arm.Name)
		line := b.paint.Strategy(row.Arm.Strategy, name) + strings.Repeat(" ", names-utf8.RuneCountInString(name))
		for i, cell := range row.Cells[from:to] {
			line += b.cell(cell, b.Columns[from+i])
		}
		b.line(line)
	}
	if line, some := b.twin(names, from, to); some {
		b.line(b.paint.Dim(strings.TrimRight(line, " ")))
	}
}

func titled(text string) string { return rightward(text, columnWidth-2) + "  " }

// title is a column's, with the limit that it is about.
func (b *brief) title(c result.BriefColumn) [2]string {
	if c.Metric == "stalled" {
		return [2]string{c.Title[0], "over " + result.InTime(b.Plan.Stall)}
	}
	return c.Title
}

// twin is how far apart the same server came out twice.
func (b *brief) twin(names, from, to int) (line string, some bool) {
	line = padded(twinName, strings.Repeat(" ", names))
	for i, noise := range b.Twin[from:to] {
		text := ""
		if noise > 0 && b.Brief.Rows[0].Cells[from+i].Known {
			text, some = fmt.Sprintf("± %.0f %%", 100*(noise-1)), true
		}
		line += titled(text)
	}
	return line, some
}

// marks are what is said of a cell by what was found; the others are 'this run cannot
// tell'.
var marks = map[string]string{
	"above": "▲", "below": "▼", "likely above": "▲?", "likely below": "▼?", "same": "=", "unknown": "?", "": "",
}

// cell is one number and what may be said of it: marks stand in two columns of their own.
func (b *brief) cell(c result.BriefCell, column result.BriefColumn) string {
	return b.marked(b.number(c, column), c)
}

// marked is a number with its mark.
func (b *brief) marked(text string, c result.BriefCell) string {
	mark := marks[c.Finding]
	if c.Rough && (mark == "" || mark == "?") {
		mark = "~"
	}
	if !c.Known {
		text, mark = "", "?"
	}
	gap := strings.Repeat(" ", 2-utf8.RuneCountInString(mark))
	cell := rightward(text, columnWidth-3) + " " + mark
	if mark == "▲" || mark == "▼" {
		cell = b.paint.Bold(cell)
	}
	return cell + gap
}

func (b *brief) number(c result.BriefCell, column result.BriefColumn) string {
	switch metric, _ := result.LookupMetric(column.Metric); {
	case !c.Known:
		return ""
	case column.Count:
		return fmt.Sprintf("%s/%s", result.Thousands(int(c.Value)), result.Thousands(c.Of))
	case c.Ratio == 0 && metric.Unit == "µs":
		return timeText(c.Value)
	case c.Ratio == 0:
		return result.Digits(c.Value, math.Pow(10, math.Floor(math.Log10(max(c.Value, 1e-9)))-2))
	}
	return changeText(c.Ratio)
}

// changeText is a ratio with a sign: "+38 %", "− 7 %", "3.2 ×".
func changeText(ratio float64) string {
	percent := math.Round(100 * (ratio - 1))
	switch {
	case ratio >= 3:
		return result.Digits(ratio, 0.1) + " ×"
	case percent == 0:
		return "  0 %"
	case percent < 0:
		return "−" + rightward(fmt.Sprintf("%.0f", -percent), 2) + " %"
	}
	return "+" + rightward(fmt.Sprintf("%.0f", percent), 2) + " %"
}

// legend says what the marks are that stand there.
func (b *brief) legend() {
	there := map[string]bool{}
	for _, row := range b.Brief.Rows {
		for _, c := range row.Cells {
			switch {
			case !c.Known:
				there["?"] = true
			case c.Rough && (c.Finding == "" || c.Finding == "unknown"):
				there["~"] = true
			default:
				there[marks[c.Finding]] = true
			}
		}
	}
	var parts []string
	for _, m := range []struct {
		says  string
		there bool
	}{
		{"▲▼ different", there["▲"] || there["▼"]},
		{fmt.Sprintf("= same within %.0f %%", 100*b.Plan.Tolerance()), there["="]},
		{"▲? ▼? likely", there["▲?"] || there["▼?"]},
		{"? this run cannot tell", there["?"]},
		{"~ rough, not judged", there["~"]},
	} {
		if m.there {
			parts = append(parts, m.says)
		}
	}
	if len(parts) > 0 {
		b.line("")
		b.line(b.paint.Dim(keyed(parts, b.width)))
	}
}

// sentences are one for each arm, of the generator, and where to go on.
func (b *brief) sentences() {
	b.line("")
	if at := b.Plan.JudgedAt(result.Open); at != "" && len(b.Said) > 0 {
		b.say("Times are judged at " + strings.Replace(at, "%", " %", 1) + ":")
	}
	for _, text := range b.Said {
		b.say(text)
	}
	for _, text := range leftOut(b.Result) {
		b.say(text)
	}
	if cpus := b.GeneratorCPUs(); cpus >= 0.1 {
		b.say(fmt.Sprintf("The load generator used %.1f of the %s: true differences in requests/s are larger.", cpus, numbered(b.Environment.CPUs, "CPU")))
	}
	b.line("")
	b.line(b.paint.Dim(wrapped("more: --details (intervals, fairness, wakeups) · --html report.html", b.width, 0)))
}
