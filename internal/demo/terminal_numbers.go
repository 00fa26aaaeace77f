package demo

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

// paint is whether there are colours.
type paint bool

// The colours of the strategies, the same everywhere; see also package report.
var strategyColours = map[string]string{
	"shared":    "38;2;0;114;178",  // #0072B2
	"reuseport": "38;2;230;159;0",  // #E69F00
	"dispatch":  "38;2;170;68;153", // #AA4499
}

const vermilion = "38;2;213;94;0" // #D55E00: lost

func (p paint) with(code, text string) string {
	if !p || code == "" || strings.TrimSpace(text) == "" {
		return text
	}
	return "\x1b[" + code + "m" + text + "\x1b[0m"
}

func (p paint) bold(text string) string  { return p.with("1", text) }
func (p paint) dim(text string) string   { return p.with("2", text) }
func (p paint) alarm(text string) string { return p.with("1;"+vermilion, text) }

// fold breaks text at spaces into lines of at most so many characters.
func fold(text string, width int) (lines []string) {
	line := ""
	for _, word := range strings.Fields(text) {
		if line != "" && utf8.RuneCountInString(line+" "+word) > width {
			lines, line = append(lines, line), ""
		}
		line = strings.TrimPrefix(line+" "+word, " ")
	}
	return append(lines, line)
}

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
	t.line(t.paint.dim(fmt.Sprintf("    %*s  %*s  predicted", t.labelColumn(), "", gotColumn, "came out")))
	for _, n := range t.numbers {
		t.number(n)
	}
	for _, n := range t.numbers {
		if said := verdict(t.guess, n); n.Answers && said != "" {
			t.line("")
			t.line("  " + t.paint.bold(said))
		}
	}
	t.numbers = nil
}

// number writes one, and below it by which reckoning it was predicted.
func (t *Terminal) number(n Number) {
	mark := t.paint.bold("✓")
	if !n.OK {
		mark = t.paint.alarm("✗")
	}
	label := fold(n.Label, t.labelColumn())
	got := n.text(n.Got)
	t.line("  " + mark + " " + label[0] + pad(label[0], t.labelColumn()) + "  " + pad(got, gotColumn) + t.paint.bold(got) + "  " + n.prediction())
	for _, line := range label[1:] {
		t.line("    " + line)
	}
	for _, line := range fold(n.From, t.look.Width-6) {
		t.line("      " + t.paint.dim(line))
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
