// Package dispatch is the work of a master that stands between the kernel and
// the workers: it passes connections over Unix sockets (SCM_RIGHTS), and it
// chooses for whom.
package dispatch

import (
	"math/rand/v2"
)

// Loads is what a policy may ask about the workers. Slots are numbered from 0.
type Loads interface {
	// Slots is how many there are.
	Slots() int
	// Room reports whether the worker of this slot takes connections and has
	// not yet as many before it as it may.
	Room(slot int) bool
	// Load is how many connections this slot has, open or on their way.
	Load(slot int) int
}

// Picker chooses the slot for the next connection, or -1 if none has room. A
// picker may remember what it chose; it belongs to one goroutine.
type Picker func(Loads) int

// Policy is one way to choose.
type Policy struct {
	Name     string
	Sentence string
	New      func(*rand.Rand) Picker
}

// Policies are all there are; the first is the default.
var Policies = []Policy{
	{"round-robin", "each worker in its turn, however busy it is", roundRobin},
	{"least-conn", "the worker with the fewest connections; among equals, the next in turn", leastConn},
	{"p2c", "of two workers drawn at random, the one with fewer connections", powerOfTwoChoices},
}

func roundRobin(*rand.Rand) Picker {
	next := 0
	return func(loads Loads) int {
		n := loads.Slots()
		for i := range n {
			if slot := (next + i) % n; loads.Room(slot) {
				next = slot + 1
				return slot
			}
		}
		return -1
	}
}

// leastConn starts its search behind the slot it chose last: started from a
// fixed one, equal loads would all go to that one.
func leastConn(*rand.Rand) Picker {
	next := 0
	return func(loads Loads) int {
		n, best, least := loads.Slots(), -1, 0
		for i := range n {
			slot := (next + i) % n
			if !loads.Room(slot) {
				continue
			}
			if load := loads.Load(slot); best < 0 || load < least {
				best, least = slot, load
			}
		}
		if best >= 0 {
			next = best + 1
		}
		return best
	}
}

// powerOfTwoChoices is Mitzenmacher's ("The Power of Two Choices in Randomized
// Load Balancing", 2001): two samples take the longest queue from log n/log log n
// to log log n, nearly what looking at all of them would.
func powerOfTwoChoices(random *rand.Rand) Picker {
	return func(loads Loads) int {
		n := loads.Slots()
		if n == 0 {
			return -1
		}
		a := firstWithRoom(loads, random.IntN(n), n)
		if a < 0 || n == 1 {
			return a
		}
		// One of the others, each as likely.
		b := firstWithRoom(loads, a+1+random.IntN(n-1), n)
		if loads.Load(b) < loads.Load(a) {
			return b
		}
		return a
	}
}

// firstWithRoom is the first slot from start on, in a ring of n, that has room,
// or -1. That favours the neighbour of a slot without room, which is nothing
// beside looking at every slot for each connection.
func firstWithRoom(loads Loads, start, n int) int {
	for i := range n {
		if slot := (start + i) % n; loads.Room(slot) {
			return slot
		}
	}
	return -1
}
