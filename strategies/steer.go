//go:build linux

package strategies

import (
	"time"

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

	program string // for the kernel, among those of package steer; or ""
	open    func(*grouped, Steer) (steering, error)
}

// Steers are all there are; the first is the default.
var Steers = []Steer{
	{
		Name:     "hash",
		Sentence: "by a hash of addresses and ports, which is dice",
		open:     openHash,
	},
	{
		Name:     "cpu",
		Sentence: "by the CPU that the connection comes in on; with --pin, its worker is there too",
		open:     openCPU,
	},
	{
		Name:     "round-robin",
		Sentence: "each worker in its turn, however busy it is (eBPF)",
		program:  steer.RoundRobin,
		open:     openProgram,
	},
	{
		Name:     "least-loaded",
		Sentence: "the worker with the fewest connections, open and queued, that is not stuck (eBPF)",
		Watches:  true,
		program:  steer.LeastLoaded,
		open:     openProgram,
	},
	{
		Name:     "p2c",
		Sentence: "of two workers drawn at random, the one with fewer connections: cheaper for many (eBPF)",
		Watches:  true,
		program:  steer.TwoChoices,
		open:     openProgram,
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
	// add lets the socket of the next slot be picked.
	add(slot, fd int) error
	// retire has no slot picked from this one on.
	retire(slot int) error
	// dropped is told when the sockets from this slot on are closed.
	dropped(slot int) error
	// takeOver is told when a group is to be steered by this master, which is or
	// was another's as well.
	takeOver() error
}

// programmed is a steering by a program that keeps the scoreboard and a table of
// sockets in the kernel. Both descriptors stay its own.
type programmed interface {
	// renew has the slot go on with another socket. The one before can then be
	// closed.
	renew(slot, fd int) error
	// recount is told that the slot's counts have been corrected.
	recount(slot int) error
	scoreboard() int
	table() int
	close() error
}
