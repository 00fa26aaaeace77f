package run

import (
	"cmp"
	"math"
	"math/rand/v2"
	"slices"
	"time"

	"prefork/bench/result"
)

// Part is one arm under one load once, with a server of its own.
type Part struct {
	Arm   result.Arm
	Phase string
	Load  string  // which of a load curve's rates, as result.Round has it
	Rate  float64 // connections a second, of an open loop
	Round int     // from 1; a Trial and a Sounding are of none
	Try   int     // from 1
	Use   Use
}

// Use is what a part is for.
type Use int

const (
	// Measurement is a part of the result.
	Measurement Use = iota
	// Trial shows whether an arm works at all, before anything is measured, and lets
	// what is slow the first time be so.
	Trial
	// Sounding is a closed loop in a plan that has none, which tells the rate for the
	// open one.
	Sounding
)

// soundings are how often each arm's capacity is sounded.
const soundings = 2

// schedule says what is still missing. It is pure: it knows of the world what done and
// drop tell it, and has no clock.
//
//	trial of every arm ─► for each stage: (sounding) ─► round 1 … rounds of the plan
//	                                          │
//	                                          ├ disturbed from outside: the same part again
//	                                          └ --until: another round while an interval is wide
//
// A stage is a phase with its loads: one, or those of a load curve. Each round has them all,
// so that what changes on the machine in the course of a run falls on all alike.
//
// What goes beyond the plan is left out once the budget is spent, which is twice the plan's
// time. A budget that the plan has is kept by the plan too, but for a first round of each
// load.
type schedule struct {
	plan   result.Plan
	arms   []result.Arm
	stages [][]traffic
	random *rand.Rand
	budget time.Duration

	tried    bool
	capacity float64 // of the weakest arm, where that is known beforehand
	queue    []Part  // what comes next
	at       int     // in stages
	pace     pace
	best     *result.Round // of the tries so far of the part that is the queue's first
	sounded  []result.Round

	rounds  []result.Round // that stand
	repeats []result.Repeat
	losses  int // tries in a row that came to nothing
	short   []result.Short
}

// traffic is a load: what clients do in a phase, at one of its rates.
type traffic struct {
	phase string
	load  string  // as result.Round has it
	rate  float64 // 0 in a closed loop, and where share tells it
	share float64 // of what the weakest arm reached
	round int     // the last that was begun; 0 before the first
}

func newSchedule(p result.Plan, arms []result.Arm, random *rand.Rand) *schedule {
	s := &schedule{plan: p, arms: arms, random: random, pace: pace{planned: partTime(p)}}
	s.budget = cmp.Or(p.Budget, 2*time.Duration(p.Rounds)*RoundTime(p, len(arms)))
	for _, phase := range p.Phases {
		s.stages = append(s.stages, stage(p, phase))
	}
	return s
}

// stage are the loads of a phase.
func stage(p result.Plan, phase string) (loads []traffic) {
	names := p.Loads(phase)
	if phase == result.Closed {
		return []traffic{{phase: phase}}
	}
	for i, rate := range p.OpenRates() {
		loads = append(loads, traffic{phase: phase, load: names[i], rate: rate.PerSecond, share: rate.Share})
	}
	return loads
}

// next is the part to do now, at a time since the run began; ok is false if nothing is
// missing or no time is left for it. It is the same until done or drop was called.
func (s *schedule) next(now time.Duration) (part Part, ok bool) {
	for len(s.queue) == 0 {
		if !s.refill(now) {
			return Part{}, false
		}
	}
	return s.queue[0], true
}

// refill queues the next stretch of work, and reports whether there was any.
func (s *schedule) refill(now time.Duration) bool {
	if !s.tried {
		s.tried = true
		s.queue = s.parts(Part{Use: Trial, Phase: s.plan.Phases[0], Rate: s.trialRate()}, notATwin)
		return true
	}
	for ; s.at < len(s.stages); s.at++ {
		if !s.chooseRates() {
			for n := range soundings {
				s.queue = append(s.queue, s.parts(Part{Use: Sounding, Phase: result.Closed, Round: n + 1}, notATwin)...)
			}
			return true
		}
		if loads := s.another(now); len(loads) > 0 {
			s.queueRound(loads)
			return true
		}
	}
	return false
}

// queueRound queues every arm under some loads of the stage, load by load, so that what is
// compared is made one after the other. Both are in random order.
func (s *schedule) queueRound(loads []*traffic) {
	s.random.Shuffle(len(loads), func(i, j int) { loads[i], loads[j] = loads[j], loads[i] })
	for _, l := range loads {
		l.round++
		parts := s.parts(Part{Phase: l.phase, Load: l.load, Rate: l.rate, Round: l.round}, anyArm)
		s.random.Shuffle(len(parts), func(i, j int) { parts[i], parts[j] = parts[j], parts[i] })
		s.queue = append(s.queue, parts...)
	}
}

// trialRate is that of a trial in an open loop whose rate is not known yet.
func (s *schedule) trialRate() float64 {
	const few = 100
	if s.plan.Phases[0] == result.Closed {
		return 0
	}
	if s.plan.Rate > 0 {
		return s.plan.Rate
	}
	return few
}

func anyArm(result.Arm) bool     { return true }
func notATwin(a result.Arm) bool { return !a.Control }

// parts are alike but for the arm.
func (s *schedule) parts(like Part, of func(result.Arm) bool) (parts []Part) {
	for _, arm := range s.arms {
		if of(arm) {
			like.Arm, like.Try = arm, 1
			parts = append(parts, like)
		}
	}
	return parts
}

// another are the loads of the stage of which a further round is missing, none if that is
// not affordable. All have as many rounds until the plan's are done.
func (s *schedule) another(now time.Duration) (loads []*traffic) {
	planned := true
	for i := range s.stages[s.at] {
		l := &s.stages[s.at][i]
		planned = planned && l.round >= s.plan.Rounds
		if l.round < s.plan.Rounds || s.wide(l) {
			loads = append(loads, l)
		}
	}
	switch {
	case len(loads) == 0, loads[0].round == 0, s.fits(now, len(loads)*len(s.arms)), !planned && s.plan.Budget == 0:
		return loads
	case !planned:
		for _, l := range loads {
			s.short = append(s.short, result.Short{Phase: l.phase, Load: l.load, Rounds: l.round})
		}
	}
	return nil
}

// wide reports whether an interval is wider than the plan wants.
func (s *schedule) wide(l *traffic) bool {
	if s.plan.Until == 0 {
		return false
	}
	r := result.Result{Plan: s.plan, Arms: s.arms, Rounds: s.rounds}
	return r.At(l.load).Widest(l.phase) > s.plan.Until
}

// fits reports whether so many parts can be done before the stage's share of the budget
// is spent, which goes by its loads. What one stage leaves of its share is the next one's.
func (s *schedule) fits(now time.Duration, parts int) bool {
	by := 0
	for _, stage := range s.stages[:s.at+1] {
		by += len(stage)
	}
	deadline := s.budget * time.Duration(by) / time.Duration(s.plan.CountLoads())
	return now+time.Duration(parts)*s.pace.ofPart() <= deadline
}

// done takes what came of the part that next has said.
func (s *schedule) done(round result.Round, took, now time.Duration) {
	s.losses = 0
	part := s.queue[0]
	switch part.Use {
	case Trial:
		s.queue = s.queue[1:]
	case Sounding:
		s.queue, s.sounded = s.queue[1:], append(s.sounded, round)
	case Measurement:
		s.pace.add(took)
		s.measured(part, round, now)
	}
}

// mostLosses is how many tries of a part may come to nothing in a row.
const mostLosses = 5

// lose is told that a try of the part has come to nothing, and reports whether it is to be
// done again.
func (s *schedule) lose(why string) bool {
	s.losses++
	part := &s.queue[0]
	s.repeats = append(s.repeats, result.Repeat{
		Round: part.Round, Arm: part.Arm.Name, Phase: part.Phase, Load: part.Load, Doubts: []result.Doubt{{Reason: why, Size: 1}},
	})
	part.Try++
	return s.losses < mostLosses
}

// measured keeps a part, or has it done again if something from outside spoilt it. That
// looks at its validity alone, and not at what it measured, so it favours nobody.
func (s *schedule) measured(part Part, round result.Round, now time.Duration) {
	worse := s.better(round)
	if worse != nil {
		s.repeats = append(s.repeats, result.Repeat{Round: worse.Round, Arm: worse.Arm, Phase: worse.Phase, Load: worse.Load, Doubts: worse.Doubts})
	}
	rest := len(s.queue) - 1 + s.toCome(s.at)
	if s.best.Disturbed() && s.fits(now, rest+1) {
		s.queue[0].Try++
		return
	}
	s.rounds, s.best, s.queue = append(s.rounds, *s.best), nil, s.queue[1:]
}

// better keeps the less disturbed of two tries, and returns the other one, nil if this
// is the first.
func (s *schedule) better(round result.Round) (worse *result.Round) {
	if s.best == nil || round.Disturbance() < s.best.Disturbance() {
		worse, s.best = s.best, &round
		return worse
	}
	return &round
}

// drop goes on without the arm of the part that next has said.
func (s *schedule) drop() {
	name := s.queue[0].Arm.Name
	s.arms = slices.DeleteFunc(slices.Clone(s.arms), func(a result.Arm) bool { return a.Name == name })
	s.queue = slices.DeleteFunc(s.queue, func(p Part) bool { return p.Arm.Name == name })
}

// chooseRates takes the loads' shares of what the weakest arm reached in the closed loop: at
// one rate for all, latencies can be compared. It reports whether that is known. Where
// no round is sound a rough rate does: what is measured at it says so itself.
func (s *schedule) chooseRates() bool {
	stage := s.stages[s.at]
	if stage[0].phase == result.Closed || stage[0].rate > 0 {
		return true
	}
	reached := s.capacity
	if reached == 0 {
		r := result.Result{Rounds: s.rounds}
		closed := r.In(result.Closed)
		if len(closed) == 0 {
			closed = s.sounded
		}
		if len(closed) == 0 {
			return false
		}
		reached = weakest(closed)
	}
	const least = 1
	for i := range stage {
		stage[i].rate = max(least, reached*stage[i].share)
	}
	return true
}

// weakest is the connections a second of the arm that has the fewest, by the median of
// its sound rounds, or of all where none is.
func weakest(rounds []result.Round) float64 {
	throughput, _ := result.LookupMetric("throughput")
	sound, rough := map[string][]float64{}, map[string][]float64{}
	for _, round := range rounds {
		rate := float64(round.Conns) / round.Seconds
		rough[round.Arm] = append(rough[round.Arm], rate)
		if round.Sound(throughput) {
			sound[round.Arm] = append(sound[round.Arm], rate)
		}
	}
	least := math.Inf(1)
	for arm, rates := range rough {
		if len(sound[arm]) > 0 {
			rates = sound[arm]
		}
		slices.Sort(rates)
		least = min(least, rates[len(rates)/2])
	}
	if math.IsInf(least, 1) {
		return 0
	}
	return least
}

// left is how many parts of the plan are still to come, and about how long they take.
func (s *schedule) left() (parts int, takes time.Duration) {
	parts = len(s.queue)
	for i := s.at; i < len(s.stages); i++ {
		parts += s.toCome(i)
	}
	return parts, time.Duration(parts) * s.pace.ofPart()
}

// toCome is how many parts of a stage's plan have not been queued yet.
func (s *schedule) toCome(stage int) (parts int) {
	for _, l := range s.stages[stage] {
		parts += max(0, s.plan.Rounds-l.round) * len(s.arms)
	}
	return parts
}

// pace is how long a part takes.
type pace struct {
	planned time.Duration // before any was done
	total   time.Duration
	n       int
}

func (p *pace) add(took time.Duration) { p.total, p.n = p.total+took, p.n+1 }

func (p *pace) ofPart() time.Duration {
	if p.n == 0 {
		return p.planned
	}
	return p.total / time.Duration(p.n)
}

// overhead is about what it takes to start and end a server and a load generator, on a
// machine that has other things to do too.
const overhead = 400 * time.Millisecond

// partTime is about how long a part of a plan takes.
func partTime(p result.Plan) time.Duration { return p.Warmup + p.Length + overhead }

// RoundTime is about how long it takes to have each arm of a plan under each of its loads.
func RoundTime(p result.Plan, arms int) time.Duration {
	return time.Duration(arms*p.CountLoads()) * partTime(p)
}
