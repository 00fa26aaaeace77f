//go:build linux

package dispatch

// way is that to the workers of one slot.
type way struct {
	Pair             // owned
	window    int    // connections in the pair at most
	suspended bool   // nobody is there
	broken    bool   // a worker has shut it down
	sent      uint64 // connections passed, ever
	unseen    int    // of those, at most so many are still in the pair
	pending   []int  // chosen for this slot, not yet sent; owned
	buffer    [acceptBatch]int
}

// open reports whether connections may go this way.
func (to *way) open() bool { return !to.suspended && !to.broken }

// loads is what a policy asks; mu is held.
type loads struct{ *Pump }

func (l loads) Slots() int { return len(l.ways) }

func (l loads) Room(slot int) bool {
	to := l.ways[slot]
	if !to.open() {
		return false
	}
	if to.unseen < to.window {
		return true
	}
	return l.look(slot) < to.window
}

// Load counts by the worker's own account where it keeps one, which costs no
// system call.
func (l loads) Load(slot int) int {
	taken, open, known := l.options.Counts(slot)
	if !known {
		return l.look(slot)
	}
	// Workers can write what they like: these are the bounds of what can be.
	open = min(open, l.options.Concurrency)
	onTheWay := int(l.ways[slot].sent - taken)
	if onTheWay < 0 || onTheWay > l.options.Window+l.options.Concurrency {
		onTheWay = l.look(slot)
	}
	return open + onTheWay
}

// look asks the kernel how many connections are still in the pair. What is
// pending here counts too.
func (l loads) look(slot int) int {
	to := l.ways[slot]
	inPair, err := to.Undelivered()
	if err != nil {
		return to.window
	}
	to.unseen = inPair + len(to.pending)
	if taken, _, known := l.options.Counts(slot); known {
		// A worker that was killed may have taken some that it did not count.
		to.sent = taken + uint64(to.unseen)
	}
	return to.unseen
}
