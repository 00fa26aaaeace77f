//go:build linux

package worker

import (
	"bytes"
	"fmt"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"prefork/internal/sys"
)

// longestDemand is the most a client may ask of a worker.
const longestDemand = time.Minute

// newWork lets the client say what a connection costs, so that every strategy
// can be given the very same demands. Who spins, spins: nothing else happens on this
// thread meanwhile. Who sleeps does not keep others waiting who are served beside.
func newWork(greeting []byte) func() Handler {
	return alike(func(x *Exchange) {
		line, complete := firstLine(x.In)
		if !complete {
			x.Close = x.Late // it said nothing for too long
			return
		}
		x.In, x.Close = nil, true
		do, demand, err := parseDemand(line)
		switch {
		case err != nil:
			x.Out = fmt.Appendf(x.Out, "error: %v\n", err)
			return
		case do == "spin":
			spin(demand)
		default:
			x.Pause = demand
		}
		x.Out = append(x.Out, greeting...)
	})
}

// longestLine is more than any demand has.
const longestLine = 64

// firstLine is what precedes the first newline, once that has come, or so much that none
// is to be expected.
func firstLine(in []byte) (line string, complete bool) {
	in = in[:min(len(in), longestLine)]
	if i := bytes.IndexByte(in, '\n'); i >= 0 {
		return string(in[:i]), true
	}
	return string(in), len(in) == longestLine
}

// parseDemand reads "sleep 5ms" or "spin 2ms".
func parseDemand(line string) (do string, demand time.Duration, err error) {
	do, amount, _ := strings.Cut(strings.TrimSuffix(line, "\r"), " ")
	if do != "sleep" && do != "spin" {
		return "", 0, fmt.Errorf(`want "sleep 5ms" or "spin 2ms", not %q`, line)
	}
	demand, err = time.ParseDuration(amount)
	if err != nil {
		return "", 0, fmt.Errorf(`want "%s 5ms": %q is no duration`, do, amount)
	}
	if demand < 0 || demand > longestDemand {
		return "", 0, fmt.Errorf("%s %s: want 0s to %s", do, demand, longestDemand)
	}
	return do, demand, nil
}

// spin uses up so much processor time: a service demand stays what it is however
// many workers share a processor.
func spin(demand time.Duration) {
	for start := threadTime(); threadTime()-start < demand; {
	}
}

func threadTime() time.Duration {
	var now unix.Timespec
	_ = unix.ClockGettime(unix.CLOCK_THREAD_CPUTIME_ID, &now)
	return time.Duration(now.Nano())
}

// nap blocks the thread: the runtime's own timers are only good to a
// millisecond.
func nap(demand time.Duration) {
	sys.SetTimerSlack(sys.DefaultTimerSlack) // of this thread; see monitorSlack
	for end := time.Now().Add(demand); ; {
		left := time.Until(end)
		if left <= 0 {
			return
		}
		ts := unix.NsecToTimespec(int64(left))
		_ = unix.Nanosleep(&ts, nil) // EINTR: sleep on
	}
}
