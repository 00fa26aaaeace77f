//go:build linux

package strategies

import (
	"errors"
	"fmt"
	"net"

	"github.com/libp2p/go-reuseport"
)

// grouped is a SO_REUSEPORT socket for every slot. The kernel picks the socket
// whose queue a connection joins, by a hash of addresses and ports or as it is
// steered, once and for all: no other worker can take it from there.
//
// Sockets are bound in slot order, so that a socket's place in the kernel's
// group is its slot; removing any but the last would move the last into the hole.
type grouped struct {
	config    Config
	addr      net.Addr
	sockets   []*socket
	steering  steering
	inherited bool // the sockets are another master's
}

func openReuseport(c Config) (Front, error) {
	if c.Bind.Network == "unix" {
		return nil, fmt.Errorf("bind %s: SO_REUSEPORT is for TCP; a Unix-domain socket has one queue, so use --strategy shared or dispatch", c.Bind)
	}
	g := &grouped{config: c, inherited: len(c.Sockets) > 0}
	if err := g.open(); err != nil {
		return nil, errors.Join(err, g.Close())
	}
	if !c.BindInWorker {
		return g, nil
	}
	// The socket has shown that the address can be had and which port it is; it
	// must not stay, for nobody would accept from it.
	g.config.Bind.Address = g.addr.String()
	return g, g.closeFrom(0)
}

func (g *grouped) open() error {
	steer, err := LookupSteer(g.config.Steer)
	if err != nil {
		return err
	}
	for _, fd := range g.config.Sockets {
		s, err := adopt(g.config, fd)
		if err != nil {
			return err
		}
		g.sockets = append(g.sockets, s)
	}
	if !g.inherited {
		if err := g.bindFirst(steer); err != nil {
			return err
		}
	}
	g.addr = g.sockets[0].addr
	if g.steering, err = steer.open(g, steer); err != nil {
		return err
	}
	for slot, s := range g.sockets {
		if err := g.steering.add(slot, s.fd); err != nil {
			return err
		}
	}
	return nil
}

// bindFirst binds the socket of slot 0. A group that is steered has to be ours
// alone: another program of this user could have begun it, and what the kernel
// sent to its sockets would be lost to our workers.
func (g *grouped) bindFirst(steer Steer) error {
	if steer.Name != Steers[0].Name {
		alone, err := listen(g.config, nil)
		if err != nil {
			return err
		}
		if err := alone.close(); err != nil {
			return err
		}
	}
	return g.bindNext()
}

// bindNext binds the socket of the next slot.
func (g *grouped) bindNext() error {
	c := g.config
	if g.addr != nil {
		c.Bind.Address = g.addr.String() // the port that :0 became
	}
	s, err := listen(c, reuseport.Control)
	if err == nil {
		g.sockets = append(g.sockets, s)
	}
	return err
}

func (g *grouped) Addr() net.Addr { return g.addr }

func (g *grouped) FD(slot int) (int, error) {
	if g.config.BindInWorker {
		return -1, nil
	}
	for len(g.sockets) <= slot {
		if err := g.bindNext(); err != nil {
			return -1, err
		}
		last := len(g.sockets) - 1
		if err := g.steering.add(last, g.sockets[last].fd); err != nil {
			return -1, errors.Join(err, g.closeFrom(last))
		}
	}
	return g.sockets[slot].fd, nil
}

// Retire has the kernel choose among the slots before this one.
func (g *grouped) Retire(slot int) error {
	if slot >= len(g.sockets) || slot == 0 {
		return nil
	}
	return g.steering.retire(slot)
}

// Rescue closes the slot's socket for a new one: then the program in the kernel
// picks others for what is queued. A program run as worker may have children that
// still hold the old one; its queue would be theirs, and wait for ever.
func (g *grouped) Rescue(slot int) error {
	p, ok := g.steering.(programmed)
	if !ok || g.config.Foreign || slot >= len(g.sockets) {
		return nil
	}
	c := g.config
	c.Bind.Address = g.addr.String()
	s, err := listen(c, reuseport.Control)
	if err != nil {
		return err
	}
	if err := p.renew(slot, s.fd); err != nil {
		return errors.Join(err, s.close())
	}
	old := g.sockets[slot]
	g.sockets[slot] = s
	return old.close()
}

// Drop closes the sockets from this slot on.
func (g *grouped) Drop(slot int) error {
	return errors.Join(g.closeFrom(slot), g.steering.dropped(slot))
}

// TakeOver has the kernel choose as this master wants it to.
func (g *grouped) TakeOver() error {
	if len(g.sockets) == 0 { // workers bind their own
		return nil
	}
	return g.steering.takeOver()
}

// Scoreboard is Steered's.
func (g *grouped) Scoreboard() (fd int, ok bool) {
	if p, ok := g.steering.(programmed); ok {
		return p.scoreboard(), true
	}
	return -1, false
}

// SocketTable is Steered's.
func (g *grouped) SocketTable() (fd int, ok bool) {
	if p, ok := g.steering.(programmed); ok {
		return p.table(), true
	}
	return -1, false
}

// Recount is Steered's.
func (g *grouped) Recount(slot int) error {
	if p, ok := g.steering.(programmed); ok {
		return p.recount(slot)
	}
	return nil
}

func (g *grouped) Quiesce() error {
	var errs []error
	for _, s := range g.sockets {
		errs = append(errs, s.quiesce())
	}
	return errors.Join(errs...)
}

func (g *grouped) Sockets() (fds []int) {
	for _, s := range g.sockets {
		fds = append(fds, s.fd)
	}
	return fds
}

// Shared has nothing to do: TCP sockets leave no path behind.
func (g *grouped) Shared(bool) {}

func (g *grouped) Close() error {
	var err error
	if p, ok := g.steering.(programmed); ok {
		err = p.close() // which looks at the sockets
	}
	return errors.Join(err, g.closeFrom(0))
}

// closeFrom closes from the last one down, so that no socket changes its place.
func (g *grouped) closeFrom(slot int) error {
	var errs []error
	for i := len(g.sockets) - 1; i >= slot; i-- {
		errs = append(errs, g.sockets[i].close())
	}
	g.sockets = g.sockets[:min(slot, len(g.sockets))]
	return errors.Join(errs...)
}
