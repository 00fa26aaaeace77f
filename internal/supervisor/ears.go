//go:build linux

package supervisor

import (
	"errors"
	"fmt"

	"golang.org/x/sys/unix"
)

// ear hears of one kind of thing and reports it as events, from start until stop
// has returned. It may be started again.
type ear interface {
	start(report func(Event)) error
	stop()
}

// listening is an ear that waits on one descriptor, which its maker owns.
type listening struct {
	fd   int
	hear func(report func(Event)) // reads what is there, without waiting

	quit int // the writing end of a pipe, owned while it is started
	done chan struct{}
}

func (l *listening) start(report func(Event)) error {
	var ends [2]int
	if err := unix.Pipe2(ends[:], unix.O_CLOEXEC); err != nil {
		return fmt.Errorf("listen to descriptor %d: %w", l.fd, err)
	}
	l.quit, l.done = ends[1], make(chan struct{})
	go func() {
		defer close(l.done)
		defer unix.Close(ends[0])
		l.run(ends[0], report)
	}()
	return nil
}

func (l *listening) run(quit int, report func(Event)) {
	fds := []unix.PollFd{{Fd: int32(l.fd), Events: unix.POLLIN}, {Fd: int32(quit), Events: unix.POLLIN}}
	for {
		if _, err := unix.Poll(fds, -1); err != nil && !errors.Is(err, unix.EINTR) {
			return
		}
		if fds[1].Revents != 0 {
			return
		}
		if fds[0].Revents != 0 {
			l.hear(report)
		}
	}
}

func (l *listening) stop() {
	_ = unix.Close(l.quit)
	<-l.done
}
