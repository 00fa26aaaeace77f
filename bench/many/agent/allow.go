//go:build linux

package agent

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"runtime"
	"strings"
	"syscall"
	"time"

	"prefork/bench/load"
	"prefork/bench/many"
)

// span is how long an order loads.
func span(o load.Order) time.Duration { return o.Warmup + o.Length + o.Tail }

// may is an error for an order that this agent does not carry out, whoever gives it.
func (a *agent) may(o load.Order) error {
	switch {
	case o.Warmup < 0 || o.Length <= 0 || o.Tail < 0 || o.Timeout < 0 || span(o) > many.MostTime:
		return fmt.Errorf("a part of %s: an agent loads for %s at most", span(o), many.MostTime)
	case o.Timeout > time.Minute:
		return fmt.Errorf("a timeout of %s: a minute at most", o.Timeout)
	case o.Threads < 0 || o.Threads > 4*runtime.NumCPU():
		return fmt.Errorf("%d threads on %d processors", o.Threads, runtime.NumCPU())
	case o.Clients > load.MaxOpen*max(1, o.Threads):
		return fmt.Errorf("%d clients: an agent of %d threads holds %d at most", o.Clients, max(1, o.Threads), load.MaxOpen*max(1, o.Threads))
	case o.Null:
		return nil
	case strings.HasPrefix(o.Address, "/"):
		return errors.New("an agent loads no Unix-domain sockets")
	}
	target, err := netip.ParseAddrPort(o.Address)
	if err != nil {
		return fmt.Errorf("%s: want an IP address and a port", o.Address)
	}
	for _, prefix := range a.Allow {
		if prefix.Contains(target.Addr().Unmap()) {
			return nil
		}
	}
	return fmt.Errorf("%s is not among the addresses that this agent may load (%s): start it with --allow %s/%d to permit that", target.Addr(), a.allowed(), target.Addr(), target.Addr().BitLen())
}

// reachTimeout is how long a first connection may take.
const reachTimeout = 3 * time.Second

// reach connects once: a target that only some agents reach is told of before any loads it.
func reach(o load.Order) error {
	if o.Null {
		return nil
	}
	conn, err := net.DialTimeout("tcp", o.Address, reachTimeout)
	var errno syscall.Errno
	switch {
	case err == nil:
		return conn.Close()
	case errors.As(err, &errno):
		return fmt.Errorf("%s cannot be reached from here: %w", o.Address, errno)
	}
	return fmt.Errorf("%s cannot be reached from here within %s", o.Address, reachTimeout)
}
