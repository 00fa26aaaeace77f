//go:build linux

package strategies

import (
	"cmp"
	"errors"
	"fmt"
	"net"

	"prefork/strategies/accept"
)

// Listeners are the listening sockets that a master holds: at each address one, or a
// group of them.
type Listeners struct{ all []*listener }

// openListeners goes on with the sockets of Config.State, takes those that were given, or
// has first open one at each address.
func openListeners(c Config, first func(Config, Bind) (*socket, error)) (*Listeners, error) {
	l := &Listeners{}
	if err := l.open(c, first); err != nil {
		return nil, errors.Join(err, l.close())
	}
	return l, nil
}

// openAlone is openListeners for a strategy that has one socket at each address, prepared
// for who accepts.
func openAlone(c Config, prepare func(Config, int) error) (*Listeners, error) {
	c.prepare = prepare
	l, err := openListeners(c, func(c Config, b Bind) (*socket, error) { return listen(c, b, nil) })
	if err != nil {
		return nil, err
	}
	for _, one := range l.all {
		if n := len(one.sockets); n > 1 {
			err = errors.Join(err, fmt.Errorf("%d sockets on %s were given, and this strategy has one: give one, or use --strategy reuseport", n, one.addr))
		}
	}
	if err != nil {
		return nil, errors.Join(err, l.close())
	}
	return l, nil
}

func (l *Listeners) open(c Config, first func(Config, Bind) (*socket, error)) error {
	switch {
	case c.State != nil:
		for _, state := range c.State.Listeners {
			one := &listener{config: c}
			l.all = append(l.all, one)
			if err := one.regain(state); err != nil {
				return err
			}
		}
	case len(c.Sockets) > 0:
		return l.take(c)
	default:
		for _, bind := range c.Binds {
			one := &listener{config: c}
			l.all = append(l.all, one)
			if err := one.open(bind, first); err != nil {
				return err
			}
		}
	}
	return nil
}

// take holds sockets that somebody else has opened, by address.
func (l *Listeners) take(c Config) error {
	for _, file := range c.Sockets {
		s, addr, err := adopt(c, file.FD)
		if err != nil {
			return err
		}
		one := l.at(addr)
		if one == nil {
			one = &listener{config: c, name: cmp.Or(file.Name, DefaultName), addr: addr}
			l.all = append(l.all, one)
		}
		one.sockets = append(one.sockets, s)
		one.given++
	}
	return nil
}

// at is who listens on an address, nil if nobody does.
func (l *Listeners) at(addr net.Addr) *listener {
	for _, one := range l.all {
		if one.addr.Network() == addr.Network() && one.addr.String() == addr.String() {
			return one
		}
	}
	return nil
}

// Addrs are where clients connect.
func (l *Listeners) Addrs() (all []net.Addr) {
	for _, one := range l.all {
		all = append(all, one.addr)
	}
	return all
}

// Quiesce turns new connections away, so that the queues can be drained to their end.
func (l *Listeners) Quiesce() error {
	return l.each((*listener).quiesce)
}

func (l *Listeners) state() (all []ListenerState) {
	for _, one := range l.all {
		all = append(all, one.state())
	}
	return all
}

// close closes all sockets, and removes what is ours in the file system.
func (l *Listeners) close() error {
	return l.each(func(one *listener) error { return errors.Join(one.path.remove(), one.closeFrom(0)) })
}

func (l *Listeners) each(do func(*listener) error) error {
	var errs []error
	for _, one := range l.all {
		errs = append(errs, do(one))
	}
	return errors.Join(errs...)
}

// files are the sockets with these numbers at each address, as workers inherit them.
func (l *Listeners) files(queues ...int) (all []accept.File) {
	for _, one := range l.all {
		for _, q := range queues {
			all = append(all, accept.File{FD: one.sockets[q].fd, Name: one.name})
		}
	}
	return all
}

// queued is how many connections wait in the queue with this number at all addresses.
func (l *Listeners) queued(queue int) (n int, err error) {
	for _, one := range l.all {
		depth, oneErr := one.queued(queue)
		n, err = n+depth, errors.Join(err, oneErr)
	}
	return n, err
}
