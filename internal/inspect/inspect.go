//go:build linux

// Package inspect looks at listening sockets, of whatever program, from outside.
package inspect

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"

	"github.com/prometheus/procfs"
)

// Process is one that holds a socket.
type Process struct {
	PID  int
	Name string
}

func (p Process) String() string { return fmt.Sprintf("%s (pid %d)", p.Name, p.PID) }

// ErrUnknown says that nobody was found, be it that there is nobody or that this
// user may not see it.
var ErrUnknown = errors.New("no process found")

// Listener finds the process whose listening socket stands in the way of one on
// this address, "tcp" or "unix".
func Listener(network, address string) (Process, error) {
	inodes, err := listening(network, address)
	if err != nil {
		return Process{}, err
	}
	holders, err := holding(inodes)
	if err != nil {
		return Process{}, err
	}
	return topmost(holders)
}

// holding are the processes that have one of these sockets open, by pid, as far
// as this user may see them.
func holding(inodes []uint32) (map[int]procfs.ProcStat, error) {
	processes, err := procfs.AllProcs()
	if err != nil {
		return nil, err
	}
	holders := make(map[int]procfs.ProcStat)
	for _, process := range processes {
		targets, err := process.FileDescriptorTargets()
		if err != nil || !slices.ContainsFunc(targets, func(target string) bool { return isSocket(target, inodes) }) {
			continue
		}
		if stat, err := process.Stat(); err == nil {
			holders[stat.PID] = stat
		}
	}
	return holders, nil
}

// isSocket reports whether a link in /proc/PID/fd leads to one of the sockets.
func isSocket(target string, inodes []uint32) bool {
	number, found := strings.CutPrefix(target, "socket:[")
	inode, err := strconv.ParseUint(strings.TrimSuffix(number, "]"), 10, 32)
	return found && err == nil && slices.Contains(inodes, uint32(inode))
}

// topmost is the holder that no other one has started: whoever wants the address
// has to stop the master, for a worker would be replaced.
func topmost(holders map[int]procfs.ProcStat) (Process, error) {
	var top Process
	for pid, stat := range holders {
		if _, child := holders[stat.PPID]; !child && (top.PID == 0 || pid < top.PID) {
			top = Process{PID: pid, Name: stat.Comm}
		}
	}
	if top.PID == 0 {
		return Process{}, ErrUnknown
	}
	return top, nil
}

// SomaxConn is the largest backlog that the kernel allows.
func SomaxConn() (int, error) {
	text, err := os.ReadFile("/proc/sys/net/core/somaxconn")
	if err != nil {
		return 0, err
	}
	return strconv.Atoi(strings.TrimSpace(string(text)))
}
