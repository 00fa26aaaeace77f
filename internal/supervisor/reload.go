//go:build linux

package supervisor

import (
	"fmt"
	"time"

	"prefork/internal/control"
	"prefork/internal/entry"
	"prefork/internal/scoreboard"
)

// reason is why a worker was started after the first one of its slot.
type reason int

// The reasons; none is that of a first one.
const (
	none     reason = iota
	crashed         // the one before ended unasked
	notReady        // the one before did not get ready
	reloaded
	recycled  // the one before had served its share
	broken    // the one before could be passed nothing any more
	onRequest // prefork ctl restart
	drainer   // what is queued in a slot without a worker is to be served
	woken     // prefork ctl resume
	reasons   // how many there are
)

// String is the reason as status and metrics have it.
func (r reason) String() string { return control.Reasons[r] }

// reloads are how those ended that there were.
type reloads struct{ Done, Failed, Upgrades uint64 }

// gaveUp is the last reload that was given up.
type gaveUp struct {
	generation int
	why        string // reads on from "the new worker"
}

// replace starts successors beside workers of an old generation, a few at a time. Where
// one did not get ready, its last try comes alone.
func (m *Machine) replace() {
	room, last := 1+m.want/8, -1
	for i := range m.slots {
		if m.outdated(i) && m.slots[i].in(scoreboard.Starting) {
			room--
		}
		if m.outdated(i) && m.slots[i].lastTry {
			last = i
		}
	}
	for i := range m.slots {
		s := &m.slots[i]
		if !m.outdated(i) || s.in(scoreboard.Starting) || m.now.Before(s.retryAt) || last >= 0 && last != i {
			continue
		}
		switch free := s.free(); {
		case free < 0:
			m.sayItWaits(i)
		case room > 0:
			room--
			m.start(i, free, m.whyOutdated(i))
		}
	}
	m.endReload()
}

// outdated reports whether the slot has a ready worker of an old generation. A slot
// on its way out has no use for a new one.
func (m *Machine) outdated(i int) bool {
	if !m.slots[i].retiredAt.IsZero() {
		return false
	}
	return m.whyOutdated(i) != none
}

// whyOutdated is why a slot's ready worker is to be replaced, none if it is not.
func (m *Machine) whyOutdated(i int) reason {
	for _, s := range m.slots[i].seats {
		switch {
		case s.state != scoreboard.Ready:
		case s.stale != none:
			return s.stale
		case s.generation < m.generation:
			return reloaded
		}
	}
	return none
}

// sayItWaits tells, once, of a slot whose next worker has no seat yet:
// one of its earlier ones has not finished.
func (m *Machine) sayItWaits(i int) {
	s := &m.slots[i]
	if s.waits {
		return
	}
	s.waits = true
	for j := range s.seats {
		if w := &s.seats[j]; w.state == scoreboard.Draining {
			at, _ := m.killAt(i, w)
			m.note(entry.WorkerSeat, "slot", i, "pid", w.pid, "killed_in", at.Sub(m.now).Round(time.Second))
			return
		}
	}
}

// endReload says once that all workers are of the present generation, and since when
// the old ones have only their clients to finish.
func (m *Machine) endReload() {
	if !m.reloading || m.fresh() < m.inService() {
		return
	}
	m.reloading = false
	m.reloads.Done++
	m.note(entry.ReloadDone, "workers", len(m.slots), "old_ones_finishing", m.leaving())
}

// fresh is in how many slots a worker is ready that nobody is to replace.
func (m *Machine) fresh() (n int) {
	for i := range m.slots {
		if m.slots[i].retiredAt.IsZero() && m.slots[i].in(scoreboard.Ready) && !m.outdated(i) {
			n++
		}
	}
	return n
}

// inService is how many slots are not on their way out, nor drained.
func (m *Machine) inService() (n int) {
	for i := range m.slots {
		if m.slots[i].retiredAt.IsZero() {
			n++
		}
	}
	return n
}

// leaving is how many workers have been told to go and have not yet.
func (m *Machine) leaving() (n int) {
	m.eachWorker(func(_, _ int, s *seat) {
		if s.state == scoreboard.Draining {
			n++
		}
	})
	return n
}

// replacementFailed is when a worker that was to replace another did not get ready. It
// is tried once more, and its words are listened to, if that can be: what it says is
// what the operator needs. Then what worked goes on, and a reload is given up. It tells
// nothing of a later reload, which may be its cure.
func (m *Machine) replacementFailed(slotIndex int, was seat, why string) {
	s := &m.slots[slotIndex]
	if !m.outdated(slotIndex) {
		return
	}
	current := was.generation == m.generation
	if current && m.limits.LastWords && !was.captured && !was.killed {
		s.lastTry = true
		return
	}
	s.lastTry = false
	kind := entry.ReplaceFailed
	if current && m.reloading {
		kind = entry.ReloadFailed
		m.reloading = false
		m.reloads.Failed++
		m.gaveUp = gaveUp{was.generation, fmt.Sprintf("of slot %d %s", slotIndex, why)}
	}
	m.eachWorker(func(i, _ int, other *seat) {
		if other.state == scoreboard.Ready {
			other.generation = max(other.generation, was.generation)
			if i == slotIndex {
				other.stale = none
			}
		}
	})
	m.note(kind, "slot", slotIndex, "pid", was.pid, "how", why)
}
