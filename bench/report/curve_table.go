package report

import (
	"math"
	"strings"
	"unicode/utf8"

	"prefork/bench/result"
	"prefork/internal/ink"
)

const (
	loadWidth  = 11 // of a column, with three for the mark
	sparkLevel = "▁▂▃▄▅▆▇█"
)

// curveText is a load curve for a terminal, with what its marks are and what else is to be known.
func curveText(r *result.Result, paint ink.Paint, width int) []string {
	lines := append(curveLines(r, paint, width), "")
	if legend := curveLegend(r, curveBlocks(r)); len(legend) > 0 {
		lines = append(lines, paint.Dim(keyed(legend, width)))
	}
	if said := strings.TrimSpace(fullLoad(r) + " " + tailNeeds(r)); said != "" {
		lines = append(lines, paint.Dim(wrapped(said, width, 0)))
	}
	return lines
}

// curveLines are a load curve for a terminal: an arm a row, a load a column, a block for each
// time, and behind each row its shape where there is room.
func curveLines(r *result.Result, paint ink.Paint, width int) (lines []string) {
	blocks, loads := curveBlocks(r), r.CurveLoads()
	names := 0
	for i, b := range blocks {
		if i == 0 { // the others' titles have the line to themselves
			names = utf8.RuneCountInString(b.title) + gapBefore(loads)
		}
		for _, row := range b.rows {
			names = max(names, utf8.RuneCountInString(row.name))
		}
	}
	fit := max(1, (width-names)/loadWidth)
	for from := 0; from < len(loads); from += fit {
		to := min(from+fit, len(loads))
		for i, b := range blocks {
			if len(lines) > 0 {
				lines = append(lines, "")
			}
			lines = append(lines, b.heading(loads[from:to], i == 0, names, paint)...)
			spark := from == 0 && to == len(loads) && names+loadWidth*len(loads)+1+len(loads) <= width
			lines = append(lines, b.lines(from, to, names, spark, paint)...)
		}
	}
	return lines
}

// gapBefore is what has to stand between a title and a rate that fills its column.
func gapBefore(loads []result.Point) int {
	for _, load := range loads {
		for _, text := range loadTitle(load) {
			if utf8.RuneCountInString(text) >= loadWidth-3 {
				return 1
			}
		}
	}
	return 0
}

// heading has the title, with the loads above the first block of several.
func (b curveBlock) heading(loads []result.Point, withLoads bool, names int, paint ink.Paint) (lines []string) {
	title := padded(b.title, strings.Repeat(" ", names))
	if !withLoads {
		return []string{paint.Dim(strings.TrimRight(title, " "))}
	}
	texts := [2]string{strings.Repeat(" ", names), title}
	for _, load := range loads {
		for i, text := range loadTitle(load) {
			texts[i] += rightward(text, loadWidth-3) + "   "
		}
	}
	for _, text := range texts {
		if text = strings.TrimRight(text, " "); text != "" {
			lines = append(lines, paint.Dim(text))
		}
	}
	return lines
}

func (b curveBlock) lines(from, to, names int, spark bool, paint ink.Paint) (lines []string) {
	for _, row := range b.rows {
		line := paint.Strategy(row.arm.Strategy, row.name) + strings.Repeat(" ", names-utf8.RuneCountInString(row.name))
		for _, c := range row.cells[from:to] {
			line += c.painted(paint)
		}
		if spark {
			line += " " + paint.Strategy(row.arm.Strategy, b.spark(row))
		}
		lines = append(lines, strings.TrimRight(line, " "))
	}
	return lines
}

// painted is a cell of loadWidth columns: the mark has two of its own.
func (c curveCell) painted(paint ink.Paint) string {
	cell := rightward(c.text, loadWidth-3) + " " + padded(c.mark, "  ")
	switch {
	case c.alarm:
		return paint.Alarm(cell)
	case sure(c.mark):
		return paint.Bold(cell)
	}
	return cell
}

// leastSpan is how many times more the longest time of a block is to be than the shortest for
// its shapes to have all heights.
const leastSpan = 8

// spark is the shape of a row, by the logarithm and on one scale for the block.
func (b curveBlock) spark(row curveRow) string {
	low, high := math.Inf(1), 0.0
	for _, r := range b.rows {
		for _, c := range r.cells {
			if known(c.value) {
				low, high = min(low, c.value), max(high, c.value)
			}
		}
	}
	high = max(high, leastSpan*low)
	levels := []rune(sparkLevel)
	var shape strings.Builder
	for _, c := range row.cells {
		switch {
		case known(c.value):
			at := math.Log(c.value/low) / math.Log(high/low)
			shape.WriteRune(levels[int(math.Round(at*float64(len(levels)-1)))])
		case c.text == result.Overload:
			shape.WriteString(lossMark)
		default:
			shape.WriteRune(' ')
		}
	}
	return shape.String()
}
