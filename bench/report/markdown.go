package report

import (
	"fmt"
	"io"
	"strings"

	"prefork/bench/result"
)

// Markdown writes a table of medians with their 95 % intervals as GitHub shows
// it, the comparisons, and the verdict.
func Markdown(w io.Writer, r *result.Result) error {
	m := &markdown{table: table{Result: r, notes: &notes{}}}
	m.medians()
	m.ratios()
	m.curve()
	fmt.Fprintf(&m.out, "\n%s\n\n", r.Verdict())
	if known := r.InGeneral(); len(known) > 0 {
		fmt.Fprintf(&m.out, "In general (not measured by this run): %s\n\n", strings.Join(known, " "))
	}
	m.doubts()
	for i, note := range m.notes.marked {
		fmt.Fprintf(&m.out, "- %s %s\n", marked(i), escapedMarkdown(note))
	}
	for _, note := range m.notes.general {
		fmt.Fprintf(&m.out, "- %s\n", escapedMarkdown(note))
	}
	_, err := io.WriteString(w, m.out.String())
	return err
}

type markdown struct{ table }

func (m *markdown) row(cells []string) { m.line("| " + strings.Join(cells, " | ") + " |") }

// medians has the arms in rows, as the table for a terminal has.
func (m *markdown) medians() {
	columns := m.columns()
	header, rule := []string{"arm"}, []string{"---"}
	for _, c := range columns {
		header = append(header, fmt.Sprintf("%s, %s (%s)", c.title, c.unit, c.phase))
		rule = append(rule, "---:")
	}
	m.row(header)
	m.row(rule)
	for _, arm := range m.Arms {
		cells := []string{escapedMarkdown(arm.Name)}
		if arm.Control {
			cells[0] += " (the baseline again)"
		}
		for _, c := range columns {
			cells = append(cells, m.median(arm, c))
		}
		m.row(cells)
	}
}

func (m *markdown) median(arm result.Arm, c tableColumn) string {
	cell := m.cell(arm, c)
	text := cell.text + cell.mark
	if s, ok := m.SummaryOf(arm.Name, c.phase, c.metric.Name); ok && !c.added && s.CI95[0] != s.CI95[1] {
		text += fmt.Sprintf(" (%s–%s)", supported(s.CI95[0], s.CI95, c.scale, c.finest), supported(s.CI95[1], s.CI95, c.scale, c.finest))
	}
	if m.best(c) == arm.Name {
		return "**" + text + "**"
	}
	return text
}

// ratios are the comparisons of the columns shown.
func (m *markdown) ratios() {
	if len(m.Comparisons) == 0 {
		return
	}
	m.line("")
	m.row([]string{"against " + escapedMarkdown(m.Plan.Baseline), "", "ratio (95 % interval)", ""})
	m.row([]string{"---", "---", "---:", "---"})
	for _, arm := range m.Arms {
		for _, col := range m.columns() {
			if c, ok := m.ComparisonOf(arm.Name, col.phase, col.metric.Name); ok {
				m.row([]string{escapedMarkdown(arm.Name), result.MetricInWords(c.Metric), m.ratio(c), verdictText(m.Plan, c.Verdict)})
			}
		}
	}
}

// curve has a table for each time of the load curve: an arm a row, a load a column.
func (m *markdown) curve() {
	blocks := curveBlocks(m.Result)
	for _, b := range blocks {
		header, rule := []string{b.title}, []string{"---"}
		for _, load := range m.CurveLoads() {
			title := loadTitle(load)
			header, rule = append(header, strings.TrimSpace(title[0]+" "+title[1])), append(rule, "---:")
		}
		m.line("")
		m.row(header)
		m.row(rule)
		for _, row := range b.rows {
			cells := []string{escapedMarkdown(row.arm.Name)}
			for _, c := range row.cells {
				cells = append(cells, strings.Join(nonEmpty([]string{c.text, c.mark, c.interval()}), " "))
			}
			m.row(cells)
		}
	}
	if legend := curveLegend(m.Result, blocks); len(legend) > 0 {
		m.line("")
		m.line(strings.TrimSpace(escapedMarkdown(strings.Join(legend, "; ")) + ". " + fullLoad(m.Result)))
	}
}

// interval is that of a time, in brackets.
func (c curveCell) interval() string {
	if !known(c.value) || !known(c.ci[1]) {
		return ""
	}
	low, high := timeText(c.ci[0]), timeText(c.ci[1])
	number, unit, _ := strings.Cut(low, " ")
	if strings.HasSuffix(high, " "+unit) {
		low = number
	}
	return "(" + low + "–" + high + ")"
}

func escapedMarkdown(text string) string {
	return strings.NewReplacer("|", `\|`, "\n", " ", "<", "&lt;", "*", `\*`).Replace(text)
}
