//go:build linux

package supervisor

import (
	"fmt"
	"time"

	"prefork/internal/scoreboard"
)

// Event is something that has happened.
type Event interface{ apply(*Machine) }

// Tick says that only time has passed.
type Tick struct{}

// Started says that a worker was started as told.
type Started struct{ Slot, Seat, PID int }

// StartFailed says that it could not be.
type StartFailed struct {
	Slot, Seat int
	Err        error
}

// Ready says that a worker says it takes connections.
type Ready struct{ PID int }

// Recycle says that a worker would like a successor.
type Recycle struct{ PID int }

// Exited says that a worker has ended. Why reads "exited with status 1" or "was
// killed by SIGSEGV"; LastWords are of a worker started with Capture.
type Exited struct {
	PID       int
	Why       string
	LastWords string
}

// Scale asks for so many workers more, or less.
type Scale struct{ By int }

// Reload asks for every worker to be replaced by a new one.
type Reload struct{}

// Stop asks for a graceful end.
type Stop struct{}

// StopNow asks for an end at once.
type StopNow struct{}

// PumpEnded says that the master passes on no more connections. Err is why, if
// nobody asked for it.
type PumpEnded struct{ Err error }

// Upgrade asks for a new binary to take over.
type Upgrade struct{}

// UpgradeFailed says that it did not get ready.
type UpgradeFailed struct{ Err error }

// HandedOver says that it has.
type HandedOver struct{}

// PredecessorGone says that the master before this one has ended: the sockets are
// this one's alone.
type PredecessorGone struct{}

func (Tick) apply(*Machine) {}

func (e Started) apply(m *Machine) {
	m.slots[e.Slot].seats[e.Seat].pid = e.PID
	m.do(Show{e.Slot, e.Seat, e.PID, scoreboard.Starting})
	m.note(Debug, "worker started", "slot", e.Slot, "pid", e.PID)
}

func (e StartFailed) apply(m *Machine) {
	s := &m.slots[e.Slot].seats[e.Seat]
	generation := s.generation
	*s = seat{}
	m.note(Error, "cannot start a worker", "slot", e.Slot, "error", e.Err)
	if m.phase != running {
		return
	}
	m.replacementFailed(e.Slot, generation)
	m.failed(e.Slot, 0, fmt.Sprintf("could not be started: %v", e.Err))
}

func (e Ready) apply(m *Machine) {
	if slotIndex, seatIndex, s := m.find(e.PID); s != nil && s.state == scoreboard.Starting {
		m.everReady = true
		m.ready(slotIndex, seatIndex)
	}
}

func (e Recycle) apply(m *Machine) {
	if slotIndex, _, s := m.find(e.PID); s != nil && s.state == scoreboard.Ready && m.phase == running {
		s.generation = stale
		m.note(Info, "worker has served its share", "slot", slotIndex, "pid", e.PID)
	}
}

func (e Exited) apply(m *Machine) {
	slotIndex, seatIndex, s := m.find(e.PID)
	if s == nil {
		return
	}
	was := *s
	m.move(slotIndex, seatIndex, scoreboard.Gone)
	m.do(Bury{Slot: slotIndex, Seat: seatIndex, PID: e.PID, Killed: was.killed && was.state == scoreboard.Draining})
	*s = seat{}
	if was.state == scoreboard.Draining || m.phase != running {
		return
	}
	healthy := time.Duration(0)
	if was.state == scoreboard.Ready {
		healthy = m.now.Sub(was.since)
		m.note(Warn, "worker ended unasked", "slot", slotIndex, "pid", e.PID, "how", e.Why)
	} else {
		m.note(Error, "worker ended before it was ready", "slot", slotIndex, "pid", e.PID, "how", e.Why)
		m.replacementFailed(slotIndex, was.generation)
	}
	why := e.Why
	if e.LastWords != "" {
		why += ", saying:\n" + e.LastWords + "\nso it ended"
	}
	m.failed(slotIndex, healthy, why)
	m.rescue(slotIndex)
}

func (e Scale) apply(m *Machine) {
	if m.phase != running {
		return
	}
	if m.upgrading {
		m.note(Warn, "not scaled", "workers", m.want, "reason", "an upgrade is under way")
		return
	}
	want := min(max(m.want+e.By, 1), m.limits.MaxWorkers)
	if want == m.want {
		m.note(Warn, "not scaled", "workers", m.want, "reason", fmt.Sprintf("there can be 1 to %d", m.limits.MaxWorkers))
		return
	}
	m.want = want
	if m.given > 0 {
		m.note(Info, "scaling", "workers", want, "when", "the master before this one has left")
		return
	}
	m.note(Info, "scaling", "workers", want)
}

func (Reload) apply(m *Machine) {
	if m.phase != running {
		return
	}
	m.generation++
	m.note(Info, "reloading", "workers", m.want)
}

func (Stop) apply(m *Machine) {
	if m.phase != running {
		return
	}
	m.begin(stopping)
	m.turnAway()
	m.do(StopPump{})
	m.note(Info, "stopping", "graceful_timeout", m.limits.Graceful)
}

func (StopNow) apply(m *Machine) {
	m.phase = killing
	m.note(Warn, "stopping at once")
}

func (e PumpEnded) apply(m *Machine) {
	m.pumpEnded = true
	if e.Err != nil {
		m.note(Error, "the master can pass on no more connections", "error", e.Err)
	}
	if m.phase == running {
		m.begin(stopping)
		m.turnAway()
		m.end = Exit{Code: ExitFailed, Err: fmt.Errorf("the master can pass on no more connections: %w", e.Err)}
	}
}

func (Upgrade) apply(m *Machine) {
	switch {
	case m.phase != running:
	case m.upgrading:
		m.note(Warn, "an upgrade is under way already")
	case m.given > 0 && !m.allReady:
		m.note(Warn, "not upgraded", "reason", "this master has not taken over yet; try again in a moment")
	case m.retiring() || len(m.slots) != m.want:
		m.note(Warn, "not upgraded", "reason", "workers are being scaled; try again in a moment")
	default:
		m.upgrading = true
		m.do(StartUpgrade{})
	}
}

func (e UpgradeFailed) apply(m *Machine) {
	m.upgrading = false
	m.note(Error, "the new binary did not get ready; this one goes on", "error", e.Err)
	m.do(Reclaim{})
	m.rescueAll()
}

func (HandedOver) apply(m *Machine) {
	if m.phase != running {
		return
	}
	m.begin(leaving)
	m.do(StopPump{})
	m.note(Info, "the new binary is ready; this one leaves")
}

func (PredecessorGone) apply(m *Machine) {
	m.given = 0
	m.rescueAll()
}

func (m *Machine) begin(p phase) {
	m.phase, m.stopBegan = p, m.now
}
