//go:build linux

package dispatch

import (
	"errors"
	"math/rand/v2"
	"sync"

	"prefork/internal/sys"
)

// Workers is what a dispatching master knows of its workers.
type Workers interface {
	// Ready reports whether the slot has a worker that takes connections.
	Ready(slot int) bool
	// Counts are how many connections the workers of this slot have taken and
	// how many of those they hold. known is false where they do not count.
	Counts(slot int) (taken uint64, open int, known bool)
}

// Options are how connections are dispatched.
type Options struct {
	Listener    int // the listening socket, which must not block; the caller's
	Policy      Policy
	Random      *rand.Rand
	Window      int // connections on their way to one worker at most
	Concurrency int // connections that a worker serves at once
	Workers     Workers
	// Foreign says that the workers are programs that know nothing of package accept.
	Foreign bool
}

// Pump is what takes connections from one listening socket to the workers: a socket
// pair for every slot, and Run.
type Pump struct {
	options Options
	pick    Picker

	mu      sync.Mutex // guards what follows: the supervisor opens and drops pairs while Run passes
	pairs   []*way
	retired int // slots from here on get nothing; 0 means none is retired
}

// way is that to one slot.
type way struct {
	Pair           // owned
	sent    uint64 // connections passed, ever
	unseen  int    // of those, at most so many are still in the pair
	broken  bool   // a worker has shut it down
	pending []int  // chosen for this slot, not yet sent; owned
	buffer  [acceptBatch]int
}

// New has no slots yet.
func New(o Options) *Pump { return &Pump{options: o, pick: o.Policy.New(o.Random)} }

// FD is the end that the workers of a slot inherit, the same at every call; the pair is
// made when the slot is first asked for. The Pump owns it.
func (p *Pump) FD(slot int) (int, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for len(p.pairs) <= slot {
		ends, err := NewPair()
		if err != nil {
			return -1, err
		}
		err = ends.Limit(p.options.Window)
		if !p.options.Foreign {
			err = errors.Join(err, sys.Interruptible(ends.Worker))
		}
		if err != nil {
			return -1, errors.Join(err, ends.Close())
		}
		// A slot that was there before has counts from then.
		taken, _, _ := p.options.Workers.Counts(len(p.pairs))
		p.pairs = append(p.pairs, &way{Pair: ends, sent: taken})
	}
	return p.pairs[slot].Worker, nil
}

// Retire passes nothing more to the slots from this one on.
func (p *Pump) Retire(slot int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.retired = slot
}

// Drop closes the pairs from this slot on.
func (p *Pump) Drop(slot int) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	var errs []error
	for i := len(p.pairs) - 1; i >= slot; i-- {
		errs = append(errs, p.pairs[i].Close())
	}
	p.pairs = p.pairs[:min(slot, len(p.pairs))]
	if len(p.pairs) <= p.retired {
		p.retired = 0
	}
	return errors.Join(errs...)
}

// inService is how many slots may get connections; mu is held.
func (p *Pump) inService() int {
	if p.retired > 0 {
		return min(p.retired, len(p.pairs))
	}
	return len(p.pairs)
}

// loads is what a policy asks; mu is hels.
type loads struct{ *Pump }

func (l loads) Slots() int { return l.inService() }

func (l loads) Room(slot int) bool {
	to := l.pairs[slot]
	if to.broken || !l.options.Workers.Ready(slot) {
		return false
	}
	if to.unseen < l.options.Window {
		return true
	}
	return l.look(slot) < l.options.Window
}

// Load counts by the worker's own account where it keeps one, which costs no
// system call.
func (l loads) Load(slot int) int {
	taken, open, known := l.options.Workers.Counts(slot)
	if !known {
		return l.look(slot)
	}
	// Workers can write what they like: these are the bounds of what can be.
	open = min(open, l.options.Concurrency)
	onTheWay := int(l.pairs[slot].sent - taken)
	if onTheWay < 0 || onTheWay > l.options.Window+l.options.Concurrency {
		onTheWay = l.look(slot)
	}
	return open + onTheWay
}

// look asks the kernel how many connections are still in the pair. What is
// pending here counts too.
func (p *Pump) look(slot int) int {
	to := p.pairs[slot]
	inPair, err := to.Undelivered()
	if err != nil {
		return p.options.Window
	}
	to.unseen = inPair + len(to.pending)
	if taken, _, known := p.options.Workers.Counts(slot); known {
		// A worker that was killed may have taken some that it did not count.
		to.sent = taken + uint64(to.unseen)
	}
	return to.unseen
}
