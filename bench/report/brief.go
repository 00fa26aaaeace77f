package report

import (
	"io"
	"math"
	"strings"
	"unicode/utf8"

	"prefork/bench/result"
	"prefork/internal/ink"
)

// BriefOptions are how a brief is to look.
type BriefOptions struct {
	Width int  // of the terminal in columns; 0 is 80, which is also the most used
	Color bool // ANSI, 24 bit
	ASCII bool // nothing but
	// Explain adds how it is to be read.
	Explain bool
}

const briefWidth = 80

// Brief writes what one reads of a result at first sight: an arm a row, a few numbers in
// plain words, and a sentence for each arm.
func Brief(w io.Writer, r *result.Result, o BriefOptions) error {
	b := &brief{Result: r, Brief: r.Brief(), width: o.width(), bars: o.bars(), paint: ink.Paint(o.Color)}
	b.heading()
	if len(r.Curve) > 0 { // whose loads are in place of the columns of a grid
		for _, line := range curveText(r, b.paint, b.width) {
			b.line(line)
		}
	} else {
		b.grid()
		b.legend()
	}
	b.sentences()
	for _, line := range agentLines(r) {
		b.line(line)
	}
	if o.Explain {
		b.explain()
	}
	return b.write(w, o)
}

// keyed are the parts of a legend, none of them broken, with wide gaps between.
func keyed(parts []string, width int) string {
	for i, part := range parts {
		parts[i] = strings.ReplaceAll(part, " ", "\u00a0")
	}
	return strings.NewReplacer("\u00a0", " ", " ", "   ").Replace(strings.Join(ink.Fold(strings.Join(parts, " "), width-2*len(parts)), "\n"))
}

// bars is how wide a terminal is beyond what a brief takes, up to what its bars do.
func (o BriefOptions) bars() int { return min(max(o.Width-briefWidth-barGap, 0), longestBar) }

const (
	barGap      = 2
	longestBar  = 24
	shortestBar = 8 // fewer columns are not worth it
)

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
	"▁", ".", "▂", ".", "▃", "-", "▄", "-", "▅", "=", "▆", "=", "▇", "#", "█", "#", "—", "-", "▉", "#", "▊", "#", "▋", "#", "▌", "=", "▍", "-", "▎", "-", "▏", "-")

// brief is one in the making.
type brief struct {
	*result.Result
	result.Brief
	width int
	bars  int // how long those may be that stand beside the numbers
	paint ink.Paint
	out   strings.Builder
}

func (b *brief) line(text string) { b.out.WriteString(strings.TrimRight(text, " ") + "\n") }

func (b *brief) say(text string) { b.line(wrapped(text, b.width, 0)) }

// heading says what was run, and what was the matter.
func (b *brief) heading() {
	b.line(b.paint.Bold(wrapped(whatRan(b.Result), b.width, 0)))
	if b.Partial != "" {
		b.line(b.paint.Alarm(wrapped("PARTIAL: cut short, "+b.Partial, b.width, 0)))
	}
	if disturbed := b.Disturbed(); disturbed != "" {
		b.line(b.paint.Alarm(wrapped(disturbed, b.width, 0)))
	}
	b.line("")
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

// block writes some of the columns.
func (b *brief) block(names, from, to int) {
	for i := range 2 {
		line := strings.Repeat(" ", names)
		for _, c := range b.Columns[from:to] {
			line += titled(briefTitle(b.Plan, c)[i])
		}
		if b.bars >= shortestBar {
			line += strings.Repeat(" ", barGap) + briefTitle(b.Plan, b.Columns[from])[i]
		}
		b.line(b.paint.Dim(strings.TrimRight(line, " ")))
	}
	for _, row := range b.Brief.Rows {
		name := shortened(row.Arm.Name)
		line := b.paint.Strategy(row.Arm.Strategy, name) + strings.Repeat(" ", names-utf8.RuneCountInString(name))
		for i, cell := range row.Cells[from:to] {
			line += b.marked(numberOf(cell, b.Columns[from+i]), cell)
		}
		b.line(line + b.bar(row, from))
	}
	if texts, some := twinText(b.Brief); some {
		line := padded(twinName, strings.Repeat(" ", names))
		for _, text := range texts[from:to] {
			line += titled(text)
		}
		b.line(b.paint.Dim(strings.TrimRight(line, " ")))
	}
}

// bar is a number of an arm's as a bar, where there is room.
func (b *brief) bar(row result.BriefRow, column int) string {
	if b.bars < shortestBar || !row.Cells[column].Known {
		return ""
	}
	most := 0.0
	for _, other := range b.Brief.Rows {
		if c := other.Cells[column]; c.Known {
			most = max(most, c.Value)
		}
	}
	return strings.Repeat(" ", barGap) + b.paint.Strategy(row.Arm.Strategy, blocks(row.Cells[column].Value/max(most, 1e-9), b.bars))
}

// blocks is a bar of so many columns at most, in eighths of one.
func blocks(share float64, longest int) string {
	eighths := int(math.Round(share * float64(8*longest)))
	bar := strings.Repeat("█", eighths/8)
	if rest := eighths % 8; rest > 0 {
		bar += string([]rune("▏▎▍▌▋▊▉")[rest-1])
	}
	return bar
}

func titled(text string) string { return rightward(text, columnWidth-2) + "  " }

// marked is a number with its mark: marks stand in two columns of their own.
func (b *brief) marked(text string, c result.BriefCell) string {
	mark := markOf(c)
	gap := strings.Repeat(" ", 2-utf8.RuneCountInString(mark))
	cell := rightward(text, columnWidth-3) + " " + mark
	if sure(mark) {
		cell = b.paint.Bold(cell)
	}
	return cell + gap
}

// legend says what the marks are that stand there.
func (b *brief) legend() {
	if parts := legendOf(b.Plan, b.Brief.Rows); len(parts) > 0 {
		b.line("")
		b.line(b.paint.Dim(keyed(parts, b.width)))
	}
}

// sentences are what is to be known, and where to go on.
func (b *brief) sentences() {
	said := sentencesOf(b.Result, b.Brief)
	if len(said) > 0 {
		b.line("")
	}
	for _, text := range said {
		b.say(text)
	}
	b.line("")
	b.line(b.paint.Dim(wrapped("more: --details (intervals, fairness, wakeups) · --html report.html · --explain", b.width, 0)))
}
