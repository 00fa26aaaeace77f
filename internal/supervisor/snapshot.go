//go:build linux

package supervisor

import (
	"time"

	"prefork/internal/scoreboard"
)

// Snapshot is a running Machine as one binary hands it to the next. Times are told as
// ages, for their clocks differ.
type Snapshot struct {
	Want       int
	Generation int
	Reloading  bool
	Scaling    bool
	Slots      []SlotSnapshot
}

// SlotSnapshot is one slot of a Snapshot.
type SlotSnapshot struct {
	Seats     [scoreboard.Seats]SeatSnapshot
	Fails     int
	RetryIn   time.Duration  // may be past
	Retired   *time.Duration `json:",omitempty"` // how long ago, if it is on its way out
	Suspended bool
	Drainers  int
}

// SeatSnapshot is one seat of it.
type SeatSnapshot struct {
	State      scoreboard.State
	PID        int
	Generation int
	Since      time.Duration // how long it has been in its state
	Killed     bool
	Rest       bool
}

// Snapshot is the machine as it is.
func (m *Machine) Snapshot(now time.Time) Snapshot {
	all := Snapshot{Want: m.want, Generation: m.generation, Reloading: m.reloading, Scaling: m.scaling}
	for i := range m.slots {
		s := &m.slots[i]
		one := SlotSnapshot{Fails: s.fails, RetryIn: s.retryAt.Sub(now), Suspended: s.suspended, Drainers: s.drainers}
		if !s.retiredAt.IsZero() {
			ago := now.Sub(s.retiredAt)
			one.Retired = &ago
		}
		for j, seat := range s.seats {
			if seat.state != scoreboard.Gone {
				one.Seats[j] = SeatSnapshot{
					State: seat.state, PID: seat.pid, Generation: seat.generation,
					Since: now.Sub(seat.since), Killed: seat.killed, Rest: seat.rest,
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
		limits: l, want: s.Want, generation: s.Generation, reloading: s.Reloading, scaling: s.Scaling,
		everReady: true, allReady: true, pumpEnded: !l.Pump, now: now,
	}
	for _, one := range s.Slots {
		slot := slot{fails: one.Fails, retryAt: now.Add(one.RetryIn), suspended: one.Suspended, drainers: one.Drainers}
		if one.Retired != nil {
			slot.retiredAt = now.Add(-*one.Retired)
		}
		for j, of := range one.Seats {
			if of.State != scoreboard.Gone {
				slot.seats[j] = seat{
					state: of.State, pid: of.PID, generation: of.Generation,
					since: now.Add(-of.Since), killed: of.Killed, rest: of.Rest,
				}
			}
		}
		m.slots = append(m.slots, slot)
	}
	return m
}
