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
// where the terminal is.
const (
	labelColumn = 44
	gotColumn   = 8
)

func (t *Terminal) labelColumn() int { return max(labelColumn-(widest-t.look.Width), 10) }

// tellNumbers writes the numbers so far as a table, predictions beside them.
func (t *Terminal) tellNumbers() {
	if len(t.numbers) == 0 {
		return
	}
	t.gap()
	t.line(t.paint.Dim(fmt.Sprintf("    %*s  %*s  predicted", t.labelColumn(), "", gotColumn, "came out")))
	for _, n := range t.numbers {
		t.number(n)
	}
	for _, n := range t.numbers {
		if said := verdict(t.guess, n); n.Answers && said != "" {
			t.line("")
			t.line("  " + t.paint.Bold(said))
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
	label := ink.Fold(n.Label, t.labelColumn())
	got := n.text(n.Got)
	t.line("  " + mark + " " + label[0] + pad(label[0], t.labelColumn()) + "  " + pad(got, gotColumn) + t.paint.Bold(got) + "  " + n.prediction())
	for _, line := range label[1:] {
		t.line("    " + line)
	}
	for _, line := range ink.Fold(n.From, t.look.Width-6) {
		t.line("      " + t.paint.Dim(line))
	}
}

// text is a value with the digits that mean anything.
func (n Number) text(value float64) string { return fmt.Sprintf("%.*f", n.Digits, value) }

// prediction is what was predicted, and how far off chance may take it.
func (n Number) prediction() string {
	switch {
	case n.Claim != "":
		return n.Claim
	case n.Low == n.High:
		return n.text(n.Want)
	}
	return fmt.Sprintf("%s (%s–%s)", n.text(n.Want), n.text(n.Low), n.text(n.High))
}
