//go:build linux

package dispatch

import (
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"slices"
	"sync"

	"golang.org/x/sys/unix"

	"prefork/internal/entry"
	"prefork/internal/sys"
)

// Counts are how many connections the workers of a slot have taken, ever, and how many
// of those they hold. known is false where they do not count.
type Counts func(slot int) (taken uint64, open int, known bool)

// Options are how connections are dispatched.
type Options struct {
	Listeners   []int // the listening sockets, which must not block; the caller's
	Policy      Policy
	Random      *rand.Rand
	Window      int // connections on their way to one worker at most
	Concurrency int // connections that a worker serves at once
	Counts      Counts
	// Foreign says that the workers are programs that know nothing of package accept.
	Foreign bool
	// Broken hears of a slot whose worker has broken its pair, once. Nil for nobody.
	Broken func(slot int)
	Log    *slog.Logger // nil for none
	// State is where to go on from; nil begins anew. Its descriptors are the Pump's
	// from then on.
	State *State
}

// State is what another image of this process needs to go on: descriptors, by number,
// and slots.
type State struct {
	Pairs     []Pair `json:",omitempty"` // in slot order
	Held      []int  `json:",omitempty"` // connections that are not passed on yet
	Suspended []int  `json:",omitempty"`
}

// FDs are its descriptors.
func (s State) FDs() (fds []int) {
	for _, pair := range s.Pairs {
		fds = append(fds, pair.Master, pair.Worker)
	}
	return append(fds, s.Held...)
}

// Pump takes connections from listening sockets to the workers: a socket pair for
// every slot, and Run. Its methods may be called from any goroutine, also while it runs.
type Pump struct {
	options Options
	pick    Picker
	wake    int // an eventfd, owned: readable when Run has to look again

	mu   sync.Mutex // guards what follows
	ways []*way
	held []int // accepted, and not passed on yet; owned

	narrowed bool // it has been told that a window is too large
}

// New has no slots yet, or those of the State.
func New(o Options) (*Pump, error) {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	wake, err := unix.Eventfd(0, unix.EFD_CLOEXEC|unix.EFD_NONBLOCK)
	if err != nil {
		return nil, fmt.Errorf("eventfd: %w", err)
	}
	p := &Pump{options: o, pick: o.Policy.New(o.Random), wake: wake}
	if o.State == nil {
		return p, nil
	}
	for _, fd := range o.State.FDs() {
		unix.CloseOnExec(fd)
	}
	for slot, pair := range o.State.Pairs {
		// How many were sent, and are still in there, comes of looking.
		p.ways = append(p.ways, &way{Pair: pair, window: o.Window, unseen: o.Window,
			suspended: slices.Contains(o.State.Suspended, slot)})
	}
	p.held = slices.Clone(o.State.Held)
	return p, nil
}

// State is what New goes on from. The descriptors stay the Pump's. Nothing may run.
func (p *Pump) State() State {
	p.mu.Lock()
	defer p.mu.Unlock()
	s := State{Held: slices.Clone(p.held)}
	for slot, to := range p.ways {
		s.Pairs = append(s.Pairs, to.Pair)
		if to.suspended {
			s.Suspended = append(s.Suspended, slot)
		}
	}
	return s
}

// FD is the end that the workers of a slot inherit, the same at every call; it is made
// when the slot is first asked for, and suspended then. A pair that a worker has broken is
// made anew, and the slot is suspended or not as it was. The Pump owns it.
func (p *Pump) FD(slot int) (int, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for len(p.ways) <= slot {
		to, err := p.open(len(p.ways))
		if err != nil {
			return -1, err
		}
		p.ways = append(p.ways, to)
	}
	if broken := p.ways[slot]; broken.broken {
		to, err := p.open(slot)
		if err != nil {
			return -1, err
		}
		to.suspended = broken.suspended
		p.ways[slot] = to
		if err := errors.Join(p.takeBack(broken), broken.Close(), p.lookAgain()); err != nil {
			return -1, err
		}
	}
	return p.ways[slot].Worker, nil
}

// open makes a pair; mu is held.
func (p *Pump) open(slot int) (*way, error) {
	ends, err := NewPair()
	if err != nil {
		return nil, err
	}
	holds, err := ends.Limit(p.options.Window)
	if !p.options.Foreign {
		err = errors.Join(err, sys.Interruptible(ends.Worker))
	}
	if err != nil {
		return nil, errors.Join(err, ends.Close())
	}
	if holds < p.options.Window && !p.narrowed {
		p.narrowed = true
		entry.DispatchWindow.Log(p.options.Log, "asked", p.options.Window, "window", holds)
	}
	// A slot that was there before has counts from then.
	taken, _, _ := p.options.Counts(slot)
	return &way{Pair: ends, window: min(p.options.Window, holds), suspended: true, sent: taken}, nil
}

// Suspend passes nothing more to the slot. What is in its pair stays there.
func (p *Pump) Suspend(slot int) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if slot < len(p.ways) {
		p.ways[slot].suspended = true
	}
	return nil
}

// Resume passes connections to the slot.
func (p *Pump) Resume(slot int) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if slot < len(p.ways) {
		p.ways[slot].suspended = false
	}
	return p.lookAgain()
}

// Rescue takes what is in the pair of a slot without a worker back, for the others.
func (p *Pump) Rescue(slot int) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if slot >= len(p.ways) {
		return nil
	}
	return errors.Join(p.takeBack(p.ways[slot]), p.lookAgain())
}

// takeBack reads what no worker has, from the worker's end; mu is held.
func (p *Pump) takeBack(to *way) error {
	var receiver Receiver
	for {
		conns, err := receiver.Receive(to.Worker, unix.MSG_DONTWAIT)
		switch {
		case errors.Is(err, unix.EINTR):
		case err == nil:
			p.held = append(p.held, conns...)
			to.sent -= uint64(len(conns))
		default:
			to.unseen = to.window // look before the next one
			if errors.Is(err, unix.EMFILE) {
				return fmt.Errorf("take connections back from a worker that has ended: %w", err)
			}
			return nil // it is empty
		}
	}
}

// Queued is how many connections wait in the slot's pair, and how many before the Pump for
// whichever worker comes first.
func (p *Pump) Queued(slot int) (passed, held int, err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if slot < len(p.ways) {
		passed, err = p.ways[slot].Undelivered()
	}
	return passed, len(p.held), err
}

// Drop closes the pairs from this slot on. What is in them goes to the others.
func (p *Pump) Drop(slot int) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	var errs []error
	for i := len(p.ways) - 1; i >= slot; i-- {
		errs = append(errs, p.takeBack(p.ways[i]), p.ways[i].Close())
	}
	p.ways = p.ways[:min(slot, len(p.ways))]
	return errors.Join(append(errs, p.lookAgain())...)
}

// Close closes everything that the Pump owns; what it holds of connections is lost.
// Nothing may run.
func (p *Pump) Close() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	errs := []error{unix.Close(p.wake)}
	for _, to := range p.ways {
		errs = append(errs, to.Close())
	}
	for _, conn := range p.held {
		sys.Close(conn)
	}
	p.ways, p.held = nil, nil
	return errors.Join(errs...)
}

// lookAgain ends the wait of Run or Drain.
func (p *Pump) lookAgain() error {
	_, err := unix.Write(p.wake, []byte{1, 0, 0, 0, 0, 0, 0, 0})
	if err == unix.EAGAIN {
		return nil // it is readable
	}
	return err
}
