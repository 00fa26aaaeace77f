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
	highest  int   // descriptor that was ever received
	limit    int   // where that may matter: RLIMIT_NOFILE
	polled   bool  // there are many, and the limit is looked up each time
	in       int   // the epoll that watches
}

func openReceiving(fd int, hot bool) (taker, error) {
	r := &receiving{listening: listening{fd: fd}}
	r.receiver.Pace = sys.Pace{Hot: hot}
	if !hot {
		return r, nil
	}
	return r, r.learnLimit()
}

// pollReceiving is for a process that opens no descriptors besides. It can have many, so
// that a limit that is lowered while it runs matters.
func pollReceiving(fds []int) (watched, error) {
	return &receiving{listening: listening{fd: fds[0]}, polled: true}, nil
}

func (r *receiving) learnLimit() error {
	var limit unix.Rlimit
	err := unix.Getrlimit(unix.RLIMIT_NOFILE, &limit)
	r.limit = int(min(limit.Cur, 1<<30))
	return err
}

func (r *receiving) take() (int, error) { return r.next(0) }
func (r *receiving) try() (int, error)  { return r.next(unix.MSG_DONTWAIT) }

func (r *receiving) watch(ep int) error {
	r.in = ep
	return watch(ep, r.fd, unix.EPOLLIN)
}

func (r *receiving) unwatch(bool) error { return unwatch(r.in, r.fd) }
func (r *receiving) tell(int, uint32)   {}

func (r *receiving) poll() (conn int, more bool, err error) {
	conn, err = r.try()
	return conn, len(r.ready) > 0, err
}

func (r *receiving) next(flags int) (int, error) {
	if len(r.ready) == 0 {
		if err := r.receive(flags); err != nil {
			return -1, err
		}
	}
	conn := r.ready[0]
	r.ready = r.ready[1:]
	r.highest = max(r.highest, conn)
	return conn, nil
}

func (r *receiving) receive(flags int) error {
	if r.polled {
		if err := r.learnLimit(); err != nil {
			return err
		}
	}
	// The kernel numbers descriptors from below. Where nothing else opens any, there is
	// room above the highest one.
	if r.highest+dispatch.MaxBatch >= r.limit {
		if err := r.makeSure(flags); err != nil {
			return err
		}
		flags |= unix.MSG_DONTWAIT // another worker may have been faster
	}
	conns, err := r.receiver.Receive(r.fd, flags)
	if errors.Is(err, io.EOF) {
		return net.ErrClosed // the master is gone
	}
	r.ready = conns
	return err
}

// makeSure waits for a message and fails with EMFILE if there is no room for what it
// brings: the kernel would close what does not fit.
func (r *receiving) makeSure(flags int) error {
	var payload [dispatch.MaxBatch]byte // a byte for each connection
	conns, _, err := unix.Recvfrom(r.fd, payload[:], flags|unix.MSG_PEEK)
	if err != nil {
		return ignoreReset(err)
	}
	var room []int
	defer func() {
		for _, fd := range room {
			sys.Close(fd)
		}
	}()
	for range conns {
		fd, err := unix.FcntlInt(uintptr(r.fd), unix.F_DUPFD_CLOEXEC, 0)
		if err != nil {
			return err
		}
		room = append(room, fd)
	}
	return nil
}

// ignoreReset leaves it to the receiver to see that the master has gone.
func ignoreReset(err error) error {
	if errors.Is(err, unix.ECONNRESET) {
		return nil
	}
	return err
}

func (r *receiving) depth() (received, queued int) {
	inPair, err := dispatch.Pair{Worker: r.fd}.Undelivered()
	if err != nil {
		inPair = 0
	}
	return len(r.ready), inPair
}
