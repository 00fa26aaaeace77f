package report

import (
	"html/template"

	"prefork/bench/result"
)

// briefView is what a page opens with: the brief of the terminal, and three pictures.
type briefView struct {
	Ran      string // what was run
	Columns  []result.BriefColumn
	Rows     []briefRow
	Twin     []string // by column; nil where nothing is known
	TwinName string
	Legend   []string
	Said     []string
	Sights   []sightView
}

type briefRow struct {
	Name   string
	Swatch template.HTML
	Cells  []briefCell
}

type briefCell struct {
	Number, Mark string
	Class        string // sure, open or ""
}

// sightView is a picture at first sight.
type sightView struct {
	figure
	Picture template.HTML
}

func (v view) brief() briefView {
	b := v.Brief()
	out := briefView{Ran: whatRan(v.Result), TwinName: twinName, Legend: legendOf(v.Plan, b.Rows), Said: sentencesOf(v.Result, b)}
	for _, c := range b.Columns {
		c.Title = briefTitle(v.Plan, c)
		out.Columns = append(out.Columns, c)
	}
	for _, row := range b.Rows {
		line := briefRow{Name: row.Arm.Name}
		if i := v.indexOf(row.Arm.Name); i >= 0 {
			line.Swatch = v.looks[i].swatch(false)
		}
		for i, c := range row.Cells {
			line.Cells = append(line.Cells, briefCellOf(c, b.Columns[i]))
		}
		out.Rows = append(out.Rows, line)
	}
	if texts, some := twinText(b); some {
		out.Twin = texts
	}
	for _, f := range v.sights() {
		out.Sights = append(out.Sights, sightView{f, template.HTML(f.inline(sightWidth))})
	}
	return out
}

func briefCellOf(c result.BriefCell, column result.BriefColumn) briefCell {
	cell := briefCell{Number: numberOf(c, column), Mark: markOf(c)}
	switch {
	case sure(cell.Mark):
		cell.Class = "sure"
	case cell.Mark == "?" || cell.Mark == "~":
		cell.Class = "open"
	}
	return cell
}
