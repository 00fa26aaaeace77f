package result

import (
	"math"
	"slices"

	"prefork/bench/stats"
)

// Brief is a result as one reads it at first sight: a few numbers of each arm, and a
// sentence.
type Brief struct {
	Columns []BriefColumn
	Rows    []BriefRow // the baseline first
	Twin    []float64  // by column: how far apart the same server came out twice, as a ratio above 1; 0 for not known
	Said    []string   // a sentence for each arm but the baseline
}

// BriefColumn is a metric in plain words.
type BriefColumn struct {
	Metric string
	Title  [2]string // the lines of its heading
	Phase  string
	Count  bool // how many came to harm, of how many
}

// BriefRow is an arm.
type BriefRow struct {
	Arm   Arm
	Cells []BriefCell
}

// BriefCell is one number of an arm.
type BriefCell struct {
	Known bool
	// Value is the geometric mean of the rounds in the metric's unit; of a count, how
	// many there were, of Of.
	Value float64
	Of    int
	// Ratio is that of Value to the baseline's in the same rounds; 0 for the baseline
	// itself, and for counts.
	Ratio float64
	// Finding is what may be said of it, as that of a Comparison; "" where nothing is.
	Finding string
	Rough   bool // spoilt from outside in every round
}

// briefColumns are all that a brief may have, in order; it has the first four that are
// there.
var briefColumns = []struct {
	metric string
	title  [2]string
	when   func(*Result) bool
}{
	{"stalled", [2]string{"waited", "too long"}, (*Result).struck},
	{"lost", [2]string{"got no", "answer"}, (*Result).struck},
	{"open_spread", [2]string{"most − least", "held open"}, func(r *Result) bool { return r.Plan.Requests < 0 }},
	{"cpu_server", [2]string{"CPU per", "connection"}, func(r *Result) bool { return !r.struck() }},
	{"throughput", [2]string{"requests/s", "at full load"}, always},
	{"cheap_p99", [2]string{"slowest 1 %", "of cheap ones"}, always},
	{"p50", [2]string{"typical", "answer"}, always},
	{"p99", [2]string{"slowest 1 %", "waits over"}, always},
}

const mostBriefColumns = 4

func always(*Result) bool { return true }

func (r *Result) struck() bool { return r.Plan.Scenario != "" && r.Plan.Scenario != "steady" }

// Brief is the result at first sight.
func (r *Result) Brief() Brief {
	b := Brief{Columns: r.briefColumns()}
	twin, _ := r.Control()
	for _, arm := range append(r.baselines(), r.rivals()...) {
		row := BriefRow{Arm: arm}
		for _, c := range b.Columns {
			row.Cells = append(row.Cells, r.cell(arm.Name, c))
		}
		b.Rows = append(b.Rows, row)
	}
	for _, c := range b.Columns {
		noise := 0.0
		if twin != "" && !c.Count {
			noise = r.AANoise[NoiseKey(c.Phase, c.Metric)][1]
		}
		b.Twin = append(b.Twin, noise)
	}
	for _, arm := range r.rivals() {
		b.Said = append(b.Said, r.inBrief(arm, b.Columns))
	}
	return b
}

func (r *Result) baselines() []Arm {
	arm, ok := find(r.Arms, func(a Arm) bool { return a.Name == r.Plan.Baseline })
	if !ok {
		return nil
	}
	return []Arm{arm}
}

func (r *Result) briefColumns() (all []BriefColumn) {
	for _, c := range briefColumns {
		metric, _ := LookupMetric(c.metric)
		phase, ok := r.Home(metric)
		measured := slices.ContainsFunc(r.In(phase), func(round Round) bool {
			_, ok := metric.Of(round)
			return ok
		})
		if ok && measured && c.when(r) && len(all) < mostBriefColumns {
			all = append(all, BriefColumn{Metric: c.metric, Title: c.title, Phase: phase, Count: metric.Kind == Harm})
		}
	}
	return all
}

// cell is an arm's number in a column.
func (r *Result) cell(arm string, c BriefColumn) BriefCell {
	metric, _ := LookupMetric(c.Metric)
	if c.Count {
		return r.countCell(arm, c)
	}
	value, rough := r.geoMean(arm, c.Phase, metric)
	cell := BriefCell{Known: !math.IsNaN(value), Value: value, Rough: rough}
	if arm == r.Plan.Baseline {
		cell.Value = r.baseValue(c, cell.Value)
		return cell
	}
	if comparison, ok := r.ComparisonOf(arm, c.Phase, c.Metric); ok {
		return BriefCell{Known: true, Value: comparison.Value, Ratio: comparison.Ratio, Finding: comparison.claimed()}
	}
	base, baseRough := r.geoMean(r.Plan.Baseline, c.Phase, metric)
	cell.Ratio, cell.Rough = value/base, rough || baseRough
	cell.Known = finite(cell.Ratio)
	return cell
}

// claimed is the finding, unless the arm lost so many that there is none.
func (c Comparison) claimed() string {
	if c.Verdict == NoClaim {
		return stats.Unknown.String()
	}
	return c.Finding
}

// baseValue is the baseline's in the rounds that most arms were compared in.
func (r *Result) baseValue(c BriefColumn, otherwise float64) float64 {
	most := 0
	for _, arm := range r.rivals() {
		if comparison, ok := r.ComparisonOf(arm.Name, c.Phase, c.Metric); ok && comparison.N > most {
			most, otherwise = comparison.N, comparison.Base
		}
	}
	return otherwise
}

func (r *Result) geoMean(arm, phase string, m Metric) (value float64, rough bool) {
	rounds, rough := r.Showing(arm, phase, m)
	return stats.GeoMean(m.values(rounds)).Value, rough
}

func (r *Result) countCell(arm string, c BriefColumn) BriefCell {
	t := r.toll(arm, c.Phase)
	harmed := map[string]int{"lost": t.lost, "stalled": t.stalled}[c.Metric]
	h, _ := r.HarmOf(arm, c.Phase, c.Metric)
	return BriefCell{Known: t.rounds > 0, Value: float64(harmed), Of: t.ended, Finding: h.Finding}
}

// GeneratorCPUs is how many processors the load generator kept busy in the closed loop;
// 0 where that was not measured.
func (r *Result) GeneratorCPUs() float64 {
	var used []float64
	for _, round := range r.In(Closed) {
		if round.CPU.Client != nil && round.Seconds > 0 {
			used = append(used, *round.CPU.Client*float64(round.Conns)/round.Seconds/1e6)
		}
	}
	if len(used) == 0 {
		return 0
	}
	return stats.GeoMean(used).Value
}
