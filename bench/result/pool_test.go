package result

import (
	"slices"
	"testing"
)

// Several runs together have the rounds of all, each beside those of its own run.
func TestPool(t *testing.T) {
	runs := []*Result{later(1, 21), later(1, 22), later(1, 23)}
	first := len(runs[0].Rounds)
	pooled := Pool(runs)
	if len(pooled.Rounds) != 3*first || pooled.Plan.Rounds != 30 || len(runs[0].Rounds) != first || runs[0].Plan.Rounds != 10 {
		t.Fatalf("%d rounds of %d, planned %d; the first run has %d now", len(pooled.Rounds), first, pooled.Plan.Rounds, len(runs[0].Rounds))
	}
	seen := map[[2]string]map[int]bool{}
	for _, round := range pooled.Rounds {
		key := [2]string{round.Arm, round.Phase}
		if seen[key] == nil {
			seen[key] = map[int]bool{}
		}
		if seen[key][round.Round] || round.Run != (round.Round-1)/10 {
			t.Fatalf("%s has round %d of run %d twice, or not in its run", round.Arm, round.Round, round.Run)
		}
		seen[key][round.Round] = true
	}
	if c, _ := pooled.ComparisonOf(robin, Closed, "throughput"); c.N != 30 || c.Verdict != Worse {
		t.Errorf("got %+v", c)
	}
	if one := Pool(runs[:1]); one != runs[0] {
		t.Error("one run is not itself")
	}
}

// Pooled runs find what is too small for one.
func TestChangesOfPooledRuns(t *testing.T) {
	olds := Pool([]*Result{later(1, 31), later(1, 32), later(1, 33)})
	news := Pool([]*Result{later(1.3, 34), later(1.3, 35)})
	c := changeOf(t, Changes(olds, news), hash, Closed, "throughput")
	if c.Verdict != Better || c.NOld != 30 || c.NNew != 20 || c.CI95[0] > 1.3 || c.CI95[1] < 1.3 {
		t.Errorf("got %+v", c)
	}
}

// Runs that differ among themselves by more than what is looked for make it no claim.
func TestChangesOfRunsThatDiffer(t *testing.T) {
	olds := Pool([]*Result{later(1, 31), later(2, 32), later(1, 33)})
	news := Pool([]*Result{later(2, 34), later(1, 35), later(2, 36)})
	if c := changeOf(t, Changes(olds, news), hash, Closed, "throughput"); isDifferent(c.Verdict) {
		t.Errorf("got %+v", c)
	}
}

// Counts of two runs are judged as counts.
func TestChangesOfHarm(t *testing.T) {
	old, new := simulated(steadyTruths(), 6, 1), simulated(steadyTruths(), 6, 2)
	each(new, func(x *Round) {
		if x.Arm == hash && x.Phase == Open {
			x.Stalled = x.Latency.N / 4
		}
		if x.Arm == robin && x.Phase == Open && x.Round == 1 {
			x.Errors = map[string]int{"reset": 1}
		}
	})
	verdicts := map[string]string{}
	for _, h := range ChangesOfHarm(old, new) {
		verdicts[h.Arm+" "+h.Metric] = h.Verdict
	}
	if len(verdicts) != 2 || verdicts[hash+" stalled"] != Worse || slices.Contains([]string{Better, Worse}, verdicts[robin+" lost"]) {
		t.Errorf("got %v", verdicts)
	}
	if back := ChangesOfHarm(new, old); back[slices.IndexFunc(back, func(h ChangedHarm) bool { return h.Metric == "stalled" })].Verdict != Better {
		t.Errorf("back: %+v", back)
	}
}
