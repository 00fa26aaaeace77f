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
	loops, err := o.check()
	if err != nil {
		return nil, err
	}
	if o.Timeout == 0 {
		o.Timeout = longest
	}
	clock := &clock{mark: mark}
	if o.TLS != nil {
		return runSecure(ctx, o, clock)
	}
	var cut atomic.Bool
	defer context.AfterFunc(ctx, func() { cut.Store(true) })()
	engines, errs := make([]*engine, loops), make([]error, loops)
	var ready, done sync.WaitGroup
	ready.Add(loops)
	origin := sync.OnceValue(func() time.Time { ready.Wait(); return time.Now() })
	for i := range loops {
		done.Go(func() {
			runtime.LockOSThread() // for good: the thread ends with its loop
			sys.SetTimerSlack(promptly)
			engines[i], errs[i] = newEngine(o, i, loops)
			ready.Done()
			if errs[i] != nil {
				return
			}
			defer engines[i].close()
			engines[i].cut = &cut
			if i == 0 {
				engines[i].onMark = clock.pass
			}
			errs[i] = engines[i].run(origin())
		})
	}
	done.Wait()
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	total := engines[0].tally
	for _, e := range engines[1:] {
		total.add(e.tally)
	}
	result := total.result()
	result.CPU = clock.used
	result.From = sys.Monotonic() - time.Since(origin()) + o.Warmup
	return result, nil
}

// check returns how many event loops an order takes.
func (o Order) check() (loops int, err error) {
	switch {
	case (o.Clients > 0) == (o.Rate > 0):
		return 0, errors.New("a load is closed, with clients, or open, with a rate")
	case o.Clients < 0 || o.Rate < 0 || o.Threads < 0 || o.Sources < 0:
		return 0, errors.New("a load has no negative numbers of clients, threads or sources, nor a negative rate")
	case !slices.Contains([]string{Greeting, HTTP, Raw, RawToEnd}, o.Protocol):
		return 0, fmt.Errorf("protocol %q: want %q, %q, %q or %q", o.Protocol, Greeting, HTTP, Raw, RawToEnd)
	case o.TLS != nil && (o.Protocol != HTTP || o.Requests < 0):
		return 0, errors.New("TLS is for HTTP connections with a number of requests")
	case o.TLS != nil && o.Clients > MaxOpenTLS:
		return 0, fmt.Errorf("%d clients over TLS: %d at most", o.Clients, MaxOpenTLS)
	case o.Protocol != HTTP && o.Requests != 0 && o.Requests != 1:
		return 0, errors.New("several requests a connection: want protocol http")
	case o.Protocol != Greeting && o.Service != "":
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
