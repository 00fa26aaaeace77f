//go:build linux

package strategies

import (
	"errors"
	"net"

	"golang.org/x/sys/unix"
)

// listener is one address, and the sockets that listen on it. With several, the kernel
// keeps a queue for each.
type listener struct {
	config  Config
	name    string // what workers know it by
	addr    net.Addr
	path    *File // what a Unix-domain address has in the file system; nil if that is not ours
	given   int   // so many of the sockets, from the first one on, are somebody else's too
	sockets []*socket
}

func (l *listener) open(bind Bind, first func(Config, Bind) (*socket, error)) error {
	s, err := first(l.config, bind)
	if err != nil {
		return err
	}
	l.name, l.path, l.sockets = bind.name(), s.path, []*socket{s}
	l.addr, err = s.name()
	return err
}

func (l *listener) regain(state ListenerState) (err error) {
	l.name, l.path, l.given = state.Name, state.Path, state.Given
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
func (l *listener) state() ListenerState {
	s := ListenerState{Name: l.name, Given: l.given, Address: l.addr.String(), Path: l.path}
	for _, socket := range l.sockets {
		s.Sockets = append(s.Sockets, socket.fd)
	}
	return s
}

// another opens one more socket on the same address, which is not among the others
// yet. before is done to it before it is bound.
func (l *listener) another(before control) (*socket, error) {
	return listen(l.config, l.bind(), before)
}

// bind is the address with the port that :0 became.
func (l *listener) bind() Bind {
	return Bind{Name: l.name, Network: l.addr.Network(), Address: l.addr.String()}
}

// quiesce turns new connections away. Sockets that somebody else holds too are left
// alone: what comes waits there for who takes it next.
func (l *listener) quiesce() error {
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

// closeFrom closes from the last one down, so that no socket changes its place in the
// kernel's group.
func (l *listener) closeFrom(queue int) error {
	var errs []error
	for i := len(l.sockets) - 1; i >= queue; i-- {
		errs = append(errs, unix.Close(l.sockets[i].fd))
	}
	l.sockets = l.sockets[:min(queue, len(l.sockets))]
	return errors.Join(errs...)
}

// queued is how many connections wait on one of the sockets.
func (l *listener) queued(queue int) (int, error) {
	if queue >= len(l.sockets) {
		return 0, nil
	}
	return l.sockets[queue].queued()
}
