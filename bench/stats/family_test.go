package stats

import (
	"fmt"
	"math"
	"slices"
	"testing"
)

// Where no arm differs, a run makes any claim in at most 5 % of cases: with the three
// arms of the default, and with all that there are, which share one baseline.
func TestFamilyError(t *testing.T) {
	for _, of := range []struct {
		arms, rounds, trials int
		noises               []noise
	}{{2, 6, 1000, noises}, {2, 10, 1000, noises}, {12, 10, 500, []noise{normal, exponential, student3}}} {
		for _, noise := range of.noises {
			t.Run(fmt.Sprintf("%d arms × 4, %d rounds, %s", of.arms, of.rounds, noise.name), func(t *testing.T) {
				t.Parallel()
				run := aRun{arms: of.arms, metrics: 4, rounds: of.rounds, noise: noise, together: 0.5, sd: 0.1, effect: nothing}
				random, trials := seeded(uint64(of.arms)), fewer(of.trials)
				claimed, hinted := 0, 0
				for range trials {
					judged := Judge(run.draw(random), 1)
					claimed += one(slices.ContainsFunc(judged, func(j Judgement) bool { return j.Finding.Different() }))
					hinted += one(slices.ContainsFunc(judged, func(j Judgement) bool { return j.Finding.Likely() || j.Finding.Different() }))
				}
				atMost(t, "runs with a false claim", claimed, trials, level)
				atMost(t, "runs with a false claim or a false likely", hinted, trials, 0.20)
			})
		}
	}
}

// Where some arms differ and some do not, the wrong ones among all claims are at most
// 5 % in the mean, and among the likely ones a fifth.
func TestFalseClaimsAmongClaims(t *testing.T) {
	for _, arms := range []int{2, 12} {
		run := aRun{arms: arms, metrics: 4, rounds: 10, noise: normal, together: 0.5, sd: 0.1, effect: func(arm, _ int) float64 { return float64(arm % 2) }}
		random, trials := seeded(uint64(arms)), fewer(500)
		claimed, hinted := 0.0, 0.0
		for range trials {
			judged := Judge(run.draw(random), 1)
			claimed += wrongShare(judged, func(f Finding) bool { return f.Different() })
			hinted += wrongShare(judged, func(f Finding) bool { return f.Different() || f.Likely() })
		}
		atMost(t, fmt.Sprint(arms, " arms, wrong claims"), int(math.Round(claimed)), trials, level)
		atMost(t, fmt.Sprint(arms, " arms, wrong claims and likely ones"), int(math.Round(hinted)), trials, 0.20)
	}
}

// wrongShare is the share of the even arms, which do not differ, among those claimed.
func wrongShare(judged []Judgement, claimed func(Finding) bool) float64 {
	wrong, all := 0, 0
	for i, j := range judged {
		if claimed(j.Finding) {
			all, wrong = all+1, wrong+one(i/4%2 == 0)
		}
	}
	return float64(wrong) / float64(max(all, 1))
}

// How often an arm that is one standard deviation off is found in ten rounds, with the
// three arms of the default. The more numbers decide, the less is found of each.
func TestPower(t *testing.T) {
	for _, c := range []struct {
		metrics  int
		together float64
		each     float64 // how often each number is found, at least
		any      float64 // how often the arm is found by any of its numbers, at least
	}{{1, 0, 0.45, 0.45}, {2, 0.5, 0.33, 0.45}, {4, 0, 0.24, 0.60}, {4, 0.5, 0.24, 0.45}} {
		run := aRun{arms: 2, metrics: c.metrics, rounds: 10, noise: normal, together: c.together, sd: 0.1, effect: func(arm, _ int) float64 { return float64(1 - arm) }}
		name := fmt.Sprintf("%d deciding numbers that hang together by %v", c.metrics, c.together)
		random, trials := seeded(1), fewer(2000)
		each, any, likely := 0, 0, 0
		for range trials {
			first := Judge(run.draw(random), 1)[:c.metrics]
			each += one(first[0].Finding == Above)
			likely += one(first[0].Finding == LikelyAbove)
			any += one(slices.ContainsFunc(first, func(j Judgement) bool { return j.Finding == Above }))
		}
		atLeast(t, name+", each is found", each, trials, c.each)
		atLeast(t, name+", one of them is found", any, trials, c.any)
		t.Logf("%s, each is called likely: %.1f %%", name, 100*float64(likely)/float64(trials))
	}
}

// What the rule before would have found, uncorrected as it was.
func TestPowerOfTheFormerRule(t *testing.T) {
	random, trials := seeded(1), fewer(2000)
	found, claimed, wrong := 0, 0, 0
	for range trials {
		draw := func(effect float64) []float64 { return logNormal(10, math.Exp(0.1*effect), 0.1, random) }
		baseline, twin := draw(0), draw(0)
		found += one(formerRule(draw(1), baseline, twin))
		falsely := false
		for range 2 * 4 {
			falsely = falsely || formerRule(draw(0), draw(0), draw(0))
		}
		claimed++
		wrong += one(falsely)
	}
	atMost(t, "the former rule finds", found, trials, 0.28)
	t.Logf("it claims something in %.1f %% of runs of 2 arms × 4 in which nothing differs", 100*float64(wrong)/float64(claimed))
}
