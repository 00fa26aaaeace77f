package result

import (
	"bytes"
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
)

// What was put into the simulation comes out of the comparisons.
func TestComparisonsFindTheTruth(t *testing.T) {
	r := simulated(steadyTruths(), 10, 3)
	for _, c := range []struct {
		phase, metric, arm string
		truth              float64
		verdict            string
	}{
		{Closed, "throughput", "dispatch/round-robin", 0.62, Worse},
		{Closed, "throughput", "reuseport/hash", 1.002, NoDifference},
		{Closed, "cpu_server", "dispatch/round-robin", 1.92, Worse},
		{Open, "p50", "dispatch/round-robin", 1.45, Worse},
		{Open, "p50", "reuseport/hash", 1, NoDifference},
		{Open, "p99", "reuseport/hash", 2.6, Worse},
		{Open, "wakeups", "dispatch/round-robin", 2.02, Worse},
	} {
		got, ok := r.ComparisonOf(c.arm, c.phase, c.metric)
		if !ok || got.Verdict != c.verdict || got.N != 10 || math.Abs(got.Ratio/c.truth-1) > 0.06 {
			t.Errorf("%s of %s: got %+v, want %s at about %v", c.metric, c.arm, got, c.verdict, c.truth)
		}
	}
}

// The baseline is compared with neither itself nor its twin.
func TestControlMakesNoiseAndNoComparison(t *testing.T) {
	r := simulated(steadyTruths(), 10, 3)
	for _, c := range r.Comparisons {
		if c.Arm == "shared/blocking#2" || c.Arm == c.Baseline {
			t.Errorf("got %+v", c)
		}
	}
	noise, ok := r.AANoise[NoiseKey(Closed, "throughput")]
	if !ok || !(noise[0] < 1 && noise[1] > 1 && noise[1] < 1.1) {
		t.Errorf("noise %v, %v", noise, ok)
	}
	if without := simulated(steadyTruths()[:3], 10, 3); len(without.AANoise) != 0 {
		t.Errorf("noise without a control: %v", without.AANoise)
	}
}

// A user who gives the same arm twice is told that there is no difference in 95 %
// of comparisons and more, with a control arm or without.
func TestTheSameArmTwice(t *testing.T) {
	for _, control := range []bool{false, true} {
		truths := steadyTruths()[:1]
		again := truths[0]
		again.arm.Name = "shared/blocking#2"
		truths = append(truths, again)
		if control {
			again.arm.Name, again.arm.Control = "shared/blocking#3", true
			truths = append(truths, again)
		}
		all, different := 0, 0
		for seed := range uint64(12) {
			for _, c := range simulated(truths, 10, 100+seed).Comparisons {
				all++
				if isDifferent(c.Verdict) {
					different++
				}
			}
		}
		t.Logf("control %v: %d of %d called different", control, different, all)
		if limit := all * 5 / 100; different > limit {
			t.Errorf("control %v: %d of %d called different", control, different, all)
		}
	}
}

// Pairs are of one round, wherever they are in the list.
func TestRoundsArePairedByNumber(t *testing.T) {
	r := simulated(steadyTruths(), 10, 4)
	want := slices.Clone(r.Comparisons)
	slices.Reverse(r.Rounds)
	r.Summarise()
	for i, c := range r.Comparisons {
		if math.Abs(c.Ratio-want[i].Ratio) > 1e-9 || c.N != want[i].N {
			t.Errorf("got %+v, want %+v", c, want[i])
		}
	}
}

// Only sound rounds that both arms were in count.
func TestOnlySoundPairsCount(t *testing.T) {
	r := simulated(steadyTruths(), 10, 4)
	r.Rounds = slices.DeleteFunc(r.Rounds, func(x Round) bool {
		return x.Round == 10 && x.Arm == "reuseport/hash"
	})
	for i := range r.Rounds {
		if r.Rounds[i].Round <= 2 {
			r.Rounds[i].Doubts, r.Rounds[i].Throughput = spoilt("late"), 1e9
		}
	}
	r.Summarise()
	hash, _ := r.ComparisonOf("reuseport/hash", Closed, "throughput")
	dispatch, _ := r.ComparisonOf("dispatch/round-robin", Closed, "throughput")
	if hash.N != 7 || hash.NoRatio != 0 || dispatch.N != 8 {
		t.Errorf("got %+v and %+v, want 7 and 8 rounds", hash, dispatch)
	}
	if s, _ := r.SummaryOf("shared/blocking", Closed, "throughput"); s.N != 8 || s.Median > 1e6 {
		t.Errorf("got %+v", s)
	}
}

// A round that was not measured, or is zero, gives no ratio, and that is counted.
func TestRoundsWithoutRatioAreCounted(t *testing.T) {
	r := simulated(steadyTruths(), 10, 4)
	for i := range r.Rounds {
		if round := &r.Rounds[i]; round.Arm == "reuseport/hash" && round.Phase == Open {
			switch round.Round {
			case 1:
				round.Wakeups = nil
			case 2, 3:
				round.Wakeups = at(0)
			}
		}
	}
	r.Summarise()
	if c, ok := r.ComparisonOf("reuseport/hash", Open, "wakeups"); !ok || c.N != 7 || c.NoRatio != 3 {
		t.Errorf("got %+v", c)
	}
}

// What has no number is absent or null: a file is written and read whatever the
// rounds hold.
func TestJSONHoldsNoInfinity(t *testing.T) {
	for name, spoil := range map[string]func(*Result){
		"as it is":     func(*Result) {},
		"one round":    func(r *Result) { r.Rounds = slices.DeleteFunc(r.Rounds, func(x Round) bool { return x.Round > 1 }) },
		"no round":     func(r *Result) { r.Rounds = nil },
		"none sound":   func(r *Result) { each(r, func(x *Round) { x.Doubts = spoilt("late") }) },
		"zero wakeups": func(r *Result) { each(r, func(x *Round) { x.Wakeups = at(0) }) },
		"no latency":   func(r *Result) { each(r, func(x *Round) { x.Latency = Latency{} }) },
		"no baseline": func(r *Result) {
			r.Rounds = slices.DeleteFunc(r.Rounds, func(x Round) bool { return x.Arm == r.Plan.Baseline })
		},
		"only a control": func(r *Result) { r.Arms = r.Arms[3:] },
	} {
		t.Run(name, func(t *testing.T) {
			r := simulated(steadyTruths(), 3, 5)
			spoil(r)
			r.Summarise()
			_ = r.Verdict()
			path := filepath.Join(t.TempDir(), "result.json")
			var out bytes.Buffer
			if err := r.WriteJSON(&out); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(path, out.Bytes(), 0o600); err != nil {
				t.Fatal(err)
			}
			again, err := Read(path)
			if err != nil {
				t.Fatal(err)
			}
			if !reflect.DeepEqual(r.Comparisons, again.Comparisons) || !reflect.DeepEqual(r.Summary, again.Summary) {
				t.Errorf("it changed on its way through JSON")
			}
		})
	}
}

func each(r *Result, do func(*Round)) {
	for i := range r.Rounds {
		do(&r.Rounds[i])
	}
}

// A single round has a ratio but no interval.
func TestUnboundedIntervalIsNull(t *testing.T) {
	text, err := json.Marshal(Comparison{Ratio: 2, CI95: Interval{0, math.Inf(1)}})
	if err != nil || !strings.Contains(string(text), `"ci95":null`) {
		t.Errorf("got %s, %v", text, err)
	}
	var c Comparison
	if err := json.Unmarshal(text, &c); err != nil || c.CI95 != (Interval{0, math.Inf(1)}) {
		t.Errorf("got %+v, %v", c, err)
	}
	if err := json.Unmarshal([]byte(`{"ci95":[0.5,2]}`), &c); err != nil || c.CI95 != (Interval{0.5, 2}) {
		t.Errorf("got %+v, %v", c, err)
	}
}

func TestSameSeedSameSummary(t *testing.T) {
	if a, b := simulated(steadyTruths(), 10, 6), simulated(steadyTruths(), 10, 6); !reflect.DeepEqual(a, b) {
		t.Error("two results of one seed differ")
	}
}

// A median of the rounds that recovered would leave out those that did not.
func TestNeverNormalHasNoMedian(t *testing.T) {
	r := stuck(10, 1)
	if s, ok := r.SummaryOf("shared/blocking", Open, "normal_after"); !ok || s.Median != 0 {
		t.Errorf("got %+v, %v", s, ok)
	}
	for i := range r.Rounds {
		if r.Rounds[i].Round > 1 {
			r.Rounds[i].NormalAfter = at(0.5)
		}
	}
	r.Summarise()
	if s, ok := r.SummaryOf("reuseport/hash", Open, "normal_after"); ok {
		t.Errorf("got %+v although a round was never normal", s)
	}
	if seconds, never := r.Recovery("reuseport/hash", Open); len(seconds) != 9 || never != 1 {
		t.Errorf("got %v and %d", seconds, never)
	}
}

func TestHome(t *testing.T) {
	for _, c := range []struct {
		phases []string
		metric string
		want   string
	}{
		{[]string{Closed, Open}, "p99", Open},
		{[]string{Closed, Open}, "throughput", Closed},
		{[]string{Closed}, "p99", Closed},
		{[]string{Open}, "cpu_server", Open},
		{[]string{Open}, "throughput", ""},
		{nil, "p99", ""},
	} {
		r := Result{Plan: Plan{Phases: c.phases}}
		metric, _ := LookupMetric(c.metric)
		if got, _ := r.Home(metric); got != c.want {
			t.Errorf("%s in %v: got %q, want %q", c.metric, c.phases, got, c.want)
		}
	}
}
