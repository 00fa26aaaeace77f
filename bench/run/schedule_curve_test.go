package run

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"prefork/bench/result"
)

// curved is a plan of a load curve.
func curved(rounds int, rates string, phases ...string) result.Plan {
	plan := planned(rounds, phases...)
	all, err := result.ParseRates(rates)
	if err != nil {
		panic(err)
	}
	plan.SetRates(all, func(result.OpenRate) bool { return true })
	return plan
}

// byLoad counts the rounds that stand.
func byLoad(rounds []result.Round) map[string]int {
	n := map[string]int{}
	for _, round := range rounds {
		n[round.Load]++
	}
	return n
}

// Every round of a load curve has all its loads, each with all its arms in a row, at rates that
// are shares of what the weakest arm reached.
func TestScheduleOfACurve(t *testing.T) {
	w := &world{takes: 500 * time.Millisecond, conns: func(p Part) int { return map[string]int{"a": 1000, "b": 500}[p.Arm.Name] }}
	s := newSchedule(curved(3, "20%,50%,90%", result.Closed, result.Open), twoArms, seeded())
	if parts, _ := s.left(); parts != 24 {
		t.Errorf("%d parts are to come, want 24", parts)
	}
	w.carryOut(s)
	open := s.rounds[6:]
	if len(s.rounds) != 24 || len(w.told) != 26 {
		t.Fatalf("%d rounds, %d parts", len(s.rounds), len(w.told))
	}
	var orders []string
	for n := 0; n < len(open); n += 2 {
		a, b := open[n], open[n+1]
		if a.Load != b.Load || a.Arm == b.Arm || a.Round != n/6+1 || b.Round != a.Round {
			t.Errorf("%s of %s in round %d is beside %s of %s in round %d", a.Arm, a.Load, a.Round, b.Arm, b.Load, b.Round)
		}
		if want := map[string]float64{"20%": 100, "50%": 250, "90%": 450}[a.Load]; a.OfferedRate != want || b.OfferedRate != want {
			t.Errorf("%s is %v and %v a second, want %v", a.Load, a.OfferedRate, b.OfferedRate, want)
		}
		if n%6 == 0 {
			orders = append(orders, "")
		}
		orders[len(orders)-1] += a.Load + " "
	}
	if slices.Sort(orders); len(slices.Compact(orders)) == 1 {
		t.Errorf("all rounds have their loads in the order %s", orders[0])
	}
}

// One rate makes the same run as ever.
func TestOneRateIsNoCurve(t *testing.T) {
	w := &world{takes: 500 * time.Millisecond}
	s := newSchedule(curved(2, "50%", result.Closed, result.Open), twoArms, seeded())
	w.carryOut(s)
	if n := byLoad(s.rounds); n[""] != 8 || len(n) != 1 {
		t.Errorf("rounds by load: %v", n)
	}
}

// A curve alone has its shares sounded once, and given rates are as they are.
func TestSoundingForACurve(t *testing.T) {
	w := &world{takes: time.Millisecond}
	s := newSchedule(curved(1, "50%,120%", result.Open), twoArms, seeded())
	w.carryOut(s)
	if count(w.told, "soundingclosed") != 2*soundings || len(s.rounds) != 4 {
		t.Errorf("%q", w.told)
	}
	w = &world{takes: time.Millisecond}
	s = newSchedule(curved(1, "70,30", result.Open), twoArms, seeded())
	w.carryOut(s)
	rates := map[float64]int{}
	for _, round := range s.rounds {
		rates[round.OfferedRate]++
	}
	if count(w.told, "sounding") != 0 || rates[30] != 2 || rates[70] != 2 {
		t.Errorf("%q at %v", w.told, rates)
	}
}

// A budget that ends early leaves a curve with all its loads, of fewer rounds; what is missing
// is told of each. The closed loop has the part of it that is due to one load of four.
func TestBudgetOfACurve(t *testing.T) {
	plan := curved(10, "20%,50%,90%", result.Closed, result.Open)
	plan.Budget = 20 * time.Second
	w := &world{takes: 500 * time.Millisecond}
	s := newSchedule(plan, twoArms, seeded())
	w.carryOut(s)
	if n := byLoad(s.rounds); n[""] != 8 || n["20%"] != 10 || n["50%"] != 10 || n["90%"] != 10 {
		t.Errorf("rounds by load: %v", n)
	}
	var short []string
	for _, one := range s.short {
		short = append(short, fmt.Sprint(one.Phase, one.Load, one.Rounds))
	}
	if slices.Sort(short); !slices.Equal(short, []string{"closed4", "open20%5", "open50%5", "open90%5"}) {
		t.Errorf("short: %q", short)
	}
	if w.now > plan.Budget {
		t.Errorf("it took %s", w.now)
	}
}

// Further rounds are of the loads at which the arms are not known well enough yet.
func TestUntilOfACurve(t *testing.T) {
	random := seeded()
	plan := curved(3, "20,50,90", result.Open)
	plan.Until, plan.Budget = 0.05, time.Hour
	w := &world{takes: time.Millisecond, latency: func(p Part) float64 {
		if p.Load == "50" {
			return 100 * (1 + 0.2*random.Float64())
		}
		return 100 * (1 + 0.01*random.Float64())
	}}
	s := newSchedule(plan, twoArms, random)
	w.carryOut(s)
	n := byLoad(s.rounds)
	r := result.Result{Plan: plan, Arms: twoArms, Rounds: s.rounds}
	for load, rounds := range n {
		if widest := r.At(load).Widest(result.Open); widest > plan.Until {
			t.Errorf("at %s it ended after %d parts at %v", load, rounds, widest)
		}
	}
	if n["20"] > 12 || n["50"] < 14 || n["50"] <= n["90"] {
		t.Errorf("rounds by load: %v", n)
	}
}

// A part of a curve that was disturbed is done again, at its load.
func TestDisturbedPartOfACurve(t *testing.T) {
	w := &world{takes: 500 * time.Millisecond, disturbed: func(p Part) float64 {
		if p.Load == "50" && p.Round == 2 && p.Arm.Name == "b" && p.Try == 1 {
			return 40
		}
		return 0
	}}
	s := newSchedule(curved(2, "50,90", result.Open), twoArms, seeded())
	w.carryOut(s)
	if len(s.rounds) != 8 || len(s.repeats) != 1 || s.repeats[0].Load != "50" || s.repeats[0].Round != 2 {
		t.Errorf("%d rounds, repeats %+v", len(s.rounds), s.repeats)
	}
}

// The time that a curve takes goes by its loads.
func TestTimeOfACurve(t *testing.T) {
	one, curve := RoundTime(curved(1, "50%", result.Closed, result.Open), 3), RoundTime(curved(1, "20%,50%,80%", result.Closed, result.Open), 3)
	if curve != 2*one {
		t.Errorf("a round of four loads takes %s, one of two %s", curve, one)
	}
}
