//go:build linux

package strategies

// ring says from which queues of an address the workers of a slot take. Without it each
// slot has one of its own, that comes and goes with it. With it there are so many for good,
// and slots are laid around them in turn, each over as many in a row as workers overlap:
//
//	queues 2, overlap 1       queues 4, overlap 2
//	slot 0 ─ 0   slot 1 ─ 1   slot 0 ─ 0 1   slot 1 ─ 1 2
//	slot 2 ─ 0   slot 3 ─ 1   slot 2 ─ 2 3   slot 3 ─ 3 0
//
// So a slot that comes joins those that are there, and where one goes from whose queue
// nobody else takes, the kernel passes over that queue until somebody does.
type ring struct {
	queues  int // 0: one for each slot
	overlap int // 1 at least
}

func ringOf(c Config) ring { return ring{c.Queues, max(1, c.Overlap)} }

// of are the queues from which a slot's workers take.
func (r ring) of(slot int) []int {
	if r.queues == 0 {
		return []int{slot}
	}
	all := make([]int, r.overlap)
	for i := range all {
		all[i] = (slot + i) % r.queues
	}
	return all
}

// lowest is the lowest slot whose workers take from a queue.
func (r ring) lowest(queue int) int {
	if r.queues == 0 {
		return queue
	}
	return max(0, queue-r.overlap+1)
}
