//go:build linux

package lab_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"testing"

	"prefork/internal/kernel"
	"prefork/strategies"
)

// state is a row of states.js: what a panel says while something is not well.
type state struct {
	Strategy, Master, Workers, Words, Waits, Loses string
	Answers                                        [2]float64
}

// TestStatesAreTrue brings real servers into each state of which the page says
// something, and holds that against what is counted: under the usual ways in which
// workers get their connections, and under each other one.
func TestStatesAreTrue(t *testing.T) {
	url := open(t)
	s := &stater{t: t, url: url, v: view(t, url), b: browse(t, url, 1280, 800), said: map[string]bool{}}
	s.b.Await("there are results", answered("dispatch")+" > 20")
	ask[bool](s.b, `(import("/states.js").then(m => import("/live.js").then(l => { window.rows = m; window.live = l; })), true)`)
	s.b.Await("the rows are there", "!!window.live")
	for _, ways := range allWays() {
		s.through(ways)
	}
	for _, words := range ask[[]string](s.b, `rows.states.map(s => s.words)`) {
		if !s.said[words] {
			t.Errorf("no state was found in which the page says %q", words)
		}
	}
	s.b.Check()
}

// allWays are settings under which every accept mode, steering and policy comes once.
// Steering by processor is left out: whose connections a worker gets depends on where
// the clients run.
func allWays() (all []string) {
	next := func(names []string, i int) string { return names[min(i, len(names)-1)] }
	shared, reuseport, dispatch := strategies.Strategies[0], strategies.Strategies[1], strategies.Strategies[2]
	steers := slices.DeleteFunc(slices.Clone(reuseport.Steers), func(name string) bool { return name == "cpu" })
	for i := range max(len(shared.Modes), len(steers), len(dispatch.Policies)) {
		all = append(all, fmt.Sprintf(`{"rate":400,"service":"fixed:1ms","ways":{"shared":{"accept":%q},"reuseport":{"steer":%q},"dispatch":{"policy":%q}}}`,
			next(shared.Modes, i), next(steers, i), next(dispatch.Policies, i)))
	}
	return all
}

// stater brings servers into states.
type stater struct {
	t    *testing.T
	url  string
	v    *viewer
	b    *tab
	ways string
	said map[string]bool // words that were found true
}

func (s *stater) act(what string, worker int) {
	s.t.Helper()
	post204(s.t, s.url, "/act", fmt.Sprintf(`{"do":%q,"worker":%d}`, what, worker))
}

// through goes through all states.
func (s *stater) through(ways string) {
	s.t.Helper()
	s.ways = ways
	if code, answer := post(s.t, s.url, "/settings", ways); code == http.StatusConflict {
		s.t.Logf("left out, for it is not possible here: %s %s", ways, answer)
		return
	}
	s.act("start", 0)
	s.v.await("frame", func(data string) bool {
		return !slices.ContainsFunc(frames(data), func(f frame) bool { return f.D == 0 })
	})
	s.act("stop", 0)
	s.hold("runs", "stopped")
	for worker := 1; worker < 4; worker++ {
		s.act("stop", worker)
	}
	s.hold("runs", "asleep")
	for worker := range 4 {
		s.act("continue", worker)
	}
	s.reload()

	s.act("kill-master", 0)
	s.hold("dead", "well")
	s.act("stop", 0)
	s.hold("dead", "stopped")
	waited, before := s.waiting(), s.broken()
	s.act("kill", 0)
	s.hold("dead", "gone")
	s.lost(waited, before)
	for worker := 1; worker < 4; worker++ {
		s.act("stop", worker)
	}
	s.hold("dead", "asleep")
	for worker := 1; worker < 4; worker++ {
		s.act("kill", worker)
	}
	s.hold("dead", "none")
}

// rows are what the three panels should say now, by the state that each is in.
func (s *stater) rows() (rows [3]state) {
	text := ask[string](s.b, `JSON.stringify(live.lab.facts.map(f => {
		const p = live.lab.panels[f.name];
		return rows.stateOf(f.name, p.phase === "masterless" ? "dead" : "runs", rows.workersOf(p.frame, p.replaced.length > 0), Object.values(live.lab.settings.ways[f.name])) || {};
	}))`)
	if err := json.Unmarshal([]byte(text), &rows); err != nil {
		s.t.Fatal(err)
	}
	return rows
}

// hold waits until shared and reuseport are in a state, and dispatch in whichever it
// is in then; that all say so; and that it is true.
func (s *stater) hold(master, workers string) {
	s.t.Helper()
	s.b.Await(fmt.Sprintf("master %s, workers %s", master, workers), fmt.Sprintf(`["shared", "reuseport"].every(name => {
		const p = live.lab.panels[name];
		return (p.phase === "masterless") === (%q === "dead") && rows.workersOf(p.frame, p.replaced.length > 0) === %q;
	})`, master, workers))
	rows := s.rows()
	for i, row := range rows {
		if row.Words == "" {
			s.t.Fatalf("%s: nothing is said of %s with master %s and workers %s", s.ways, strategies.Strategies[i].Name, master, workers)
		}
		s.b.Await("the panel says so", fmt.Sprintf(`document.querySelector("#%s .answer").textContent === %q`, row.Strategy, row.Words))
	}
	s.true(rows)
}

// window is what comes and goes while so many arrive.
const window = 100

// watched is what was counted in one panel since its window began.
type watched struct{ arrived, done, waiting, before int }

// holds looks whether a row is so, by a window that is full.
func (w watched) holds(row state) bool {
	share := float64(w.done) / float64(w.arrived)
	if share < row.Answers[0] || min(share, 1) > row.Answers[1] {
		return false
	}
	switch row.Waits {
	case "none":
		return w.waiting <= window/10
	case "some":
		return w.waiting <= window
	case "all or none":
		return share >= .9 && w.waiting <= window/10 || share <= .1 && w.waiting > window/10
	}
	return w.waiting-w.before > window/20 // "more"
}

// true holds rows against what is counted, until each has been so.
func (s *stater) true(rows [3]state) {
	s.t.Helper()
	var all [3]*watched
	so := map[int]bool{}
	s.v.want = s.ways
	s.v.await("frame", func(data string) bool {
		for i, f := range frames(data) {
			waiting := 0
			for _, n := range f.Q {
				waiting += n
			}
			w := all[i]
			if w == nil {
				all[i] = &watched{before: waiting}
				continue
			}
			w.arrived, w.done, w.waiting = w.arrived+f.A, w.done+f.D, waiting
			if w.arrived < window {
				continue
			}
			if w.holds(rows[i]) {
				so[i], s.said[rows[i].Words] = true, true
			}
			all[i] = nil
		}
		return len(so) == len(rows)
	})
}

// waiting is how many wait in each panel.
func (s *stater) waiting() (all [3]int) {
	s.v.await("frame", func(data string) bool {
		for i, f := range frames(data) {
			for _, n := range f.Q {
				all[i] += n
			}
		}
		return true
	})
	return all
}

// broken is how many connections each panel has lost, but for those whose clients have
// given up.
func (s *stater) broken() (all [3]int) {
	s.t.Helper()
	s.v.await("second", func(data string) bool {
		for i, second := range secondsOf(data) {
			all[i] = second.Lost["reset"] + second.Lost["empty"] + second.Lost["refused"]
		}
		return true
	})
	return all
}

// lost looks what became of those who waited for a worker that has died, since so many
// were broken.
func (s *stater) lost(waited, before [3]int) {
	s.t.Helper()
	const inHand = 2
	migrates, _ := kernel.SysctlInt("net.ipv4.tcp_migrate_req")
	now := s.broken()
	for i, row := range s.rows() {
		lost := now[i] - before[i]
		switch {
		case row.Loses == "none" && lost > inHand:
			s.t.Errorf("%s: %d are lost, and the page says %q", s.ways, lost, row.Words)
		case row.Loses == "all" && migrates != 1 && lost <= inHand:
			s.t.Errorf("%s: of %d that waited %d are lost, and the page says %q", s.ways, waited[i], lost, row.Words)
		}
	}
}

// reload replaces the workers, and looks what was said meanwhile.
func (s *stater) reload() {
	s.t.Helper()
	s.b.Await("all is well", `live.lab.facts.every(f => !document.querySelector("#" + f.name + " .worker:is(.asleep, .gone)"))`)
	s.b.Await("the workers are known", `live.lab.facts.every(f => live.lab.panels[f.name].second?.pids?.length > 0)`)
	ask[bool](s.b, `(window.heard = [], window.observer = new MutationObserver(() => heard.push(...[...document.querySelectorAll(".answer")].map(a => a.textContent))),
		document.querySelectorAll(".answer").forEach(a => observer.observe(a, {childList: true, characterData: true, subtree: true})), true)`)
	s.act("reload", 0)
	for i, words := range ask[[]string](s.b, `rows.states.filter(s => s.workers === "changing").map(s => s.words)`) {
		s.b.Await("the panel says that its workers are being replaced", fmt.Sprintf("heard.includes(%q)", words))
		s.b.Await("all have been", fmt.Sprintf(`live.lab.panels[%q].replaced.length === 0`, strategies.Strategies[i].Name))
		s.said[words] = true
	}
	ask[bool](s.b, `(observer.disconnect(), true)`)
	for i := range strategies.Strategies {
		s.v.await("frame", func(data string) bool { return frames(data)[i].D > 0 })
	}
}
