//go:build linux

package supervisor

import (
	"slices"
	"time"

	"prefork/internal/control"
	"prefork/internal/scoreboard"
)

// Snapshot is a running Machine as one binary hands it to the next. Times are told as
// ages, for their clocks differ.
type Snapshot struct {
	Want       int
	Generation int
	Reloading  bool
	Reloads    reloads
	Scaling    bool
	Paused     bool           `json:",omitempty"`
	Leaving    *time.Duration `json:",omitempty"` // how long ago a stop was announced
	State      control.State  // of all this, in a word
	Slots      []SlotSnapshot
	Wishes     []wish `json:",omitempty"`
}

// SlotSnapshot is one slot of a Snapshot.
type SlotSnapshot struct {
	Seats     [scoreboard.Seats]SeatSnapshot
	Fails     int
	RetryIn   time.Duration  // may be past
	Retired   *time.Duration `json:",omitempty"` // how long ago, if it is on its way out
	Suspended bool
	Held      bool `json:",omitempty"`
	Asleep    bool `json:",omitempty"`
	Drainers  int
	Cause     reason          `json:",omitempty"`
	Restarts  [reasons]uint64 // by reason
	LastExit  string          `json:",omitempty"`
}

// SeatSnapshot is one seat of it.
type SeatSnapshot struct {
	State      scoreboard.State
	PID        int
	Generation int
	Born       int
	Stale      reason        `json:",omitempty"`
	Age        time.Duration // since it was started
	Since      time.Duration // how long it has been in its state
	Killed     bool
	Rest       bool
}

// Snapshot is the machine as it is.
func (m *Machine) Snapshot(now time.Time) Snapshot {
	all := Snapshot{
		Want: m.want, Generation: m.generation, Reloading: m.reloading, Reloads: m.reloads, Scaling: m.scaling,
		Paused: m.paused, State: m.state(), Slots: make([]SlotSnapshot, 0, len(m.slots)), Wishes: slices.Clone(m.wishes),
	}
	if !m.leavingAt.IsZero() {
		ago := now.Sub(m.leavingAt)
		all.Leaving = &ago
	}
	for i := range m.slots {
		s := &m.slots[i]
		one := SlotSnapshot{
			Fails: s.fails, RetryIn: s.retryAt.Sub(now), Suspended: s.suspended, Held: s.held, Asleep: s.asleep,
			Drainers: s.drainers, Cause: s.cause, Restarts: s.restarts, LastExit: s.lastExit,
		}
		if !s.retiredAt.IsZero() {
			ago := now.Sub(s.retiredAt)
			one.Retired = &ago
		}
		for j, seat := range s.seats {
			if seat.state != scoreboard.Gone {
				one.Seats[j] = SeatSnapshot{
					State: seat.state, PID: seat.pid, Generation: seat.generation, Born: seat.born, Stale: seat.stale,
					Age: now.Sub(seat.begun), Since: now.Sub(seat.since), Killed: seat.killed, Rest: seat.rest,
				}
			}
		}
		all.Slots = append(all.Slots, one)
	}
	return all
}

// NewMachineFrom makes a machine that goes on from a Snapshot. All workers have been ready at
// some time, or there would be none.
func NewMachineFrom(l Limits, s Snapshot, now time.Time) *Machine {
	m := &Machine{
		limits: l, want: s.Want, generation: s.Generation, reloading: s.Reloading, reloads: s.Reloads,
		scaling: s.Scaling, paused: s.Paused, wishes: s.Wishes,
		everReady: true, allReady: true, pumpEnded: !l.Pump, now: now,
	}
	if s.Leaving != nil {
		m.leavingAt = now.Add(-*s.Leaving)
	}
	for _, one := range s.Slots {
		slot := slot{
			fails: one.Fails, retryAt: now.Add(one.RetryIn), suspended: one.Suspended, held: one.Held, asleep: one.Asleep,
			drainers: one.Drainers, cause: one.Cause, restarts: one.Restarts, lastExit: one.LastExit,
		}
		if one.Retired != nil {
			slot.retiredAt = now.Add(-*one.Retired)
		}
		for j, of := range one.Seats {
			if of.State != scoreboard.Gone {
				slot.seats[j] = seat{
					state: of.State, pid: of.PID, generation: of.Generation, born: of.Born, stale: of.Stale,
					begun: now.Add(-of.Age), since: now.Add(-of.Since), killed: of.Killed, rest: of.Rest,
				}
			}
		}
		m.slots = append(m.slots, slot)
	}
	return m
}

// state is what the machine is about, in a word.
func (m *Machine) state() control.State {
	switch {
	case m.phase != running || !m.leavingAt.IsZero():
		return control.Stopping
	case m.paused:
		return control.Paused
	case m.probing:
		return control.Upgrading
	case m.reloading:
		return control.Reloading
	case !m.allReady:
		return control.Starting
	}
	return control.Running
}
