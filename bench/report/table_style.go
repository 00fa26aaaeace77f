package report

import (
	"fmt"
	"strings"

	"prefork/bench"
)

// paint is whether there are colours.
type paint bool

// The colours of the strategies, the same everywhere.
var strategyColours = map[string]string{
	"shared":    "38;2;0;114;178",  // #0072B2
	"reuseport": "38;2;230;159;0",  // #E69F00
	"dispatch":  "38;2;170;68;153", // #AA4499
}

const vermilion = "38;2;213;94;0" // #D55E00: lost, stalled

func (p paint) with(code, text string) string {
	if !p || code == "" || strings.TrimSpace(text) == "" {
		return text
	}
	return "\x1b[" + code + "m" + text + "\x1b[0m"
}

func (p paint) bold(text string) string  { return p.with("1", text) }
func (p paint) dim(text string) string   { return p.with("2", text) }
func (p paint) alarm(text string) string { return p.with(vermilion, text) }

// verdict stands out where there is a difference.
func (p paint) verdict(verdict, text string) string {
	if verdict == bench.Better || verdict == bench.Worse {
		return p.bold(text)
	}
	return p.dim(text)
}

// coloured is an arm's name in the colour of its strategy.
func (t *table) coloured(arm string) string { return t.inColourOf(arm, arm) }

func (t *table) inColourOf(arm, text string) string {
	for _, a := range t.Arms {
		if a.Name == arm {
			return t.paint.with(strategyColours[a.Strategy], text)
		}
	}
	return text
}

// notes are footnotes: those with a mark stand for places in the table.
type notes struct {
	marked  []string
	general []string
}

// mark is the mark of a note, which may stand at many places.
func (n *notes) mark(text string) string {
	for i, t := range n.marked {
		if t == text {
			return raised.Replace(fmt.Sprint(i + 1))
		}
	}
	n.marked = append(n.marked, text)
	return raised.Replace(fmt.Sprint(len(n.marked)))
}

func (n *notes) add(format string, values ...any) {
	n.general = append(n.general, fmt.Sprintf(format, values...))
}

func (t *table) footnotes() {
	if len(t.notes.marked)+len(t.notes.general) > 0 {
		t.line("")
	}
	for i, text := range t.notes.marked {
		t.line(t.paint.dim(wrapped(raised.Replace(fmt.Sprint(i+1))+" "+text, t.width, 2)))
	}
	for _, text := range t.notes.general {
		t.line(t.paint.dim(wrapped("· "+text, t.width, 2)))
	}
}
