package result

import "testing"

// losing is a run in which one arm loses most of what comes in the open loop, and
// answers the rest in half the time that the baseline takes.
func losing(arm string) *Result {
	r := simulated(steadyTruths(), 10, 3)
	each(r, func(x *Round) {
		if x.Arm == arm && x.Phase == Open {
			x.Errors = map[string]int{"reset": 640 + 10*(x.Round%3)}
			x.Latency = simulatedLatency(360, 48, 2)
		}
	})
	r.Summarise()
	return r
}

// Who answers the quick ones alone is not quick.
func TestNoClaimForTheLatencyOfSurvivors(t *testing.T) {
	for _, c := range []struct{ loser, arm, phase, metric, want string }{
		{robin, robin, Open, "p50", NoClaim},
		{robin, robin, Open, "p99", NoClaim},
		{robin, robin, Open, "cpu_server", Worse}, // is of no latency
		{robin, hash, Open, "p99", Worse},
		{robin, hash, Open, "p50", NoDifference},
		{"shared/blocking", robin, Open, "p50", NoClaim}, // the baseline's is not better either
		{"shared/blocking", hash, Open, "p99", NoClaim},
	} {
		if got, ok := losing(c.loser).ComparisonOf(c.arm, c.phase, c.metric); !ok || got.Verdict != c.want {
			t.Errorf("%s loses: %s of %s in the %s loop is %q, want %q", c.loser, c.metric, c.arm, c.phase, got.Verdict, c.want)
		}
	}
}

func TestDespiteLosses(t *testing.T) {
	for _, c := range []struct {
		verdict      string
		ours, theirs float64
		want         string
	}{
		{Better, 0, 0, Better}, {Better, 0.5, 0, NoClaim}, {Better, 0, 0.5, Better},
		{Worse, 0, 0, Worse}, {Worse, 0.5, 0, Worse}, {Worse, 0, 0.5, NoClaim},
		{NoDifference, 0, 0, NoDifference}, {NoDifference, 0.5, 0, NoClaim}, {NoDifference, 0, 0.5, NoClaim},
		{"needs 2 more rounds", 0.5, 0.5, "needs 2 more rounds"},
	} {
		if got := despiteLosses(c.verdict, c.ours, c.theirs); got != c.want {
			t.Errorf("%s with %v and %v lost: got %s, want %s", c.verdict, c.ours, c.theirs, got, c.want)
		}
	}
}

// A connection in a few thousand makes no latency that of the others.
func TestFewLossesDoNotMatter(t *testing.T) {
	for lost, want := range map[int]float64{0: 0, 9: 0, 11: 0.0011} {
		r := &Result{Rounds: []Round{{Arm: "a", Phase: Open, Latency: Latency{N: 10_000 - lost}, Errors: map[string]int{"reset": lost}}}}
		if got := r.LostShare("a", Open); got != want {
			t.Errorf("%d of 10,000: got %v, want %v", lost, got, want)
		}
	}
}

// Nor is a run compared with an earlier one by them.
func TestNoClaimForSurvivorsOfAnotherRun(t *testing.T) {
	all := Changes(simulated(steadyTruths(), 10, 4), losing(robin))
	if c := changeOf(t, all, robin, Open, "p99"); c.Verdict != NoClaim {
		t.Errorf("got %+v", c)
	}
}

func TestVerdictOnSurvivors(t *testing.T) {
	holds(t, losing(robin).Verdict(), []string{
		"dispatch/round-robin lost 6,500 and stalled 0 of 10,100 connections, open loop",
		"Nothing is claimed in favour of the latency of dispatch/round-robin: it is of those that were answered, and 64 % were lost.",
	}, []string{"dispatch/round-robin is better"})
}

// Arms of which one surely lost more are not alike, whatever else they are.
func TestVerdictDoesNotCallLosersAlike(t *testing.T) {
	lossy := func(loser string) *Result {
		r := constructed(10, found{"throughput", hash, NoDifference}, found{"throughput", robin, NoDifference})
		each(r, func(x *Round) {
			x.Latency.N = 100
			if x.Arm == loser {
				x.Errors = map[string]int{"reset": 5}
			}
		})
		found := r.Comparisons
		r.Summarise()
		r.Comparisons = found
		return r
	}
	holds(t, lossy(robin).Verdict(), []string{"reuseport/hash shows no difference", "Take shared/blocking or reuseport/hash for hello"}, []string{"and dispatch/round-robin show"})
	holds(t, lossy("shared/blocking").Verdict(), []string{"Which of the better ones"}, []string{"no difference", "nothing is surely better"})
}
