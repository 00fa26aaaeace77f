package result

import (
	"encoding/json"
	"maps"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// curved is a load curve of so many rounds at these shares of 1,000/s: reuseport is like shared
// with little to do, and three times slower at 90 %. With more it falls behind.
func curved(rounds int, shares ...float64) *Result {
	r := simulated(steadyTruths(), rounds, 1)
	var rates []OpenRate
	for _, share := range shares {
		rates = append(rates, OpenRate{Share: share})
	}
	r.Plan.SetRates(rates, func(o OpenRate) bool { return o.Share <= 1 })
	r.Rounds = slices.DeleteFunc(r.Rounds, func(round Round) bool { return round.Phase == Open })
	random := rand.New(rand.NewPCG(1, 2))
	for n := 1; n <= rounds; n++ {
		for _, rate := range rates {
			for _, t := range steadyTruths() {
				r.Rounds = append(r.Rounds, curvedRound(t, n, rate, random))
			}
		}
	}
	r.Summarise()
	return r
}

func curvedRound(t truth, n int, rate OpenRate, random *rand.Rand) Round {
	round := simulatedRound(t, n, Open, near(random, 0.02), random)
	slower := 1.0
	if t.arm.Strategy == "reuseport" {
		slower = 1 + 2*max(0, rate.Share-0.2)/0.7
	}
	round.Load, round.OfferedRate = rate.String(), 1000*rate.Share
	due := int(round.OfferedRate)
	round.Latency = simulatedLatency(due, 100*slower*near(random, 0.02), 3)
	round.Requests = due
	if t.arm.Strategy == "reuseport" && rate.Share > 1 {
		round.Requests = 1000
	}
	return round
}

// Each load has numbers of its own, and what is asked of a phase alone is of the load that
// the arms are judged at.
func TestCurveIsKeyedByLoad(t *testing.T) {
	r := curved(10, 0.2, 0.5, 0.9, 1.3)
	for _, load := range []string{"20%", "50%", "90%", "130%"} {
		at := r.At(load)
		if rounds := at.In(Open); len(rounds) != 40 || rounds[0].Load != load {
			t.Errorf("%s has %d rounds, of %s", load, len(rounds), rounds[0].Load)
		}
		s, ok := at.SummaryOf(hash, Open, "p50")
		if !ok || s.Load != load || s.N != 10 {
			t.Errorf("%s: %+v", load, s)
		}
		if closed := at.In(Closed); len(closed) != 40 {
			t.Errorf("at %s the closed loop has %d rounds", load, len(closed))
		}
	}
	s, _ := r.SummaryOf(hash, Open, "p50")
	c, _ := r.ComparisonOf(hash, Open, "p50")
	if s.Load != "90%" || c.Load != "90%" || c.Ratio < 2.5 {
		t.Errorf("the open loop is %+v and %+v, want that at 90%%", s, c)
	}
	if got := len(r.Under(Open)); got != 160 {
		t.Errorf("%d rounds of the open loop in all", got)
	}
}

// More loads do not make the family larger in which arms are judged, and the others are judged
// by times alone.
func TestCurveDoesNotCostClaims(t *testing.T) {
	one, curve := curved(10, 0.9), curved(10, 0.2, 0.5, 0.9)
	if len(one.Plan.Rates) != 0 {
		t.Fatal("one rate is a curve")
	}
	for i := range one.Rounds {
		one.Rounds[i].Load = ""
	}
	one.Rounds = slices.DeleteFunc(slices.Clone(curve.Rounds), func(round Round) bool { return round.Phase == Open && round.Load != "90%" })
	for i := range one.Rounds {
		one.Rounds[i].Load = ""
	}
	one.Summarise()
	for _, name := range Deciding {
		for _, arm := range []string{hash, robin} {
			m, _ := LookupMetric(name)
			was, ok := one.ComparisonOf(arm, m.Phase, name)
			is, still := curve.ComparisonOf(arm, m.Phase, name)
			if ok != still || was.PValue != is.PValue || was.Verdict != is.Verdict {
				t.Errorf("%s of %s: p %v and %s alone, %v and %s in a curve", name, arm, was.PValue, was.Verdict, is.PValue, is.Verdict)
			}
		}
	}
	along := map[string]int{}
	for _, c := range curve.Comparisons {
		if c.Load != "" && c.Load != "90%" {
			along[c.Load+" "+c.Metric]++
		}
	}
	if want := []string{"20% p50", "20% p99", "50% p50", "50% p99"}; !slices.Equal(slices.Sorted(maps.Keys(along)), want) || along[want[0]] != 2 {
		t.Errorf("along the curve are compared %v, want %v of two arms each", along, want)
	}
	low, _ := curve.At("20%").ComparisonOf(hash, Open, "p50")
	middle, _ := curve.At("50%").ComparisonOf(hash, Open, "p50")
	if low.Verdict != NoDifference || middle.Verdict != Worse {
		t.Errorf("with little to do it is %q, with more %q", low.Verdict, middle.Verdict)
	}
}

// A point says how long it took, and what was the matter.
func TestPoints(t *testing.T) {
	r := curved(10, 0.2, 0.9, 1.3)
	if n := len(r.Curve); n != 9 {
		t.Fatalf("%d points, want three arms at three loads, without the twin", n)
	}
	p, _ := r.PointOf(hash, "90%")
	if e := p.Times["p50"]; p.State != "" || p.Rate != 900 || math.Abs(e.Value-300) > 15 || !(e.CI95[0] < e.Value && e.Value < e.CI95[1]) {
		t.Errorf("%+v", p)
	}
	if p, _ := r.PointOf(hash, "130%"); p.State != Overload || p.Answered > 0.8 {
		t.Errorf("%+v, want an overload", p)
	}
	if p, _ := r.PointOf("shared/blocking", "130%"); p.State != "" {
		t.Errorf("%+v keeps up", p)
	}
	if full := r.FullLoad(); math.Abs(full-1000) > 1e-6 {
		t.Errorf("100 %% is %v", full)
	}
}

// What something from outside has spoilt is no overload, and what was lost has not fallen
// behind; a rate that the generator misses is no fault of the arm.
func TestStatesOfAPoint(t *testing.T) {
	state := func(change func(*Round)) string {
		r := curved(3, 0.2, 0.5)
		each(r, func(x *Round) {
			if x.Load == "50%" {
				change(x)
			}
		})
		r.Summarise()
		p, _ := r.PointOf(hash, "50%")
		return p.State
	}
	behind := func(x *Round) { x.Requests = x.Latency.N / 2 }
	lose := func(x *Round, n int) {
		x.Latency.N, x.Errors = x.Latency.N-n, map[string]int{"reset": n}
		x.Requests = x.Latency.N
	}
	steal, late := Doubts(map[string]float64{"steal": 40}), Doubts(map[string]float64{"late": 40})
	once := func(change func(*Round)) func(*Round) {
		return func(x *Round) {
			if x.Round == 1 {
				change(x)
			}
		}
	}
	for name, c := range map[string]struct {
		change func(*Round)
		want   string
	}{
		"all well":       {func(*Round) {}, ""},
		"behind":         {behind, Overload},
		"a little":       {func(x *Round) { x.Requests = x.Latency.N * 97 / 100 }, ""},
		"disturbed":      {func(x *Round) { behind(x); x.Doubts = steal }, Rough},
		"disturbed once": {once(func(x *Round) { behind(x); x.Doubts = steal }), ""},
		"late":           {func(x *Round) { x.Doubts = late }, Missed},
		"late once":      {once(func(x *Round) { x.Doubts = late }), ""},
		"late, behind":   {func(x *Round) { behind(x); x.Doubts = late }, Overload},
		"reset":          {func(x *Round) { lose(x, x.Latency.N/2) }, ""},
		"reset, behind":  {func(x *Round) { lose(x, 10); x.Requests /= 2 }, Overload},
	} {
		if got := state(c.change); got != c.want {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
}

// A p99 takes 1,000 answers.
func TestPointsOfFewAnswers(t *testing.T) {
	r := curved(3, 0.2, 0.5)
	low, _ := r.PointOf(hash, "20%")
	high, _ := r.PointOf(hash, "50%")
	if _, told := low.Times["p99"]; told || low.Times["p50"].Value == 0 {
		t.Errorf("600 answers tell %v", low.Times)
	}
	if _, told := high.Times["p99"]; !told {
		t.Errorf("1,500 answers tell %v", high.Times)
	}
}

// A saved curve reads back with its loads, and results without one have none of its fields.
func TestSavedCurve(t *testing.T) {
	r := curved(6, 0.2, 0.9)
	path := filepath.Join(t.TempDir(), "r.json")
	file, err := os.Create(path)
	if err == nil {
		err = r.WriteJSON(file)
	}
	if err != nil {
		t.Fatal(err)
	}
	again, err := Read(path)
	if err != nil {
		t.Fatal(err)
	}
	for i, p := range again.Curve {
		if want := r.Curve[i]; p.Load != want.Load || p.Times["p50"] != want.Times["p50"] || p.State != want.State {
			t.Errorf("%+v, want %+v", p, want)
		}
	}
	if len(again.Curve) != len(r.Curve) || len(again.At("20%").In(Open)) != 24 {
		t.Errorf("%d points, %d rounds at 20%%", len(again.Curve), len(again.At("20%").In(Open)))
	}
	text, err := json.Marshal(simulated(steadyTruths(), 6, 1))
	if err != nil {
		t.Fatal(err)
	}
	for _, field := range []string{`"load"`, `"curve"`, `"rates"`} {
		if strings.Contains(string(text), field) {
			t.Errorf("a result without a curve has %s", field)
		}
	}
}

// Rounds are added at the loads where an interval is wide.
func TestWidestAtALoad(t *testing.T) {
	r := curved(6, 0.2, 0.9)
	random := rand.New(rand.NewPCG(1, 3))
	each(r, func(x *Round) {
		if x.Load == "90%" {
			x.Latency.P50 *= near(random, 0.5)
		}
	})
	if low, high := r.At("20%").Widest(Open), r.At("90%").Widest(Open); low > 0.2 || high < 0.2 || high != r.Widest(Open) {
		t.Errorf("widest at 20%%: %v, at 90%%: %v, of the open loop: %v", low, high, r.Widest(Open))
	}
}

// A condition may name a load; without one it is of the load that the arms are judged at.
func TestThresholdsOfACurve(t *testing.T) {
	r := curved(10, 0.2, 0.9, 1.3)
	for text, want := range map[string]string{
		"p50(reuseport/hash) > 200us":                               "p50(reuseport/hash, 90%) is ",
		"p50(reuseport/hash, 90%) > 200us":                          "p50(reuseport/hash, 90%) is ",
		"p50(reuseport/hash,20 %) > 200us":                          "",
		"open.p50(reuseport/hash, 1.3e2%) > 200us":                  "open.p50(reuseport/hash, 130%) is ",
		"p50(reuseport/hash) > 2 * p50(reuseport/hash, 20%)":        ", p50(reuseport/hash, 20%) is ",
		"throughput(shared/blocking) < 20000":                       "",
		"p99(reuseport/hash, 20%) > 1.5 * p99(shared/blocking,20%)": "",
	} {
		limit, err := ParseThreshold(text)
		if err == nil {
			err = limit.CheckRates(r.Plan, nil)
		}
		if err != nil {
			t.Errorf("%s: %v", text, err)
			continue
		}
		crossed, value, err := limit.Crossed(r, nil)
		if err != nil || crossed != (want != "") || !strings.Contains(value, want) {
			t.Errorf("%s: %v, %q, %v", text, crossed, value, err)
		}
	}
	for text, want := range map[string]string{
		"p50(a, 70%) > 1ms":        `unknown rate "70%"`,
		"p50(a, 0.9) > 1ms":        `unknown rate "0.9"`,
		"closed.p50(a, 90%) > 1ms": "the closed one has none",
	} {
		limit, err := ParseThreshold(text)
		if err == nil {
			err = limit.CheckRates(r.Plan, nil)
		}
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want an error that says %q", text, err, want)
		}
	}
	limit, err := ParseThreshold("p50(a, 90%) > 1ms")
	if err == nil {
		err = limit.CheckRates(simulated(steadyTruths(), 6, 1).Plan, nil)
	}
	if err == nil || !strings.Contains(err.Error(), "no load curve") {
		t.Errorf("of a run with one rate: %v", err)
	}
}

// Two curves are compared at each load that both have: in all there is at the one that arms are
// judged at, and in their times along the curve.
func TestChangesAlongACurve(t *testing.T) {
	old, new := curved(10, 0.2, 0.5, 0.9), curved(10, 0.2, 0.5, 0.9)
	each(new, func(x *Round) {
		if x.Load == "50%" && x.Arm == hash {
			x.Latency.P50 *= 2
		}
	})
	new.Summarise()
	found := map[string]int{}
	for _, c := range Changes(old, new) {
		if c.Phase != Open {
			continue
		}
		found[c.Load]++
		if changed := c.Load == "50%" && c.Arm == hash && c.Metric == "p50"; (c.Verdict == Worse) != changed {
			t.Errorf("%s of %s at %s: %s", c.Metric, c.Arm, c.Load, c.Verdict)
		}
	}
	if found["20%"] != 6 || found["50%"] != 6 || found["90%"] <= 6 {
		t.Errorf("changes by load: %v", found)
	}
	if differences := Differences(old, curved(10, 0.2, 0.9)); len(differences) != 1 || differences[0] != "rates: [20% 50% 90%] and [20% 90%]" {
		t.Errorf("curves of other rates differ in %q", differences)
	}
	if differences := Differences(old, simulated(steadyTruths(), 10, 1)); !slices.Contains(differences, "rates: [20% 50% 90%] and none") {
		t.Errorf("a curve and one rate differ in %q", differences)
	}
}
