//go:build linux

package worker

import (
	"errors"
	"log/slog"
	"net"
	"time"

	"golang.org/x/sys/unix"

	"prefork/internal/entry"
	"prefork/strategies/accept"
)

// exhaustedPause is how long a worker without a free descriptor waits before it
// tries to accept again.
const exhaustedPause = 50 * time.Millisecond

// door is where connections come in to a loop: as many as there are places. A worker that
// is full does not wait for others, who may be faster.
type door struct {
	source *accept.Polled
	places int
	batch  int // so many in a turn at most

	open     int           // connections inside
	told     bool          // there may be one: epoll says so, and will again
	more     bool          // there may be one of which it does not tell
	closed   bool          // nobody will come any more
	retry    time.Duration // when to look again, since descriptors have run out; else 0
	shortage shortage
}

// hasRoom says that somebody could come in.
func (d *door) hasRoom() bool { return d.open < d.places && d.retry == 0 }

// busy says that somebody may come in at once.
func (d *door) busy() bool { return d.more && d.hasRoom() }

// admit lets in who waits. The epoll tells of others if there is room for them.
func (l *loop) admit() error {
	d := &l.door
	if d.closed {
		return nil
	}
	if d.retry <= l.now {
		d.retry = 0
	}
	for n := 0; n < d.batch && (d.told || d.more) && d.hasRoom(); n++ {
		if err := l.admitOne(); err != nil {
			return err
		}
	}
	d.told = false
	if d.hasRoom() {
		return d.source.Watch()
	}
	d.more = true // somebody may come in the moment before nobody is told of any more
	return d.source.Unwatch()
}

func (l *loop) admitOne() error {
	d := &l.door
	fd, more, err := d.source.Next()
	switch {
	case err == nil:
		d.more = more
		d.shortage.over()
		l.welcome(fd)
	case errors.Is(err, unix.EAGAIN):
		d.more, d.told = more, false
	case errors.Is(err, net.ErrClosed):
		d.more, d.told, d.closed = false, false, true
	case accept.Exhausted(err):
		d.shortage.begins(err)
		d.retry = l.now + exhaustedPause
	default:
		return err
	}
	return nil
}

// shortage is of descriptors, and is told of twice: when it begins and when it is over.
type shortage struct{ lasts bool }

func (s *shortage) begins(err error) {
	if !s.lasts {
		entry.WorkerFull.Log(slog.Default(), "error", err, "hint", "raise the limit on open files (ulimit -n, LimitNOFILE=)")
	}
	s.lasts = true
}

func (s *shortage) over() {
	if s.lasts {
		entry.WorkerFullOver.Log(slog.Default())
	}
	s.lasts = false
}
