package run

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"prefork/bench/result"
)

// planned is a plan of so many rounds, of parts of 100 ms and what surrounds them.
func planned(rounds int, phases ...string) result.Plan {
	return result.Plan{Phases: phases, Rounds: rounds, Length: 100 * time.Millisecond, Share: 0.5, Clients: 4, Baseline: "a"}
}

var twoArms = []result.Arm{{Name: "a"}, {Name: "b"}}

// world carries a schedule out without doing anything. Each part takes as long as it says,
// and is disturbed if it says so.
type world struct {
	takes     time.Duration
	disturbed func(Part) float64 // steal, in per cent
	conns     func(Part) int
	value     func(Part) float64 // processor time per connection, µs
	latency   func(Part) float64 // of the typical answer, µs
	now       time.Duration
	told      []string
}

func (w *world) carryOut(s *schedule) {
	for {
		part, ok := s.next(w.now)
		if !ok {
			return
		}
		if len(w.told) > 10_000 {
			panic("it never ends")
		}
		w.told = append(w.told, fmt.Sprintf("%s %s %d.%d", []string{"", "trial", "sounding"}[part.Use]+part.Phase, part.Arm.Name, part.Round, part.Try))
		round := result.Round{Round: part.Round, Arm: part.Arm.Name, Phase: part.Phase, Load: part.Load, OfferedRate: part.Rate, Seconds: 1, Conns: 100}
		if w.conns != nil {
			round.Conns = w.conns(part)
		}
		if w.value != nil {
			cpu := w.value(part)
			round.CPU.Server = &cpu
		}
		if w.latency != nil {
			round.Latency = result.Latency{N: 100, P50: w.latency(part), P99: 300}
		}
		if w.disturbed != nil {
			round.Doubts = result.Doubts(map[string]float64{"steal": w.disturbed(part)})
		}
		w.now += w.takes
		s.done(round, w.takes, w.now)
	}
}

func seeded() *rand.Rand { return rand.New(rand.NewPCG(1, 2)) }

func count(told []string, what string) (n int) {
	for _, t := range told {
		if strings.HasPrefix(t, what) {
			n++
		}
	}
	return n
}

// Left alone, it does what the plan says: each arm once, and then once in every round.
func TestScheduleFollowsThePlan(t *testing.T) {
	w := &world{takes: 500 * time.Millisecond}
	s := newSchedule(planned(3, result.Closed, result.Open), twoArms, seeded())
	w.carryOut(s)
	if len(w.told) != 2+12 || count(w.told, "trialclosed") != 2 || len(s.rounds) != 12 || len(s.repeats) != 0 || len(s.short) != 0 {
		t.Fatalf("%d parts: %q; %d repeats, short %v", len(w.told), w.told, len(s.repeats), s.short)
	}
	for n := range 6 {
		pair := s.rounds[2*n : 2*n+2]
		if pair[0].Round != n%3+1 || pair[1].Round != n%3+1 || pair[0].Arm == pair[1].Arm {
			t.Errorf("round %d has %s and %s of rounds %d and %d", n, pair[0].Arm, pair[1].Arm, pair[0].Round, pair[1].Round)
		}
	}
	if rate := s.rounds[11].OfferedRate; rate != 50 {
		t.Errorf("the open loop has %v a second, want half of what the closed one reached", rate)
	}
}

// What came of something outside is done again at once, as long as there is time, and of
// all tries the least disturbed stands.
func TestDisturbedPartsAreDoneAgain(t *testing.T) {
	w := &world{takes: 500 * time.Millisecond, disturbed: func(p Part) float64 {
		if p.Use == Measurement && p.Round == 2 && p.Arm.Name == "b" && p.Try < 4 {
			return []float64{40, 20, 30}[p.Try-1]
		}
		return 0
	}}
	s := newSchedule(planned(3, result.Closed), twoArms, seeded())
	w.carryOut(s)
	at := slices.Index(w.told, "closed b 2.1")
	if at < 0 || !slices.Equal(w.told[at:at+4], []string{"closed b 2.1", "closed b 2.2", "closed b 2.3", "closed b 2.4"}) {
		t.Errorf("%q", w.told)
	}
	if len(s.rounds) != 6 || len(s.repeats) != 3 || s.repeats[0].Doubts[0].Size != 40 {
		t.Errorf("%d rounds, repeats %v", len(s.rounds), s.repeats)
	}
	for _, round := range s.rounds {
		if round.Disturbed() {
			t.Errorf("%+v stands", round)
		}
	}
}

// On a machine that is always disturbed the plan is carried out all the same, in twice its
// time, and what stands says so.
func TestAlwaysDisturbed(t *testing.T) {
	plan := planned(3, result.Closed, result.Open)
	w := &world{takes: 500 * time.Millisecond, disturbed: func(p Part) float64 { return 15 + float64(p.Try) }}
	s := newSchedule(plan, twoArms, seeded())
	w.carryOut(s)
	if len(s.rounds) != 12 || len(s.repeats) == 0 {
		t.Errorf("%d parts stand, %d were done again", len(s.rounds), len(s.repeats))
	}
	if most := 2*3*RoundTime(plan, 2) + w.takes; w.now > most {
		t.Errorf("it took %s, want %s at most", w.now, most)
	}
	for _, round := range s.rounds {
		if round.Doubts[0].Size != 16 { // the first try, the least disturbed here
			t.Errorf("%s stands with %v", round.Arm, round.Doubts)
		}
	}
	if rate := s.rounds[11].OfferedRate; rate != 50 {
		t.Errorf("the open loop has %v a second, want half of the rough rate", rate)
	}
}

// What the server or the load has done itself is a result, and not done again.
func TestLatenessIsNotDoneAgain(t *testing.T) {
	s := newSchedule(planned(1, result.Closed), twoArms, seeded())
	for s.tried = true; ; {
		part, ok := s.next(0)
		if !ok {
			break
		}
		s.done(result.Round{Round: part.Round, Arm: part.Arm.Name, Phase: part.Phase, Doubts: result.Doubts(map[string]float64{"late": 50})}, time.Second, 0)
	}
	if len(s.rounds) != 2 || len(s.repeats) != 0 {
		t.Errorf("%d rounds, %d repeats", len(s.rounds), len(s.repeats))
	}
}

// A budget that was given ends a plan that is longer, but never before a first round of
// each loop.
func TestBudget(t *testing.T) {
	for _, c := range []struct {
		budget       time.Duration
		closed, open int
	}{
		{20 * time.Second, 9, 10}, // two trials, and then 40 parts of half a second
		{8 * time.Second, 3, 4},
		{time.Second, 1, 1},
	} {
		plan := planned(10, result.Closed, result.Open)
		plan.Budget = c.budget
		w := &world{takes: 500 * time.Millisecond}
		s := newSchedule(plan, twoArms, seeded())
		w.carryOut(s)
		if got := [2]int{count(w.told, "closed a"), count(w.told, "open a")}; got != [2]int{c.closed, c.open} {
			t.Errorf("%s: %v rounds, want %d and %d", c.budget, got, c.closed, c.open)
		}
		if w.now > max(c.budget, 3*time.Second) {
			t.Errorf("%s: it took %s", c.budget, w.now)
		}
		if len(s.short) == 0 {
			t.Errorf("%s: nothing says that rounds are missing", c.budget)
		}
	}
}

// Without one, a slow machine gets all its rounds.
func TestSlowMachine(t *testing.T) {
	w := &world{takes: 5 * time.Second, disturbed: func(Part) float64 { return 50 }}
	s := newSchedule(planned(4, result.Closed), twoArms, seeded())
	w.carryOut(s)
	if len(s.rounds) != 8 || len(s.repeats) != 0 || len(s.short) != 0 {
		t.Errorf("%d parts, %d again, short %v", len(s.rounds), len(s.repeats), s.short)
	}
}

// Rounds are added until the ratios are known well enough, and no more.
func TestUntil(t *testing.T) {
	random := seeded()
	noisy := func(Part) float64 { return 20 * (1 + 0.2*random.Float64()) }
	rounds := map[float64]int{}
	for _, until := range []float64{0, 0.20, 0.03} {
		plan := planned(3, result.Closed)
		plan.Until, plan.Budget = until, time.Hour
		w := &world{takes: time.Millisecond, value: noisy}
		s := newSchedule(plan, twoArms, random)
		w.carryOut(s)
		r := result.Result{Plan: plan, Arms: twoArms, Rounds: s.rounds}
		if widest := r.Widest(result.Closed); until > 0 && widest > until {
			t.Errorf("until %v: it ended at %v", until, widest)
		}
		rounds[until] = len(s.rounds) / 2
	}
	if rounds[0] != 3 || rounds[0.03] <= rounds[0.20] || rounds[0.03] < 6 {
		t.Errorf("rounds by what was asked for: %v", rounds)
	}
	plan := planned(3, result.Closed)
	plan.Until, plan.Budget = 1e-9, 10*time.Second
	w := &world{takes: 500 * time.Millisecond, value: noisy}
	w.carryOut(newSchedule(plan, twoArms, random))
	if w.now > plan.Budget {
		t.Errorf("it took %s of a budget of %s", w.now, plan.Budget)
	}
}

// An open loop whose rate is a share of what a closed one reaches has that sounded first.
func TestSounding(t *testing.T) {
	plan := planned(1, result.Open)
	plan.Share = 0.8
	w := &world{takes: time.Millisecond, conns: func(p Part) int { return map[string]int{"a": 1000, "b": 500}[p.Arm.Name] }}
	s := newSchedule(plan, twoArms, seeded())
	w.carryOut(s)
	if count(w.told, "soundingclosed") != 2*soundings || len(s.rounds) != 2 {
		t.Errorf("%q", w.told)
	}
	for _, round := range s.rounds {
		if round.Phase != result.Open || round.OfferedRate != 400 {
			t.Errorf("%+v, want 80 %% of the weakest arm's 500", round)
		}
	}
}

// What a run before has found out is not found out again.
func TestWhatIsKnownIsNotTriedAgain(t *testing.T) {
	plan := planned(1, result.Open)
	plan.Share = 0.8
	w := &world{takes: time.Millisecond}
	s := newSchedule(plan, twoArms, seeded())
	s.tried, s.capacity = true, 500
	w.carryOut(s)
	if len(w.told) != 2 || count(w.told, "trial")+count(w.told, "sounding") != 0 {
		t.Errorf("%q, want a round of two arms and no more", w.told)
	}
	for _, round := range s.rounds {
		if round.OfferedRate != 400 {
			t.Errorf("%+v, want 80 %% of the 500 that are known", round)
		}
	}
}

// An arm that cannot be measured is gone from all that follows.
func TestDroppedArm(t *testing.T) {
	s := newSchedule(planned(2, result.Closed), twoArms, seeded())
	if part, _ := s.next(0); part.Use != Trial || part.Arm.Name != "a" {
		t.Fatalf("%+v", part)
	}
	s.drop()
	w := &world{takes: time.Millisecond}
	w.carryOut(s)
	if count(w.told, "trialclosed b") != 1 || count(w.told, "closed b") != 2 || len(w.told) != 3 {
		t.Errorf("%q", w.told)
	}
}

// The rate for all is a share of what the weakest can do, by its median round: of the
// sound ones, where there are any.
func TestWeakestArm(t *testing.T) {
	round := func(arm string, conns int) result.Round {
		return result.Round{Arm: arm, Conns: conns, Seconds: 0.5}
	}
	rounds := []result.Round{round("a", 50), round("b", 40), round("a", 90), round("b", 200), round("a", 70), round("b", 190)}
	if got := weakest(rounds); got != 140 {
		t.Errorf("%v connections a second, want a's median of 140", got)
	}
	rounds[4].Doubts = result.Doubts(map[string]float64{"steal": 30})
	rounds[0].Doubts = rounds[4].Doubts
	if got := weakest(rounds); got != 180 {
		t.Errorf("%v connections a second, want a's sound 180", got)
	}
	if got := weakest(nil); got != 0 {
		t.Errorf("%v connections a second of nothing", got)
	}
}
