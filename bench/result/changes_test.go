package result

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"
)

// later is the same run again, another day: other noise, and each arm so much
// faster.
func later(faster float64, seed uint64) *Result {
	truths := steadyTruths()
	for i := range truths {
		truths[i].throughput *= faster
	}
	return simulated(truths, 10, seed)
}

func changeOf(t *testing.T, all []Change, arm, phase, metric string) Change {
	t.Helper()
	c, ok := find(all, func(c Change) bool { return c.Arm == arm && c.Phase == phase && c.Metric == metric })
	if !ok {
		t.Fatalf("no change of %s of %s", metric, arm)
	}
	return c
}

func TestChangesFindTheTruth(t *testing.T) {
	all := Changes(later(1, 21), later(1.3, 22))
	for _, arm := range []string{"shared/blocking", "reuseport/hash", "dispatch/round-robin"} {
		if c := changeOf(t, all, arm, Closed, "throughput"); c.Verdict != Better || c.CI95[0] > 1.3 || c.CI95[1] < 1.3 || c.NOld != 10 || c.NNew != 10 {
			t.Errorf("got %+v, want better by 1.3", c)
		}
		if c := changeOf(t, all, arm, Open, "p50"); isDifferent(c.Verdict) {
			t.Errorf("got %+v, want no difference", c)
		}
	}
	if slices.ContainsFunc(all, func(c Change) bool { return c.Arm == "shared/blocking#2" }) {
		t.Error("the control is compared")
	}
}

// Two runs of the same are called different in no more than 5 % of comparisons.
func TestChangesOfTheSame(t *testing.T) {
	all, different := 0, 0
	for seed := range uint64(8) {
		for _, c := range Changes(later(1, 300+seed), later(1, 400+seed)) {
			all++
			if isDifferent(c.Verdict) {
				different++
			}
		}
	}
	t.Logf("%d of %d called different", different, all)
	if different > all*5/100 {
		t.Errorf("%d of %d called different", different, all)
	}
}

func TestChangesOfFewRounds(t *testing.T) {
	old := later(1, 21)
	old.Rounds = slices.DeleteFunc(old.Rounds, func(r Round) bool { return r.Round > 4 })
	c := changeOf(t, Changes(old, later(1.3, 22)), "shared/blocking", Closed, "throughput")
	if c.Verdict != "needs 2 more rounds" || c.NOld != 4 || c.NNew != 10 {
		t.Errorf("got %+v", c)
	}
	if all := Changes(&Result{}, old); len(all) != 0 {
		t.Errorf("of nothing: %v", all)
	}
}

func TestDifferences(t *testing.T) {
	for name, c := range map[string]struct {
		change func(*Result)
		want   string
	}{
		"none":     {func(*Result) {}, ""},
		"workload": {func(r *Result) { r.Plan.Workload = "http" }, "workload: hello and http"},
		"length":   {func(r *Result) { r.Plan.Length = time.Second }, "length: 700ms and 1s"},
		"service":  {func(r *Result) { r.Plan.Service = "exp:5ms" }, "service: none and exp:5ms"},
		"seed":     {func(r *Result) { r.Plan.Seed = 77 }, ""},
		"sysctls":  {func(r *Result) { r.Plan.Sysctls = map[string]string{"a": "1"} }, "sysctls: none and map[a:1]"},
		"workers":  {func(r *Result) { r.Arms[1].Workers = 32 }, "reuseport/hash workers: 4 and 32"},
		"rate":     {func(r *Result) { r.Plan.Rate, r.Plan.Share = 9900, 0 }, ""}, // the other's was not given
		"share":    {func(r *Result) { r.Plan.Share = 0.7 }, "share: 0.5 and 0.7"},
	} {
		old, new := simulated(steadyTruths(), 1, 21), simulated(steadyTruths(), 1, 22)
		c.change(new)
		got := Differences(old, new)
		if c.want == "" && len(got) > 0 || c.want != "" && (len(got) != 1 || !strings.Contains(got[0], c.want)) {
			t.Errorf("%s: got %q, want %q", name, got, c.want)
		}
	}
}

// A rate that came of the run is no difference of plan, but no match either; two that
// were given are a difference of plan.
func TestRatesApart(t *testing.T) {
	for _, c := range []struct {
		old, new float64 // given; 0 is not
		factor   float64 // of what was offered
		apart    bool
		differ   string
	}{
		{0, 0, 1.1, true, ""},
		{0, 0, 0.9, true, ""},
		{0, 0, 1.01, false, ""},
		{0, 9900, 1.1, true, ""},
		{0, 9000, 1, false, ""},
		{9000, 9900, 1.1, false, "rate: 9000 and 9900"},
	} {
		old, new := simulated(steadyTruths(), 1, 21), simulated(steadyTruths(), 1, 22)
		old.Plan.Rate, new.Plan.Rate = c.old, c.new
		each(new, func(x *Round) { x.OfferedRate *= c.factor })
		if err := RatesApart(old, new); (err != nil) != c.apart || err != nil && !errors.Is(err, ErrRatesApart) {
			t.Errorf("%+v: got %v", c, err)
		}
		if got := strings.Join(Differences(old, new), "; "); got != c.differ {
			t.Errorf("%+v: got %q", c, got)
		}
	}
}

// A condition across two open loops is not judged where they are no match.
func TestThresholdsAcrossRates(t *testing.T) {
	old, new := simulated(steadyTruths(), 1, 21), simulated(steadyTruths(), 1, 22)
	each(new, func(x *Round) { x.OfferedRate *= 1.1 })
	for text, refused := range map[string]bool{
		"p99(shared/blocking) > 1.1 * old.p99(shared/blocking)":               true,
		"lost(shared/blocking) > old.lost(shared/blocking)":                   true,
		"closed.p99(shared/blocking) > 1.1 * old.closed.p99(shared/blocking)": false,
		"throughput(shared/blocking) < 0.9 * old.throughput(shared/blocking)": false,
		"p99(shared/blocking) > 5ms":                                          false,
		"p99(reuseport/hash) > p99(shared/blocking)":                          false,
	} {
		if err := parsed(t, text).Comparable(new, old); errors.Is(err, ErrRatesApart) != refused {
			t.Errorf("%s: got %v", text, err)
		}
	}
}

func TestDoubts(t *testing.T) {
	old, new := later(1, 21), later(1, 22)
	if got := Confounders(old, new); len(got) != 0 {
		t.Errorf("got %q", got)
	}
	new.Environment.Kernel, new.Environment.CPUs = "6.1", 8
	new.Environment.Sysctls = map[string]string{"net.core.somaxconn": "128"}
	new.Arms[1].Name = "reuseport/cpu"
	want := []string{
		"another kernel: 6.18.0 and 6.1", "another number of CPUs: 2 and 8", "another net.core.somaxconn: 4096 and 128",
		"reuseport/hash is in the old result alone", "reuseport/cpu is in the new result alone",
	}
	if got := Confounders(old, new); !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}
