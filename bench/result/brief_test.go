package result

import (
	"math"
	"slices"
	"strings"
	"testing"
)

// What is said of 198 in 1,200 against none is a claim after two rounds.
func TestHarmIsClaimedAfterTwoRounds(t *testing.T) {
	r := stuck(2, 1)
	each(r, func(x *Round) {
		x.Latency.N, x.Stalled, x.Errors = 600, 0, nil
		if x.Arm == hash {
			x.Stalled = 99
		}
	})
	r.Summarise()
	h, ok := r.HarmOf(hash, Open, "stalled")
	if !ok || h.Finding != "above" || h.Hit != 198 || h.Of != 1200 || h.BaseHarmed != 0 || h.BaseOf != 2400 {
		t.Errorf("got %+v", h)
	}
	b := r.Brief()
	want := "reuseport let wait 198 of 1,200 connections for over 1 s (shared, both times: 0 of 2,400)."
	if !slices.Contains(b.Said, want) {
		t.Errorf("no %q in %q", want, b.Said)
	}
	holds(t, r.Verdict(), []string{"fewer connections stalled than under reuseport/hash"}, nil)
}

// One bad round of ten is no claim.
func TestOneBadRoundIsNoHarmClaimed(t *testing.T) {
	r := simulated(steadyTruths(), 10, 1)
	each(r, func(x *Round) {
		if x.Arm == hash && x.Round == 3 && x.Phase == Open {
			x.Stalled = x.Latency.N / 5
		}
	})
	r.Summarise()
	if h, _ := r.HarmOf(hash, Open, "stalled"); h.Hit == 0 || h.Finding == "above" {
		t.Errorf("got %+v", h)
	}
}

// Each percentage is the quotient of the numbers beside it.
func TestBriefRatiosAreQuotients(t *testing.T) {
	r := simulated(steadyTruths(), 10, 1)
	b := r.Brief()
	if len(b.Columns) != 4 || len(b.Rows) != 3 || len(b.Said) != 2 {
		t.Fatalf("got %+v", b)
	}
	for _, row := range b.Rows[1:] {
		for i, cell := range row.Cells {
			base := b.Rows[0].Cells[i].Value
			if math.Abs(cell.Value/base/cell.Ratio-1) > 1e-9 {
				t.Errorf("%s, %s: %v of %v is not %v", row.Arm.Name, b.Columns[i].Metric, cell.Value, base, cell.Ratio)
			}
		}
	}
}

// A percentile from too few samples is not told, and nothing is claimed of it.
func TestBriefTellsNoPercentileOfFewSamples(t *testing.T) {
	r := simulated(steadyTruths(), 10, 1)
	each(r, func(x *Round) { x.Latency.N = 99 })
	r.Summarise()
	b := r.Brief()
	at := slices.IndexFunc(b.Columns, func(c BriefColumn) bool { return c.Metric == "p99" })
	for _, row := range b.Rows {
		if row.Cells[at].Known {
			t.Errorf("%s: got %+v", row.Arm.Name, row.Cells[at])
		}
	}
	if strings.Contains(strings.Join(b.Said, " "), "slowest") {
		t.Errorf("got %q", b.Said)
	}
}

func TestBriefSentences(t *testing.T) {
	for _, c := range []struct {
		rounds int
		found  Comparison
		want   string
	}{
		{10, Comparison{Ratio: 1.38, CI95: Interval{1.23, 1.54}, Finding: "above"}, "reuseport costs 38 % more processor time for each connection (23–54 %)."},
		{10, Comparison{Ratio: 0.8, CI95: Interval{0.7, 0.9}, Finding: "likely below"}, "reuseport probably costs 20 % less processor time for each connection (10–30 %)."},
		{10, Comparison{Ratio: 4, CI95: Interval{3.5, 4.6}, Finding: "above"}, "reuseport costs 4.0 × more processor time for each connection (3.5–4.6 ×)."},
		{10, Comparison{Ratio: 0.93, CI95: Interval{0.85, 1.02}, Finding: "unknown", Rounds: 20}, "reuseport: no difference found; up to 15 % less processor time is possible, some 20 rounds would tell."},
		{10, Comparison{Ratio: 0.93, CI95: Interval{0.5, 1.9}, Finding: "unknown", Rounds: 201}, "reuseport: no difference found; up to 50 % less processor time is possible, no fewer than 100 rounds would tell."},
		{10, Comparison{Ratio: 1.01, CI95: Interval{0.97, 1.02}, Finding: "same"}, "reuseport: the same, within 10 %, in all that is judged."},
		{3, Comparison{Ratio: 1.38, CI95: Interval{0.6, 2}, Finding: "unknown", Rounds: 6}, "reuseport: 38 % more processor time in 3 rounds; it takes 6 to be sure of anything."},
	} {
		r := simulated(steadyTruths()[:2], 10, 1)
		c.found.Metric, c.found.Phase, c.found.Arm, c.found.Baseline, c.found.N = "cpu_server", Closed, hash, r.Plan.Baseline, c.rounds
		r.Comparisons = []Comparison{c.found}
		if got := r.Brief().Said; !slices.Equal(got, []string{c.want}) {
			t.Errorf("got  %q\nwant %q", got, c.want)
		}
	}
}

// Nothing is judged of the latency of a closed loop.
func TestClosedLatencyIsNotJudged(t *testing.T) {
	r := simulated(steadyTruths(), 10, 1)
	r.Plan.Phases = []string{Closed}
	r.Summarise()
	for _, c := range r.Comparisons {
		if m, _ := LookupMetric(c.Metric); m.Kind == Time {
			t.Errorf("got %+v", c)
		}
	}
	if b := r.Brief(); len(b.Columns) != 4 || b.Rows[2].Cells[2].Ratio == 0 || b.Rows[2].Cells[2].Finding != "" {
		t.Errorf("got %+v", b)
	}
}
