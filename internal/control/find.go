//go:build linux

package control

import (
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"prefork/internal/kernel"
)

// Which says which master is meant. The zero value means the only one there is.
type Which struct {
	Path    string // of its control socket
	PIDFile string
	Name    string // --name, or the pid
}

// Find is the path of the master's control socket.
func Find(w Which) (string, error) {
	switch {
	case w.Path != "":
		return w.Path, nil
	case w.PIDFile != "":
		return byPIDFile(w.PIDFile)
	case w.Name != "":
		return byName(w.Name)
	}
	return theOnlyOne()
}

// known are the sockets in our own directories; root also sees those of others, if it
// has none itself.
func known() (paths []string) {
	for _, dir := range dirs() {
		paths = append(paths, socketsIn(dir)...)
	}
	if len(paths) == 0 && os.Geteuid() == 0 {
		for _, pattern := range []string{"/run/user/*/prefork", filepath.Join(os.TempDir(), "prefork-*")} {
			others, _ := filepath.Glob(pattern)
			for _, dir := range others {
				paths = append(paths, socketsIn(dir)...)
			}
		}
	}
	return paths
}

const choose = "say which one with --control PATH, --pid-file FILE or --name NAME"

func theOnlyOne() (string, error) {
	paths := known()
	alive := slices.DeleteFunc(slices.Clone(paths), func(path string) bool { return masterAt(path) == 0 })
	switch {
	case len(alive) == 1:
		return alive[0], nil
	case len(alive) > 1:
		var names []string
		for _, path := range alive {
			names = append(names, nameOf(path))
		}
		return "", fmt.Errorf("%d servers run here: %s; %s", len(alive), strings.Join(names, ", "), choose)
	case len(paths) == 1:
		return paths[0], nil // who asks there hears that it is dead
	}
	return "", fmt.Errorf("no server of this user has a control socket in %s: start one, or %s", strings.Join(dirs(), " or "), choose)
}

func byName(name string) (string, error) {
	for _, path := range known() {
		if nameOf(path) == name {
			return path, nil
		}
	}
	if pid, err := strconv.Atoi(name); err == nil {
		return byPID(pid)
	}
	return "", fmt.Errorf("no server of this user is called %s: %s", name, listed())
}

func listed() string {
	var names []string
	for _, path := range known() {
		names = append(names, nameOf(path))
	}
	if len(names) == 0 {
		return "there is none"
	}
	return "there are " + strings.Join(names, ", ")
}

func byPIDFile(path string) (string, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return "", fmt.Errorf("--pid-file: %w", err)
	}
	pid, err := strconv.Atoi(strings.TrimSpace(string(text)))
	if err != nil || pid <= 0 {
		return "", fmt.Errorf("--pid-file %s: %q is no pid", path, strings.TrimSpace(string(text)))
	}
	found, err := byPID(pid)
	if err != nil {
		return "", fmt.Errorf("--pid-file %s: %w", path, err)
	}
	return found, nil
}

// byPID looks among the known sockets, and then where the process was told to have its own.
func byPID(pid int) (string, error) {
	if errors.Is(unix.Kill(pid, 0), unix.ESRCH) {
		return "", fmt.Errorf("process %d has ended", pid)
	}
	for _, path := range known() {
		if masterAt(path) == pid {
			return path, nil
		}
	}
	if path := toldPath(pid); path != "" && masterAt(path) == pid {
		return path, nil
	}
	return "", fmt.Errorf("process %d has no control socket that this user can find: is it a prefork, and yours? Else say --control PATH", pid)
}

// toldPath is what a process was told by --control, "" if that cannot be seen.
func toldPath(pid int) string {
	const flag, variable = "--control", "PREFORK_CONTROL"
	path := ""
	environ, _ := kernel.Environment(pid)
	for _, entry := range environ {
		if value, ok := strings.CutPrefix(entry, variable+"="); ok {
			path = value
		}
	}
	args, _ := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", pid))
	ours, _, _ := strings.Cut(string(args), "\x00--\x00") // a program's own come behind
	words := strings.Split(ours, "\x00")
	for i, word := range words {
		if value, glued := strings.CutPrefix(word, flag+"="); glued {
			path = value
		} else if word == flag && i+1 < len(words) {
			path = words[i+1]
		}
	}
	if path == "" || filepath.IsAbs(path) {
		return path
	}
	return fmt.Sprintf("/proc/%d/cwd/%s", pid, path)
}

// masterAt is the process that listens at a path, 0 if none does or none can be asked.
func masterAt(path string) int {
	conn, err := net.DialTimeout("unix", path, time.Second)
	if err != nil {
		return 0
	}
	defer conn.Close()
	by, err := peerOf(conn.(*net.UnixConn))
	if err != nil {
		return 0
	}
	return by.PID
}
