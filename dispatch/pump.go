//go:build linux

package dispatch

import (
	"context"
	"errors"
	"fmt"
	"os"
	"runtime"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"prefork/internal/sys"
)

const (
	// acceptBatch is how many connections the master takes before it passes any
	// on. More would let those taken first wait for the last.
	acceptBatch = 16

	// recheck bounds the wait for room where no descriptor tells of it: a
	// worker becoming ready again is only seen by looking.
	recheck = 10 * time.Millisecond
)

// Run is the master's loop: accept, choose, pass on, close. It ends when ctx is
// done, with every connection it accepted passed on or closed.
func (p *Pump) Run(ctx context.Context) error {
	stopped, wake, err := wakeOnDone(ctx)
	if err != nil {
		return err
	}
	defer wake()
	r := run{Pump: p, stopped: stopped, empty: true}
	// A raw wait keeps a processor from the rest of the master, which needs one too.
	r.pace.Hot = runtime.GOMAXPROCS(0) > 1
	defer r.pace.Release()
	defer r.closeHeld()
	for ctx.Err() == nil {
		if err := r.turn(); err != nil {
			return err
		}
	}
	return r.drain()
}

// wakeOnDone returns a descriptor that becomes readable when ctx is done, and
// the function that closes it.
func wakeOnDone(ctx context.Context) (fd int, closeIt func(), err error) {
	r, w, err := os.Pipe()
	if err != nil {
		return -1, nil, err
	}
	stop := context.AfterFunc(ctx, func() { _ = w.Close() })
	return int(r.Fd()), func() {
		if stop() {
			_ = w.Close()
		}
		_ = r.Close()
	}, nil
}

// run is the state of one Run.
type run struct {
	*Pump
	stopped  int // readable when Run is to end
	pace     sys.Pace
	sender   Sender
	held     []int // accepted, and without a worker that has room
	empty    bool  // the accept queue was, when last looked at
	draining bool  // ctx is done
}

// turn takes and passes on one batch, or waits for the reason it cannot.
func (r *run) turn() error {
	if !r.room() {
		return r.waitForRoom()
	}
	if r.empty && len(r.held) == 0 {
		if err := r.waitForConnection(); err != nil {
			return err
		}
	}
	if err := r.accept(); err != nil {
		return err
	}
	r.passOn()
	return nil
}

// drain passes on what is queued by now. What comes later is for the master that
// has the socket next, if there is one.
func (r *run) drain() error {
	r.draining = true
	for left := sys.Queued(r.options.Listener); left > 0 || len(r.held) > 0; {
		for !r.room() {
			if !r.anyReady() {
				return nil // nobody to pass anything to, and nobody to come
			}
			if err := r.waitForRoom(); err != nil {
				return err
			}
		}
		had := len(r.held)
		if left > 0 {
			if err := r.accept(); err != nil {
				return err
			}
		}
		for _, conn := range r.held[had:] {
			sys.AdmitAnyTTL(conn)
		}
		left -= len(r.held) - had
		if r.empty {
			left = 0
		}
		r.passOn()
	}
	return nil
}

// waitForConnection waits until the listening socket or stopped is readable.
func (r *run) waitForConnection() error {
	fds := []unix.PollFd{
		{Fd: int32(r.options.Listener), Events: unix.POLLIN},
		{Fd: int32(r.stopped), Events: unix.POLLIN},
	}
	if errno := sys.PollReady(&r.pace, fds); errno != 0 && errno != unix.EINTR {
		return errno
	}
	return nil
}

// accept fills held, without waiting.
func (r *run) accept() error {
	listener := r.options.Listener
	r.empty = false
	for len(r.held) < acceptBatch {
		conn, errno := sys.TryAccept(listener, 0)
		switch {
		case errno == 0:
			r.held = append(r.held, conn)
		case errno == unix.EAGAIN:
			r.empty = true
			return nil
		case sys.Transient(errno):
		case sys.Exhausted(errno):
			time.Sleep(recheck)
			return nil
		default:
			return fmt.Errorf("accept: %w", errno)
		}
	}
	return nil
}

// passOn gives every held connection to a worker, as long as any has room. What
// goes to one worker goes in as few messages as may be.
func (r *run) passOn() {
	r.mu.Lock()
	defer r.mu.Unlock()
	waiting := r.held
	r.held = r.held[:0]
	for i, conn := range waiting {
		slot := r.pick(loads{r.Pump})
		if slot < 0 {
			r.held = append(r.held, waiting[i:]...)
			break
		}
		to := r.pairs[slot]
		to.pending = append(to.pending, conn)
		to.sent++
		to.unseen++
	}
	for slot, to := range r.pairs {
		if len(to.pending) == 0 {
			continue
		}
		r.send(slot, to)
	}
}

// send passes on what is pending for one slot. What does not fit is held again; so
// is all of it if the worker has broken its socket, which then gets no more.
func (r *run) send(slot int, to *way) {
	for len(to.pending) > 0 {
		batch := to.pending[:min(len(to.pending), r.batch(slot))]
		err := r.sender.Send(to.Master, batch)
		if err != nil {
			full := errors.Is(err, ErrFull) || errors.Is(err, unix.ETOOMANYREFS) || exhausted(err)
			to.broken = !full
			to.sent -= uint64(len(to.pending))
			to.unseen = r.options.Window // look before the next one
			r.held = append(r.held, to.pending...)
			break
		}
		for _, conn := range batch {
			sys.Close(conn)
		}
		to.pending = to.pending[len(batch):]
	}
	to.pending = to.buffer[:0]
}

func exhausted(err error) bool {
	var errno syscall.Errno
	return errors.As(err, &errno) && sys.Exhausted(errno)
}

// batch is how many connections one message to this slot may carry: no more
// than the worker can serve at once, so that a worker that dies takes nothing
// with it but what it was serving.
func (r *run) batch(slot int) int {
	_, open, known := r.options.Workers.Counts(slot)
	if !known {
		return 1 // a program of somebody else's, which reads one at a time
	}
	return min(max(1, r.options.Concurrency-open), MaxBatch)
}

// room reports whether any worker has room.
func (r *run) room() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	for slot := range r.inService() {
		if (loads{r.Pump}).Room(slot) {
			return true
		}
	}
	return false
}

func (r *run) anyReady() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	for slot := range r.inService() {
		if r.options.Workers.Ready(slot) {
			return true
		}
	}
	return false
}

// waitForRoom waits until a worker may have room; meanwhile the kernel's
// backlog does its work.
func (r *run) waitForRoom() error {
	fds := []unix.PollFd{{Fd: int32(r.stopped), Events: unix.POLLIN}}
	if r.draining {
		fds = fds[:0] // stopped is readable for good
	}
	r.mu.Lock()
	for slot := range r.inService() {
		if r.options.Workers.Ready(slot) {
			fds = append(fds, unix.PollFd{Fd: int32(r.pairs[slot].Master), Events: unix.POLLOUT})
		}
	}
	r.mu.Unlock()
	ready, err := sys.PollAny(fds, recheck)
	if ready && !r.room() {
		time.Sleep(time.Millisecond) // the kernel's idea of room is not quite ours: do not spin
	}
	if errors.Is(err, unix.EINTR) {
		return nil
	}
	return err
}

func (r *run) closeHeld() {
	for _, conn := range r.held {
		sys.Close(conn)
	}
}
