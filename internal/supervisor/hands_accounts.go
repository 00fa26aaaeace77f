//go:build linux

package supervisor

import (
	"prefork/internal/entry"
	"prefork/internal/scoreboard"
)

// by settles what a dead worker leaves on its line: nobody else will.
func (b Bury) by(h *hands) {
	cut, sane := h.scores.Settle(b.Slot, b.Seat)
	h.recount(b.Slot)
	delete(h.blamed, b.Slot)
	h.cut += uint64(cut)
	switch {
	case !sane:
		entry.WorkerForgotten.Log(h.Log, "slot", b.Slot, "pid", b.PID)
	case cut > 0:
		entry.WorkerCut.Log(h.Log, "connections", cut, "slot", b.Slot, "pid", b.PID)
	}
	if b.Killed {
		entry.WorkerKilled.Log(h.Log, "slot", b.Slot, "pid", b.PID)
	}
	delete(h.children, b.PID)
	h.watch.Remove(b.PID)
}

// recount has a program in the kernel forget what it made of a slot's counts.
func (h *hands) recount(slot int) {
	if kernel := h.front.Steering(); kernel != nil {
		h.complain(entry.SlotNotRecounted, slot, kernel.Recount(slot))
	}
}

// by says, once for a worker, that what is written on the board cannot be.
func (Audit) by(h *hands) {
	for slot := 0; slot < scoreboard.MaxSlots && h.scores.Used(slot); slot++ {
		if !h.scores.Check(slot, h.Launch.Spec.Concurrency) && !h.blamed[slot] {
			h.blamed[slot] = true
			entry.WorkerNonsense.Log(h.Log, "slot", slot)
		}
	}
}
