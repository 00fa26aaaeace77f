//go:build linux

package supervisor

import (
	"time"

	"prefork/internal/entry"
	"prefork/internal/scoreboard"
)

const (
	// slowStart is after how long the operator hears of a worker that is still
	// being waited for.
	slowStart = 30 * time.Second

	// probeTime is how long a new binary may take to say whether it can take over.
	probeTime = 20 * time.Second
)

// reconcile does what brings the workers closer to what they should be.
func (m *Machine) reconcile() {
	m.checkReadiness()
	if m.phase == running {
		m.checkLeaving()
	}
	switch m.phase {
	case running:
		m.checkProbe()
		m.admit()
		m.shrink()
		if m.paused {
			m.leaveAll()
		} else {
			m.grow()
			m.replace()
		}
		m.announce()
		m.killLate()
		m.lookForRest()
	case stopping:
		m.closeAll()
		m.killLate()
		m.lookForRest()
	case killing:
		m.eachWorker(func(_, _ int, s *seat) { m.kill(s) })
		m.lookForRest()
		if m.empty() {
			m.finish()
		}
	}
}

func (m *Machine) finish() {
	m.phase = over
	m.do(m.end)
}

// admit has connections sent to slots that have somebody to take them, and to no
// others. What waits where nobody is goes to the others where that can be done.
func (m *Machine) admit() {
	for i := range m.slots {
		s := &m.slots[i]
		if s.asleep && s.retiredAt.IsZero() {
			continue
		}
		switch suspend := !s.retiredAt.IsZero() || !s.in(scoreboard.Ready); {
		case suspend && !s.suspended:
			s.suspended, s.rescued = true, false
			m.do(Suspend{i})
		case !suspend && s.suspended:
			s.suspended = false
			m.do(Resume{i})
		}
		deserted := !s.in(scoreboard.Starting, scoreboard.Ready, scoreboard.Draining)
		if s.suspended && s.retiredAt.IsZero() && !s.rescued && deserted && !m.paused {
			s.rescued = true
			m.do(Rescue{i})
		}
	}
}

// shrink takes slots that are not wanted out of service, from the last one down, and
// those that are drained. The former go on even if they are wanted again.
func (m *Machine) shrink() {
	for i := len(m.slots) - 1; i >= 0; i-- {
		if i >= m.want || m.slots[i].held || !m.slots[i].retiredAt.IsZero() {
			m.retire(i)
		}
	}
	for i := len(m.slots) - 1; i >= 0 && !m.keeps(i) && m.settled(i) && m.close(i); i-- {
		m.do(Drop{i})
		m.slots = m.slots[:i]
	}
}

// keeps reports whether a slot stays although it is drained. It goes with those below it,
// for slots come and go at the end.
func (m *Machine) keeps(i int) bool {
	if !m.slots[i].held || i >= m.want {
		return false
	}
	for _, below := range m.slots[:i] {
		if !below.retiredAt.IsZero() && !below.held {
			return false
		}
	}
	return true
}

// retire takes a slot out of service step by step. It can be dropped once it is
// closed and the last one.
func (m *Machine) retire(i int) {
	if s := &m.slots[i]; s.retiredAt.IsZero() {
		s.retiredAt = m.now
		m.admit()
	}
	if m.settled(i) {
		m.close(i)
	}
}

// settled reports whether connections whose handshake was under way when the slot
// was retired have joined its queue.
func (m *Machine) settled(i int) bool {
	at := m.slots[i].retiredAt
	return !at.IsZero() && m.now.Sub(at) >= m.limits.Settle
}

// grow opens the slots that are wanted, once none is on its way out, for slots
// come and go at the end; and it sees to it that each has a worker.
func (m *Machine) grow() {
	for len(m.slots) < m.want && !m.retiring() {
		m.slots = append(m.slots, slot{suspended: true, rescued: true}) // until it has a worker
	}
	for i := range m.slots {
		if m.slots[i].retiredAt.IsZero() {
			m.fill(i)
		}
	}
}

// retiring reports whether any slot is on its way out; then the last one is.
func (m *Machine) retiring() bool {
	last := len(m.slots) - 1
	return last >= 0 && !m.slots[last].retiredAt.IsZero() && !m.keeps(last)
}

// fill starts a worker in a slot that has none.
func (m *Machine) fill(i int) {
	s := &m.slots[i]
	if s.in(scoreboard.Starting, scoreboard.Ready) || m.now.Before(s.retryAt) {
		return
	}
	if free := s.free(); free >= 0 {
		m.start(i, free, s.cause)
	} else {
		m.sayItWaits(i)
	}
}

func (m *Machine) start(slotIndex, seatIndex int, why reason) {
	s := &m.slots[slotIndex]
	capture := s.fails == bootTries-1 && (!m.everReady || m.limits.LastWords) || s.lastTry
	s.seats[seatIndex] = seat{state: scoreboard.Starting, generation: m.generation, born: m.generation, begun: m.now, since: m.now, captured: capture}
	s.waits = false
	s.restarts[why]++
	m.do(Start{Slot: slotIndex, Seat: seatIndex, Capture: capture})
}

// checkReadiness takes long life for readiness where that is agreed, ends a worker
// that takes too long, and tells of one that takes long.
func (m *Machine) checkReadiness() {
	m.eachWorker(func(i, j int, s *seat) {
		age := m.now.Sub(s.since)
		switch {
		case s.state == scoreboard.Ready && age >= healthyAfter:
			m.everReady = true
		case s.state != scoreboard.Starting || s.pid == 0 || s.killed:
		case m.limits.ReadyAfter > 0 && age >= m.limits.ReadyAfter:
			m.ready(i, j)
		case m.limits.StartTimeout > 0 && age >= m.limits.StartTimeout:
			m.note(entry.WorkerLate, "slot", i, "pid", s.pid, "waited", m.limits.StartTimeout)
			m.kill(s)
		case m.limits.Programs && age >= slowStart && !s.slow:
			s.slow = true
			m.note(entry.WorkerSlow, "slot", i, "pid", s.pid, "waited", slowStart)
		}
	})
}

// ready makes a worker its slot's, and tells the one it replaces to leave what is
// queued to it.
func (m *Machine) ready(slotIndex, seatIndex int) {
	m.move(slotIndex, seatIndex, scoreboard.Ready)
	m.slots[slotIndex].lastTry, m.slots[slotIndex].asleep = false, false
	m.note(entry.WorkerReady, "slot", slotIndex, "pid", m.slots[slotIndex].seats[seatIndex].pid)
	for j := range m.slots[slotIndex].seats {
		if s := &m.slots[slotIndex].seats[j]; j != seatIndex && s.state == scoreboard.Ready {
			m.tell(slotIndex, j, false)
		}
	}
}

// announce says once that all are ready, and each time that there are as many as
// were asked for.
func (m *Machine) announce() {
	if len(m.slots) != m.want {
		return
	}
	if !m.allThere() {
		return
	}
	if m.scaling {
		m.scaling = false
		m.note(entry.ScaleDone, "workers", m.want)
	}
	if !m.allReady {
		// Who has been called ready cannot have been unable to start.
		m.allReady, m.everReady = true, true
		m.do(AllReady{len(m.slots)})
	}
}

// allThere reports whether every slot that is to have a ready worker has one.
func (m *Machine) allThere() bool {
	for i := range m.slots {
		if !m.slots[i].in(scoreboard.Ready) && !m.keeps(i) {
			return false
		}
	}
	return !m.paused
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
