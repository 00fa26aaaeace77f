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
//	trial of every arm ─► for each load: (sounding) ─► round 1 … rounds of the plan
//	                                          │
//	                                          ├ disturbed from outside: the same part again
//	                                          └ --until: another round while an interval is wide
//
// What goes beyond the plan is left out once the budget is spent, which is twice the plan's
// time. A budget that the plan has is kept by the plan too, but for a first round of each
// load.
type schedule struct {
	plan   result.Plan
	arms   []result.Arm
	loads  []traffic
	random *rand.Rand
	budget time.Duration

	tried   bool
	queue   []Part // what comes next
	at      int    // in loads
	round   int    // of that load; 0 before the first
	pace    pace
	best    *result.Round // of the tries so far of the part that is the queue's first
	sounded []result.Round

	rounds  []result.Round // that stand
	repeats []result.Repeat
	losses  int // tries in a row that came to nothing
	short   []result.Short
}

// traffic is what clients do in one phase of a plan.
type traffic struct {
	phase string
	rate  float64 // 0 in a closed loop, and where share tells it
	share float64 // of what the weakest arm reached
}

func newSchedule(p result.Plan, arms []result.Arm, random *rand.Rand) *schedule {
	s := &schedule{plan: p, arms: arms, random: random, pace: pace{planned: partTime(p)}}
	s.budget = cmp.Or(p.Budget, 2*time.Duration(p.Rounds)*RoundTime(p, len(arms)))
	for _, phase := range p.Phases {
		l := traffic{phase: phase}
		if phase == result.Open {
			l.rate, l.share = p.Rate, p.Share
		}
		s.loads = append(s.loads, l)
	}
	return s
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
	for ; s.at < len(s.loads); s.at, s.round = s.at+1, 0 {
		l := &s.loads[s.at]
		if l.phase == result.Open && l.rate == 0 && !s.chooseRate(l) {
			for n := range soundings {
				s.queue = append(s.queue, s.parts(Part{Use: Sounding, Phase: result.Closed, Round: n + 1}, notATwin)...)
			}
			return true
		}
		if s.another(now) {
			s.round++
			s.queue = s.parts(Part{Phase: l.phase, Rate: l.rate, Round: s.round}, anyArm)
			s.random.Shuffle(len(s.queue), func(i, j int) { s.queue[i], s.queue[j] = s.queue[j], s.queue[i] })
			return true
		}
	}
	return false
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

// another reports whether a further round of the load is missing and affordable.
func (s *schedule) another(now time.Duration) bool {
	l := s.loads[s.at]
	switch {
	case s.round == 0:
		return true
	case s.round >= s.plan.Rounds && !s.wide(l.phase):
		return false
	case s.fits(now, len(s.arms)), s.round < s.plan.Rounds && s.plan.Budget == 0:
		return true
	}
	if s.round < s.plan.Rounds {
		s.short = append(s.short, result.Short{Phase: l.phase, Rounds: s.round})
	}
	return false
}

// wide reports whether an interval is wider than the plan wants.
func (s *schedule) wide(phase string) bool {
	if s.plan.Until == 0 {
		return false
	}
	r := result.Result{Plan: s.plan, Arms: s.arms, Rounds: s.rounds}
	return r.Widest(phase) > s.plan.Until
}

// fits reports whether so many parts can be done before the load's share of the budget
// is spent. What one load leaves of its share is the next one's.
func (s *schedule) fits(now time.Duration, parts int) bool {
	deadline := s.budget * time.Duration(s.at+1) / time.Duration(len(s.loads))
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
		Round: part.Round, Arm: part.Arm.Name, Phase: part.Phase, Doubts: []result.Doubt{{Reason: why, Size: 1}},
	})
	part.Try++
	return s.losses < mostLosses
}

// measured keeps a part, or has it done again if something from outside spoilt it. That
// looks at its validity alone, and not at what it measured, so it favours nobody.
func (s *schedule) measured(part Part, round result.Round, now time.Duration) {
	worse := s.better(round)
	if worse != nil {
		s.repeats = append(s.repeats, result.Repeat{Round: worse.Round, Arm: worse.Arm, Phase: worse.Phase, Doubts: worse.Doubts})
	}
	rest := len(s.queue) - 1 + max(0, s.plan.Rounds-s.round)*len(s.arms)
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

// chooseRate takes a load's share of what the weakest arm reached in the closed loop: at
// one rate for all, latencies can be compared. It reports whether that is known. Where
// no round is sound a rough rate does: what is measured at it says so itself.
func (s *schedule) chooseRate(l *traffic) bool {
	r := result.Result{Rounds: s.rounds}
	closed := r.In(result.Closed)
	if len(closed) == 0 {
		closed = s.sounded
	}
	if len(closed) == 0 {
		return false
	}
	const least = 1
	l.rate = max(least, weakest(closed)*l.share)
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
	for i := s.at; i < len(s.loads); i++ {
		done := 0
		if i == s.at {
			done = s.round
		}
		parts += max(0, s.plan.Rounds-done) * len(s.arms)
	}
	return parts, time.Duration(parts) * s.pace.ofPart()
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
	return time.Duration(arms*len(p.Phases)) * partTime(p)
}
