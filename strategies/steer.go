//go:build linux

package strategies

import (
	"time"

	"golang.org/x/sys/unix"

	"prefork/internal/steer"
)

// Steer is one way in which the kernel picks among the sockets of a reuseport
// group, and with it the worker.
type Steer struct {
	Name     string
	Sentence string
	// Watches says that it passes over slots that are stuck; see
	// Config.StuckAfter.
	Watches bool
	// Queues says that it picks a queue and asks not whose: several workers may take from
	// it, and there may be several addresses.
	Queues bool

	program string                                        // for the kernel, among those of package steer; or ""
	filter  func(among []bool) ([]unix.SockFilter, error) // else: see classic
}

// Steers are all there are; the first is the default.
var Steers = []Steer{
	{
		Name:     "hash",
		Sentence: "by a number made of the addresses and ports of both ends (a hash), which is as good as dice",
		Queues:   true,
		filter:   byHash,
	},
	{
		Name:     "cpu",
		Sentence: "by the CPU that the connection comes in on; with --pin, its worker is there too",
		Queues:   true,
		filter:   byCPU,
	},
	{
		Name:     "round-robin",
		Sentence: "each worker in its turn, however busy it is (eBPF)",
		program:  steer.RoundRobin,
	},
	{
		Name:     "least-loaded",
		Sentence: "the worker with the fewest connections, open and queued, that is not stuck (eBPF)",
		Watches:  true,
		program:  steer.LeastLoaded,
	},
	{
		Name:     "p2c",
		Sentence: "of two workers drawn at random, the one with fewer connections: cheaper for many (eBPF)",
		Watches:  true,
		program:  steer.TwoChoices,
	},
}

// DefaultStuckAfter is for a Config that does not say.
const DefaultStuckAfter = time.Second

// Probe says why the kernel will not be steered like this by this process. The
// error is an fs.ErrPermission if it is a matter of that.
func (s Steer) Probe() error {
	if s.program == "" {
		return nil
	}
	return steer.Probe(s.program)
}

// steering has the kernel pick among the sockets of a group. Like the group, it
// belongs to one goroutine.
type steering interface {
	// add opens the next socket, which is not to be picked before that is said. A socket
	// that listens has joined the kernel's group.
	add(open func() (fd int, err error)) error
	// pick says of each socket whether it is to be picked.
	pick(among []bool) error
	// drop closes the sockets from this one on, none of which is picked.
	drop(queue int, close func() error) error
}

// open steers the sockets that there are, among which the kernel is to pick some.
func (s Steer) open(c Config, l *listener, among []bool) (steering, error) {
	if s.program != "" {
		return openProgram(c, l, s.program, among)
	}
	return openClassic(l, s.filter, among)
}
