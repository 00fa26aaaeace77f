package result

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

// found is a comparison of reuseport/hash with the baseline, in a word.
type found struct{ metric, arm, verdict string }

// constructed is a result of so many rounds with these findings and no others.
func constructed(rounds int, all ...found) *Result {
	r := simulated(steadyTruths()[:3], 0, 1)
	for n := 1; n <= rounds; n++ {
		for _, arm := range r.Arms {
			for _, phase := range r.Phases() {
				r.Rounds = append(r.Rounds, Round{Round: n, Arm: arm.Name, Phase: phase, Conns: 100})
			}
		}
	}
	for _, f := range all {
		metric, _ := LookupMetric(f.metric)
		c := Comparison{
			Phase: metric.Phase, Metric: f.metric, Arm: f.arm, Baseline: r.Plan.Baseline,
			N: rounds, Verdict: f.verdict, Ratio: 1, CI95: Interval{0.97, 1.04},
		}
		if f.verdict != NoDifference {
			c.Ratio, c.CI95 = 1.5, Interval{1.4, 1.6}
		}
		r.Comparisons = append(r.Comparisons, c)
	}
	return r
}

const hash, robin = "reuseport/hash", "dispatch/round-robin"

func TestVerdicts(t *testing.T) {
	for _, c := range []struct {
		name     string
		rounds   int
		found    []found
		want     []string
		unwanted []string
		general  []string // what is known besides
	}{
		{"too few", 5, []found{{"p99", hash, "needs 1 more round"}},
			[]string{"Nothing is claimed after 5 sound rounds: it needs 1 more round."},
			[]string{"Take", "better", "worse", "×"}, nil},
		{"one is worse", 10, []found{{"throughput", robin, Worse}},
			[]string{"Against shared/blocking, dispatch/round-robin is worse: throughput 1.50 × (1.40–1.60).", "from 10 rounds", "Take shared/blocking for hello: nothing is surely better."},
			[]string{"no difference"}, []string{"shared"}},
		{"one is better", 10, []found{{"p99", hash, Better}, {"throughput", hash, NoDifference}},
			[]string{"reuseport/hash is better: p99", "Take reuseport/hash for hello: it alone was found better than shared/blocking."},
			[]string{"nothing is surely"}, []string{"reuseport"}},
		{"two are better", 10, []found{{"p99", hash, Better}, {"p99", robin, Better}},
			[]string{"make one of them the --baseline"},
			[]string{"Take"}, []string{"reuseport", "dispatch"}},
		{"it depends", 10, []found{{"p99", hash, Worse}, {"throughput", hash, Better}},
			[]string{"reuseport/hash is better: throughput 1.50 × (1.40–1.60), but worse: p99", "depends on what counts more"},
			[]string{"Take"}, []string{"reuseport", "shared"}},
		{"no difference", 10, []found{{"p99", hash, NoDifference}, {"throughput", robin, NoDifference}},
			[]string{"reuseport/hash and dispatch/round-robin show no difference from shared/blocking; a difference below 4 % in throughput and 4 % in p99 may have gone unseen.", "Take shared/blocking, reuseport/hash or dispatch/round-robin for hello", "how they fail"},
			[]string{"better", "worse"}, []string{"shared", "reuseport", "dispatch"}},
		{"one alike and one worse", 10, []found{{"p99", hash, NoDifference}, {"p99", robin, Worse}},
			[]string{"reuseport/hash shows no difference", "Take shared/blocking or reuseport/hash"},
			nil, []string{"shared", "reuseport"}},
		// What explains does not decide.
		{"fewer wakeups", 10, []found{{"wakeups", hash, Better}, {"p99", hash, NoDifference}},
			[]string{"reuseport/hash shows no difference"}, []string{"better", "wakeups"}, []string{"shared", "reuseport"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := constructed(c.rounds, c.found...)
			holds(t, r.Verdict(), c.want, append(c.unwanted, "hurts"))
			var known []string
			for _, sentence := range r.InGeneral() {
				strategy, _, _ := strings.Cut(strings.TrimPrefix(sentence, "Where "), " hurts")
				known = append(known, strategy)
			}
			if !slices.Equal(known, c.general) {
				t.Errorf("known in general of %q, want %q", known, c.general)
			}
		})
	}
}

// What is sure comes first, and what is likely is not called the same.
func TestVerdictOnWhatIsLikely(t *testing.T) {
	r := constructed(10, found{"p99", hash, "likely worse"}, found{"throughput", hash, NoDifference})
	holds(t, r.Verdict(), []string{"reuseport/hash is likely worse: p99 1.50 × (1.40–1.60)", "Take shared/blocking"}, []string{"shows no difference"})
}

func holds(t *testing.T, text string, want, unwanted []string) {
	t.Helper()
	for _, w := range want {
		if !strings.Contains(text, w) {
			t.Errorf("no %q in:\n%s", w, text)
		}
	}
	for _, w := range unwanted {
		if strings.Contains(text, w) {
			t.Errorf("%q in:\n%s", w, text)
		}
	}
}

// A phase that lost rounds is not spoken of as if it had them.
func TestVerdictCountsRoundsByPhase(t *testing.T) {
	for _, c := range []struct {
		open     int
		want     []string
		unwanted []string
	}{
		{10, []string{"confidence, from 10 rounds."}, []string{"loop"}},
		{7, []string{"confidence, from 10 rounds of the closed loop and 7 of the open one."}, nil},
		{4, []string{"confidence, from 10 rounds of the closed loop.", "Nothing is claimed of the open loop after 4 sound rounds of it: it needs 2 more rounds."}, nil},
	} {
		r := constructed(10, found{"throughput", robin, Worse})
		unless(r, func(x Round) bool { return x.Phase == Closed || x.Round <= c.open })
		holds(t, r.Verdict(), c.want, c.unwanted)
	}
	r := constructed(5, found{"throughput", robin, "needs 1 more round"})
	unless(r, func(x Round) bool { return x.Phase == Closed || x.Round <= 2 })
	holds(t, r.Verdict(), []string{"Nothing is claimed after 5 sound rounds of the closed loop and 2 of the open one: it needs 1 more round."}, nil)
}

// An arm given twice is no choice.
func TestVerdictOnTheSameTwice(t *testing.T) {
	const again = "shared/blocking#2"
	twice := func(all ...found) *Result {
		r := constructed(10, all...)
		twin := r.Arms[0]
		twin.Name = again
		r.Arms = append(r.Arms[:2], twin)
		return r
	}
	alone := twice(found{"p99", again, NoDifference})
	alone.Arms = slices.Delete(alone.Arms, 1, 2)
	holds(t, alone.Verdict(), []string{"shows no difference", "shared/blocking and shared/blocking#2 are the same server, and no difference was found, as it should be."},
		[]string{"Take", "hurts"})
	alone = twice(found{"p99", again, Worse})
	alone.Arms = slices.Delete(alone.Arms, 1, 2)
	holds(t, alone.Verdict(), []string{"what differs between them is chance"}, []string{"Take", "hurts"})
	beside := twice(found{"p99", again, NoDifference}, found{"p99", hash, NoDifference})
	holds(t, beside.Verdict(), []string{"are the same server, and no", "Take shared/blocking or reuseport/hash for hello"}, nil)
}

func TestVerdictOnNothing(t *testing.T) {
	holds(t, constructed(0).Verdict(), []string{"Nothing is claimed"}, []string{"Take"})
	alone := constructed(10)
	alone.Arms = alone.Arms[:1]
	holds(t, alone.Verdict(), []string{"Only shared/blocking was measured"}, []string{"Take"})
}

func TestVerdictOnPeers(t *testing.T) {
	r := constructed(10, found{"throughput", "nginx", Better})
	r.Arms = append(r.Arms[:1], Arm{Name: "nginx", Strategy: "peer"})
	holds(t, r.Verdict(), []string{"Take nginx for hello"}, nil)
	holds(t, strings.Join(r.InGeneral(), " "), []string{"What nginx does with a stuck or killed worker was not measured."}, nil)
}

func TestVerdictOfPartialRun(t *testing.T) {
	r := constructed(10, found{"p99", hash, Worse})
	r.Partial = "interrupted"
	holds(t, r.Verdict(), []string{"The run was cut short"}, nil)
}

// Where something was done to the servers, what became of connections is first.
func TestVerdictOfScenario(t *testing.T) {
	text := stuck(10, 1).Verdict()
	holds(t, text, []string{
		"Scenario stuck-worker: shared/blocking lost 0 and stalled 0 of 24,000 connections, and went on as before.",
		"was normal again in none of 10 rounds",
		"Where this may happen take shared/blocking: fewer connections lost than under reuseport/hash or dispatch/round-robin.",
	}, []string{"shared/blocking#2"})
	if !strings.HasPrefix(text, "Scenario") {
		t.Errorf("begins otherwise: %s", text)
	}
	holds(t, stuck(5, 1).Verdict(), []string{"take shared/blocking", "Nothing else is claimed after 5 sound rounds."}, nil)
	holds(t, stuck(1, 1).Verdict(), []string{"othing is claimed"}, []string{"take shared/blocking"})
}

// What is lost and stalled is of all that had an outcome, those that were answered
// after the end too, and is called what it counts.
func TestTollIsOfAllThatEnded(t *testing.T) {
	r := stuck(10, 1)
	each(r, func(x *Round) {
		if x.Arm == hash { // 2,000 answered, of them 900 in time, and 400 lost
			x.Conns, x.Requests, x.Latency.N, x.Stalled, x.Errors = 900, 900, 2000, 1200, map[string]int{"late": 400}
		}
	})
	r.Summarise()
	holds(t, r.Verdict(), []string{"reuseport/hash lost 4,000 and stalled 12,000 of 24,000 connections"}, nil)
	r.Plan.Requests = 10
	holds(t, r.Verdict(), []string{"stalled 12,000 of 24,000 requests", "fewer requests lost"}, []string{"connections, "})
}

// Counts whose intervals touch tell nothing.
func TestVerdictOfScenarioWithoutDifference(t *testing.T) {
	r := stuck(10, 1)
	each(r, func(x *Round) {
		lost := x.Round % 3
		if x.Arm == hash {
			lost += x.Round % 2 * 2 // more, but not surely
		}
		x.Errors, x.Stalled = map[string]int{"late": lost}, lost
	})
	r.Summarise()
	holds(t, r.Verdict(), []string{"no difference in lost or stalled connections"}, []string{"fewer connections"})
}

// In a steady run a lost connection is news too.
func TestVerdictTellsOfLosses(t *testing.T) {
	r := simulated(steadyTruths(), 10, 1)
	holds(t, r.Verdict(), nil, []string{"lost"})
	r.Rounds[0].Errors = map[string]int{"reset": 3}
	holds(t, r.Verdict(), []string{fmt.Sprintf("%s lost 3 and stalled 0", r.Rounds[0].Arm)}, nil)
}

func TestNumbersInWords(t *testing.T) {
	for _, c := range []struct {
		ratio    float64
		interval [2]float64
		want     string
	}{
		{0.6237, [2]float64{0.611, 0.636}, "0.624 × (0.611–0.636)"},
		{2.518, [2]float64{2.41, 2.62}, "2.52 × (2.41–2.62)"},
		{1.5, [2]float64{1.1, 2.1}, "1.5 × (1.1–2.1)"},
		{11366.6, [2]float64{10572, 12066}, "11,400 × (10,600–12,100)"},
		{1, [2]float64{1, 1}, "1.00 × (1.00–1.00)"},
		{1.08, [2]float64{1.004, 1.16}, "1.080 × (1.004–1.160)"}, // does not seem to hold 1
		{1.08, [2]float64{0.996, 1.17}, "1.08 × (1.00–1.17)"},
	} {
		if got := RatioText(c.ratio, c.interval); got != c.want {
			t.Errorf("%v %v: got %q, want %q", c.ratio, c.interval, got, c.want)
		}
	}
	for n, want := range map[int]string{0: "0", 999: "999", 1000: "1,000", 1234567: "1,234,567", -1000: "-1,000", -100: "-100"} {
		if got := Thousands(n); got != want {
			t.Errorf("%d: got %q, want %q", n, got, want)
		}
	}
}

// The share that stalled is of those who came from the disturbance on.
func TestStalledShare(t *testing.T) {
	slices := []Slice{{At: 0, Answered: 10, Stalled: 5}, {At: 1, Answered: 6, Failed: 2, Stalled: 3}, {At: 2, Answered: 8, Stalled: 1}}
	if share, ok := stalledShare(Round{Moment: at(1), Timeline: slices}); !ok || share != 0.25 {
		t.Errorf("%v, %v; want 4 of 16", share, ok)
	}
	if _, ok := stalledShare(Round{Timeline: slices}); ok {
		t.Error("a share of what came after nothing")
	}
}

// unless spoils all rounds but some.
func unless(r *Result, are func(Round) bool) {
	each(r, func(x *Round) {
		if !are(*x) {
			x.Doubts = spoilt("late")
		}
	})
}

// Harm that was counted is counted on a busy machine too.
func TestVerdictOfScenarioOnABusyMachine(t *testing.T) {
	r := stuck(10, 1)
	each(r, func(x *Round) { x.Doubts = Doubts(map[string]float64{"neighbours": 40}) })
	r.Summarise()
	holds(t, r.Verdict(), []string{"Scenario stuck-worker: shared/blocking lost 0 and stalled 0 of 24,000"}, []string{"Nothing is claimed"})
}
