//go:build linux

package supervisor

import (
	"time"

	"prefork/internal/scoreboard"
)

// stale is the generation of a worker that is to be replaced whatever the
// present one is.
const stale = -1

// reconcile does what brings the workers closer to what they should be.
func (m *Machine) reconcile() {
	switch m.phase {
	case running:
		m.checkReadiness()
		m.shrink()
		m.grow()
		m.replace()
		m.announce()
	case stopping, leaving:
		if m.pumpEnded {
			m.tellAll()
		}
		m.killLate()
	case killing:
		m.eachWorker(func(_, _ int, s *seat) { m.kill(s) })
	}
	if m.phase == running {
		m.killLate()
	} else if m.empty() && (m.phase != leaving || m.given == 0) { // masters leave in their order
		m.phase = over
		m.do(m.end)
	}
}

// shrink takes slots that are not wanted out of service, from the last one down.
// Those on their way out go on even if they are wanted again.
func (m *Machine) shrink() {
	for i := len(m.slots) - 1; i >= 0; i-- {
		if i >= m.target() || !m.slots[i].retiredAt.IsZero() {
			m.retire(i)
		}
	}
	m.dropLast()
}

// grow opens the slots that are wanted, once none is on its way out, for slots
// come and go at the end; and it sees to it that each has a worker.
func (m *Machine) grow() {
	for len(m.slots) < m.target() && !m.retiring() {
		m.slots = append(m.slots, slot{})
	}
	for i := range m.slots {
		if m.slots[i].retiredAt.IsZero() {
			m.fill(i)
		}
	}
}

// target is how many slots there are to be at present. A socket that came or went
// while another master has the others would get connections that nobody takes.
func (m *Machine) target() int {
	if m.given > 0 {
		return m.given
	}
	return m.want
}

// retiring reports whether any slot is on its way out; then the last one is.
func (m *Machine) retiring() bool {
	last := len(m.slots) - 1
	return last >= 0 && !m.slots[last].retiredAt.IsZero()
}

// fill starts a worker in a slot that has none.
func (m *Machine) fill(i int) {
	s := &m.slots[i]
	free := -1
	for j := range s.seats {
		switch s.seats[j].state {
		case scoreboard.Starting, scoreboard.Ready:
			return
		case scoreboard.Gone:
			free = j
		}
	}
	if free >= 0 && !m.now.Before(s.retryAt) {
		m.start(i, free)
	}
}

func (m *Machine) start(slotIndex, seatIndex int) {
	m.slots[slotIndex].seats[seatIndex] = seat{state: scoreboard.Starting, generation: m.generation, since: m.now}
	capture := !m.everReady && m.slots[slotIndex].fails == bootTries-1
	m.do(Start{Slot: slotIndex, Seat: seatIndex, Capture: capture})
}

// checkReadiness takes long life for readiness where that is agreed, and ends a
// built-in worker that takes too long.
func (m *Machine) checkReadiness() {
	m.eachWorker(func(i, j int, s *seat) {
		age := m.now.Sub(s.since)
		switch {
		case s.state == scoreboard.Ready && age >= healthyAfter:
			m.everReady = true
		case s.state != scoreboard.Starting || s.pid == 0:
		case m.limits.ReadyAfter > 0 && age >= m.limits.ReadyAfter:
			m.ready(i, j)
		case m.limits.ReadyAfter == 0 && age >= startTimeout && !s.killed:
			m.note(Error, "worker did not get ready in time", "slot", i, "pid", s.pid, "waited", startTimeout)
			m.kill(s)
		}
	})
}

// ready makes a worker its slot's, and tells the one it replaces to stop.
func (m *Machine) ready(slotIndex, seatIndex int) {
	m.move(slotIndex, seatIndex, scoreboard.Ready)
	m.note(Debug, "worker ready", "slot", slotIndex, "pid", m.slots[slotIndex].seats[seatIndex].pid)
	for j := range m.slots[slotIndex].seats {
		if s := &m.slots[slotIndex].seats[j]; j != seatIndex && s.state == scoreboard.Ready {
			m.tell(slotIndex, j)
		}
	}
}

// replace starts successors beside workers of an old generation, a few at a time.
func (m *Machine) replace() {
	room := 1 + m.want/8
	for i := range m.slots {
		if old, next := m.replaceable(i); old && next == nil {
			room--
		}
	}
	for i := range m.slots {
		old, next := m.replaceable(i)
		if old && next != nil && room > 0 {
			room--
			m.start(i, *next)
		}
	}
}

// replaceable reports whether the slot has a ready worker of an old generation,
// and a free seat for its successor; no seat means it is on its way. A slot on
// its way out has no use for one.
func (m *Machine) replaceable(i int) (old bool, free *int) {
	if !m.slots[i].retiredAt.IsZero() {
		return false, nil
	}
	for j, s := range m.slots[i].seats {
		switch {
		case s.state == scoreboard.Ready && s.generation < m.generation:
			old = true
		case s.state == scoreboard.Gone:
			free = &j
		}
	}
	return old, free
}

// replacementFailed gives up a reload when a successor does not get ready: what
// worked goes on. It tells nothing of a later reload, which may be its cure.
func (m *Machine) replacementFailed(slotIndex, generation int) {
	replacing := false
	for _, s := range m.slots[slotIndex].seats {
		replacing = replacing || s.state == scoreboard.Ready
	}
	if !replacing {
		return
	}
	m.eachWorker(func(_, _ int, s *seat) {
		if s.state == scoreboard.Ready {
			s.generation = max(s.generation, generation)
		}
	})
	m.note(Error, "reload given up: the new worker did not get ready; the old ones go on", "slot", slotIndex)
}

// retire takes a slot out of service step by step.
func (m *Machine) retire(i int) {
	s := &m.slots[i]
	if s.retiredAt.IsZero() {
		s.retiredAt = m.now
		m.do(Retire{i})
	}
	if m.now.Sub(s.retiredAt) < m.limits.Settle {
		return
	}
	for j := range s.seats {
		if state := s.seats[j].state; state == scoreboard.Ready || state == scoreboard.Starting {
			m.tell(i, j)
		}
	}
}

// rescue does not leave the queue of a slot whose worker has crashed waiting for
// the next worker. While another master has the sockets too, closing one here moves
// nothing; a slot on its way out is closed anyway.
func (m *Machine) rescue(i int) {
	s := &m.slots[i]
	if m.phase != running || m.sharing() || !s.retiredAt.IsZero() {
		return
	}
	for _, seat := range s.seats {
		if seat.state != scoreboard.Gone {
			return
		}
	}
	m.do(Rescue{i})
}

// rescueAll makes up for what had to wait for another master's end.
func (m *Machine) rescueAll() {
	for i := range m.slots {
		m.rescue(i)
	}
}

// turnAway turns new connections away, unless they are for the master before this
// one too, which goes on when this one has not got ready.
func (m *Machine) turnAway() {
	if m.given == 0 || m.allReady {
		m.do(Quiesce{})
	}
}

// dropLast closes retired slots that are empty, from the last one down.
func (m *Machine) dropLast() {
	for i := len(m.slots) - 1; i >= 0; i-- {
		s := m.slots[i]
		if s.retiredAt.IsZero() || m.now.Sub(s.retiredAt) < m.limits.Settle {
			return
		}
		for _, seat := range s.seats {
			if seat.state != scoreboard.Gone {
				return
			}
		}
		m.do(Drop{i})
		m.slots = m.slots[:i]
	}
}

// announce says once that all are ready.
func (m *Machine) announce() {
	if m.allReady {
		return
	}
	for i := range m.slots {
		ready := false
		for _, s := range m.slots[i].seats {
			ready = ready || s.state == scoreboard.Ready
		}
		if !ready {
			return
		}
	}
	m.allReady = true
	m.do(AllReady{len(m.slots)})
}

func (m *Machine) tellAll() {
	m.eachWorker(func(i, j int, s *seat) {
		if s.state == scoreboard.Ready || s.state == scoreboard.Starting {
			m.tell(i, j)
		}
	})
}

// tell tells a worker to stop, once its process is known: 0 would mean the whole
// process group of the master.
func (m *Machine) tell(slotIndex, seatIndex int) {
	pid := m.slots[slotIndex].seats[seatIndex].pid
	if pid == 0 {
		return
	}
	m.do(Tell{pid})
	m.move(slotIndex, seatIndex, scoreboard.Draining)
}

// killLate ends workers that were told to stop and have had their time. When
// everything stops, that time counts from the beginning of the stop.
func (m *Machine) killLate() {
	m.eachWorker(func(_, _ int, s *seat) {
		if at, ok := m.killAt(s); ok && !m.now.Before(at) {
			m.kill(s)
		}
	})
}

func (m *Machine) killAt(s *seat) (time.Time, bool) {
	switch {
	case s.killed:
		return time.Time{}, false
	case m.phase == stopping || m.phase == leaving:
		return m.stopBegan.Add(m.limits.Graceful), true
	case s.state == scoreboard.Draining:
		return s.since.Add(m.limits.Graceful), true
	}
	return time.Time{}, false
}

func (m *Machine) kill(s *seat) {
	if !s.killed && s.pid != 0 {
		s.killed = true
		m.do(Kill{s.pid})
	}
}

func (m *Machine) eachWorker(f func(slotIndex, seatIndex int, s *seat)) {
	for i := range m.slots {
		for j := range m.slots[i].seats {
			if s := &m.slots[i].seats[j]; s.state != scoreboard.Gone {
				f(i, j, s)
			}
		}
	}
}

func (m *Machine) empty() bool {
	empty := true
	m.eachWorker(func(int, int, *seat) { empty = false })
	return empty
}

// Deadline is when the machine wants a Tick at the latest; the zero time means
// that only an event can change anything.
func (m *Machine) Deadline() time.Time {
	var next time.Time
	by := func(t time.Time) {
		if t.After(m.now) && (next.IsZero() || t.Before(next)) {
			next = t
		}
	}
	for i := range m.slots {
		by(m.slots[i].retryAt)
		if retired := m.slots[i].retiredAt; !retired.IsZero() {
			by(retired.Add(m.limits.Settle))
		}
	}
	m.eachWorker(func(_, _ int, s *seat) {
		if s.state == scoreboard.Ready && !m.everReady {
			by(s.since.Add(healthyAfter))
		}
		if s.state == scoreboard.Starting {
			by(s.since.Add(m.limits.ReadyAfter))
			by(s.since.Add(startTimeout))
		}
		if at, ok := m.killAt(s); ok {
			by(at)
		}
	})
	return next
}
