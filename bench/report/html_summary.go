package report

import (
	"html/template"
	"slices"

	"prefork/bench/result"
)

// summaryTable is the terminal's table with the intervals written out.
type summaryTable struct {
	Groups  []columnGroup
	Columns []columnHead
	Rows    []summaryRow
	Notes   []string
}

// columnGroup are the columns of one loop.
type columnGroup struct {
	Title string
	Span  int
}

type columnHead struct{ Title, Unit, Means string }

type summaryRow struct {
	Name   string
	Swatch template.HTML
	Cells  []summaryCell
}

type summaryCell struct {
	Value, Mark, Interval string
	Best, Alarm           bool
}

func (v view) summaryTable() summaryTable {
	t := &table{Result: v.Result, notes: &notes{}}
	columns := t.pageColumns()
	var s summaryTable
	for _, c := range columns {
		title := v.loopTitle(c.phase)
		if last := len(s.Groups) - 1; last < 0 || s.Groups[last].Title != title {
			s.Groups = append(s.Groups, columnGroup{Title: title})
		}
		s.Groups[len(s.Groups)-1].Span++
		s.Columns = append(s.Columns, columnHead{c.title, c.unit, c.metric.Means})
	}
	if len(columns) == 0 {
		return s
	}
	for i, arm := range v.Arms {
		row := summaryRow{Name: v.looks[i].label(), Swatch: v.looks[i].swatch(false)}
		for _, c := range columns {
			row.Cells = append(row.Cells, t.summaryCell(arm, c))
		}
		s.Rows = append(s.Rows, row)
	}
	for i, note := range t.notes.marked {
		s.Notes = append(s.Notes, marked(i)+" "+note)
	}
	for _, f := range failures(v.Result) {
		s.Notes = append(s.Notes, f.said(v.Plan))
	}
	return s
}

func (v view) loopTitle(phase string) string {
	if phase == result.Closed {
		return "closed loop, " + numbered(v.Plan.Clients, "client")
	}
	for _, round := range v.In(phase) {
		if round.OfferedRate > 0 {
			return "open loop, " + count(round.OfferedRate, 1) + " conn/s"
		}
	}
	return phase + " loop"
}

func (t *table) summaryCell(arm result.Arm, c tableColumn) summaryCell {
	cell := t.cell(arm, c)
	out := summaryCell{Value: cell.text, Mark: cell.mark, Alarm: cell.alarm, Best: t.best(c) == arm.Name}
	e := estimate{}
	if s, ok := t.SummaryOf(arm.Name, c.phase, c.metric.Name); ok && !c.added {
		e.low, e.high = s.CI95[0], s.CI95[1]
	}
	if e.interval() && e.low < e.high && c.metric.Name != "normal_after" {
		ci := [2]float64{e.low, e.high}
		out.Interval = supported(e.low, ci, c.scale, c.finest) + "–" + supported(e.high, ci, c.scale, c.finest)
	}
	return out
}

// doubtfulRound is one of whose numbers some do not count.
type doubtfulRound struct {
	Round  int
	Loop   string
	Causes []string
}

// doubtful are the rounds with parts of which some numbers do not count.
func (v view) doubtful() []doubtfulRound {
	var all []doubtfulRound
	for _, round := range v.Rounds {
		if len(round.Doubts) == 0 {
			continue
		}
		loop := loopAt(round.Phase, round.Load)
		i := slices.IndexFunc(all, func(r doubtfulRound) bool { return r.Round == round.Round && r.Loop == loop })
		if i < 0 {
			i, all = len(all), append(all, doubtfulRound{Round: round.Round, Loop: loop})
		}
		all[i].Causes = append(all[i].Causes, round.Arm+": "+round.Doubtful())
	}
	return all
}
