package report

import (
	"encoding/csv"
	"io"
	"math"
	"strconv"

	"prefork/bench"
)

// CSV writes a line for every round, the invalid ones among them, with all its
// metrics in the units of bench.Metrics; empty is what was not measured.
func CSV(w io.Writer, r *bench.Result) error {
	out := csv.NewWriter(w)
	header := make([]string, 0, len(csvFields)+len(bench.Metrics))
	for _, field := range csvFields {
		header = append(header, field.name)
	}
	for _, metric := range bench.Metrics {
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
	of   func(bench.Arm, bench.Round) string
}{
	{"round", func(_ bench.Arm, r bench.Round) string { return strconv.Itoa(r.Round) }},
	{"phase", func(_ bench.Arm, r bench.Round) string { return r.Phase }},
	{"arm", func(_ bench.Arm, r bench.Round) string { return r.Arm }},
	{"strategy", func(a bench.Arm, _ bench.Round) string { return a.Strategy }},
	{"workers", func(a bench.Arm, _ bench.Round) string { return strconv.Itoa(a.Workers) }},
	{"workload", func(_ bench.Arm, r bench.Round) string { return r.Workload }},
	{"scenario", func(_ bench.Arm, r bench.Round) string { return r.Scenario }},
	{"valid", func(_ bench.Arm, r bench.Round) string { return strconv.FormatBool(r.Valid) }},
	{"invalid_reason", func(_ bench.Arm, r bench.Round) string { return r.InvalidReason }},
	{"seconds", func(_ bench.Arm, r bench.Round) string { return exact(r.Seconds) }},
	{"offered_rate", func(_ bench.Arm, r bench.Round) string { return offered(r) }},
	{"conns", func(_ bench.Arm, r bench.Round) string { return strconv.Itoa(r.Conns) }},
	{"requests", func(_ bench.Arm, r bench.Round) string { return strconv.Itoa(r.Requests) }},
}

// offered is the rate of an open loop; a closed one has none.
func offered(r bench.Round) string {
	if r.OfferedRate == 0 {
		return ""
	}
	return exact(r.OfferedRate)
}

func csvLine(r *bench.Result, round bench.Round) (line []string) {
	arm := armOf(r, round)
	for _, field := range csvFields {
		line = append(line, field.of(arm, round))
	}
	for _, metric := range bench.Metrics {
		text := ""
		if value, ok := metric.Of(round); ok {
			text = exact(value)
		}
		line = append(line, text)
	}
	return line
}

func armOf(r *bench.Result, round bench.Round) bench.Arm {
	for _, arm := range r.Arms {
		if arm.Name == round.Arm {
			return arm
		}
	}
	return bench.Arm{Name: round.Arm}
}

// exact is a number as it was measured, or nothing for what is none.
func exact(x float64) string {
	if math.IsNaN(x) || math.IsInf(x, 0) {
		return ""
	}
	return strconv.FormatFloat(x, 'f', -1, 64)
}
