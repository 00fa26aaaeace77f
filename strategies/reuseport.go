//go:build linux

package strategies

import (
	"errors"
	"fmt"

	"github.com/libp2p/go-reuseport"
	"golang.org/x/sys/unix"

	"prefork/internal/steer"
)

// grouped is a SO_REUSEPORT socket for every slot. The kernel picks the socket
// whose queue a connection joins, by a hash of addresses and ports or as it is
// steered, once and for all: no other worker can take it from there.
//
// Sockets are bound in slot order, so that a socket's place in the kernel's
// group is its slot; removing any but the last would move the last into the hole.
type grouped struct {
	config    Config
	listeners *Listeners
	steering  steering
}

func openReuseport(c Config) (Front, error) {
	if c.Bind.Network == "unix" {
		return nil, fmt.Errorf("bind %s: SO_REUSEPORT is for TCP; a Unix-domain socket has one queue, so use --strategy shared or dispatch", c.Bind)
	}
	c.prepare = forWorkers
	l, err := openListeners(c, bindFirst)
	if err != nil {
		return nil, err
	}
	g := &grouped{config: c, listeners: l}
	if err := g.open(); err != nil {
		return nil, errors.Join(err, g.Close())
	}
	return g, nil
}

func (g *grouped) open() error {
	if g.config.BindInWorker {
		// The socket has shown that the address can be had and which port it is; it
		// must not stay, for nobody would accept from it.
		return g.listeners.closeFrom(0)
	}
	if err := g.checkGiven(); err != nil {
		return err
	}
	steer, err := LookupSteer(g.config.Steer)
	if err != nil {
		return err
	}
	g.steering, err = steer.open(g.config, g.listeners)
	return err
}

// bindFirst binds the socket of slot 0. The group has to be ours alone: where another
// program of this user has begun one, the kernel would send it some of the connections.
// A socket without SO_REUSEPORT gets the port only if nobody listens on it, and while
// it does, nobody else gets it like that.
func bindFirst(c Config) (*socket, error) {
	alone, err := listen(c, nil)
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
	c.Bind.Address = addr.String() // the port that :0 became
	first, err := listen(c, reuseport.Control)
	// The kernel's group now has first in the second place, which moves up.
	return first, errors.Join(err, unix.Close(alone.fd))
}

// checkGiven wants of sockets that somebody else has bound what another one on their
// port takes.
func (g *grouped) checkGiven() error {
	if g.listeners.given == 0 {
		return nil
	}
	for _, s := range g.listeners.sockets[:g.listeners.given] {
		set, err := unix.GetsockoptInt(s.fd, unix.SOL_SOCKET, unix.SO_REUSEPORT)
		if err != nil {
			return err
		}
		if set == 0 {
			return fmt.Errorf("the socket that was given, %s, was bound without SO_REUSEPORT, which --strategy reuseport needs for a second one on its port: set ReusePort=true in the .socket unit, or use --strategy shared", g.listeners.addr)
		}
	}
	return nil
}

func (g *grouped) Listeners() *Listeners { return g.listeners }

func (g *grouped) FD(slot int) (int, error) {
	if g.config.BindInWorker {
		return -1, nil
	}
	for len(g.listeners.sockets) <= slot {
		if err := g.grow(); err != nil {
			return -1, err
		}
	}
	return g.listeners.sockets[slot].fd, nil
}

func (g *grouped) grow() error {
	err := g.steering.add(func() (fd int, err error) {
		s, err := g.listeners.another(reuseport.Control)
		if err != nil {
			return -1, err
		}
		g.listeners.sockets = append(g.listeners.sockets, s)
		return s.fd, nil
	})
	if g.listeners.given > 0 && errors.Is(err, unix.EADDRINUSE) {
		err = fmt.Errorf("bind %s: %v: only sockets of one user can share a port, and the one that was given is another's: run prefork as who has opened it, or use --strategy shared", g.listeners.addr, unix.EADDRINUSE)
	}
	return err
}

func (g *grouped) Suspend(slot int) error { return g.set(slot, false) }
func (g *grouped) Resume(slot int) error  { return g.set(slot, true) }

func (g *grouped) set(slot int, ready bool) error {
	if slot >= len(g.listeners.sockets) { // workers bind their own
		return nil
	}
	return g.steering.set(slot, ready)
}

// Rescue closes the slot's socket for a new one: then the program in the kernel
// picks others for what is queued. A program run as worker may have children that
// still hold the old one; its queue would be theirs, and wait for ever. A socket that
// was given is not ours to close: it would go on without us.
func (g *grouped) Rescue(slot int) error {
	kernel := g.Steering()
	if kernel == nil || g.config.Foreign || slot < g.listeners.given || slot >= len(g.listeners.sockets) {
		return nil
	}
	s, err := g.listeners.another(reuseport.Control)
	if err != nil {
		return err
	}
	if err := kernel.Renew(slot, s.fd); err != nil {
		return errors.Join(err, unix.Close(s.fd))
	}
	old := g.listeners.sockets[slot]
	g.listeners.sockets[slot] = s
	return unix.Close(old.fd)
}

func (g *grouped) Queued(slot int) (int, error) { return g.listeners.queued(slot) }

func (g *grouped) Drop(slot int) error {
	if slot >= len(g.listeners.sockets) {
		return nil
	}
	return g.steering.drop(slot, func() error { return g.listeners.closeFrom(slot) })
}

func (g *grouped) Steering() *steer.Kernel {
	if p, ok := g.steering.(byProgram); ok {
		return p.kernel
	}
	return nil
}

func (g *grouped) State() State {
	state := g.listeners.state()
	if g.steering != nil {
		g.steering.note(&state)
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
