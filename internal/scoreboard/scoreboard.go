// Package scoreboard is what is known of a master's workers, in two memories that
// others can map:
//
//	Board   what workers count, each on a line of its own     written by workers
//	Roll    who is in which seat, and what former ones counted   written by the master
//
// No worker can reach the Roll, so what the master believes is its own, whatever a
// worker writes. Nobody locks either: every number has one writer.
//
// A slot has two seats because a reload runs two workers in one slot for a while,
// the new one and the one that drains.
package scoreboard

import (
	"fmt"
	"runtime"
)

const (
	// MaxSlots is how many workers there are lines for.
	MaxSlots = 1024
	// Seats is how many workers may be in one slot at once.
	Seats = 2

	lineSize = 64 // bytes: a cache line
)

// State is what the master says of a worker.
type State uint32

// The states, in the order a worker goes through them.
const (
	Gone State = iota
	Starting
	Ready
	Draining
)

func (s State) String() string {
	if names := [...]string{"gone", "starting", "ready", "draining"}; int(s) < len(names) {
		return names[s]
	}
	return fmt.Sprintf("state %d", uint32(s))
}

// Counts are what was counted of connections.
type Counts struct {
	Accepted uint64 // connections taken, ever
	Finished uint64 // of those, the ones served to their end
	Cut      uint64 // of those, the ones that ended with their worker
	Waits    uint64 // returns from a wait for connections, empty-handed ones too
}

func (c *Counts) add(more Counts) {
	c.Accepted += more.Accepted
	c.Finished += more.Finished
	c.Cut += more.Cut
	c.Waits += more.Waits
}

// Slot is what is known of one slot.
type Slot struct {
	Counts
	PID    int  // of the worker that is ready, else 0
	Open   int  // connections that its workers hold
	Speaks bool // its workers count, and what they say can be
}

// Scores are the Board and the Roll of one master.
type Scores struct {
	*Board
	*Roll
}

// Slot sums up what the workers of one slot have done, former ones too. What a
// present worker has written that makes no sense counts for nothing.
func (s Scores) Slot(slot int) Slot {
	const patience = 1000 // a master that was killed while it settled never ends
	for range patience {
		turn := s.turn(slot)
		sum := s.sum(slot)
		if turn%2 == 0 && turn == s.turn(slot) {
			return sum
		}
		runtime.Gosched()
	}
	return s.sum(slot)
}

func (s Scores) sum(slot int) Slot {
	sum := Slot{Counts: s.former(slot), PID: s.Ready(slot)}
	sum.Speaks = sum.Accepted > 0
	nonsense := false
	for seat := range Seats {
		line := s.Line(slot, seat)
		counts, open, sane := line.read()
		if !sane {
			nonsense = true
			continue
		}
		sum.add(counts)
		sum.Open += max(0, open)
		sum.Speaks = sum.Speaks || line.Speaks.Load() == 1
	}
	sum.Speaks = sum.Speaks && !nonsense
	return sum
}

// Prepare has the board ready for a worker that is to begin in a seat, and reports
// whether another one had written over what it needs.
func (s Scores) Prepare(slot, seat int) (wasBroken bool) {
	line := s.Line(slot, seat)
	wasBroken = s.mend() || !line.empty()
	line.clear()
	return wasBroken
}

// Check reports whether the board says what cannot be, of itself or of the workers of
// one slot, each of which can hold so many connections. A worker that is said to hold
// more is then said to hold none: it would get no connection, and its line be true
// again only with its next one. It is for the master.
func (s Scores) Check(slot, most int) (sane bool) {
	sane = !s.mend()
	for seat := range Seats {
		line := s.Line(slot, seat)
		counts, open, can := line.read()
		if can && open <= most+few {
			continue
		}
		sane = false
		if can {
			line.Finished.Store(counts.Accepted)
		}
	}
	return sane
}

// Settle enters what the worker of one seat has counted into the roll, and empties
// its line. It is for the master, when the worker has ended and before another one
// begins. It returns how many connections ended with the worker; sane is false if
// what the line said could not be, and so was forgotten.
func (s Scores) Settle(slot, seat int) (cut int, sane bool) {
	line := s.Line(slot, seat)
	s.begin(slot)
	defer s.end(slot)
	counts, open, sane := line.read()
	line.clear()
	if !sane {
		return 0, false
	}
	cut = max(0, open)
	counts.Cut = uint64(cut)
	counts.Finished = counts.Accepted - counts.Cut // a little more than was taken is a little late
	s.enter(slot, counts)
	return cut, true
}
