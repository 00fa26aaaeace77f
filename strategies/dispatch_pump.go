//go:build linux

package strategies

import (
	"context"
	"errors"
	"fmt"
	"os"
	"runtime"
	"time"

	"golang.org/x/sys/unix"

	"prefork/dispatch"
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
func (d *dispatcher) Run(ctx context.Context) error {
	stopped, wake, err := wakeOnDone(ctx)
	if err != nil {
		return err
	}
	defer wake()
	p := pump{dispatcher: d, stopped: stopped, empty: true}
	// A raw wait keeps a processor from the rest of the master, which needs one too.
	p.pace.Hot = runtime.GOMAXPROCS(0) > 1
	defer p.pace.Release()
	defer p.closeHeld()
	for ctx.Err() == nil {
		if err := p.turn(); err != nil {
			return err
		}
	}
	return p.drain()
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

// pump is the state of one Run.
type pump struct {
	*dispatcher
	stopped  int // readable when Run is to end
	pace     sys.Pace
	sender   dispatch.Sender
	held     []int // accepted, and without a worker that has room
	empty    bool  // the accept queue was, when last looked at
	draining bool  // ctx is done
}

// turn takes and passes on one batch, or waits for the reason it cannot.
func (p *pump) turn() error {
	if !p.room() {
		return p.waitForRoom()
	}
	if p.empty && len(p.held) == 0 {
		if err := p.waitForConnection(); err != nil {
			return err
		}
	}
	if err := p.accept(); err != nil {
		return err
	}
	p.passOn()
	return nil
}

// drain passes on what is queued by now. What comes later is for the master that
// has the socket next, if there is one.
func (p *pump) drain() error {
	p.draining = true
	for left := (&listening{fd: p.fd}).depth(); left > 0 || len(p.held) > 0; {
		for !p.room() {
			if !p.anyReady() {
				return nil // nobody to pass anything to, and nobody to come
			}
			if err := p.waitForRoom(); err != nil {
				return err
			}
		}
		had := len(p.held)
		if left > 0 {
			if err := p.accept(); err != nil {
				return err
			}
		}
		for _, conn := range p.held[had:] {
			admitAnyTTL(conn)
		}
		left -= len(p.held) - had
		if p.empty {
			left = 0
		}
		p.passOn()
	}
	return nil
}

// waitForConnection waits until the listening socket or stopped is readable.
func (p *pump) waitForConnection() error {
	fds := []unix.PollFd{
		{Fd: int32(p.fd), Events: unix.POLLIN},
		{Fd: int32(p.stopped), Events: unix.POLLIN},
	}
	errno := sys.PollReady(&p.pace, fds)
	return ignoreEINTR(errnoOrNil(errno))
}

// accept fills held, without waiting.
func (p *pump) accept() error {
	listener := p.fd
	p.empty = false
	for len(p.held) < acceptBatch {
		conn, errno := sys.TryAccept(listener, 0)
		switch {
		case errno == 0:
			p.held = append(p.held, conn)
		case errno == unix.EAGAIN:
			p.empty = true
			return nil
		case transient(errno):
		case exhausted(errno):
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
func (p *pump) passOn() {
	p.mu.Lock()
	defer p.mu.Unlock()
	waiting := p.held
	p.held = p.held[:0]
	for i, conn := range waiting {
		slot := p.pick(p.dispatcher)
		if slot < 0 {
			p.held = append(p.held, waiting[i:]...)
			break
		}
		to := p.pairs[slot]
		to.pending = append(to.pending, conn)
		to.sent++
		to.unseen++
	}
	for slot, to := range p.pairs {
		if len(to.pending) == 0 {
			continue
		}
		p.send(slot, to)
	}
}

// send passes on what is pending for one slot. What does not fit is held again; so
// is all of it if the worker has broken its socket, which then gets no more.
func (p *pump) send(slot int, to *pair) {
	for len(to.pending) > 0 {
		batch := to.pending[:min(len(to.pending), p.batch(slot))]
		err := p.sender.Send(to.Master, batch)
		if err != nil {
			full := errors.Is(err, dispatch.ErrFull) || errors.Is(err, unix.ETOOMANYREFS) || Exhausted(err)
			to.broken = !full
			to.sent -= uint64(len(to.pending))
			to.unseen = p.config.Window // look before the next one
			p.held = append(p.held, to.pending...)
			break
		}
		for _, conn := range batch {
			sys.Close(conn)
		}
		to.pending = to.pending[len(batch):]
	}
	to.pending = to.buffer[:0]
}

// batch is how many connections one message to this slot may carry: no more
// than the worker can serve at once, so that a worker that dies takes nothing
// with it but what it was serving.
func (p *pump) batch(slot int) int {
	_, open, known := p.config.Workers.Counts(slot)
	if !known {
		return 1 // a program of somebody else's, which reads one at a time
	}
	return min(max(1, p.config.Concurrency-open), dispatch.MaxBatch)
}

// room reports whether any worker has room.
func (p *pump) room() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	for slot := range p.Slots() {
		if p.Room(slot) {
			return true
		}
	}
	return false
}

func (p *pump) anyReady() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	for slot := range p.Slots() {
		if p.config.Workers.Ready(slot) {
			return true
		}
	}
	return false
}

// waitForRoom waits until a worker may have room; meanwhile the kernel's
// backlog does its work.
func (p *pump) waitForRoom() error {
	fds := []unix.PollFd{{Fd: int32(p.stopped), Events: unix.POLLIN}}
	if p.draining {
		fds = fds[:0] // stopped is readable for good
	}
	p.mu.Lock()
	for slot := range p.Slots() {
		if p.config.Workers.Ready(slot) {
			fds = append(fds, unix.PollFd{Fd: int32(p.pairs[slot].Master), Events: unix.POLLOUT})
		}
	}
	p.mu.Unlock()
	ready, err := sys.PollAny(fds, recheck)
	if ready && !p.room() {
		time.Sleep(time.Millisecond) // the kernel's idea of room is not quite ours: do not spin
	}
	return ignoreEINTR(err)
}

func (p *pump) closeHeld() {
	for _, conn := range p.held {
		sys.Close(conn)
	}
}

// Slots, Room and Load are what a policy asks; d.mu is held.
func (d *dispatcher) Slots() int {
	if d.retired > 0 {
		return min(d.retired, len(d.pairs))
	}
	return len(d.pairs)
}

func (d *dispatcher) Room(slot int) bool {
	to := d.pairs[slot]
	if to.broken || !d.config.Workers.Ready(slot) {
		return false
	}
	if to.unseen < d.config.Window {
		return true
	}
	return d.look(slot) < d.config.Window
}

// Load counts by the worker's own account where it keeps one, which costs no
// system call.
func (d *dispatcher) Load(slot int) int {
	taken, open, known := d.config.Workers.Counts(slot)
	if !known {
		return d.look(slot)
	}
	return open + int(d.pairs[slot].sent-taken)
}

// look asks the kernel how many connections are still in the pair. What is
// pending here counts too.
func (d *dispatcher) look(slot int) int {
	to := d.pairs[slot]
	inPair, err := to.Undelivered()
	if err != nil {
		return d.config.Window
	}
	to.unseen = inPair + len(to.pending)
	if taken, _, known := d.config.Workers.Counts(slot); known {
		// A worker that was killed may have taken some that it did not count.
		to.sent = taken + uint64(to.unseen)
	}
	return to.unseen
}

func ignoreEINTR(err error) error {
	if errors.Is(err, unix.EINTR) {
		return nil
	}
	return err
}
