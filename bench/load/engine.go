//go:build linux

package load

import (
	"fmt"
	"math"
	"sync/atomic"
	"syscall"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

const (
	// MaxOpen is how many connections an event loop holds at most.
	MaxOpen = 20000
	// eventBatch is how many events one look at epoll brings, and beginBatch how
	// many connections are begun before the next look: a loop that is behind must
	// still take in answers.
	eventBatch = 256
	beginBatch = 64
	// tick bounds a wait, so that late answers are noticed.
	tick = 20 * time.Millisecond
)

// engine is one event loop: when things happen. What happens to a connection is
// in conn.go. Nothing is allocated per connection.
type engine struct {
	order    Order
	target   *target
	pace     *pacer
	tally    *tally
	onMark   func(Mark)   // nil in all loops but one
	onTurn   func()       // called each time around; nil unless the load is live
	cut      *atomic.Bool // has the order end early; nil if the load is live
	requests requests
	null     null // if the order is
	progress progress

	ep       int
	events   [eventBatch]unix.EpollEvent
	slots    slots
	waiting  queue // for an answer, by when it was asked for
	thinking queue // before the next request, by when that is due
	sockets  int   // open
	out      [64]byte
	in       [16 << 10]byte

	from, end time.Duration // measured
	last      time.Duration // when the load ends
	origin    time.Time     // what times are counted from
	now       time.Duration
	marked    Mark // the last one that has passed
	stopped   bool // nothing is begun any more
}

// newEngine makes one event loop of several. It is bound to the thread.
func newEngine(o Order, loop, loops int) (*engine, error) {
	t := &target{}
	if !o.Null {
		var err error
		if t, err = parseTarget(o); err != nil {
			return nil, err
		}
	}
	t.source = uint32(loop)
	pace, err := newPacer(o, loop, loops)
	if err != nil {
		return nil, err
	}
	ep, err := unix.EpollCreate1(unix.EPOLL_CLOEXEC)
	if err != nil {
		pace.stop()
		return nil, fmt.Errorf("epoll_create: %w", err)
	}
	e := &engine{
		order: o, target: t, pace: pace, tally: newTally(o, pace.demands.usual > 0), requests: newRequests(o),
		ep: ep, from: o.Warmup, end: o.Warmup + o.Length, last: o.Warmup + o.Length + o.Tail,
	}
	e.waiting, e.thinking = newQueue(&e.slots), newQueue(&e.slots)
	return e, nil
}

// close is called when no connection is left, or after an error that ends the
// process.
func (e *engine) close() {
	e.pace.stop()
	_ = unix.Close(e.ep)
}

func (e *engine) run(origin time.Time) error {
	e.origin = origin
	for {
		e.now = time.Since(e.origin)
		e.passMarks()
		if e.cut != nil && e.cut.Load() {
			e.endEarly()
			return nil
		}
		if e.onTurn != nil {
			e.onTurn()
		}
		e.progress.turn(e.now, e.tally.counts)
		e.answerSimulated()
		if !e.stopped {
			e.beginDue()
			e.wakeThinking()
		}
		e.giveUpLate()
		if e.marked == Measured && e.stop() {
			return nil
		}
		if err := e.wait(); err != nil {
			return err
		}
	}
}

func (e *engine) passMarks() {
	if e.marked == "" && e.now >= e.from {
		e.tally.opened(e.sockets)
		e.pass(Measuring)
	}
	if e.marked == Measuring && e.now >= e.end {
		e.pass(Measured)
	}
}

func (e *engine) pass(m Mark) {
	e.marked = m
	if e.onMark != nil {
		e.onMark(m)
	}
}

// beginDue begins connections that are due, and not too late.
func (e *engine) beginDue() {
	for n := 0; n < beginBatch && e.now < e.last+slack; n++ {
		a, ok := e.pace.take(e.now, e.slots.used)
		if !ok {
			return
		}
		e.tally.due(a.due)
		e.begin(a)
		e.now = time.Since(e.origin)
	}
}

// wakeThinking sends the requests that are due.
func (e *engine) wakeThinking() {
	for c := e.thinking.first(); c != nil && c.due <= e.now && c.due < e.last; c = e.thinking.first() {
		slot := e.thinking.head
		e.thinking.remove(slot)
		e.tally.lag(c.due, e.now)
		e.ask(slot, c)
		e.now = time.Since(e.origin)
	}
}

// giveUpLate gives up connections whose answer is late.
func (e *engine) giveUpLate() {
	for c := e.waiting.first(); c != nil && e.now-c.begun > e.order.Timeout; c = e.waiting.first() {
		e.fail(e.waiting.head, c, Late, 0)
	}
}

// stop ends an order, once all that was due has been begun, and reports whether no
// answer is awaited any more.
func (e *engine) stop() bool {
	if !e.stopped && (e.now < e.last || e.pace.due(e.now, e.slots.used) < e.last && e.now < e.last+slack) {
		return false
	}
	if !e.stopped {
		e.stopped = true
		e.dropDue()
		e.releaseKept()
	}
	return e.waiting.first() == nil
}

// endEarly gives up an order. Requests that wait for an answer are in no count.
func (e *engine) endEarly() {
	e.tally.cut(e.now)
	if e.marked == Measuring {
		e.pass(Measured)
	}
	e.stopped = true
	e.releaseKept()
	for c := e.waiting.first(); c != nil; c = e.waiting.first() {
		slot := e.waiting.head
		e.waiting.remove(slot)
		e.release(slot, c)
	}
}

// dropDue counts connections that there was no time to begin.
func (e *engine) dropDue() {
	for {
		a, ok := e.pace.take(e.last, math.MaxInt)
		if !ok {
			return
		}
		e.tally.due(a.due)
	}
}

// releaseKept ends the connections between two requests. Those that are to be kept
// have been, to the end.
func (e *engine) releaseKept() {
	for c := e.thinking.first(); c != nil; c = e.thinking.first() {
		slot := e.thinking.head
		e.thinking.remove(slot)
		if e.tally.keep && c.fd >= 0 {
			e.tally.held(c)
		}
		e.release(slot, c)
	}
	if !e.tally.keep {
		return
	}
	for slot := e.waiting.head; slot != none; slot = e.slots.at(slot).next {
		e.tally.held(e.slots.at(slot))
	}
}

// nextDue is when there is something to do, if nothing happens before.
func (e *engine) nextDue() time.Duration {
	due := time.Duration(math.MaxInt64)
	if len(e.null.answers) > 0 {
		due = e.null.answers[0].at
	}
	if e.stopped {
		return due
	}
	due = min(due, e.pace.due(e.now, e.slots.used))
	if c := e.thinking.first(); c != nil {
		due = min(due, c.due)
	}
	if e.marked == "" {
		return min(due, e.from)
	}
	if e.marked == Measuring {
		return min(due, e.end)
	}
	return min(due, e.last)
}

// wait takes one batch of events, or comes back when something is due.
func (e *engine) wait() error {
	limit := min(max(0, e.nextDue()-e.now), tick)
	ts := unix.NsecToTimespec(int64(limit))
	n, _, errno := syscall.RawSyscall6(unix.SYS_EPOLL_PWAIT2, uintptr(e.ep), uintptr(unsafe.Pointer(&e.events[0])), eventBatch, uintptr(unsafe.Pointer(&ts)), 0, 0)
	if errno == unix.EINTR {
		return nil
	}
	if errno != 0 {
		return fmt.Errorf("epoll_pwait2 (Linux 5.11): %w", errno)
	}
	for i := range int(n) {
		e.now = time.Since(e.origin)
		e.advance(e.events[i].Fd, e.events[i].Events)
	}
	return nil
}
