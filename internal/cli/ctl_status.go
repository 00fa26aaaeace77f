//go:build linux

package cli

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"prefork/bench/result"
	"prefork/internal/control"
)

// statusText is a status for people: some lines of the whole, and a row a slot.
func statusText(s *control.Status) string {
	var t strings.Builder
	how := s.Strategy
	for _, more := range []string{s.Steer, s.Policy, s.Accept} {
		if more != "" && more != "hash" {
			how += ", " + more
		}
	}
	what := cmp.Or(s.App, strings.Join(s.Program, " "))
	fmt.Fprintf(&t, "prefork %s · %s · %s · %s\n", cmp.Or(s.Name, "?"), s.State, how, printable(what))
	for _, l := range s.Listeners {
		fmt.Fprintf(&t, "%s · %s\n", printable(l.Address), queueText(l))
	}
	fmt.Fprintf(&t, "%d of %s ready%s · generation %d%s · up %s\n", s.Workers.Ready, count(s.Workers.Wanted, "worker"),
		some(s.Workers.Held, ", %d drained"), s.Generation, reloadText(s.Reloads), age(s.Uptime))
	if c := s.Connections; c != nil {
		fmt.Fprintf(&t, "accepted %s · open %s · cut %s\n", whole(c.Accepted), whole(c.Open), whole(c.Cut))
	}
	t.WriteString("\n")
	writeTable(&t, slotColumns, s.Slots)
	return t.String()
}

func queueText(l control.Listener) string {
	text := "queue " + whole(l.Queued)
	if l.Limit > 0 {
		text += " of " + whole(l.Limit)
	}
	if l.Sockets > 1 {
		text += fmt.Sprintf(", in %d sockets", l.Sockets)
	}
	return text
}

func reloadText(r control.Reloads) string {
	if r.Done+r.Failed == 0 {
		return ""
	}
	return fmt.Sprintf(" · %s%s", count(int(r.Done), "reload"), some(int(r.Failed), ", %d given up"))
}

// some is a text about a number, or none about 0.
func some(n int, format string) string {
	if n == 0 {
		return ""
	}
	return fmt.Sprintf(format, n)
}

// whole is a number as people read it.
func whole[N int | uint64](n N) string { return result.Thousands(int(n)) }

// column is one of a table. What is empty in all rows is left out.
type column[Row any] struct {
	head string
	left bool // aligned to the left
	cell func(Row) string
}

var slotColumns = []column[control.Slot]{
	{"slot", false, func(s control.Slot) string { return fmt.Sprint(s.Slot) }},
	{"state", true, func(s control.Slot) string { return string(s.State) }},
	{"pid", false, func(s control.Slot) string { return some(s.PID, "%d") }},
	{"age", false, func(s control.Slot) string {
		if s.PID == 0 {
			return ""
		}
		return age(s.Age)
	}},
	{"gen", false, func(s control.Slot) string { return some(s.Generation, "%d") }},
	{"open", false, ofConnections(func(c *control.Connections) string { return whole(c.Open) })},
	{"accepted", false, ofConnections(func(c *control.Connections) string { return whole(c.Accepted) })},
	{"share", false, ofConnections(func(c *control.Connections) string { return fmt.Sprintf("%.0f %%", 100*c.Share) })},
	{"queue", false, func(s control.Slot) string {
		if s.Queued == nil {
			return ""
		}
		return whole(*s.Queued)
	}},
	{"wakeups", false, ofConnections(func(c *control.Connections) string { return whole(c.Wakeups) })},
	{"restarts", true, restartText},
}

func ofConnections(f func(*control.Connections) string) func(control.Slot) string {
	return func(s control.Slot) string {
		if s.Connections == nil {
			return ""
		}
		return f(s.Connections)
	}
}

// restartText is how often and why, and how the last one ended that nobody had told to.
func restartText(s control.Slot) string {
	var parts []string
	for why, n := range s.Restarts {
		parts = append(parts, fmt.Sprintf("%d %s", n, why))
	}
	slices.Sort(parts)
	text := strings.Join(parts, ", ")
	if s.LastExit != "" {
		first, _, _ := strings.Cut(s.LastExit, "\n")
		text = strings.TrimSpace(text + " (" + strings.TrimSuffix(first, ", saying:") + ")")
	}
	for _, d := range s.Draining {
		text = strings.TrimPrefix(text+fmt.Sprintf("; %d leaves since %s", d.PID, age(d.For)), "; ")
	}
	return printable(text)
}

// writeTable sets rows in columns that are as wide as their widest cell.
func writeTable[Row any](t *strings.Builder, columns []column[Row], rows []Row) {
	for _, line := range tableLines(columns, rows) {
		fmt.Fprintln(t, line)
	}
}

func tableLines[Row any](columns []column[Row], rows []Row) []string {
	lines := make([]string, len(rows)+1)
	for _, c := range columns {
		cells, width, empty := []string{c.head}, utf8.RuneCountInString(c.head), true
		for _, row := range rows {
			cell := c.cell(row)
			cells, width = append(cells, cell), max(width, utf8.RuneCountInString(cell))
			empty = empty && cell == ""
		}
		if empty {
			continue
		}
		for i, cell := range cells {
			pad := strings.Repeat(" ", width-utf8.RuneCountInString(cell))
			if c.left {
				cell += pad
			} else {
				cell = pad + cell
			}
			lines[i] += "  " + cell
		}
	}
	for i := range lines {
		lines[i] = strings.TrimRight(strings.TrimPrefix(lines[i], "  "), " ")
	}
	return lines
}

// age is a time as people tell it, by its two largest units at most.
func age(seconds float64) string {
	d := time.Duration(seconds * float64(time.Second))
	switch {
	case d < time.Minute:
		return fmt.Sprintf("%.0fs", d.Seconds())
	case d < time.Hour:
		return fmt.Sprintf("%dm%02ds", d/time.Minute, d%time.Minute/time.Second)
	case d < 24*time.Hour:
		return fmt.Sprintf("%dh%02dm", d/time.Hour, d%time.Hour/time.Minute)
	}
	const day = 24 * time.Hour
	return fmt.Sprintf("%dd%02dh", d/day, d%day/time.Hour)
}
