package report

import (
	"encoding/csv"
	"io"
	"math"
	"strconv"

	"prefork/bench/result"
)

// CSV writes a line for every round, the invalid ones among them, with all its
// metrics in the units of result.Metrics; empty is what was not measured, and a quantile that
// there were too few answers for.
func CSV(w io.Writer, r *result.Result) error {
	out := csv.NewWriter(w)
	header := make([]string, 0, len(csvFields)+len(result.Metrics))
	for _, field := range csvFields {
		header = append(header, field.name)
	}
	for _, metric := range result.Metrics {
		header = append(header, metric.Name)
	}
	if err := out.Write(header); err != nil {
		return err
	}
	for _, round := range r.Rounds {
		if err := out.Write(csvLine(r, round)); err != nil {
			return err
		}
	}
	out.Flush()
	return out.Error()
}

// csvFields are what a line has before the metrics.
var csvFields = []struct {
	name string
	of   func(result.Arm, result.Round) string
}{
	{"round", func(_ result.Arm, r result.Round) string { return strconv.Itoa(r.Round) }},
	{"phase", func(_ result.Arm, r result.Round) string { return r.Phase }},
	{"arm", func(_ result.Arm, r result.Round) string { return r.Arm }},
	{"strategy", func(a result.Arm, _ result.Round) string { return a.Strategy }},
	{"workers", func(a result.Arm, _ result.Round) string { return strconv.Itoa(a.Workers) }},
	{"workload", func(_ result.Arm, r result.Round) string { return r.Workload }},
	{"scenario", func(_ result.Arm, r result.Round) string { return r.Scenario }},
	{"valid", func(_ result.Arm, r result.Round) string { return strconv.FormatBool(len(r.Doubts) == 0) }},
	{"invalid_reason", func(_ result.Arm, r result.Round) string { return r.Doubtful() }},
	{"seconds", func(_ result.Arm, r result.Round) string { return exact(r.Seconds) }},
	{"offered_rate", func(_ result.Arm, r result.Round) string { return offered(r) }},
	{"load", func(_ result.Arm, r result.Round) string { return r.Load }},
	{"conns", func(_ result.Arm, r result.Round) string { return strconv.Itoa(r.Conns) }},
	{"requests", func(_ result.Arm, r result.Round) string { return strconv.Itoa(r.Requests) }},
}

// offered is the rate of an open loop; a closed one has none.
func offered(r result.Round) string {
	if r.OfferedRate == 0 {
		return ""
	}
	return exact(r.OfferedRate)
}

func csvLine(r *result.Result, round result.Round) (line []string) {
	arm := armOf(r, round)
	for _, field := range csvFields {
		line = append(line, field.of(arm, round))
	}
	for _, metric := range result.Metrics {
		line = append(line, csvValue(r, round, metric))
	}
	return line
}

// csvValue is a number, "" where there is none or where all the arm's rounds together have
// too few answers to tell it.
func csvValue(r *result.Result, round result.Round, metric result.Metric) string {
	value, ok := metric.Of(round)
	if _, few := r.At(round.Load).UntoldOf(round.Arm, round.Phase, metric); few || !ok {
		return ""
	}
	return exact(value)
}

func armOf(r *result.Result, round result.Round) result.Arm {
	for _, arm := range r.Arms {
		if arm.Name == round.Arm {
			return arm
		}
	}
	return result.Arm{Name: round.Arm}
}

// exact is a number as it was measured, or nothing for what is none.
func exact(x float64) string {
	if math.IsNaN(x) || math.IsInf(x, 0) {
		return ""
	}
	return strconv.FormatFloat(x, 'f', -1, 64)
}
