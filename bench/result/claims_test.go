package result

import (
	"strings"
	"testing"

	"prefork/bench/stats"
)

// Each finding has its words, and where there is none, how many rounds would bring one.
func TestFindingsInWords(t *testing.T) {
	for _, c := range []struct {
		finding stats.Finding
		needed  int
		better  Direction
		want    string
	}{
		{stats.Above, 0, More, Better}, {stats.Above, 0, Less, Worse}, {stats.Above, 0, Neither, Higher},
		{stats.Below, 0, More, Worse}, {stats.Below, 0, Less, Better}, {stats.Below, 0, Neither, Lower},
		{stats.LikelyAbove, 14, Less, "likely worse"}, {stats.LikelyBelow, 14, Less, "likely better"},
		{stats.Same, 0, More, NoDifference},
		{stats.Unknown, 30, More, "needs 20 more rounds"}, {stats.Unknown, 11, More, "needs 1 more round"},
		{stats.Unknown, stats.MaxRounds + 1, More, "needs over 100 rounds"},
	} {
		if got := inWords(stats.Judgement{Finding: c.finding, Rounds: c.needed}, 10, c.better); got != c.want {
			t.Errorf("%s of a metric of which %d is better: %q, want %q", c.finding, c.better, got, c.want)
		}
	}
}

// What counts as the same is for the user to say.
func TestMarginDecidesWhatIsTheSame(t *testing.T) {
	verdict := func(margin float64) string {
		r := simulated(steadyTruths(), 10, 3)
		r.Plan.Margin = margin
		r.Summarise()
		c, _ := r.ComparisonOf(hash, Closed, "throughput")
		return c.Verdict
	}
	if got := verdict(0.10); got != NoDifference {
		t.Errorf("within 10 %%: %s", got)
	}
	if got := verdict(0.001); !strings.HasPrefix(got, "needs") {
		t.Errorf("within 0.1 %%: %s, want that it takes more rounds", got)
	}
}

// Where the baseline was disturbed its twin stands for it, and the other way round.
func TestTheTwinStandsForTheBaseline(t *testing.T) {
	r := simulated(steadyTruths(), 10, 3)
	twin, _ := r.Control()
	each(r, func(x *Round) {
		if x.Round <= 4 && x.Arm == r.Plan.Baseline || x.Round > 8 && x.Arm == twin || x.Round == 5 && (x.Arm == twin || x.Arm == r.Plan.Baseline) {
			x.Doubts = Doubts(map[string]float64{"steal": 18})
		}
	})
	r.Summarise()
	if c, _ := r.ComparisonOf(robin, Closed, "throughput"); c.N != 9 || c.Verdict != Worse || c.Finding != "below" {
		t.Errorf("got %+v, want 9 rounds", c)
	}
}
