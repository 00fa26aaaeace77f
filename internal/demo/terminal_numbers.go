package demo

import (
	"fmt"
	"strings"
	"unicode/utf8"

	"prefork/internal/ink"
)

// pad is what is missing after text to a width.
func pad(text string, width int) string {
	return strings.Repeat(" ", max(0, width-utf8.RuneCountInString(text)))
}

// The columns of a table of numbers, the same in all tables. Labels are narrower
// where the terminal is; where it is narrower still there are no columns.
const (
	labelColumn = 44
	leastLabel  = 24
	gotColumn   = 8
)

func (t *Terminal) labelColumn() int { return labelColumn - (widest - t.look.Width) }

func (t *Terminal) narrow() bool { return t.labelColumn() < leastLabel }

// tellNumbers writes the numbers so far as a table, predictions beside them.
func (t *Terminal) tellNumbers() {
	if len(t.numbers) == 0 {
		return
	}
	t.gap()
	if !t.narrow() {
		t.line(t.paint.Dim(fmt.Sprintf("    %*s  %*s  predicted", t.labelColumn(), "", gotColumn, "came out")))
	}
	for _, n := range t.numbers {
		t.number(n)
	}
	for _, n := range t.numbers {
		if n.Answers && t.guess != nil {
			t.line("")
			for _, line := range ink.Fold(t.guess.verdict(n), t.look.Width-2) {
				t.line("  " + t.paint.Bold(line))
			}
		}
	}
	t.numbers = nil
}

// number writes one, and below it by which reckoning it was predicted.
func (t *Terminal) number(n Number) {
	mark := t.paint.Bold("✓")
	if !n.OK {
		mark = t.paint.Alarm("✗")
	}
	if t.narrow() {
		t.listed(mark, n)
	} else {
		t.row(mark, n)
	}
	for _, line := range ink.Fold(n.From, t.look.Width-margin) {
		t.line(strings.Repeat(" ", margin) + t.paint.Dim(line))
	}
}

// row is a number in columns.
func (t *Terminal) row(mark string, n Number) {
	label := ink.Fold(n.Label, t.labelColumn())
	got := n.text(n.Got)
	t.line("  " + mark + " " + label[0] + pad(label[0], t.labelColumn()) + "  " + pad(got, gotColumn) + t.paint.Bold(got) + "  " + n.prediction())
	for _, line := range label[1:] {
		t.line("    " + line)
	}
}

// listed is a number where there is no room for columns.
func (t *Terminal) listed(mark string, n Number) {
	before := "  " + mark + " "
	for _, line := range ink.Fold(n.Label, t.look.Width-4) {
		t.line(before + line)
		before = "    "
	}
	t.indented("came out " + n.text(n.Got) + ", predicted " + n.prediction())
}

// text is a value with the digits that mean anything.
func (n Number) text(value float64) string { return fmt.Sprintf("%.*f", n.Digits, value) }

// prediction is what was predicted, and within which bounds it counts as that.
func (n Number) prediction() string {
	text := n.Claim
	if text == "" {
		text = n.text(n.Want)
	}
	if n.Low == n.High {
		return text
	}
	return fmt.Sprintf("%s (%s–%s)", text, n.text(n.Low), n.text(n.High))
}
