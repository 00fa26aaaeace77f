//go:build linux

package accept

import (
	"os"
	"time"

	"golang.org/x/sys/unix"

	"prefork/internal/sys"
)

// blocking waits in accept itself. The kernel queues such waiters exclusively
// and wakes the first (inet_csk_wait_for_connect, prepare_to_wait_exclusive), who
// goes to the end of the line when it waits again.
type blocking struct{ listening }

func openBlocking(fd int, hot bool) (taker, error) {
	return &blocking{listening{fd: fd, pace: sys.Pace{Hot: hot}}}, nil
}

func (b *blocking) take() (int, error) {
	conn, errno := sys.Accept(&b.pace, b.fd, 0)
	return conn, errnoOrNil(errno)
}

// try looks first, since the socket blocks. Another worker may be faster: then
// accept waits after all, and has to be interrupted.
func (b *blocking) try() (int, error) {
	ready, err := sys.Poll(b.fd, unix.POLLIN, 0)
	if err != nil {
		return -1, err
	}
	if !ready {
		return -1, unix.EAGAIN
	}
	taken := make(chan struct{})
	defer close(taken)
	go interruptUntil(taken)
	return b.take()
}

func interruptUntil(done <-chan struct{}) {
	for {
		select {
		case <-done:
			return
		case <-time.After(time.Millisecond):
			sys.Interrupt(os.Getpid())
		}
	}
}
