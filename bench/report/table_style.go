package report

import (
	"fmt"

	"prefork/bench/result"
)

// inVerdict stands out where there is a difference.
func (t *table) inVerdict(verdict, text string) string {
	if verdict == result.Better || verdict == result.Worse {
		return t.paint.Bold(text)
	}
	return t.paint.Dim(text)
}

// coloured is an arm's name in the colour of its strategy.
func (t *table) coloured(arm string) string { return t.inColourOf(arm, arm) }

func (t *table) inColourOf(arm, text string) string {
	for _, a := range t.Arms {
		if a.Name == arm {
			return t.paint.Strategy(a.Strategy, text)
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
			return marked(i)
		}
	}
	n.marked = append(n.marked, text)
	return marked(len(n.marked) - 1)
}

// marked is the mark of a note, from 0.
func marked(i int) string { return raised.Replace(fmt.Sprint(i + 1)) }

func (n *notes) add(format string, values ...any) {
	n.general = append(n.general, fmt.Sprintf(format, values...))
}

func (t *table) footnotes() {
	if len(t.notes.marked)+len(t.notes.general) > 0 {
		t.line("")
	}
	for i, text := range t.notes.marked {
		t.line(t.paint.Dim(wrapped(marked(i)+" "+text, t.width, 2)))
	}
	for _, text := range t.notes.general {
		t.line(t.paint.Dim(wrapped("· "+text, t.width, 2)))
	}
}

// verdictText is a verdict as it is shown. What the result calls "no difference" is one that
// cannot be larger than the margin; beside an interval without 1 the former would be read
// as a contradiction.
func verdictText(plan result.Plan, verdict string) string {
	if verdict == result.NoDifference {
		return "same within " + result.Percent(plan.Tolerance())
	}
	return verdict
}
