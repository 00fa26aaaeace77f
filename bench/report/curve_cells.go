package report

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"unicode/utf8"

	"prefork/bench/result"
	"prefork/bench/stats"
)

// curveBlock is one time of all arms along a load curve: a block of rows in a table.
type curveBlock struct {
	metric string
	title  string
	rows   []curveRow
}

// curveRow is one arm's, with a cell for each load.
type curveRow struct {
	arm   result.Arm
	name  string // short, where that tells it from the others
	cells []curveCell
}

// curveCell is a time, or why there is none.
type curveCell struct {
	text  string
	ci    result.Interval // of a time
	mark  string          // of marks, or roughMark, and lossMark behind it; "" for nothing that can be said
	alarm bool
	value float64 // microseconds; NaN where text is no time
}

// curveTitles are those of the times that a load curve may have, and what they say of a
// chart's line.
var curveTitles = map[string]string{
	"p50": "typical answer", "p99": "slowest 1 % waits over", "cheap_p99": "cheap ones, 1 % over",
}

const (
	lossMark  = "×"
	roughMark = "~"
	fewMark   = "?" // too few answers to tell
)

// curveBlocks are that of the typical answer, if only to say why there is none, and those of the
// other times that were told at any load; none without a curve.
func curveBlocks(r *result.Result) (blocks []curveBlock) {
	for i, metric := range result.CurveTimes {
		told := slices.ContainsFunc(r.Curve, func(p result.Point) bool { return p.Times[metric].Value > 0 })
		if len(r.Curve) == 0 || !told && i > 0 {
			continue
		}
		b := curveBlock{metric: metric, title: curveTitles[metric]}
		for _, arm := range r.Arms {
			if !arm.Control {
				b.rows = append(b.rows, curveRow{arm, shortened(r.ShortName(arm)), curveCells(r, arm.Name, metric)})
			}
		}
		blocks = append(blocks, b)
	}
	return blocks
}

func curveCells(r *result.Result, arm, metric string) (cells []curveCell) {
	for _, load := range r.CurveLoads() {
		point, measured := r.PointOf(arm, load.Load)
		cell := cellOf(point, metric)
		switch comparison, _ := r.At(load.Load).ComparisonOf(arm, result.Open, metric); {
		case !measured:
			cell = curveCell{text: notMeasured, value: math.NaN()}
		case cell.mark != roughMark && known(cell.value) && comparison.Verdict != result.NoClaim && comparison.Finding != "unknown":
			cell.mark = beside(marks[comparison.Finding], cell.mark)
		}
		cells = append(cells, cell)
	}
	return cells
}

// beside has two marks in the room of two: a finding that takes it all gives way.
func beside(finding, loss string) string {
	if loss != "" && utf8.RuneCountInString(finding) > 1 {
		return loss
	}
	return finding + loss
}

// cellOf is a point's time without what the arm's comparison with the baseline says.
func cellOf(p result.Point, metric string) curveCell {
	time, told := p.Times[metric]
	switch {
	case p.State == result.Overload:
		return curveCell{text: p.State, alarm: true, value: math.NaN()}
	case p.State == result.Missed:
		return curveCell{text: p.State, value: math.NaN()}
	case !told:
		return curveCell{text: fewMark, value: math.NaN()}
	}
	cell := curveCell{text: timeText(time.Value), ci: time.CI95, value: time.Value}
	switch {
	case p.Lost > 0:
		cell.mark, cell.alarm = lossMark, true
	case p.State == result.Rough:
		cell.mark = roughMark
	}
	return cell
}

// curveLegend says what the marks are that stand in the blocks, and what else there is to
// know.
func curveLegend(r *result.Result, blocks []curveBlock) (said []string) {
	there := map[string]bool{}
	for _, b := range blocks {
		for _, row := range b.rows {
			for _, c := range row.cells {
				finding, lost := strings.CutSuffix(c.mark, lossMark)
				there[c.text], there[finding], there[lossMark] = true, true, there[lossMark] || lost
			}
		}
	}
	for _, m := range []struct {
		says  string
		there bool
	}{
		{"▲▼ different from " + nameOf(r, r.Plan.Baseline), there["▲"] || there["▼"]},
		{"▲? ▼? likely", there["▲?"] || there["▼?"]},
		{"= same within " + result.Percent(r.Plan.Tolerance()), there["="]},
		{"× lost some", there[lossMark]},
		{"~ rough, not judged", there[roughMark]},
		{"overload: it fell behind what came", there[result.Overload]},
		{"missed: the load generator did not get to make so many", there[result.Missed]},
		{"? too few answers to tell", there[fewMark]},
	} {
		if m.there {
			said = append(said, m.says)
		}
	}
	return said
}

// nameOf is an arm's short name.
func nameOf(r *result.Result, name string) string {
	for _, arm := range r.Arms {
		if arm.Name == name {
			return r.ShortName(arm)
		}
	}
	return name
}

// tailNeeds says what it would take to tell the slowest 1 % at every load; "" where that is
// told.
func tailNeeds(r *result.Result) string {
	least := math.Inf(1)
	for _, p := range r.Curve {
		if _, told := p.Times["p99"]; !told && p.State == "" {
			least = min(least, p.Rate)
		}
	}
	if math.IsInf(least, 1) {
		return ""
	}
	seconds := math.Ceil(float64(stats.QuantileNeeds(0.99)) / (least * float64(max(r.Plan.Rounds, 1))))
	return fmt.Sprintf("The slowest 1 %% take %s answers to tell: --length %.0fs would do at %s.",
		result.Thousands(stats.QuantileNeeds(0.99)), seconds, perSecond(least))
}

// fullLoad says what shares are of, "" where rates were given.
func fullLoad(r *result.Result) string {
	full := r.FullLoad()
	if full == 0 {
		return ""
	}
	return "100 % is " + perSecond(full) + ", which the weakest arm reached in a closed loop."
}

// perSecond is connections a second.
func perSecond(rate float64) string {
	if rate >= 100 {
		return result.Digits(rate, 1) + "/s"
	}
	return tick(count)(rate) + "/s"
}

// loadTitle are the lines over a column: the rate as it was asked for, and as it was.
func loadTitle(load result.Point) [2]string {
	if share, isShare := strings.CutSuffix(load.Load, "%"); isShare {
		return [2]string{share + " %", perSecond(load.Rate)}
	}
	return [2]string{"", perSecond(load.Rate)}
}

// loadName is a load as a number of what view.loadUnit says: its share in per cent, or the rate
// where no share was asked for.
func loadName(load result.Point) string {
	if share, isShare := strings.CutSuffix(load.Load, "%"); isShare {
		return share
	}
	return result.Digits(load.Rate, 1)
}
