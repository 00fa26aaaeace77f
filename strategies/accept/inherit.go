//go:build linux

package accept

import (
	"errors"
	"fmt"
	"math"
	"os"
	"strconv"
	"time"

	"github.com/libp2p/go-reuseport"
	"golang.org/x/sys/unix"

	"prefork/internal/sys"
)

// What a worker finds in its environment, besides LISTEN_FDS, LISTEN_PID and
// LISTEN_FDNAMES as systemd sets them (sd_listen_fds(3)).
const (
	EnvStrategy = "PREFORK_STRATEGY"    // the strategy's name, for who would like to know
	EnvSlot     = "PREFORK_SLOT"        // the worker's number, from 0
	EnvAccept   = "PREFORK_ACCEPT"      // how to take connections: a name among Modes
	EnvBind     = "PREFORK_WORKER_BIND" // where to listen, for a worker that binds its own socket
	EnvBacklog  = "PREFORK_BACKLOG"     // how many may wait there
	EnvDrain    = "PREFORK_DRAIN"       // how long Source.Drain may go on: a time.Duration

	// InheritedFD is the descriptor on which a worker finds its file.
	InheritedFD = 3
)

// ErrNoMaster says that this process was not started by a master.
var ErrNoMaster = errors.New("no inherited socket: this process was not started by prefork")

// Inherit is the worker's end of a Front: it reads what the master left in the
// environment and in descriptor 3. hot says that the process has nothing to do
// but serve one connection at a time on the goroutine that calls Next, with
// GOMAXPROCS at 1; see docs/architecture.md.
func Inherit(hot bool) (Source, error) {
	how := os.Getenv(EnvAccept)
	if how == "" || !forThisProcess() {
		return nil, ErrNoMaster
	}
	// For programs the master leaves the socket as they would expect it. This one
	// has to be able to stop waiting.
	if os.Getenv(EnvBind) == "" {
		if err := sys.Interruptible(InheritedFD); err != nil {
			return nil, fmt.Errorf("descriptor %d is no socket: was this process started by prefork? %w", InheritedFD, err)
		}
	}
	mode, err := Lookup(how)
	if err != nil {
		return nil, err
	}
	fd := InheritedFD
	if address := os.Getenv(EnvBind); address != "" {
		if fd, err = bindOwn(address, mode); err != nil {
			return nil, err
		}
	}
	if err := mode.check(fd); err != nil {
		return nil, err
	}
	unix.CloseOnExec(fd) // what this worker starts is not to keep the address
	taker, err := mode.open(fd, hot)
	if err != nil {
		return nil, err
	}
	return newSource(taker, drainTime()), nil
}

// drainTime is how long the master lets a worker drain; without a word of it, as long
// as it takes.
func drainTime() time.Duration {
	limit, err := time.ParseDuration(os.Getenv(EnvDrain))
	if err != nil || limit <= 0 {
		return math.MaxInt64
	}
	return limit
}

// forThisProcess tells an environment that is meant for this process from one
// that a child of a worker happened to inherit.
func forThisProcess() bool {
	if os.Getenv(EnvBind) != "" {
		return true
	}
	pid, err := strconv.Atoi(os.Getenv("LISTEN_PID"))
	return err == nil && pid == os.Getpid() && os.Getenv("LISTEN_FDS") == "1"
}

// bindOwn binds a socket of this worker's own into the group: the classic form,
// in which a worker that dies takes its queue with it.
func bindOwn(address string, mode Mode) (int, error) {
	fd, _, err := sys.Listen("tcp", address, reuseport.Control)
	if err != nil {
		return -1, fmt.Errorf("bind %s: %w", address, err)
	}
	backlog, err := strconv.Atoi(os.Getenv(EnvBacklog))
	if err != nil {
		backlog = unix.SOMAXCONN
	}
	if err := errors.Join(unix.Listen(fd, backlog), mode.Prepare(fd)); err != nil {
		return -1, errors.Join(err, unix.Close(fd))
	}
	return fd, nil
}
