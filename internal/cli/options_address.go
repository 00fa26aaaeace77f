//go:build linux

package cli

import (
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strconv"

	"golang.org/x/sys/unix"

	"prefork/internal/sys"
	"prefork/strategies"
)

// addresses are those that --bind was given. The flag's library sets a value once more,
// for its other name, so one that comes twice in a row counts once.
type addresses []string

// Set is flag.Value's.
func (a *addresses) Set(text string) error {
	if len(*a) == 0 || text != a.String() {
		*a = append(*a, text)
	}
	return nil
}

// String is the last one, before which one in the environment comes.
func (a *addresses) String() string {
	if len(*a) == 0 {
		return ":8080"
	}
	return (*a)[len(*a)-1]
}

// asked are the addresses without one in the environment that another one overrides.
func (a *addresses) asked() []string {
	if len(*a) > 1 && (*a)[0] == os.Getenv("PREFORK_BIND") {
		return (*a)[1:]
	}
	return *a
}

// givenSockets are the listening sockets that this process was started with, as a
// .socket unit of systemd does (LISTEN_FDS and LISTEN_PID in sd_listen_fds(3)). Package
// activation of go-systemd is of no use here: its files close with the last one who knows
// of them, and the sockets have to outlast the exec by which a master begins.
type givenSockets struct {
	fds  []int           // none in a binary that goes on from a state, which has them
	bind strategies.Bind // what they listen on
	err  error           // what is wrong with them
}

// envGiven says, to the binaries that go on after this one, what the sockets listen on.
const envGiven = "PREFORK_GIVEN"

const firstGiven = 3 // SD_LISTEN_FDS_START

func socketsGiven() (g givenSockets) {
	if text := os.Getenv(envGiven); text != "" {
		g.bind, g.err = strategies.ParseBind(text)
		return g
	}
	pid, _ := strconv.Atoi(os.Getenv("LISTEN_PID"))
	n, err := strconv.Atoi(os.Getenv("LISTEN_FDS"))
	if pid != os.Getpid() || err != nil {
		return g
	}
	for fd := firstGiven; fd < firstGiven+n; fd++ {
		name, err := unix.Getsockname(fd)
		if err != nil {
			g.err = fmt.Errorf("descriptor %d, which this process was given to listen on (LISTEN_FDS=%d), is no socket: %w", fd, n, err)
			return g
		}
		if fd == firstGiven {
			g.bind = bindOf(sys.AddrOf(name))
		}
		g.fds = append(g.fds, fd)
	}
	return g
}

func bindOf(addr net.Addr) strategies.Bind {
	return strategies.Bind{Network: addr.Network(), Address: addr.String()}
}

func (g givenSockets) any() bool { return g.bind != (strategies.Bind{}) }

// take has the sockets be this process's own: what it starts, and what goes on after it,
// is not to take them again.
func (g givenSockets) take() {
	for _, name := range []string{"LISTEN_PID", "LISTEN_FDS", "LISTEN_FDNAMES"} {
		_ = os.Unsetenv(name)
	}
	if g.any() {
		_ = os.Setenv(envGiven, g.bind.String())
	}
}

// means reports whether who asks for an address means that of a socket. Any port will do
// for 0.
func means(asked, got strategies.Bind) bool {
	if asked.Network != got.Network {
		return false
	}
	if asked.Network == "unix" {
		return absolute(asked.Address) == absolute(got.Address)
	}
	want, wantErr := net.ResolveTCPAddr("tcp", asked.Address)
	have, haveErr := net.ResolveTCPAddr("tcp", got.Address)
	switch {
	case wantErr != nil || haveErr != nil || want.Port != 0 && want.Port != have.Port:
		return false
	case want.IP == nil: // every address
		return have.IP.IsUnspecified()
	}
	return want.IP.Equal(have.IP) && want.Zone == have.Zone
}

func absolute(path string) string {
	if all, err := filepath.Abs(path); err == nil && path != "" && path[0] != '@' {
		return all
	}
	return path
}
