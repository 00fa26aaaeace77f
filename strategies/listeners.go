//go:build linux

package strategies

import (
	"errors"
	"fmt"
	"net"

	"golang.org/x/sys/unix"
)

// Listeners are the listening sockets that a master holds, in slot order.
type Listeners struct {
	config  Config
	addr    net.Addr
	path    *File // what a Unix-domain address has in the file system; nil if that is not ours
	given   int   // so many of the sockets, from slot 0 on, are somebody else's too
	sockets []*socket
}

// openListeners goes on with the sockets of Config.State, takes those that were given,
// or has first open one.
func openListeners(c Config, first func(Config) (*socket, error)) (*Listeners, error) {
	l := &Listeners{config: c}
	var err error
	switch {
	case c.State != nil:
		err = l.regain(*c.State)
	case len(c.Sockets) > 0:
		l.given = len(c.Sockets)
		err = l.take(c.Sockets)
	default:
		err = l.open(first)
	}
	if err != nil {
		return nil, errors.Join(err, l.closeFrom(0))
	}
	return l, nil
}

// openOne is openListeners for a strategy that has one socket, prepared for who accepts.
func openOne(c Config, prepare func(Config, int) error) (*Listeners, error) {
	c.prepare = prepare
	if len(c.Sockets) > 1 {
		return nil, fmt.Errorf("%d sockets were given, and this strategy has one: give one, or use --strategy reuseport", len(c.Sockets))
	}
	return openListeners(c, func(c Config) (*socket, error) { return listen(c, nil) })
}

func (l *Listeners) open(first func(Config) (*socket, error)) error {
	s, err := first(l.config)
	if err != nil {
		return err
	}
	l.sockets = []*socket{s}
	if l.addr, err = s.name(); err != nil {
		return err
	}
	l.path, err = fileOf(l.addr)
	return err
}

// take holds sockets that somebody else has opened, all on one address.
func (l *Listeners) take(fds []int) error {
	for _, fd := range fds {
		s, addr, err := adopt(l.config, fd)
		if err != nil {
			return err
		}
		l.sockets = append(l.sockets, s)
		if l.addr == nil {
			l.addr = addr
		}
		if addr.String() != l.addr.String() {
			return fmt.Errorf("the sockets that were given listen on %s and on %s: give those of one address", l.addr, addr)
		}
	}
	return nil
}

func (l *Listeners) regain(state State) (err error) {
	l.path, l.given = state.Path, state.Given
	for _, fd := range state.Sockets {
		unix.CloseOnExec(fd)
		s := &socket{fd: fd}
		l.sockets = append(l.sockets, s)
		if l.addr, err = s.name(); err != nil {
			return err
		}
	}
	if len(l.sockets) == 0 { // workers bind their own
		l.addr, err = net.ResolveTCPAddr("tcp", state.Address)
	}
	return err
}

// state is what regain needs.
func (l *Listeners) state() State {
	s := State{Given: l.given, Address: l.addr.String(), Path: l.path}
	for _, socket := range l.sockets {
		s.Sockets = append(s.Sockets, socket.fd)
	}
	return s
}

// another opens one more socket on the same address, which is not among the Listeners
// yet. before is done to it before it is bound.
func (l *Listeners) another(before control) (*socket, error) {
	c := l.config
	c.Bind.Address = l.addr.String() // the port that :0 became
	return listen(c, before)
}

// Addr is where clients connect.
func (l *Listeners) Addr() net.Addr { return l.addr }

// Quiesce turns new connections away, so that the queues can be drained to their end.
// Sockets that somebody else holds too are left alone: what comes waits there for who
// takes it next.
func (l *Listeners) Quiesce() error {
	if l.given > 0 {
		return nil
	}
	// First the path: who finds none starts anew, and who finds one that refuses may
	// take it for stale.
	errs := []error{l.path.remove()}
	l.path = nil
	for _, s := range l.sockets {
		errs = append(errs, s.quiesce(l.addr))
	}
	return errors.Join(errs...)
}

// close closes all sockets, and removes the path if it is ours.
func (l *Listeners) close() error { return errors.Join(l.path.remove(), l.closeFrom(0)) }

// closeFrom closes from the last one down, so that no socket changes its place in the
// kernel's group.
func (l *Listeners) closeFrom(slot int) error {
	var errs []error
	for i := len(l.sockets) - 1; i >= slot; i-- {
		errs = append(errs, unix.Close(l.sockets[i].fd))
	}
	l.sockets = l.sockets[:min(slot, len(l.sockets))]
	return errors.Join(errs...)
}

// queued is how many connections wait on one of the sockets.
func (l *Listeners) queued(index int) (int, error) {
	if index >= len(l.sockets) {
		return 0, nil
	}
	return l.sockets[index].queued()
}
