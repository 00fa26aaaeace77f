//go:build linux

package accept

import (
	"errors"
	"fmt"
	"math"
	"os"
	"strconv"
	"strings"
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
	EnvBind     = "PREFORK_WORKER_BIND" // where to listen, for a worker that binds its own sockets; separated by commas
	EnvBacklog  = "PREFORK_BACKLOG"     // how many may wait there
	EnvDrain    = "PREFORK_DRAIN"       // how long Source.Drain may go on: a time.Duration

	// InheritedFD is the descriptor on which a worker finds its first file; any others
	// follow it.
	InheritedFD = 3
)

// File is what a worker inherits: the master's descriptor of it, and its name among
// LISTEN_FDNAMES.
type File struct {
	FD   int
	Name string
}

// ErrNoMaster says that this process was not started by a master.
var ErrNoMaster = errors.New("no inherited socket: this process was not started by prefork")

// Inherit is the worker's end of a Front: it reads what the master left in the
// environment, and in descriptor 3 and those that follow. hot says that the process has nothing to do
// but serve one connection at a time on the goroutine that calls Next, with
// GOMAXPROCS at 1; see docs/architecture.md.
func Inherit(hot bool) (Source, error) {
	mode, fds, err := claim()
	if err != nil {
		return nil, err
	}
	taker, err := mode.take(fds, hot)
	if err != nil {
		return nil, err
	}
	return newSource(taker, drainTime()), nil
}

// claim has the files that the master has left be this process's own, and says how they
// are to be waited on.
func claim() (mode Mode, fds []int, err error) {
	how := os.Getenv(EnvAccept)
	number := inherited()
	if how == "" || number == 0 {
		return mode, nil, ErrNoMaster
	}
	if mode, err = Lookup(how); err != nil {
		return mode, nil, err
	}
	if addresses := os.Getenv(EnvBind); addresses != "" {
		fds, err = bindOwn(strings.Split(addresses, ","), mode)
	} else {
		fds, err = adopt(number)
	}
	if err != nil {
		return mode, nil, err
	}
	return mode, fds, nil
}

// adopt has the inherited files be this process's own.
func adopt(number int) (fds []int, err error) {
	for fd := InheritedFD; fd < InheritedFD+number; fd++ {
		// For programs the master leaves a socket as they would expect it. This one
		// has to be able to stop waiting.
		if err := sys.Interruptible(fd); err != nil {
			return nil, fmt.Errorf("descriptor %d is no socket: was this process started by prefork? %w", fd, err)
		}
		unix.CloseOnExec(fd) // what this worker starts is not to keep the address
		fds = append(fds, fd)
	}
	return fds, nil
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

// inherited is how many files this process is to take connections from; 0 if its
// environment is meant for another one, of which this is a child.
func inherited() int {
	if addresses := os.Getenv(EnvBind); addresses != "" {
		return 1 + strings.Count(addresses, ",")
	}
	pid, err := strconv.Atoi(os.Getenv("LISTEN_PID"))
	if err != nil || pid != os.Getpid() {
		return 0
	}
	number, err := strconv.Atoi(os.Getenv("LISTEN_FDS"))
	if err != nil {
		return 0
	}
	return max(0, number)
}

// bindOwn binds sockets of this worker's own into the groups: the classic form,
// in which a worker that dies takes its queue with it.
func bindOwn(addresses []string, mode Mode) (fds []int, err error) {
	backlog, err := strconv.Atoi(os.Getenv(EnvBacklog))
	if err != nil {
		backlog = unix.SOMAXCONN
	}
	for _, address := range addresses {
		fd, _, err := sys.Listen("tcp", address, reuseport.Control)
		if err == nil {
			fds = append(fds, fd)
			err = errors.Join(unix.Listen(fd, backlog), mode.Prepare(fd))
		}
		if err != nil {
			for _, fd := range fds {
				err = errors.Join(err, unix.Close(fd))
			}
			return nil, fmt.Errorf("bind %s: %w", address, err)
		}
	}
	return fds, nil
}
