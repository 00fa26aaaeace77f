//go:build linux

package supervisor

import (
	"fmt"
	"os"
	"syscall"
	"time"
)

// ear hears of one kind of thing and reports it as events, from start until stop
// has returned. It may be started again.
type ear interface {
	start(report func(Event)) error
	stop()
}

// listening is an ear that waits on one descriptor. It does so in the runtime's poller,
// so that it takes no thread.
type listening struct {
	fd   int                      // owned; it must not block
	hear func(report func(Event)) // reads what is there, without waiting

	file *os.File // the same descriptor, once it has been started
	raw  syscall.RawConn
	done chan struct{}
}

func (l *listening) start(report func(Event)) (err error) {
	if l.file == nil {
		l.file = os.NewFile(uintptr(l.fd), "ear")
		if l.raw, err = l.file.SyscallConn(); err != nil {
			return fmt.Errorf("listen to descriptor %d: %w", l.fd, err)
		}
	}
	if err := l.file.SetReadDeadline(time.Time{}); err != nil {
		return fmt.Errorf("listen to descriptor %d: %w", l.fd, err)
	}
	l.done = make(chan struct{})
	go func() {
		defer close(l.done)
		_ = l.raw.Read(func(uintptr) (done bool) { // until the deadline that stop sets
			l.hear(report)
			return false
		})
	}()
	return nil
}

func (l *listening) stop() {
	_ = l.file.SetReadDeadline(time.Unix(1, 0))
	<-l.done
}

func (l *listening) close() {
	if l.file != nil {
		_ = l.file.Close()
		return
	}
	_ = syscall.Close(l.fd)
}
