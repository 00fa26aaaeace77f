package stats

import (
	"fmt"
	"math"
	"testing"
)

// A run of ten rounds that cannot tell goes on for as many as it says, and then can, in
// about 80 % of cases; less often where the truth is between nothing and the margin, and
// neither answer is near. Other families are no different: eight are in this one.
func TestRoundsToTell(t *testing.T) {
	for _, c := range []struct{ effect, limit float64 }{{0, 0.8}, {0.05, 0.78}, {0.15, 0.8}} {
		random, trials := seeded(3), fewer(400)
		asked, told := 0, 0
		for range trials {
			run := aRun{arms: 2, metrics: 4, rounds: MaxRounds, noise: normal, sd: 0.1, effect: func(arm, _ int) float64 { return c.effect / 0.1 }}
			rounds := run.measure(random)
			first := Judge(rounds.compare(10), 1.1)[0]
			if first.Rounds == 0 || first.Rounds > MaxRounds {
				continue
			}
			then := Judge(rounds.compare(first.Rounds), 1.1)[0]
			asked, told = asked+1, told+one(then.Rounds == 0)
		}
		atLeast(t, fmt.Sprintf("effect %v: told after as many rounds as it says", c.effect), told, asked, c.limit)
	}
}

func TestRoundsToTellOfExtremes(t *testing.T) {
	for _, c := range []struct {
		name string
		Comparison
		margin float64
		want   int
	}{
		{"too few", comparison(2, 1, 1.5, 1), 1.1, MinRounds},
		{"none", Comparison{Ratio: math.NaN(), P: 1}, 1.1, MinRounds},
		{"so noisy that it never ends", Comparison{N: 10, Ratio: 1.04, CI: [2]float64{0.1, 10}, P: 0.9, SD: 3}, 1.1, MaxRounds + 1},
		{"no margin and no difference", Comparison{N: 10, Ratio: 1, CI: [2]float64{0.9, 1.1}, P: 1, SD: 0.1}, 1, MaxRounds + 1},
		{"more rounds than any answer goes to", Comparison{N: 300, Ratio: 1.04, CI: [2]float64{0.9, 1.2}, P: 0.5, SD: 1}, 1.1, 301},
	} {
		if got := Judge([]Comparison{c.Comparison}, c.margin)[0]; got.Rounds != c.want || got.Finding != Unknown {
			t.Errorf("%s: got %+v, want %d rounds", c.name, got, c.want)
		}
	}
}
