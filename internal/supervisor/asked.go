//go:build linux

package supervisor

import (
	"fmt"
	"time"

	"prefork/internal/control"
	"prefork/internal/entry"
	"prefork/internal/scoreboard"
)

// What is asked for over the control socket.
type (
	// Ask asks for something; an Answer follows, at once or later. By says who does.
	Ask struct {
		ID      uint64
		Request control.Request
		By      control.Peer
	}
	// Withdrawn says that nobody waits for that answer any more.
	Withdrawn struct{ ID uint64 }
	// Surveyed asks for what the machine knows, which changes nothing.
	Surveyed struct{ To chan<- survey }
)

// verb is what is done at a request, and when that has come true.
type verb struct {
	name string
	// begin does it. An error is a *control.RefusalError: then nothing was done.
	begin func(m *Machine, e Ask, w *wish) error
	// stands says how it stands.
	stands func(m *Machine, w *wish) control.Answer
}

// verbs are those of control.Verbs that change anything.
var verbs = []verb{
	{"workers", beginWorkers, workersStand},
	{"reload", beginReload, reloadStands},
	{"upgrade", beginUpgrade, upgradeStands},
	{"stop", beginStop, stopStands},
	{"drain", beginDrain, drainStands},
	{"restart", beginRestart, restartStands},
	{"pause", beginPause, pauseStands},
	{"resume", beginResume, resumeStands},
	{"log-level", beginLevel, levelStands},
}

func verbNamed(name string) verb {
	for _, v := range verbs {
		if v.name == name {
			return v
		}
	}
	return verb{} // a test holds the two tables together
}

func (e Ask) apply(m *Machine) {
	m.note(entry.ControlAsked, "verb", e.Request.Verb, "by_pid", e.By.PID, "by_uid", e.By.UID)
	w := wish{ID: e.ID, Verb: e.Request.Verb, Slot: e.Request.Slot}
	if err := verbNamed(w.Verb).begin(m, e, &w); err != nil {
		m.do(Answer{e.ID, control.RefusalOf(err)})
		return
	}
	m.wishes = append(m.wishes, w)
}

func (e Withdrawn) apply(m *Machine) {
	for i := range m.wishes {
		if m.wishes[i].ID == e.ID {
			m.wishes = append(m.wishes[:i:i], m.wishes[i+1:]...)
			return
		}
	}
}

func (e Surveyed) apply(m *Machine) { m.do(Survey(e)) }

// refuse makes the error of what cannot be done now.
func refuse(format string, args ...any) error {
	return &control.RefusalError{Code: control.CodeState, Text: fmt.Sprintf(format, args...)}
}

// refuseUsage makes the error of what can never be done.
func refuseUsage(format string, args ...any) error {
	return &control.RefusalError{Code: control.CodeUsage, Text: fmt.Sprintf(format, args...)}
}

func refuseIf(no string) error {
	if no == "" {
		return nil
	}
	return refuse("%s", no)
}

func beginWorkers(m *Machine, e Ask, w *wish) error {
	w.Want = e.Request.Workers
	if e.Request.By {
		w.Want += m.want
	}
	if w.Want < 1 || w.Want > m.limits.MaxWorkers {
		return refuseUsage("there can be 1 to %d workers, and not %d", m.limits.MaxWorkers, w.Want)
	}
	err := refuseIf(m.notNow())
	if err == nil && w.Want != m.want {
		m.scale(w.Want)
	}
	return err
}

func beginReload(m *Machine, _ Ask, w *wish) error {
	if no := m.notNow(); no != "" {
		return refuse("%s", no)
	}
	Reload{}.apply(m)
	w.Generation = m.generation
	return nil
}

func beginUpgrade(m *Machine, _ Ask, w *wish) error {
	if err := refuseIf(m.noUpgrade()); err != nil || m.probing {
		return err // who asks for what is under way waits for it too
	}
	m.upgrade()
	return nil
}

func beginStop(m *Machine, e Ask, _ *wish) error {
	if e.Request.Now {
		StopNow{}.apply(m)
	} else {
		Stop{Why: fmt.Sprintf("prefork ctl stop, by %s", e.By)}.apply(m)
	}
	return nil
}

func beginDrain(m *Machine, e Ask, _ *wish) error {
	s, err := m.slotToChange(e.Request.Slot)
	switch {
	case err != nil || s.held:
		return err
	case !s.retiredAt.IsZero():
		return refuse("slot %d is on its way out already", e.Request.Slot)
	case m.inService() == 1:
		return refuse("slot %d is the last one in service: pause keeps what comes waiting, stop ends the server", e.Request.Slot)
	}
	s.held, s.drainers = true, 0
	m.note(entry.SlotDrain, "slot", e.Request.Slot)
	return nil
}

// slotToChange is a slot that something may be asked of.
func (m *Machine) slotToChange(i int) (*slot, error) {
	if no := m.notNow(); no != "" {
		return nil, refuse("%s", no)
	}
	if i >= len(m.slots) {
		return nil, refuseUsage("there is no slot %d: they go from 0 to %d", i, len(m.slots)-1)
	}
	return &m.slots[i], nil
}

// beginRestart replaces a worker as a reload would, or brings back one that was drained.
func beginRestart(m *Machine, e Ask, w *wish) error {
	s, err := m.slotToChange(e.Request.Slot)
	switch {
	case err != nil:
		return err
	case m.keeps(e.Request.Slot):
		s.held, s.retiredAt, s.drainers, s.queue.known = false, time.Time{}, 0, false
	case !s.retiredAt.IsZero():
		return refuse("slot %d is on its way out", e.Request.Slot)
	}
	s.clearFailures()
	s.cause = onRequest
	for j := range s.seats {
		if one := &s.seats[j]; one.state == scoreboard.Ready {
			one.stale, w.PID = onRequest, one.pid
		}
	}
	m.note(entry.SlotRestart, "slot", e.Request.Slot, "pid", w.PID)
	return nil
}

func beginPause(m *Machine, _ Ask, _ *wish) error {
	switch {
	case m.paused:
		return nil
	case m.phase != running || !m.leavingAt.IsZero():
		return refuse("the server is stopping")
	case m.probing:
		return refuse("an upgrade is under way: try again when it is done")
	}
	m.paused = true
	for i := range m.slots {
		s := &m.slots[i]
		s.asleep = !s.suspended && s.retiredAt.IsZero()
		s.cause = woken
	}
	m.note(entry.PauseBegin, "workers", m.want)
	return nil
}

func beginResume(m *Machine, _ Ask, _ *wish) error {
	if m.phase != running {
		return refuse("the server is stopping")
	}
	if m.paused {
		m.paused = false
		for i := range m.slots {
			m.slots[i].clearFailures()
		}
		m.note(entry.PauseEnd, "workers", m.want)
	}
	return nil
}

// leaveAll has all workers finish what they have taken, and leave what is queued to
// those who come after the pause.
func (m *Machine) leaveAll() {
	m.eachWorker(func(i, j int, s *seat) {
		if s.state == scoreboard.Ready || s.state == scoreboard.Starting {
			m.tell(i, j, false)
		}
	})
}

func beginLevel(m *Machine, e Ask, w *wish) error {
	w.Text = control.LevelName(e.Request.Level)
	m.do(SetLevel{e.Request.Level})
	return nil
}
