package report

import (
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"prefork/bench/result"
	"prefork/bench/stats"
)

const (
	notMeasured = "—"
	columnGap   = "  "
	longName    = 30
)

// tableCell is one number of the table.
type tableCell struct {
	text  string
	mark  string // of a footnote
	best  bool
	alarm bool
}

// tableStrip is a column made ready: its lines are of one width.
type tableStrip struct {
	tableColumn
	title, unit string
	cells       []string
	width       int
}

// grid writes the table itself.
func (t *table) grid() {
	// Footnotes are numbered in the order in which they are asked for: as one reads.
	for _, column := range t.columns() {
		t.phaseTitle(column.phase, 0)
	}
	strips := t.strips()
	names := t.names()
	strips, left := t.fitting(strips, utf8.RuneCountInString(names[0]))
	t.line(strings.Repeat(" ", utf8.RuneCountInString(names[0])) + t.phaseTitles(strips))
	t.line(t.paint.Dim(padded("", names[0]) + joined(strips, func(s tableStrip) string { return rightward(s.title, s.width) })))
	t.line(t.paint.Dim(padded("arm", names[0]) + joined(strips, func(s tableStrip) string { return rightward(s.unit, s.width) })))
	for i, arm := range t.Arms {
		row := t.inColourOf(arm.Name, names[i]) + joined(strips, func(s tableStrip) string { return s.cells[i] })
		t.line(row)
	}
	if len(left) > 0 {
		t.notes.add("too narrow for %s: a wider terminal shows it", strings.Join(left, ", "))
	}
}

func joined(strips []tableStrip, part func(tableStrip) string) string {
	var b strings.Builder
	for _, s := range strips {
		b.WriteString(columnGap + part(s))
	}
	return b.String()
}

func padded(text, like string) string {
	return text + strings.Repeat(" ", max(0, utf8.RuneCountInString(like)-utf8.RuneCountInString(text)))
}

func rightward(text string, width int) string {
	return strings.Repeat(" ", max(0, width-utf8.RuneCountInString(text))) + text
}

// names are the arms' with their footnotes, padded to one width.
func (t *table) names() (names []string) {
	longest := ""
	for _, arm := range t.Arms {
		name := shortened(arm.Name) + t.armMark(arm)
		names = append(names, name)
		if utf8.RuneCountInString(name) > utf8.RuneCountInString(longest) {
			longest = name
		}
	}
	for i := range names {
		names[i] = padded(names[i], longest)
	}
	return names
}

func shortened(name string) string {
	if runes := []rune(name); len(runes) > longName {
		return string(runes[:longName-1]) + "…"
	}
	return name
}

// armMark is for the baseline's twin, and for an arm that has fewer rounds than others:
// it was not there in some.
func (t *table) armMark(arm result.Arm) (marks string) {
	if arm.Control {
		marks += t.notes.mark(t.noise(arm))
	}
	for _, phase := range t.Phases() {
		of, most := map[string]int{}, 0
		for _, round := range t.In(phase) {
			of[round.Arm]++
			most = max(most, of[round.Arm])
		}
		if n := of[arm.Name]; n < most {
			marks += t.notes.mark(fmt.Sprintf("from %d of %s (%s loop)", n, numbered(most, "round"), phase))
		}
	}
	return marks
}

// fitting are the columns that there is room for, and the titles of the others.
func (t *table) fitting(strips []tableStrip, taken int) (fit []tableStrip, left []string) {
	for taken+widthOf(strips) > t.width {
		least := slices.MaxFunc(strips, func(a, b tableStrip) int { return a.rank - b.rank })
		if least.rank == 0 {
			break
		}
		left = append(left, least.tableKind.title)
		strips = slices.DeleteFunc(strips, func(s tableStrip) bool { return s.metric.Name == least.metric.Name && s.phase == least.phase })
	}
	return strips, left
}

func (t *table) strips() (all []tableStrip) {
	for _, c := range t.columns() {
		all = append(all, t.strip(c))
	}
	return all
}

func widthOf(strips []tableStrip) (width int) {
	for _, s := range strips {
		width += len(columnGap) + s.width
	}
	return width
}

func (t *table) strip(c tableColumn) tableStrip {
	s := tableStrip{tableColumn: c, title: c.tableKind.title + t.titleMark(c), unit: c.unit}
	best := t.best(c)
	var cells []tableCell
	var texts, marks []string
	for _, arm := range t.Arms {
		cell := t.cell(arm, c)
		cell.best = best != "" && arm.Name == best
		cells = append(cells, cell)
		texts = append(texts, cell.text)
		marks = append(marks, cell.mark)
	}
	markWidth := utf8.RuneCountInString(slices.MaxFunc(marks, func(a, b string) int {
		return utf8.RuneCountInString(a) - utf8.RuneCountInString(b)
	}))
	for i, text := range aligned(texts) {
		number := strings.TrimRight(text, " ")
		plain := padded(number+marks[i], text+strings.Repeat(" ", markWidth))
		s.width = max(utf8.RuneCountInString(plain), utf8.RuneCountInString(s.title), utf8.RuneCountInString(s.unit))
		s.cells = append(s.cells, plain)
	}
	for i, cell := range cells {
		s.cells[i] = t.painted(rightward(s.cells[i], s.width), cell)
	}
	return s
}

func (t *table) painted(text string, c tableCell) string {
	switch {
	case c.alarm:
		return t.paint.Alarm(text)
	case c.best:
		return t.paint.Bold(text)
	}
	return text
}

// cell is a median with the digits that its interval supports, or a count.
func (t *table) cell(arm result.Arm, c tableColumn) tableCell {
	if c.added {
		return t.counted(arm, c)
	}
	if c.metric.Name == "normal_after" {
		return t.recovered(arm, c)
	}
	s, ok := t.SummaryOf(arm.Name, c.phase, c.metric.Name)
	if few, missing := t.UntoldOf(arm.Name, c.phase, c.metric); !ok && missing {
		return tableCell{text: notMeasured, mark: t.notes.mark(few.String())}
	}
	if !ok {
		return tableCell{text: notMeasured}
	}
	cell := tableCell{text: supported(s.Median, s.CI95, c.scale, c.finest), mark: t.survivors(c.metric, arm.Name, c.phase)}
	if s.Rough {
		cell.mark += t.notes.mark("rough: in no round was it sound")
	}
	return cell
}

// counted is a sum over the rounds, with a mark besides its colour if it is bad.
func (t *table) counted(arm result.Arm, c tableColumn) tableCell {
	sum, measured := 0, false
	for _, round := range t.In(c.phase) {
		if value, ok := c.metric.Of(round); ok && round.Arm == arm.Name {
			sum, measured = sum+int(value), true
		}
	}
	switch {
	case !measured:
		return tableCell{text: notMeasured}
	case sum > 0:
		return tableCell{text: "✗ " + result.Thousands(sum), alarm: true}
	}
	return tableCell{text: "0"}
}

func (t *table) recovered(arm result.Arm, c tableColumn) tableCell {
	seconds, never := t.Recovery(arm.Name, c.phase)
	n := len(seconds) + never
	switch {
	case n == 0:
		return tableCell{text: notMeasured}
	case never == n:
		return tableCell{text: "✗ never", alarm: true}
	case never > 0:
		note := fmt.Sprintf("not normal again by the end in %d of %s", never, numbered(n, "round"))
		return tableCell{text: "✗ " + result.Seconds(stats.MedianOf(seconds).Value), alarm: true, mark: t.notes.mark(note)}
	}
	return tableCell{text: result.Seconds(stats.MedianOf(seconds).Value)}
}
