//go:build linux

package supervisor

import (
	"fmt"
	"time"

	"prefork/internal/entry"
	"prefork/internal/scoreboard"
)

// Event is something that has happened. Ears report some, hands the others.
type Event interface{ apply(*Machine) }

// What happens to workers.
type (
	// Started says that a worker was started as told.
	Started struct{ Slot, Seat, PID int }
	// StartFailed says that it could not be.
	StartFailed struct {
		Slot, Seat int
		Err        error
	}
	// Ready says that a worker says it takes connections.
	Ready struct{ PID int }
	// Recycle says that a worker would like a successor.
	Recycle struct{ PID int }
	// Broken says that the workers of a slot can be passed nothing any more.
	Broken struct{ Slot int }
	// AuditDue says that it is time to look at what workers count.
	AuditDue struct{}
	// ToldAWhileAgo says that a worker was told to stop a moment ago.
	ToldAWhileAgo struct{ PID int }
	// ChildEnded says that some child has ended: a worker, or another one.
	ChildEnded struct{}
	// Exited says that a worker has ended. Why reads "exited with status 1" or "was
	// killed by SIGSEGV"; LastWords are of a worker started with Capture. Rest says
	// that processes which it started are still there.
	Exited struct {
		PID       int
		Why       string
		LastWords string
		Rest      bool
	}
	// RestGone says that nothing is left of a worker that has ended.
	RestGone struct{ PID int }
	// Queued is how many connections wait where the workers of a slot take theirs, and how
	// many of them are this slot's to look after: no lower one takes them.
	Queued struct{ Slot, Waiting, Own, Sole int }
	// PumpEnded says that the master passes on no more connections. Err is why, if
	// nobody asked for it.
	PumpEnded struct{ Err error }
)

// What is asked for.
type (
	// Tick says that only time has passed.
	Tick struct{}
	// Scale asks for so many workers more, or less.
	Scale struct{ By int }
	// Reload asks for every worker to be replaced by a new one.
	Reload struct{}
	// Stop asks for a graceful end. Why says who did.
	Stop struct{ Why string }
	// StopNow asks for an end at once.
	StopNow struct{}
)

func (Tick) apply(*Machine) {}

func (e Started) apply(m *Machine) {
	m.slots[e.Slot].seats[e.Seat].pid = e.PID
	m.do(Show{e.Slot, e.Seat, e.PID, scoreboard.Starting})
	m.note(entry.WorkerStarted, "slot", e.Slot, "pid", e.PID)
}

func (e StartFailed) apply(m *Machine) {
	s := &m.slots[e.Slot].seats[e.Seat]
	was := *s
	was.captured = true // it will say nothing more
	*s = seat{}
	m.note(entry.WorkerNoStart, "slot", e.Slot, "error", e.Err)
	if m.phase != running {
		return
	}
	why := fmt.Sprintf("could not be started: %v", e.Err)
	m.replacementFailed(e.Slot, was, why)
	m.failed(e.Slot, seat{}, why)
}

func (e Ready) apply(m *Machine) {
	if slotIndex, seatIndex, s := m.find(e.PID); s != nil && s.state == scoreboard.Starting {
		m.everReady = true
		m.ready(slotIndex, seatIndex)
	}
}

func (e Recycle) apply(m *Machine) {
	if slotIndex, _, s := m.find(e.PID); s != nil && s.state == scoreboard.Ready && m.phase == running {
		s.stale = recycled
		m.note(entry.WorkerRecycle, "slot", slotIndex, "pid", e.PID)
	}
}

func (e Broken) apply(m *Machine) {
	if m.phase != running || e.Slot >= len(m.slots) {
		return
	}
	for j := range m.slots[e.Slot].seats {
		if s := &m.slots[e.Slot].seats[j]; s.state == scoreboard.Ready {
			s.stale = broken
			m.note(entry.WorkerBroken, "slot", e.Slot, "pid", s.pid)
		}
	}
}

func (e ToldAWhileAgo) apply(m *Machine) {
	if _, _, s := m.find(e.PID); s != nil && s.state == scoreboard.Draining {
		m.do(Nudge(e))
	}
}

func (AuditDue) apply(m *Machine) { m.do(Audit{}) }

func (ChildEnded) apply(m *Machine) { m.do(Reap{}) }

func (e Exited) apply(m *Machine) {
	slotIndex, seatIndex, s := m.find(e.PID)
	if s == nil {
		return
	}
	was := *s
	if e.Rest {
		m.endRest(slotIndex, seatIndex)
	} else {
		m.vacate(slotIndex, seatIndex)
	}
	if was.state == scoreboard.Draining || m.phase != running {
		return
	}
	why := e.Why
	if was.killed { // only who was not ready in time is killed without having been told
		why = fmt.Sprintf("did not get ready within %s", m.limits.StartTimeout)
	}
	if e.LastWords != "" {
		why += ", saying:\n" + e.LastWords + "\nso it ended"
	}
	if was.state == scoreboard.Ready {
		m.note(entry.WorkerExit, "slot", slotIndex, "pid", e.PID, "how", e.Why)
	} else {
		m.note(entry.WorkerNotReady, "slot", slotIndex, "pid", e.PID, "how", e.Why)
		m.replacementFailed(slotIndex, was, why)
	}
	m.suspect(was)
	m.failed(slotIndex, was, why)
}

// endRest tells what a worker has left behind to end, and gives it the time that a
// worker has.
func (m *Machine) endRest(slotIndex, seatIndex int) {
	s := &m.slots[slotIndex].seats[seatIndex]
	if s.rest = true; s.state != scoreboard.Draining {
		m.move(slotIndex, seatIndex, scoreboard.Draining)
	}
	m.note(entry.WorkerRest, "slot", slotIndex, "pid", s.pid)
	m.do(TellRest{s.pid})
}

func (e RestGone) apply(m *Machine) {
	if slotIndex, seatIndex, s := m.find(e.PID); s != nil && s.rest {
		m.vacate(slotIndex, seatIndex)
	}
}

func (e Queued) apply(m *Machine) {
	if e.Slot < len(m.slots) {
		m.slots[e.Slot].queue = queue{known: true, waiting: e.Waiting, own: e.Own, sole: e.Sole, at: m.now}
	}
}

func (e Scale) apply(m *Machine) {
	want := min(max(m.want+e.By, 1), m.limits.MaxWorkers)
	no := m.notNow()
	if no == "" && want == m.want {
		no = fmt.Sprintf("there can be 1 to %d", m.limits.MaxWorkers)
	}
	if no != "" {
		m.note(entry.ScaleRefused, "workers", m.want, "reason", no)
		return
	}
	m.scale(want)
}

func (m *Machine) scale(want int) {
	m.want, m.scaling = want, true
	m.note(entry.ScaleBegin, "workers", want)
}

func (Reload) apply(m *Machine) {
	if no := m.notNow(); no != "" {
		m.note(entry.ReloadRefused, "reason", no)
		return
	}
	m.reload()
	m.note(entry.ReloadBegin, "workers", m.want)
}

// notNow is why nothing can be asked for at present but an end, "" if it can.
func (m *Machine) notNow() string {
	switch {
	case m.phase != running || !m.leavingAt.IsZero():
		return "the server is stopping"
	case m.paused:
		return "the server is paused: resume first"
	}
	return ""
}

// reload does not wait for the pause after a failure to end: it may bring the cure.
func (m *Machine) reload() {
	m.generation++
	m.reloading = true
	for i := range m.slots {
		m.slots[i].clearFailures()
	}
}

// clearFailures has the next worker be started at once.
func (s *slot) clearFailures() { s.fails, s.retryAt = 0, time.Time{} }

// Stop is announced first, if balancers need to notice. Asked for again, it begins.
func (e Stop) apply(m *Machine) {
	switch {
	case m.phase != running:
	case m.limits.DrainDelay > 0 && m.leavingAt.IsZero():
		m.leavingAt = m.now
		m.giveUpUpgrade()
		m.note(entry.Leaving, "why", e.Why, "drain_delay", m.limits.DrainDelay)
	default:
		m.stop()
		m.note(entry.Stopping, "why", e.Why, "graceful_timeout", m.limits.Graceful)
	}
}

// checkLeaving begins the stop that was announced, when that is long enough ago.
func (m *Machine) checkLeaving() {
	if !m.leavingAt.IsZero() && m.now.Sub(m.leavingAt) >= m.limits.DrainDelay {
		Stop{Why: "--drain-delay is over"}.apply(m)
	}
}

// stop begins the graceful end.
func (m *Machine) stop() {
	m.phase, m.stopBegan = stopping, m.now
	m.giveUpUpgrade()
	m.do(Quiesce{})
	if !m.pumpEnded {
		m.do(StopPump{})
	}
}

func (StopNow) apply(m *Machine) {
	m.phase = killing
	m.giveUpUpgrade()
	m.note(entry.StoppingNow)
}

func (e PumpEnded) apply(m *Machine) {
	m.pumpEnded = true
	if e.Err != nil {
		m.note(entry.DispatchEnded, "error", e.Err)
	}
	if m.phase == running {
		m.stop()
		m.end = Exit{Code: ExitFailed, Err: fmt.Errorf("the master can pass on no more connections: %w", e.Err)}
	}
}
