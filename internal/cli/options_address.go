//go:build linux

package cli

import (
	"encoding/json"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"

	"prefork/internal/sys"
	"prefork/strategies"
	"prefork/strategies/accept"
)

// addresses are those that --bind was given, or else those in the environment. The flag's
// library sets what is in the environment first, and in the end all of it once more, for the
// flag's other name.
type addresses struct {
	texts []string
	env   bool // they are from the environment
}

const (
	envBind  = "PREFORK_BIND" // addresses, with commas between them
	setAgain = "\x00"         // before what is set for the other name
)

// Set is flag.Value's.
func (a *addresses) Set(text string) error {
	switch {
	case strings.HasPrefix(text, setAgain):
	case a.texts == nil && text != "" && text == os.Getenv(envBind):
		a.env = true
		for one := range strings.SplitSeq(text, ",") {
			a.texts = append(a.texts, strings.TrimSpace(one))
		}
	case a.env:
		a.texts, a.env = []string{text}, false
	default:
		a.texts = append(a.texts, text)
	}
	return nil
}

// Serialize is cli.Serializer's.
func (a *addresses) Serialize() string { return setAgain }

// String is flag.Value's.
func (a *addresses) String() string { return strings.Join(a.texts, ",") }

// address is where to listen, and where that was said, if not by --bind.
type address struct{ text, from string }

// addresses are all where to listen.
func (o *options) addresses() (all []address) {
	switch {
	case len(o.bind.texts) > 0:
		from := ""
		if o.bind.env {
			from = envBind + " in the environment: "
		}
		for _, text := range o.bind.texts {
			all = append(all, address{text, from})
		}
	case o.port != "":
		all = append(all, address{":" + o.port, "PORT in the environment: "})
	default:
		all = append(all, address{text: ":8080"})
	}
	return all
}

// asksForAddress reports whether one was asked for, and not left to the default.
func (o *options) asksForAddress() bool { return o.port != "" || len(o.bind.texts) > 0 }

// binds are the addresses to listen on: those of the sockets that were given, if there are
// any, under the names that they were asked for by.
func (o *options) binds() (all []strategies.Bind) {
	for _, a := range o.addresses() {
		bind, _ := strategies.ParseBind(a.text)
		all = append(all, bind)
	}
	if !o.sockets.any() {
		return all
	}
	asked := all
	all = slices.Clone(o.sockets.binds)
	if o.asksForAddress() {
		for i, at := range o.sockets.meant(asked) {
			if at >= 0 && asked[i].Name != "" {
				all[at].Name = asked[i].Name
			}
		}
	}
	return all
}

// givenSockets are the listening sockets that this process was started with, as a
// .socket unit of systemd does (LISTEN_FDS and LISTEN_PID in sd_listen_fds(3)). Package
// activation of go-systemd is of no use here: its files close with the last one who knows
// of them, and the sockets have to outlast the exec by which a master begins.
type givenSockets struct {
	fds   []int             // none in a binary that goes on from a state, which has them
	at    []int             // for each, which of binds it listens on
	binds []strategies.Bind // what they listen on
	err   error             // what is wrong with them
}

// envGiven says, to the binaries that go on after this one, what the sockets listen on.
const envGiven = "PREFORK_GIVEN"

const firstGiven = 3 // SD_LISTEN_FDS_START

func socketsGiven() (g givenSockets) {
	if text := os.Getenv(envGiven); text != "" {
		g.err = json.Unmarshal([]byte(text), &g.binds)
		return g
	}
	pid, _ := strconv.Atoi(os.Getenv("LISTEN_PID"))
	n, err := strconv.Atoi(os.Getenv("LISTEN_FDS"))
	if pid != os.Getpid() || err != nil {
		return g
	}
	names := strings.Split(os.Getenv("LISTEN_FDNAMES"), ":")
	for i := range n {
		name, err := unix.Getsockname(firstGiven + i)
		if err != nil {
			g.err = fmt.Errorf("descriptor %d, which this process was given to listen on (LISTEN_FDS=%d), is no socket: %w", firstGiven+i, n, err)
			return g
		}
		bind := bindOf(sys.AddrOf(name))
		if len(names) == n && chosen(names[i]) {
			bind.Name = names[i]
		}
		g.add(firstGiven+i, bind)
	}
	return g
}

// add takes in a socket. Those of one address bear the name of the first.
func (g *givenSockets) add(fd int, bind strategies.Bind) {
	at := slices.IndexFunc(g.binds, func(b strategies.Bind) bool { return b.Network == bind.Network && b.Address == bind.Address })
	if at < 0 {
		at = len(g.binds)
		g.binds = append(g.binds, bind)
	}
	g.fds, g.at = append(g.fds, fd), append(g.at, at)
}

// chosen reports whether a name was given to a socket by somebody (FileDescriptorName=), and
// is not what systemd calls one that has none.
func chosen(name string) bool {
	return name != "" && name != "unknown" && !strings.HasSuffix(name, ".socket")
}

func bindOf(addr net.Addr) strategies.Bind {
	return strategies.Bind{Network: addr.Network(), Address: addr.String()}
}

func (g givenSockets) any() bool { return len(g.binds) > 0 }

// files are the sockets, with these names.
func (g givenSockets) files(binds []strategies.Bind) (all []accept.File) {
	for i, fd := range g.fds {
		all = append(all, accept.File{FD: fd, Name: binds[g.at[i]].Name})
	}
	return all
}

// take has the sockets be this process's own: what it starts, and what goes on after it,
// is not to take them again.
func (g givenSockets) take() {
	for _, name := range []string{"LISTEN_PID", "LISTEN_FDS", "LISTEN_FDNAMES"} {
		_ = os.Unsetenv(name)
	}
	if text, err := json.Marshal(g.binds); g.any() && err == nil {
		_ = os.Setenv(envGiven, string(text))
	}
}

// meant are the addresses, by number, that those who are asked for mean; -1 is none. What fits
// several means one that nobody else does.
func (g givenSockets) meant(asked []strategies.Bind) (all []int) {
	taken := make([]bool, len(g.binds))
	for _, bind := range asked {
		at := -1
		for i, got := range g.binds {
			if means(bind, got) && (at < 0 || taken[at]) {
				at = i
			}
		}
		if at >= 0 {
			taken[at] = true
		}
		all = append(all, at)
	}
	return all
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
