//go:build linux

package dispatch

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"prefork/internal/entry"
	"prefork/internal/sys"
)

const (
	// acceptBatch is how many connections the master takes before it passes any
	// on. More would let those taken first wait for the last.
	acceptBatch = 16

	// recheck is the pause where no descriptor tells when to go on.
	recheck = 10 * time.Millisecond
)

// Run is the master's loop: accept, choose, pass on, close. It ends when ctx is done.
// What it has accepted by then and not passed on stays with the Pump. Neither another Run
// nor Drain may be under way.
func (p *Pump) Run(ctx context.Context) error {
	r := p.newRun(ctx)
	defer r.end()
	for ctx.Err() == nil {
		if err := r.turn(); err != nil {
			return err
		}
	}
	return nil
}

// Drain passes on what is queued by now, and ends when that is done or ctx is. What comes
// later is for who has the socket next. It waits for slots to be resumed.
func (p *Pump) Drain(ctx context.Context) error {
	r := p.newRun(ctx)
	r.draining = true
	r.in.bound()
	defer r.end()
	for ctx.Err() == nil {
		if r.in.rest() == 0 && r.holds() == 0 {
			return nil
		}
		if r.resting || !r.room() {
			if err := r.wait(); err != nil {
				return err
			}
			continue
		}
		if r.in.rest() > 0 {
			if err := r.accept(); err != nil {
				return err
			}
		}
		r.passOn()
	}
	if n := r.holds(); n > 0 {
		entry.DispatchLeft.Log(p.options.Log, "connections", n)
	}
	return nil
}

// run is the state of one Run or Drain.
type run struct {
	*Pump
	in       intake
	polled   []unix.PollFd // what a wait for a connection is for, and wake
	pace     sys.Pace
	sender   Sender
	draining bool
	empty    bool          // all accept queues were, when last looked at
	resting  bool          // something has run out: wait a moment
	doze     time.Duration // the next pause while the kernel's idea of room is not ours
	released func() bool
	unable   trouble // to accept
	stuck    trouble // with what is accepted
}

func (p *Pump) newRun(ctx context.Context) *run {
	r := &run{
		Pump: p, in: intake{fds: p.options.Listeners}, doze: time.Millisecond,
		unable: trouble{log: p.options.Log, begins: entry.DispatchUnable, ends: entry.DispatchAble},
		stuck:  trouble{log: p.options.Log, begins: entry.DispatchStuck, ends: entry.DispatchUnstuck},
	}
	r.polled = r.in.polled(p.wake)
	// A raw wait keeps a processor from the rest of the master, which needs one too.
	r.pace.Hot = runtime.GOMAXPROCS(0) > 1
	r.released = context.AfterFunc(ctx, func() { _ = p.lookAgain() })
	return r
}

func (r *run) end() {
	r.released()
	r.pace.Release()
}

// turn takes and passes on one batch, or waits for the reason it cannot.
func (r *run) turn() error {
	if r.resting || !r.room() {
		return r.wait()
	}
	if r.empty && r.holds() == 0 {
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

// accept holds what connections it gets without waiting, up to a batch.
func (r *run) accept() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.empty = false
	for dry := 0; len(r.held) < acceptBatch; {
		conn, errno := r.in.accept()
		switch {
		case errno == 0:
			if r.draining {
				sys.AdmitAnyTTL(conn)
			}
			r.held = append(r.held, conn)
			dry = 0
			r.unable.over()
		case errno == unix.EAGAIN:
			if dry++; dry < len(r.in.fds) {
				continue
			}
			r.empty = true
			r.unable.over()
			if len(r.held) == 0 {
				r.stuck.over()
			}
			return nil
		case sys.Transient(errno):
		case sys.Exhausted(errno):
			r.resting = true
			r.unable.is(errno)
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
	for _, slot := range r.deal() {
		if r.options.Broken != nil {
			r.options.Broken(slot)
		}
	}
}

// deal is passOn, and returns the slots whose pair is found broken.
func (r *run) deal() (broken []int) {
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
		to := r.ways[slot]
		if to.pending == nil {
			to.pending = to.buffer[:0]
		}
		to.pending = append(to.pending, conn)
		to.sent++
		to.unseen++
	}
	for slot, to := range r.ways {
		if len(to.pending) > 0 && !r.send(slot, to) {
			broken = append(broken, slot)
		}
	}
	return broken
}

// send passes on what is pending for one slot. What does not fit is held again; so
// is all of it if the worker has broken its socket, which then gets no more.
func (r *run) send(slot int, to *way) (whole bool) {
	for len(to.pending) > 0 {
		batch := to.pending[:min(len(to.pending), r.batch(slot))]
		err := r.sender.Send(to.Master, batch)
		if err != nil {
			r.held = append(r.held, to.pending...)
			to.sent -= uint64(len(to.pending))
			to.pending = nil
			to.unseen = to.window // look before the next one
			return r.unsent(slot, to, err)
		}
		for _, conn := range batch {
			sys.Close(conn)
		}
		to.pending = to.pending[len(batch):]
	}
	to.pending = nil
	r.stuck.over()
	return true
}

// unsent says what an error of a message means, and reports whether the pair is whole.
func (r *run) unsent(slot int, to *way, err error) (whole bool) {
	switch {
	case errors.Is(err, ErrFull):
		// It holds less than was thought.
		to.window = max(1, min(to.window, loads{r.Pump}.look(slot)))
		return true
	case errors.Is(err, unix.ETOOMANYREFS), exhausted(err):
		r.resting = true
		r.stuck.is(err)
		return true
	}
	to.broken = true
	entry.DispatchBroken.Log(r.options.Log, "slot", slot, "error", err)
	return false
}

func exhausted(err error) bool {
	var errno syscall.Errno
	return errors.As(err, &errno) && sys.Exhausted(errno)
}

// batch is how many connections one message to this slot may carry: no more
// than the worker can serve at once, so that a worker that dies takes nothing
// with it but what it was serving.
func (r *run) batch(slot int) int {
	_, open, known := r.options.Counts(slot)
	if !known {
		return 1 // a program of somebody else's, which reads one at a time
	}
	return min(max(1, r.options.Concurrency-open), MaxBatch)
}

func (r *run) holds() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return len(r.held)
}

// room reports whether any worker has room.
func (r *run) room() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	for slot := range r.ways {
		if (loads{r.Pump}).Room(slot) {
			r.doze = time.Millisecond
			return true
		}
	}
	return false
}
