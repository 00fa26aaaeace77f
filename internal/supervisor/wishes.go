//go:build linux

package supervisor

import (
	"fmt"

	"prefork/internal/control"
	"prefork/internal/scoreboard"
)

// wish is what somebody has asked for over the control socket and waits to see. After
// each event the machine looks how it stands; so it does not matter by what way it
// comes true. It goes along to the next binary.
type wish struct {
	ID         uint64
	Verb       string
	Slot       int    `json:",omitempty"`
	PID        int    `json:",omitempty"` // restart: who is to be replaced
	Want       int    `json:",omitempty"` // workers
	Generation int    `json:",omitempty"` // reload, upgrade: what workers are to be of; 0 is not known yet
	Text       string `json:",omitempty"` // upgrade: the new binary's version; log-level: its name
	Failed     string `json:",omitempty"` // why it will not come true

	said control.Answer // last
}

// answerWishes tells those who wait how what they have asked for stands, once for each
// change.
func (m *Machine) answerWishes() {
	kept := m.wishes[:0]
	for _, w := range m.wishes {
		a := m.stands(&w)
		if a != w.said {
			w.said = a
			m.do(Answer{w.ID, a})
		}
		if !a.Final() {
			kept = append(kept, w)
		}
	}
	m.wishes = kept
}

func (m *Machine) stands(w *wish) control.Answer {
	switch {
	case w.Failed != "":
		return failed("%s", w.Failed)
	case m.state() == control.Stopping && w.Verb != "stop" && w.Verb != "log-level":
		return failed("the server is stopping")
	}
	return verbNamed(w.Verb).stands(m, w)
}

// failWishes says of some that they will not come true.
func (m *Machine) failWishes(which func(*wish) bool, format string, args ...any) {
	for i := range m.wishes {
		if which(&m.wishes[i]) {
			m.wishes[i].Failed = fmt.Sprintf(format, args...)
		}
	}
}

func done(format string, args ...any) control.Answer {
	return control.Say(control.Done, format, args...)
}

func failed(format string, args ...any) control.Answer {
	a := control.Say(control.Failed, format, args...)
	a.Code = control.CodeOther
	return a
}

// noStart is failed for a worker that does not get ready.
func noStart(format string, args ...any) control.Answer {
	a := failed(format, args...)
	a.Code = control.CodeNoStart
	return a
}

func progress(done, of int, format string, args ...any) control.Answer {
	a := control.Say(control.Progress, format, args...)
	a.Done, a.Of = done, of
	return a
}

// old is what is said of workers that still have clients.
func (m *Machine) old() string {
	switch n := m.leaving(); n {
	case 0:
		return ""
	case 1:
		return "; 1 old one has not left yet"
	default:
		return fmt.Sprintf("; %d old ones have not left yet", n)
	}
}

// stuck is what to say of a slot whose workers, one after the other, do not get ready.
func (m *Machine) stuck() (a control.Answer, isStuck bool) {
	for i := range m.slots {
		s := &m.slots[i]
		if s.fails >= bootTries && !s.in(scoreboard.Ready) && s.retiredAt.IsZero() {
			return noStart("the worker of slot %d %s; that makes %d in a row, and it is tried again", i, s.lastExit, s.fails), true
		}
	}
	return a, false
}

func workersStand(m *Machine, w *wish) control.Answer {
	switch {
	case m.want != w.Want:
		return failed("somebody has asked for %d workers since", m.want)
	case len(m.slots) > m.want:
		return progress(0, 0, "%s to leave: each serves what it has first", workers(len(m.slots)-m.want, "is", "are"))
	case len(m.slots) == m.want && !m.retiring() && m.allThere():
		return done("%s", workers(m.want, "", ""))
	}
	if a, isStuck := m.stuck(); isStuck {
		return a
	}
	ready := m.fresh()
	return progress(ready, m.want, "%d of %d workers are ready", ready, m.want)
}

// workers counts them, with a verb.
func workers(n int, one, many string) string {
	if n == 1 {
		return spaced("1 worker", one)
	}
	return spaced(fmt.Sprintf("%d workers", n), many)
}

func spaced(a, b string) string {
	if b == "" {
		return a
	}
	return a + " " + b
}

func reloadStands(m *Machine, w *wish) control.Answer {
	if m.gaveUp.generation >= w.Generation {
		return noStart("the new worker %s; the old ones go on", m.gaveUp.why)
	}
	if !m.reloading {
		return done("reloaded: %s of generation %d%s", workers(m.inService(), "", ""), m.generation+1, m.old())
	}
	if a, isStuck := m.stuck(); isStuck {
		return a
	}
	return progress(m.fresh(), m.inService(), "%d of %d workers are new", m.fresh(), m.inService())
}

func upgradeStands(m *Machine, w *wish) control.Answer {
	if w.Generation == 0 {
		return progress(0, 0, "the new binary is asked whether it can go on from here")
	}
	a := reloadStands(m, w)
	if a.Kind != control.Progress {
		a.Text = fmt.Sprintf("upgraded to %s; %s", w.Text, a.Text)
	}
	return a
}

func stopStands(m *Machine, _ *wish) control.Answer {
	if m.phase == over {
		if m.end.Err != nil {
			return failed("%v", m.end.Err)
		}
		return done("stopped")
	}
	if m.phase == running {
		return progress(0, 0, "balancers are to notice first, for %s", m.limits.DrainDelay)
	}
	n := 0
	m.eachWorker(func(int, int, *seat) { n++ })
	return progress(0, 0, "%s what they have", workers(n, "still serves", "still serve"))
}

func drainStands(m *Machine, w *wish) control.Answer {
	switch {
	case w.Slot < len(m.slots) && !m.slots[w.Slot].held:
		return failed("slot %d was restarted since", w.Slot)
	case w.Slot < len(m.slots) && m.slots[w.Slot].occupied():
		return progress(0, 0, "the worker of slot %d serves what it has", w.Slot)
	}
	return done("slot %d is drained until it is restarted", w.Slot)
}

func (s *slot) occupied() bool {
	return s.in(scoreboard.Starting, scoreboard.Ready, scoreboard.Draining)
}

func restartStands(m *Machine, w *wish) control.Answer {
	if w.Slot >= len(m.slots) || !m.slots[w.Slot].retiredAt.IsZero() {
		return failed("slot %d was taken out of service since", w.Slot)
	}
	s := &m.slots[w.Slot]
	for _, one := range s.seats {
		switch {
		case one.state != scoreboard.Ready:
		case one.pid != w.PID:
			return done("slot %d has a new worker, pid %d%s", w.Slot, one.pid, m.old())
		case one.stale == none && !s.in(scoreboard.Starting):
			return noStart("the new worker of slot %d %s; the old one goes on", w.Slot, s.lastExit)
		}
	}
	if a, isStuck := m.stuck(); isStuck {
		return a
	}
	return progress(0, 0, "the new worker of slot %d begins", w.Slot)
}

func pauseStands(m *Machine, _ *wish) control.Answer {
	switch n := m.leaving(); {
	case !m.paused:
		return failed("somebody has resumed since")
	case !m.empty():
		return progress(m.want-n, m.want, "%s what they have", workers(n, "still serves", "still serve"))
	}
	return done("paused: what comes waits in the queue until resume")
}

func resumeStands(m *Machine, _ *wish) control.Answer {
	switch {
	case m.paused:
		return failed("somebody has paused since")
	case m.allThere():
		return done("resumed: %s", workers(m.inService(), "", ""))
	}
	if a, isStuck := m.stuck(); isStuck {
		return a
	}
	return progress(m.fresh(), m.want, "%d of %d workers are ready", m.fresh(), m.want)
}

func levelStands(_ *Machine, w *wish) control.Answer { return done("the log is at %s", w.Text) }
