//go:build linux

package accept

import (
	"errors"
	"io"
	"net"

	"golang.org/x/sys/unix"

	"prefork/dispatch"
	"prefork/internal/sys"
)

// receiving takes connections that a dispatching master passes.
type receiving struct {
	listening
	receiver dispatch.Receiver
	ready    []int // received with the last message, not yet handed out; owned
}

func openReceiving(fd int, hot bool) (Source, error) {
	r := &receiving{listening: listening{fd: fd}}
	r.receiver.Pace = sys.Pace{Hot: hot}
	return newSource(r), nil
}

func (r *receiving) take() (int, error) { return r.next(0) }
func (r *receiving) try() (int, error)  { return r.next(unix.MSG_DONTWAIT) }

func (r *receiving) next(flags int) (int, error) {
	if len(r.ready) == 0 {
		conns, err := r.receiver.Receive(r.fd, flags)
		if errors.Is(err, io.EOF) {
			return -1, net.ErrClosed // the master is gone
		}
		if err != nil {
			return -1, err
		}
		r.ready = conns
	}
	conn := r.ready[0]
	r.ready = r.ready[1:]
	return conn, nil
}

func (r *receiving) depth() int {
	inPair, err := dispatch.Pair{Worker: r.fd}.Undelivered()
	if err != nil {
		return len(r.ready)
	}
	return inPair + len(r.ready)
}
