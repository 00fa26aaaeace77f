//go:build linux

package strategies

import (
	"context"
	"math/rand/v2"
	"net"
	"time"

	"prefork/dispatch"
	"prefork/strategies/accept"
)

// Front is one open strategy, as the master holds it.
type Front interface {
	// Addr is where clients connect.
	Addr() net.Addr
	// FD is what the workers of this slot inherit as descriptor 3, the same
	// file at every call; it is opened when a slot is first asked for. The Front
	// owns it. It is -1 where workers open their own (Config.BindInWorker).
	//
	// It is a bare descriptor because an os.File would join the runtime's poller,
	// which then wakes the master for every connection, or set O_NONBLOCK on the
	// description that all workers share.
	FD(slot int) (int, error)
	// Close closes every descriptor. What no worker has taken by then is lost.
	Close() error
}

// Pump is a Front whose master stands in the way of every connection.
type Pump interface {
	Front
	// Run accepts and passes on connections until ctx is done, and then what is
	// queued by that time.
	Run(ctx context.Context) error
}

// Retirer is a Front that can take a slot out of service without losing what
// is queued for it. Where a Front is not one, no queue belongs to a slot.
type Retirer interface {
	// Retire sends no new connection to the slot, which must be the last one.
	// What is queued already stays for the slot's workers.
	Retire(slot int) error
	// Drop closes the files of a retired slot.
	Drop(slot int) error
}

// Rescuer is a Front that can give what is queued for a slot, which has no worker
// at the moment, to the others.
type Rescuer interface{ Rescue(slot int) error }

// Quiescer is a Front that can turn new connections away before it is closed,
// so that a queue can be drained to its end.
type Quiescer interface{ Quiesce() error }

// Heirloom is a Front whose sockets can be handed on to another master.
type Heirloom interface {
	// Sockets are the listening sockets, in slot order. The Front owns them.
	Sockets() []int
	// Shared says whether another master has them too: then Close leaves the path
	// of a Unix-domain address alone. Sockets that were taken over are shared.
	Shared(bool)
}

// Steered is a Front whose kernel may be told, by a program that the Front has
// loaded, which socket to pick. The Front owns the descriptors; ok is false where
// there is no such program.
type Steered interface {
	// Scoreboard is the memory that the program reads: workers have to count
	// there.
	Scoreboard() (fd int, ok bool)
	// SocketTable is where the program finds the sockets. Who inherits those
	// needs it, for the kernel lets a socket be in one such table only.
	SocketTable() (fd int, ok bool)
	// TakeOver has the kernel steered as this Front would, and by nobody else:
	// when all workers of a master that inherited its sockets are ready, until
	// which the other's steering stays; or when the heir did not get that far.
	TakeOver() error
	// Recount says that the slot's lines of the scoreboard have been corrected.
	Recount(slot int) error
}

// Config is how a master opens a strategy.
type Config struct {
	Bind    Bind
	Backlog int
	Accept  string // a name among accept.Listening; "" is the first. Not for dispatch.
	// Foreign says that the workers are programs that know nothing of this
	// package, so that sockets are left as such programs expect them.
	Foreign bool
	// BindInWorker leaves it to each worker to bind its socket; reuseport only.
	BindInWorker bool
	// Sockets are listening sockets to take over instead of opening new ones,
	// in slot order. The Front owns them from then on.
	Sockets []int

	// For reuseport only.
	Steer       string        // a name among Steers; "" is the first
	StuckAfter  time.Duration // how long a queue may stand still; 0 is DefaultStuckAfter
	SocketTable int           // the descriptor of Steered.SocketTable that comes with Sockets, or 0; the caller's

	// For dispatch only.
	Policy      string // a name among dispatch.Policies; "" is the first
	Window      int    // connections on their way to one worker at most
	Concurrency int    // connections that a worker serves at once
	Workers     dispatch.Workers
	Random      *rand.Rand
}

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
	// Settle is how long connections can still join the queue of a retired slot:
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
// in accept.EnvAccept: the one that was chosen among Modes, if there are any.
func (s Strategy) Accept(chosen string) string {
	switch {
	case len(s.Modes) == 0:
		return accept.Receive
	case chosen == "":
		return s.Modes[0]
	}
	return chosen
}

// Open opens the strategy.
func (s Strategy) Open(c Config) (Front, error) { return s.open(c) }
