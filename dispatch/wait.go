//go:build linux

package dispatch

import (
	"errors"
	"log/slog"
	"time"

	"golang.org/x/sys/unix"

	"prefork/internal/entry"
	"prefork/internal/sys"
)

// waitForConnection waits until a listening socket is readable, or there is reason to
// look again.
func (r *run) waitForConnection() error {
	if r.troubled() {
		return r.poll(r.polled, calm) // its end is to be told of
	}
	errno := sys.PollReady(&r.pace, r.polled)
	if errno == unix.EINTR {
		return nil // what was ready is not said
	}
	if errno != 0 {
		return errno
	}
	r.awake(r.polled[len(r.polled)-1])
	return nil
}

// wait waits until it may be possible to go on; meanwhile the kernel's backlog does its
// work.
func (r *run) wait() error {
	fds := []unix.PollFd{{Fd: int32(r.wake), Events: unix.POLLIN}}
	if r.resting {
		r.resting = false
		return r.poll(fds, recheck)
	}
	r.mu.Lock()
	for _, to := range r.ways {
		if to.open() {
			fds = append(fds, unix.PollFd{Fd: int32(to.Master), Events: unix.POLLOUT})
		}
	}
	r.mu.Unlock()
	limit := time.Duration(-1)
	if r.troubled() {
		limit = calm
	}
	if err := r.poll(fds, limit); err != nil || fds[0].Revents != 0 || r.room() {
		return err
	}
	// The kernel's idea of room is not quite ours: it counts messages, and has some
	// left where a window of connections is full.
	if r.doze *= 2; r.doze > recheck {
		r.doze = recheck
	}
	return r.poll(fds[:1], r.doze)
}

// poll waits for one of the descriptors, among which wake is, for so long at most; below
// zero, for ever.
func (r *run) poll(fds []unix.PollFd, limit time.Duration) error {
	_, err := sys.PollAny(fds, limit)
	for _, fd := range fds {
		if int(fd.Fd) == r.wake {
			r.awake(fd)
		}
	}
	if errors.Is(err, unix.EINTR) {
		return nil
	}
	return err
}

// awake forgets why there was reason to look again, which is what happens now.
func (r *run) awake(wake unix.PollFd) {
	if wake.Revents != 0 {
		_, _ = unix.Read(r.wake, make([]byte, 8))
	}
}

// calm is how long nothing must have gone wrong before trouble is said to be over.
const calm = time.Second

// trouble is something that goes wrong many times in a row, and is told of twice: when it
// begins and when it is over.
type trouble struct {
	log          *slog.Logger
	begins, ends entry.Kind
	began, last  time.Time // zero while all is well
}

func (t *trouble) is(err error) {
	t.last = time.Now()
	if t.began.IsZero() {
		t.began = t.last
		t.begins.Log(t.log, "error", err)
	}
}

func (t *trouble) over() {
	if !t.began.IsZero() && time.Since(t.last) >= calm {
		t.ends.Log(t.log, "after", t.last.Sub(t.began).Round(time.Millisecond))
		t.began = time.Time{}
	}
}

func (r *run) troubled() bool { return !r.unable.began.IsZero() || !r.stuck.began.IsZero() }
