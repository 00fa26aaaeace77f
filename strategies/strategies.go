//go:build linux

package strategies

import (
	"context"
	"log/slog"
	"math/rand/v2"
	"time"

	"prefork/dispatch"
	"prefork/internal/steer"
	"prefork/strategies/accept"
)

// Front is one open strategy, as the master holds it. Its methods belong to one
// goroutine.
type Front interface {
	// Listeners are the sockets on which clients connect. The Front owns them.
	Listeners() *Listeners
	// Files are what the workers of this slot inherit from descriptor 3 on, the same
	// files at every call; they are opened when a slot is first asked for, which is
	// suspended then. The Front owns them. There are none where workers open their own
	// (Config.BindInWorker).
	//
	// They are bare descriptors because an os.File would join the runtime's poller,
	// which then wakes the master for every connection, or set O_NONBLOCK on the
	// description that all workers share.
	Files(slot int) ([]accept.File, error)
	// Suspend says that the slot has no worker, or one that is on its way out: it
	// gets no new connections. Those that wait for it stay.
	Suspend(slot int) error
	// Resume says that the slot has a worker that takes connections.
	Resume(slot int) error
	// Rescue gives what waits for a suspended slot to the others, where that can be
	// done.
	Rescue(slot int) error
	// Queued is how many connections wait where the slot's worker would take them.
	Queued(slot int) (Queue, error)
	// Drop closes the files of the slots from this one on, all of them suspended.
	Drop(slot int) error
	// Steering is the program that picks slots in the kernel, nil where there is none.
	// The Front owns it.
	Steering() *steer.Kernel
	// State is what it takes to open this front again in another image of this process.
	// The descriptors stay the Front's.
	State() State
	// Close closes every descriptor. What no worker has taken by then is lost.
	Close() error
}

// Queue is what waits for the workers of a slot.
type Queue struct {
	Waiting int
	Own     int // of those, where no lower slot's workers take from
	Sole    int // of those, where nobody takes from whose slot gets connections, but this one's
}

// Pump is a Front whose master stands in the way of every connection.
type Pump interface {
	Front
	// Run accepts connections and passes them on until ctx is done. What it has
	// accepted by then and not passed on it keeps, for the next Run, Drain or State.
	Run(ctx context.Context) error
	// Drain passes on what is queued when it is called, and ends with that, or when ctx
	// is done. It waits for workers that are still to come.
	Drain(ctx context.Context) error
}

// Config is how a master opens a strategy.
type Config struct {
	Binds   []Bind
	Backlog int
	Accept  string // a name among accept.Listening; "" is the first. Not for dispatch.
	// Foreign says that the workers are programs that know nothing of this
	// package, so that sockets are left as such programs expect them.
	Foreign bool
	// BindInWorker leaves it to each worker to bind its socket; reuseport only.
	BindInWorker bool
	// Sockets are listening sockets that somebody else opened and keeps, such as a
	// service manager, to be used instead of new ones, in the order of their queues.
	// Those of one address bear its first one's name. These descriptors are the Front's
	// from then on.
	Sockets []accept.File
	// Access is who may connect to Unix-domain paths; nil is who the umask lets.
	Access *Access
	// State is where to go on from, instead of opening anything. Its descriptors are
	// the Front's from then on.
	State *State

	// For reuseport only.
	Steer      string        // a name among Steers; "" is the first
	StuckAfter time.Duration // how long a queue may stand still; 0 is DefaultStuckAfter
	// Queues are how many sockets there are at an address for good, from each of which
	// some slots take; 0 is one for each slot. Overlap is from how many each slot takes,
	// if there are Queues; 0 is 1.
	Queues, Overlap int

	// For dispatch only.
	Policy      string // a name among dispatch.Policies; "" is the first
	Window      int    // connections on their way to one worker at most
	Concurrency int    // connections that a worker serves at once
	Counts      dispatch.Counts
	Random      *rand.Rand
	Log         *slog.Logger // hears what keeps connections from workers
	// Broken hears of a slot whose worker has broken its pair, once. FD makes a new one
	// then. It is called from Run or Drain.
	Broken func(slot int)

	prepare func(c Config, fd int) error // a listening socket for who accepts from it
}

// Access is the owner and the mode of a path. What is below 0 stays as it comes.
type Access struct{ UID, GID, Mode int }

// Strategy is one way of taking connections.
type Strategy struct {
	Name     string
	Sentence string
	// Modes are the names of the accept modes it has; empty if its workers do
	// not accept.
	Modes []string
	// Steers are the names of the ways in which the kernel can be steered.
	Steers []string
	// Policies are the names of the policies it has.
	Policies []string
	// Settle is how long connections can still join the queue of a suspended slot:
	// those whose handshake was under way.
	Settle time.Duration
	// Unix says whether it can listen on a Unix-domain address.
	Unix bool

	open func(Config) (Front, error)
}

// Strategies are all there are; the first is the default.
var Strategies = []Strategy{
	{
		Name:     "shared",
		Sentence: "one socket, inherited by every worker; the kernel wakes one of them per connection",
		Modes:    modeNames(),
		Unix:     true,
		open:     openShared,
	},
	{
		Name:     "reuseport",
		Sentence: "a socket for every worker on the same port; the kernel picks one by hash",
		Modes:    modeNames(),
		Steers:   steerNames(),
		Settle:   time.Second, // a SYN-ACK lost once comes again after a second
		open:     openReuseport,
	},
	{
		Name:     "dispatch",
		Sentence: "the master accepts every connection and passes it to a worker",
		Policies: policyNames(),
		Unix:     true,
		open:     openDispatch,
	},
}

func modeNames() (names []string) {
	for _, mode := range accept.Listening() {
		names = append(names, mode.Name)
	}
	return names
}

func steerNames() (names []string) {
	for _, steer := range Steers {
		names = append(names, steer.Name)
	}
	return names
}

func policyNames() (names []string) {
	for _, policy := range dispatch.Policies {
		names = append(names, policy.Name)
	}
	return names
}

// Accept is the mode in which the strategy's workers take connections, as they are told
// in accept.EnvAccept: the one that was chosen among Modes, if there are any; else the
// default for workers that wait for one thing at a time, or for several: sockets, or
// connections that they serve at once.
func (s Strategy) Accept(chosen string, several bool) string {
	switch {
	case len(s.Modes) == 0:
		return accept.Receive
	case chosen != "":
		return chosen
	case several:
		return accept.ForSeveral
	}
	return s.Modes[0]
}

// Open opens the strategy.
func (s Strategy) Open(c Config) (Front, error) { return s.open(c) }
