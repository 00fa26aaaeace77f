//go:build linux

package strategies

import (
	"errors"
	"net"
	"sync"

	"prefork/dispatch"
	"prefork/internal/sys"
)

// dispatcher is one listening socket that only the master accepts from, and a
// socket pair for every slot over which it passes each connection on.
type dispatcher struct {
	*socket
	config Config
	pick   dispatch.Picker

	mu      sync.Mutex // guards what follows: the supervisor opens and drops pairs while Run passes
	pairs   []*pair
	retired int // slots from here on get nothing; 0 means none is retired
}

// pair is the way to one slot.
type pair struct {
	dispatch.Pair        // owned
	sent          uint64 // connections passed, ever
	unseen        int    // of those, at most so many are still in the pair
	broken        bool   // a worker has shut it down
	pending       []int  // chosen for this slot, not yet sent; owned
	buffer        [acceptBatch]int
}

func openDispatch(c Config) (Front, error) {
	policy, err := LookupPolicy(c.Policy)
	if err != nil {
		return nil, err
	}
	// The master waits by poll, so that it can take several at a time.
	c.Accept = "epoll"
	foreign := c.Foreign
	c.Foreign = false
	var s *socket
	if len(c.Sockets) > 0 {
		s, err = adopt(c, c.Sockets[0])
	} else {
		s, err = listen(c, nil)
	}
	c.Foreign = foreign
	return &dispatcher{socket: s, config: c, pick: policy.New(c.Random)}, err
}

func (d *dispatcher) Addr() net.Addr { return d.addr }

func (d *dispatcher) FD(slot int) (int, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for len(d.pairs) <= slot {
		ends, err := dispatch.NewPair()
		if err != nil {
			return -1, err
		}
		err = ends.Limit(d.config.Window)
		if !d.config.Foreign {
			err = errors.Join(err, sys.Interruptible(ends.Worker))
		}
		if err != nil {
			return -1, errors.Join(err, ends.Close())
		}
		// A slot that was there before has counts from then.
		taken, _, _ := d.config.Workers.Counts(len(d.pairs))
		d.pairs = append(d.pairs, &pair{Pair: ends, sent: taken})
	}
	return d.pairs[slot].Worker, nil
}

// Retire passes nothing more to the slot.
func (d *dispatcher) Retire(slot int) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.retired = slot
	return nil
}

// Drop closes the pairs from this slot on.
func (d *dispatcher) Drop(slot int) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	err := d.closeFrom(slot)
	if len(d.pairs) <= d.retired {
		d.retired = 0
	}
	return err
}

func (d *dispatcher) closeFrom(slot int) error {
	var errs []error
	for i := len(d.pairs) - 1; i >= slot; i-- {
		errs = append(errs, d.pairs[i].Close())
	}
	d.pairs = d.pairs[:min(slot, len(d.pairs))]
	return errors.Join(errs...)
}

func (d *dispatcher) Quiesce() error { return d.quiesce() }
func (d *dispatcher) Sockets() []int { return []int{d.fd} }

func (d *dispatcher) Close() error {
	d.mu.Lock()
	defer d.mu.Unlock()
	return errors.Join(d.closeFrom(0), d.close())
}
