//go:build linux

package worker

import (
	"bytes"
	"fmt"
	"net"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"prefork/internal/sys"
)

// longestDemand is the most a client may ask of a worker.
const longestDemand = time.Minute

// newWork lets the client say what a connection costs, so that every strategy
// can be given the very same demands.
func newWork(env Env) Handler {
	return func(conn net.Conn) {
		line, err := readLine(conn, env.ReadTimeout)
		if err != nil {
			return // the client left, or said nothing for too long
		}
		do, demand, err := parseDemand(line)
		if err != nil {
			_, _ = fmt.Fprintf(conn, "error: %v\n", err)
			return
		}
		switch {
		case do == "spin":
			spin(demand)
		case env.Hot:
			nap(demand)
		default:
			time.Sleep(demand)
		}
		_, _ = conn.Write(env.Greeting)
	}
}

// readLine reads up to the first newline, and no byte after what came with it.
func readLine(conn net.Conn, timeout time.Duration) (string, error) {
	var buffer [64]byte
	if err := conn.SetReadDeadline(time.Now().Add(timeout)); err != nil {
		return "", err
	}
	for n := 0; n < len(buffer); {
		got, err := conn.Read(buffer[n:])
		n += got
		if i := bytes.IndexByte(buffer[:n], '\n'); i >= 0 {
			return string(buffer[:i]), nil
		}
		if err != nil {
			return "", err
		}
	}
	return string(buffer[:]), nil // without a newline: no demand is so long
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
