//go:build linux

package load

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sys/unix"

	"prefork/internal/sys"
)

// promptly is the timer slack of event loops: what is due begins on time.
const promptly = time.Nanosecond

// Run carries out an order in this process, on threads of its own. mark, unless it
// is nil, is called as each mark passes, from one of them, which it holds up. If ctx
// ends before the order does, the result is of what there is by then, and Partial.
func Run(ctx context.Context, o Order, mark func(Mark)) (*Result, error) {
	return carryOut(ctx, o, Ears{Mark: mark})
}

// Ears hear of an order while it is carried out, from a goroutine that they hold up. Any
// may be nil.
type Ears struct {
	Mark   func(Mark)
	Counts func(Counts) // each Order.Every
	// Begin is called when all is ready, and says at which CLOCK_MONOTONIC the order
	// begins; without it, that is at once.
	Begin func() (at time.Duration, err error)
}

func carryOut(ctx context.Context, o Order, ears Ears) (*Result, error) {
	loops, err := o.check()
	if err != nil {
		return nil, err
	}
	if o.Timeout == 0 {
		o.Timeout = longest
	}
	clock := &clock{mark: ears.Mark}
	if o.TLS != nil {
		return runSecure(ctx, o, clock)
	}
	var cut atomic.Bool
	defer context.AfterFunc(ctx, func() { cut.Store(true) })()
	engines, errs := make([]*engine, loops), make([]error, loops)
	var counts []published
	if o.Every > 0 && ears.Counts != nil {
		counts = make([]published, loops)
	}
	var ready, done sync.WaitGroup
	ready.Add(loops)
	origin := sync.OnceValues(func() (start, error) {
		ready.Wait()
		if errors.Join(errs...) != nil {
			return start{}, errNotAlone
		}
		return begin(ctx, ears.Begin)
	})
	for i := range loops {
		done.Go(func() {
			runtime.LockOSThread() // for good: the thread ends with its loop
			sys.SetTimerSlack(promptly)
			e, err := newEngine(o, i, loops)
			engines[i], errs[i] = e, err
			ready.Done()
			if err != nil {
				return
			}
			defer e.close()
			from, err := origin()
			if err != nil {
				errs[i] = err
				return
			}
			e.cut, e.progress = &cut, progress{all: counts, loop: i, wait: o.Every}
			if i == 0 {
				e.onMark, e.progress.tell = clock.pass, ears.Counts
			}
			errs[i] = e.run(from.Time)
		})
	}
	done.Wait()
	if err := firstOf(errs); err != nil {
		return nil, err
	}
	from, _ := origin()
	total := engines[0].tally
	for _, e := range engines[1:] {
		total.add(e.tally)
	}
	result := total.result()
	result.CPU = clock.used
	result.From = from.at + o.Warmup
	return result, nil
}

// errNotAlone says that another loop has failed, and says why itself.
var errNotAlone = errors.New("another event loop could not be made")

// firstOf joins errors, each once.
func firstOf(errs []error) error {
	var all []error
	for _, err := range errs {
		if err != nil && !errors.Is(err, errNotAlone) && !slices.Contains(all, err) {
			all = append(all, err)
		}
	}
	return errors.Join(all...)
}

// ErrLate says that an order was to begin at a time that had passed.
var ErrLate = errors.New("it was to begin before")

// lateness is how late an order may begin. What was due by then is begun at once.
const lateness = 20 * time.Millisecond

// start is when an order begins, by both clocks.
type start struct {
	time.Time
	at time.Duration // CLOCK_MONOTONIC
}

// begin waits for the order's start and returns it.
func begin(ctx context.Context, when func() (time.Duration, error)) (start, error) {
	if when == nil {
		return start{time.Now(), sys.Monotonic()}, nil
	}
	at, err := when()
	if err != nil {
		return start{}, err
	}
	wait := at - sys.Monotonic()
	if wait < -lateness {
		return start{}, fmt.Errorf("%w: %s ago", ErrLate, -wait.Round(time.Millisecond))
	}
	select {
	case <-time.After(wait):
	case <-ctx.Done():
		return start{}, context.Cause(ctx)
	}
	return start{time.Now().Add(at - sys.Monotonic()), at}, nil
}

// check returns how many event loops an order takes.
func (o Order) check() (loops int, err error) {
	several := o.Requests != 0 && o.Requests != 1
	switch {
	case (o.Clients > 0) == (o.Rate > 0):
		return 0, errors.New("a load is closed, with clients, or open, with a rate")
	case o.Clients < 0 || o.Rate < 0 || o.Threads < 0 || o.Sources < 0:
		return 0, errors.New("a load has no negative numbers of clients, threads or sources, nor a negative rate")
	case !slices.Contains([]string{Greeting, HTTP, Raw, RawToEnd}, o.Protocol):
		return 0, fmt.Errorf("protocol %q: want %q, %q, %q or %q", o.Protocol, Greeting, HTTP, Raw, RawToEnd)
	case o.Null && (several || o.TLS != nil):
		return 0, errors.New("what asks no server has one request a connection, and no TLS")
	case o.TLS != nil && (o.Protocol != HTTP || o.Requests < 0):
		return 0, errors.New("TLS is for HTTP connections with a number of requests")
	case o.TLS != nil && (o.Tail > 0 || o.Shared || o.Every > 0):
		return 0, errors.New("over TLS there is one generator, which ends with the measured time and tells of no counts")
	case o.TLS != nil && o.Clients > MaxOpenTLS:
		return 0, fmt.Errorf("%d clients over TLS: %d at most", o.Clients, MaxOpenTLS)
	case o.Protocol != HTTP && several:
		return 0, errors.New("several requests a connection: want protocol http")
	case o.Protocol != Greeting && o.Service != "" && !o.Null:
		return 0, errors.New("a demand can be stated to the app work alone")
	}
	loops = max(1, o.Threads)
	if o.Clients > 0 {
		loops = min(loops, o.Clients)
	}
	return loops, nil
}

// clock passes marks on, and measures what the generator uses between them.
type clock struct {
	mark func(Mark)
	used time.Duration
}

func (c *clock) pass(m Mark) {
	switch m {
	case Measuring:
		c.used = -processorTime()
	case Measured:
		c.used += processorTime()
	}
	if c.mark != nil {
		c.mark(m)
	}
}

// processorTime is what all threads of this process have used.
func processorTime() time.Duration {
	var now unix.Timespec
	_ = unix.ClockGettime(unix.CLOCK_PROCESS_CPUTIME_ID, &now)
	return time.Duration(now.Nano())
}
