package result

import (
	"fmt"
	"reflect"
	"slices"

	"prefork/bench/stats"
)

// advice is what to take.
func (v verdict) advice() []string {
	if v.struck() {
		return v.struckAdvice()
	}
	said := v.twins()
	if len(said) > 0 && len(said) == len(v.standings) {
		return said
	}
	return append(said, v.calmAdvice()...)
}

// calmAdvice is that of a run in which nothing was done to the servers.
func (v verdict) calmAdvice() []string {
	why, _ := v.choice()
	return []string{why}
}

// choice is what to take where nothing was done to the servers, and the arms that are left
// to choose from.
func (v verdict) choice() (why string, arms []Arm) {
	ahead, mixed := v.ahead(), v.mixed()
	equal := append([]Arm{v.baseline()}, v.equals()...)
	switch {
	case len(ahead) == 1 && len(mixed) == 0:
		return fmt.Sprintf("Take %s for %s: it alone was found better than %s.", ahead[0].Name, v.Plan.Workload, v.Plan.Baseline), ahead
	case len(ahead) > 0:
		return "Which of the better ones is best was not measured: make one of them the --baseline.", append(ahead, mixed...)
	case len(mixed) > 0:
		return "Which to take depends on what counts more.", append(mixed, v.baseline())
	case len(equal) > 1:
		return fmt.Sprintf("Take %s for %s; what tells them apart is how they fail.", oneOf(equal), v.Plan.Workload), equal
	}
	return fmt.Sprintf("Take %s for %s: nothing is surely better.", v.Plan.Baseline, v.Plan.Workload), equal
}

// InGeneral is what is known of the arms that the verdict leaves to choose from and was
// not measured by this run: where each strategy hurts. Empty where the verdict leaves no
// choice.
func (r *Result) InGeneral() (said []string) {
	v := verdict{r, r.standings()}
	if v.struck() || v.most() < stats.MinRounds || v.alone() || len(v.standings) == 0 || len(v.twins()) == len(v.standings) {
		return nil
	}
	_, arms := v.choice()
	for _, arm := range arms {
		if sentence := v.hurts(arm); !slices.Contains(said, sentence) {
			said = append(said, sentence)
		}
	}
	return said
}

func oneOf(arms []Arm) string {
	var names []string
	for _, arm := range arms {
		names = append(names, arm.Name)
	}
	return listed(names, "or")
}

// twins tells of the arms that are the baseline under another name.
func (v verdict) twins() (said []string) {
	for _, s := range v.standings {
		switch {
		case !s.arm.same(v.baseline()):
		case s.equal():
			said = append(said, fmt.Sprintf("%s and %s are the same server, and no difference was found, as it should be.", v.Plan.Baseline, s.arm.Name))
		default:
			said = append(said, fmt.Sprintf("%s and %s are the same server: what differs between them is chance, or the machine.", v.Plan.Baseline, s.arm.Name))
		}
	}
	return said
}

// same says whether two arms differ in nothing but the name.
func (a Arm) same(b Arm) bool {
	a.Name, b.Name = "", ""
	return reflect.DeepEqual(a, b)
}

// ahead are the arms that beat the baseline in something and lose in nothing.
func (v verdict) ahead() []Arm {
	return v.those(func(s standing) bool { return s.wins() && !s.loses() })
}

// mixed are the arms that win something and lose something.
func (v verdict) mixed() []Arm {
	return v.those(func(s standing) bool { return s.wins() && s.loses() })
}

// equals are the arms that were found no different in anything that decides.
func (v verdict) equals() []Arm { return v.those(standing.equal) }

func (s standing) wins() bool  { return len(s.better) > 0 || s.lostFewer }
func (s standing) loses() bool { return len(s.worse) > 0 || s.lostMore }
func (s standing) equal() bool {
	return !s.wins() && !s.loses() && len(s.likelyBetter)+len(s.likelyWorse) == 0 && len(s.same) > 0
}

// those leaves out what is the baseline itself.
func (v verdict) those(are func(standing) bool) (arms []Arm) {
	for _, s := range v.standings {
		if are(s) && !s.arm.same(v.baseline()) {
			arms = append(arms, s.arm)
		}
	}
	return arms
}

func (v verdict) baseline() Arm {
	arm, _ := find(v.Arms, func(a Arm) bool { return a.Name == v.Plan.Baseline })
	return arm
}

// pains are what each strategy costs in the case it is bad at: known, and not
// measured by this run. The first row that fits an arm is its own.
var pains = []struct{ strategy, accept, sentence string }{
	{"shared", "exclusive", "Where shared/exclusive hurts: the kernel wakes the first worker that is free, so a few do most of the work and hold most of the long-lived connections."},
	{"shared", "rotate", "Where shared/rotate hurts: taking turns costs two more system calls for each connection."},
	{"shared", "epoll", "Where shared/epoll hurts: each connection wakes every idle worker, so more workers cost more."},
	{"shared", "netpoll", "Where shared/netpoll hurts: each connection wakes every idle worker, so more workers cost more."},
	{"shared", "uring-multishot", "Where shared/uring-multishot hurts: the first worker stays first in line while it is busy, stuck or stopped, and connections wait for it while others are idle."},
	{"shared", "", "Where shared hurts: workers that wait by epoll, or by a runtime's poller, all wake up for every connection; and with many cores all of them contend for one queue."},
	{"reuseport", "", "Where reuseport hurts: a connection is given to a worker before that worker has time for it, so what a stuck or slow worker was given waits while others are idle."},
	{"dispatch", "", "Where dispatch hurts: every connection wakes two processes, and without the master nothing is accepted: it must not die or fall behind."},
}

func (v verdict) hurts(arm Arm) string {
	for _, p := range pains {
		if p.strategy == arm.Strategy && (p.accept == "" || p.accept == arm.Accept) {
			return p.sentence
		}
	}
	return fmt.Sprintf("What %s does with a stuck or killed worker was not measured.", arm.Name)
}
