//go:build linux

package supervisor

import (
	"os"
	"time"

	"prefork/internal/control"
	"prefork/internal/kernel"
	"prefork/internal/scoreboard"
	"prefork/internal/worker"
)

// describe makes a status of what was surveyed, the scoreboard, and what the kernel says
// of the workers. It is for any goroutine.
func (h *hands) describe(s survey) *control.Status {
	m := &s.machine
	status := &control.Status{
		Schema: control.StatusSchema, PID: os.Getpid(), Name: h.name(), Version: h.Version, State: m.State,
		Started: float64(h.began.UnixMilli()) / 1000, Uptime: time.Since(h.began).Seconds(),
		Strategy: h.Strategy.Name, Steer: h.Config.Steer, Policy: h.Config.Policy, Program: h.Launch.Program,
		Generation: m.Generation + 1,
		Reloads:    control.Reloads{Done: m.Reloads.Done, Failed: m.Reloads.Failed, Upgrades: m.Reloads.Upgrades},
		LogLevel:   control.LevelName(h.Level.Level()),
		Listeners:  s.listeners,
	}
	if h.Launch.Program == nil {
		status.App, status.Accept = h.Launch.Spec.App, h.Launch.Accept
	}
	if n, err := kernel.ListenOverflows(); err == nil {
		status.ListenOverflows = &n
	}
	status.Workers.Wanted = m.Want
	for i := range m.Slots {
		slot := h.describeSlot(i, &m.Slots[i])
		if s.queues != nil {
			slot.Queued = &s.queues[i]
		}
		if slot.State == control.SlotReady {
			status.Workers.Ready++
		}
		if m.Slots[i].Held && i < m.Want {
			status.Workers.Held++
		}
		status.Slots = append(status.Slots, slot)
	}
	status.Connections = h.total()
	share(status)
	return status
}

// total sums up all slots, those included that there are no longer.
func (h *hands) total() (sum *control.Connections) {
	for slot := 0; slot < worker.MaxWorkers && h.scores.Used(slot); slot++ {
		one := h.connections(slot)
		if one == nil {
			continue
		}
		if sum == nil {
			sum = &control.Connections{}
		}
		sum.Accepted += one.Accepted
		sum.Finished += one.Finished
		sum.Cut += one.Cut
		sum.Open += one.Open
		sum.Wakeups += one.Wakeups
	}
	return sum
}

// connections are what the workers of a slot have counted; nil if they do not count.
func (h *hands) connections(slot int) *control.Connections {
	sum := h.scores.Slot(slot)
	if !sum.Speaks {
		return nil
	}
	return &control.Connections{Accepted: sum.Accepted, Finished: sum.Finished, Cut: sum.Cut, Open: sum.Open, Wakeups: sum.Waits}
}

// share says what part of all connections each has taken.
func share(s *control.Status) {
	if s.Connections == nil || s.Connections.Accepted == 0 {
		return
	}
	s.Connections.Share = 1
	for i := range s.Slots {
		if c := s.Slots[i].Connections; c != nil {
			c.Share = float64(c.Accepted) / float64(s.Connections.Accepted)
		}
	}
}

func (h *hands) describeSlot(i int, s *SlotSnapshot) control.Slot {
	slot := control.Slot{Slot: i, State: control.SlotEmpty, LastExit: s.LastExit, Connections: h.connections(i)}
	switch {
	case s.Held:
		slot.State = control.SlotHeld
	case s.Asleep:
		slot.State = control.SlotPaused
	case s.RetryIn > 0:
		slot.State = control.SlotWaiting
	}
	for _, seat := range s.Seats {
		if seat.State == scoreboard.Gone {
			continue
		}
		if used, err := kernel.ProcessCPU(seat.PID); err == nil && seat.PID != 0 {
			slot.CPU += used.Seconds()
		}
		if seat.State == scoreboard.Draining {
			slot.Draining = append(slot.Draining, control.Leaving{PID: seat.PID, For: seat.Since.Seconds()})
			continue
		}
		// A worker that is ready stands before the one that is to replace it.
		if slot.State != control.SlotReady {
			slot.State = control.SlotState(seat.State.String())
			slot.PID, slot.Age, slot.Generation = seat.PID, seat.Age.Seconds(), seat.Born+1
		}
	}
	if slot.PID == 0 && len(slot.Draining) > 0 {
		slot.State = control.SlotDraining
	}
	for why, n := range s.Restarts {
		if n > 0 && reason(why) != none {
			if slot.Restarts == nil {
				slot.Restarts = map[string]uint64{}
			}
			slot.Restarts[reason(why).String()] = n
		}
	}
	return slot
}
