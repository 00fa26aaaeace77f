package stats

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"gonum.org/v1/gonum/stat/distuv"
)

func counts(of int, harmed ...int) (all []Count) {
	for _, n := range harmed {
		all = append(all, Count{n, of})
	}
	return all
}

// The lady who told three of four cups of tea each way, and the convictions of twins, as
// R's fisher.test has them.
func TestFisherTextbook(t *testing.T) {
	near(t, "tea", fisher(Count{3, 4}, Count{1, 4}), 0.4857143, 1e-6)
	near(t, "none of ten and five of ten", fisher(Count{0, 10}, Count{5, 10}), 0.0325077, 1e-6)
	near(t, "sizes unlike", fisher(Count{2, 17}, Count{10, 13}), 0.0005367, 1e-7)
	near(t, "none at all", fisher(Count{0, 10}, Count{0, 10}), 1, 1e-9)
}

func TestCountsJudged(t *testing.T) {
	none := counts(600, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0)
	oneBad := counts(600, 198, 0, 0, 0, 0, 0, 0, 0, 0, 0)
	bothBad := counts(600, 198, 5, 0, 0, 0, 0, 0, 0, 0, 0)
	for _, c := range []struct {
		name                string
		arm, baseline, twin []Count
		want                Finding
	}{
		{"198 of 1,200 against 0 in two rounds", counts(600, 99, 99), none[:2], none[:2], Above},
		{"as dice would have it", counts(600, 90, 108), none[:2], none[:2], Above},
		{"the other way", none[:2], counts(600, 90, 108), counts(600, 103, 95), Below},
		{"all in one of two rounds", counts(600, 198, 0), none[:2], none[:2], Unknown},
		{"all in one of ten rounds", oneBad, none, none, Unknown},
		{"all in one of ten rounds, in another of the twin", oneBad, none, bothBad, Unknown},
		{"without a twin two rounds are too few", counts(600, 99, 99), none[:2], nil, Unknown},
		{"without a twin three are enough", counts(600, 99, 99, 99), none[:3], nil, Above},
		{"one round", counts(600, 99), none[:1], none[:1], Unknown},
		{"nothing in ten rounds", none, none, none, Same},
		{"one of 1,200 against 0", counts(600, 1, 0), none[:2], none[:2], Unknown},
		{"nothing counted", make([]Count, 3), none, none, Unknown},
		{"no rounds", nil, nil, nil, Unknown},
	} {
		counted := CompareCounts(c.arm, c.baseline, c.twin)
		family := []Counted{counted, CompareCounts(none, none, none), CompareCounts(none, none, none)}
		if got := JudgeCounts(family, 0.001)[0]; got.Finding != c.want {
			t.Errorf("%s: got %s of %+v, want %s", c.name, got.Finding, counted, c.want)
		}
	}
	if got := JudgeCounts(make([]Counted, 1), 0.001)[0]; got.Finding != Unknown || got.Rounds == 0 {
		t.Errorf("got %+v of nothing", got)
	}
}

// Of runs at other times, three rounds a side are as many as tell.
func TestIndependentCounts(t *testing.T) {
	for _, c := range []struct {
		name     string
		new, old []Count
		want     Finding
	}{
		{"a sixth against none", counts(600, 90, 108, 99), counts(600, 0, 0, 0, 0), Above},
		{"and back", counts(600, 0, 0, 0, 0), counts(600, 90, 108, 99), Below},
		{"two rounds are too few", counts(600, 99, 99), counts(600, 0, 0, 0), Unknown},
		{"all in one round", counts(600, 198, 0, 0, 0), counts(600, 0, 0, 0, 0), Unknown},
		{"none in either", counts(600, 0, 0, 0, 0, 0, 0), counts(600, 0, 0, 0, 0, 0, 0), Same},
		{"nothing", nil, counts(600, 0, 0, 0), Unknown},
	} {
		counted := IndependentCounts(c.new, c.old)
		if got := JudgeCounts([]Counted{counted}, 0.001)[0]; got.Finding != c.want {
			t.Errorf("%s: got %s of %+v, want %s", c.name, got.Finding, counted, c.want)
		}
	}
}

// harm is how requests of one run come to harm.
type harm struct {
	name string
	draw func(*rand.Rand) Count
}

const requests = 600

func thrown(r *rand.Rand, share float64) Count {
	return Count{int(distuv.Binomial{N: requests, P: min(1, share), Src: r}.Rand()), requests}
}

// dice throw each request by itself.
func dice(share float64) harm {
	return harm{fmt.Sprintf("dice %g", share), func(r *rand.Rand) Count { return thrown(r, share) }}
}

// clusters have a share of their own in each run: a beta distribution.
func clusters(share, correlation float64) harm {
	weight := 1/correlation - 1
	return harm{fmt.Sprintf("clusters %g, correlation %g", share, correlation), func(r *rand.Rand) Count {
		return thrown(r, distuv.Beta{Alpha: share * weight, Beta: (1 - share) * weight, Src: r}.Rand())
	}}
}

// mishaps strike some runs, and hit a fifth of the requests.
func mishaps(often float64) harm {
	return harm{fmt.Sprintf("mishaps in %g of runs", often), func(r *rand.Rand) Count {
		if r.Float64() < often {
			return thrown(r, 0.2)
		}
		return Count{0, requests}
	}}
}

// mishapsOfAnySize hit a tenth in the mean.
func mishapsOfAnySize(often float64) harm {
	return harm{fmt.Sprintf("mishaps of any size in %g of runs", often), func(r *rand.Rand) Count {
		if r.Float64() < often {
			return thrown(r, 0.1*r.ExpFloat64())
		}
		return Count{0, requests}
	}}
}

// Where arm and baseline come to harm alike, at most 5 % are called different, with
// harm by dice, in clusters and by mishaps. Fisher's test, which takes each request by itself,
// would do so to most of those in clusters.
func TestCountsClaimedFalsely(t *testing.T) {
	for _, h := range []harm{dice(0.002), dice(0.1), clusters(0.01, 0.02), clusters(0.1, 0.2), mishaps(0.05), mishaps(0.3), mishaps(0.5)} {
		t.Run(h.name, func(t *testing.T) {
			t.Parallel()
			h.claimedFalsely(t, 2, true)
			h.claimedFalsely(t, 3, true)
			h.claimedFalsely(t, 3, false)
			h.claimedFalsely(t, 10, true)
			h.claimedFalsely(t, 10, false)
		})
	}
}

func (h harm) claimedFalsely(t *testing.T, rounds int, twins bool) {
	random, trials := seeded(uint64(rounds)), fewer(500)
	found, fishers, apart := 0, 0, 0
	for range trials {
		arm, baseline, twin := h.rounds(rounds, random), h.rounds(rounds, random), []Count(nil)
		if twins {
			twin = h.rounds(rounds, random)
		}
		c := CompareCounts(arm, baseline, twin)
		found += one(JudgeCounts([]Counted{c}, 0)[0].Finding.Different())
		if rounds == 2 {
			fishers += one(fisher(c.Arm, c.Reference) < level)
		}
		apart += one(JudgeCounts([]Counted{IndependentCounts(arm, baseline)}, 0)[0].Finding.Different())
	}
	atMost(t, fmt.Sprintf("%d rounds, of two runs", rounds), apart, trials, level)
	atMost(t, fmt.Sprintf("%d rounds, twin %v", rounds, twins), found, trials, level)
	if rounds == 2 {
		t.Logf("2 rounds, by Fisher's test: %.1f %%", 100*float64(fishers)/float64(trials))
	}
}

// A run of three arms with counts that it is judged by, lost and stalled, makes a false
// claim in at most 5 % of cases.
func TestCountsFamilyError(t *testing.T) {
	for _, h := range []harm{dice(0.002), dice(0.1), clusters(0.05, 0.05), mishapsOfAnySize(0.1), mishapsOfAnySize(0.3)} {
		for _, rounds := range []int{2, 6} {
			random, trials, claimed := seeded(uint64(rounds)), fewer(500), 0
			for range trials {
				var family []Counted
				for range 2 {
					baseline, twin := h.rounds(rounds, random), h.rounds(rounds, random)
					for range 2 {
						family = append(family, CompareCounts(h.rounds(rounds, random), baseline, twin))
					}
				}
				claimed += one(slices.ContainsFunc(JudgeCounts(family, 0), func(j Judgement) bool { return j.Finding.Different() }))
			}
			atMost(t, fmt.Sprintf("%s, %d rounds, runs with a false claim", h.name, rounds), claimed, trials, level)
		}
	}
}

func (h harm) rounds(n int, random *rand.Rand) (all []Count) {
	for range n {
		all = append(all, h.draw(random))
	}
	return all
}

// A sixth stalled and none of the baseline's is found in two rounds, one of two arms.
func TestCountsFound(t *testing.T) {
	none := counts(requests, 0, 0)
	for _, c := range []struct {
		harm
		rounds int
		limit  float64
	}{{dice(0.165), 2, 0.95}, {clusters(0.165, 0.01), 3, 0.80}, {clusters(0.165, 0.05), 6, 0.90}, {dice(0.02), 2, 0.80}} {
		random, trials, found := seeded(1), fewer(1000), 0
		baseline := slices.Repeat(none, c.rounds/2+1)[:c.rounds]
		for range trials {
			counted := CompareCounts(c.harm.rounds(c.rounds, random), baseline, baseline)
			found += one(JudgeCounts([]Counted{counted, CompareCounts(baseline, baseline, baseline)}, 0)[0].Finding == Above)
		}
		atLeast(t, fmt.Sprintf("%s, found in %d rounds", c.name, c.rounds), found, trials, c.limit)
	}
}

// Counts that cannot be are no round.
func TestCountsThatCannotBe(t *testing.T) {
	arm := []Count{{3, 2}, {-1, 5}, {0, 0}, {0, -1}, {1, 10}, {1, 10}}
	c := CompareCounts(arm, counts(10, 1, 1, 1, 1, 1), nil)
	if c.N != 1 || c.Without != 5 {
		t.Errorf("got %+v, want one round and 5 without", c)
	}
	if c = CompareCounts(nil, nil, nil); c.N != 0 || !math.IsNaN(c.Difference) || c.P != 1 || c.CI != [2]float64{-1, 1} {
		t.Errorf("got %+v of nothing", c)
	}
}
