//go:build linux

package strategies

import (
	"errors"
	"fmt"
	"slices"

	"github.com/libp2p/go-reuseport"
	"golang.org/x/sys/unix"

	"prefork/internal/steer"
	"prefork/strategies/accept"
)

// grouped is a group of SO_REUSEPORT sockets at each address. The kernel picks the
// socket whose queue a connection joins, by a hash of addresses and ports or as it is
// steered, once and for all: only workers that take from this one can have it. Which
// those are, the ring says: as a rule a socket is one slot's.
//
// Sockets are bound one after the other, so that a socket's place in the kernel's
// group is its queue's number; removing any but the last would move the last into the hole.
type grouped struct {
	config Config
	ring
	listeners *Listeners
	steering  []steering // by address
	serving   []bool     // by slot: its worker takes connections
}

func openReuseport(c Config) (Front, error) {
	for _, bind := range c.Binds {
		if bind.Network == "unix" {
			return nil, &BindError{bind, errors.New("SO_REUSEPORT is for TCP; a Unix-domain socket has one queue, so use --strategy shared or dispatch")}
		}
	}
	c.prepare = forWorkers
	l, err := openListeners(c, bindFirst)
	if err != nil {
		return nil, err
	}
	g := &grouped{config: c, ring: ringOf(c), listeners: l}
	if c.State != nil {
		g.serving = slices.Clone(c.State.Serving)
	}
	if err := g.open(); err != nil {
		return nil, errors.Join(err, g.Close())
	}
	return g, nil
}

func (g *grouped) open() error {
	if g.config.BindInWorker {
		// The socket has shown that the address can be had and which port it is; it
		// must not stay, for nobody would accept from it.
		return g.listeners.each(func(l *listener) error { return l.closeFrom(0) })
	}
	if err := g.listeners.each(g.checkGiven); err != nil {
		return err
	}
	steer, err := LookupSteer(g.config.Steer)
	if err != nil {
		return err
	}
	if !steer.Queues && (g.queues > 0 || len(g.listeners.all) > 1) {
		return fmt.Errorf("steer %s picks a worker, and so is for one address and a queue for each worker", steer.Name)
	}
	return g.listeners.each(func(l *listener) error {
		s, err := steer.open(g.config, l, g.among(l))
		if err == nil {
			g.steering = append(g.steering, s)
		}
		return err
	})
}

// bindFirst binds the first socket of a group. The group has to be ours alone: where
// another program of this user has begun one, the kernel would send it some of the
// connections. A socket without SO_REUSEPORT gets the port only if nobody listens on it,
// and while it does, nobody else gets it like that.
func bindFirst(c Config, bind Bind) (*socket, error) {
	alone, err := listen(c, bind, nil)
	if err != nil {
		return nil, err
	}
	addr, err := alone.name()
	if err == nil {
		err = unix.SetsockoptInt(alone.fd, unix.SOL_SOCKET, unix.SO_REUSEPORT, 1)
	}
	if err != nil {
		return nil, errors.Join(err, unix.Close(alone.fd))
	}
	bind.Address = addr.String() // the port that :0 became
	first, err := listen(c, bind, reuseport.Control)
	// The kernel's group now has first in the second place, which moves up.
	return first, errors.Join(err, unix.Close(alone.fd))
}

// checkGiven wants of sockets that somebody else has bound what another one on their
// port takes, and somebody to take from each.
func (g *grouped) checkGiven(l *listener) error {
	if g.queues > 0 && l.given > g.queues {
		return fmt.Errorf("%d sockets on %s were given, and --queues is %d: give as many, or fewer sockets", l.given, l.addr, g.queues)
	}
	for _, s := range l.sockets[:l.given] {
		set, err := unix.GetsockoptInt(s.fd, unix.SOL_SOCKET, unix.SO_REUSEPORT)
		if err != nil {
			return err
		}
		if set == 0 {
			return fmt.Errorf("the socket that was given, %s, was bound without SO_REUSEPORT, which --strategy reuseport needs for a second one on its port: set ReusePort=true in the .socket unit, or use --strategy shared", l.addr)
		}
	}
	return nil
}

func (g *grouped) Listeners() *Listeners { return g.listeners }

func (g *grouped) Files(slot int) ([]accept.File, error) {
	if g.config.BindInWorker {
		return nil, nil
	}
	queues := g.of(slot)
	for i, l := range g.listeners.all {
		for len(l.sockets) <= slices.Max(queues) {
			if err := grow(l, g.steering[i]); err != nil {
				return nil, err
			}
		}
	}
	if slot >= len(g.serving) {
		g.serving = append(g.serving, make([]bool, slot+1-len(g.serving))...)
		if err := g.pick(); err != nil {
			return nil, err
		}
	}
	return g.listeners.files(queues...), nil
}

func grow(l *listener, steering steering) error {
	err := steering.add(func() (fd int, err error) {
		s, err := l.another(reuseport.Control)
		if err != nil {
			return -1, err
		}
		l.sockets = append(l.sockets, s)
		return s.fd, nil
	})
	if l.given > 0 && errors.Is(err, unix.EADDRINUSE) {
		err = fmt.Errorf("bind %s: %v: only sockets of one user can share a port, and the one that was given is another's: run prefork as who has opened it, or use --strategy shared", l.addr, unix.EADDRINUSE)
	}
	return err
}

func (g *grouped) Suspend(slot int) error { return g.set(slot, false) }
func (g *grouped) Resume(slot int) error  { return g.set(slot, true) }

func (g *grouped) set(slot int, serving bool) error {
	if slot >= len(g.serving) { // workers bind their own
		return nil
	}
	g.serving[slot] = serving
	return g.pick()
}

// pick has the kernel pick among the queues from which some worker takes.
func (g *grouped) pick() error {
	var errs []error
	for i, l := range g.listeners.all {
		errs = append(errs, g.steering[i].pick(g.among(l)))
	}
	return errors.Join(errs...)
}

// among says which queues of an address the kernel is to pick among. While there is no
// worker at all, that is where the next one will be.
func (g *grouped) among(l *listener) []bool {
	among := make([]bool, len(l.sockets))
	nobody := !slices.Contains(g.serving, true)
	for slot, serving := range g.serving {
		if serving || nobody {
			for _, q := range g.of(slot) {
				if q < len(among) { // it may be just about to be opened
					among[q] = true
				}
			}
		}
	}
	return among
}

// Rescue closes the slot's socket for a new one: then the program in the kernel
// picks others for what is queued. A program run as worker may have children that
// still hold the old one; its queue would be theirs, and wait for ever. A socket that
// was given is not ours to close: it would go on without us.
func (g *grouped) Rescue(slot int) error {
	kernel := g.Steering()
	l := g.listeners.all[0] // a program steers one address
	if kernel == nil || g.config.Foreign || slot < l.given || slot >= len(l.sockets) {
		return nil
	}
	s, err := l.another(reuseport.Control)
	if err != nil {
		return err
	}
	if err := kernel.Renew(slot, s.fd); err != nil {
		return errors.Join(err, unix.Close(s.fd))
	}
	old := l.sockets[slot]
	l.sockets[slot] = s
	return unix.Close(old.fd)
}

func (g *grouped) Queued(slot int) (all Queue, err error) {
	for _, q := range g.of(slot) {
		waiting, oneErr := g.listeners.queued(q)
		err = errors.Join(err, oneErr)
		all.Waiting += waiting
		if g.lowest(q) == slot {
			all.Own += waiting
		}
		if !g.othersTake(slot, q) {
			all.Sole += waiting
		}
	}
	return all, err
}

// othersTake reports whether a queue is also that of another slot, which gets connections.
func (g *grouped) othersTake(slot, queue int) bool {
	for other, serving := range g.serving {
		if serving && other != slot && slices.Contains(g.of(other), queue) {
			return true
		}
	}
	return false
}

// Drop closes the sockets of slots that had one of their own. One that was given stays:
// in the kernel's group it would stay anyway, and be picked unless that is said.
func (g *grouped) Drop(slot int) error {
	if slot >= len(g.serving) {
		return nil
	}
	g.serving = g.serving[:slot]
	err := g.pick()
	if g.queues > 0 {
		return err
	}
	for i, l := range g.listeners.all {
		from := max(slot, l.given)
		if from >= len(l.sockets) {
			continue
		}
		err = errors.Join(err, g.steering[i].drop(from, func() error { return l.closeFrom(from) }))
	}
	return err
}

func (g *grouped) Steering() *steer.Kernel {
	for _, s := range g.steering {
		if p, ok := s.(*byProgram); ok {
			return p.kernel
		}
	}
	return nil
}

func (g *grouped) State() State {
	state := State{Listeners: g.listeners.state(), Serving: g.serving}
	if kernel := g.Steering(); kernel != nil {
		steering := kernel.State()
		state.Steering = &steering
	}
	return state
}

func (g *grouped) Close() error {
	var err error
	if kernel := g.Steering(); kernel != nil {
		err = kernel.Close() // which looks at the sockets
	}
	return errors.Join(err, g.listeners.close())
}
