//go:build linux

// Package inspect looks at listening sockets, of whatever program, from outside.
package inspect

import (
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
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

// Listener finds a process that listens on an address, "tcp" or "unix".
func Listener(network, address string) (Process, error) {
	inodes, err := listening(network, address)
	if err != nil {
		return Process{}, err
	}
	links, err := filepath.Glob("/proc/[0-9]*/fd/*")
	if err != nil {
		return Process{}, err
	}
	for _, link := range links {
		target, err := os.Readlink(link)
		if err != nil || !inodes[target] {
			continue
		}
		pid, _ := strconv.Atoi(strings.Split(link, "/")[2])
		name, err := os.ReadFile(fmt.Sprintf("/proc/%d/comm", pid))
		if err != nil {
			continue
		}
		return Process{PID: pid, Name: strings.TrimSpace(string(name))}, nil
	}
	return Process{}, ErrUnknown
}

// listening are the sockets that listen on an address, as /proc/PID/fd names them.
func listening(network, address string) (map[string]bool, error) {
	fs, err := procfs.NewDefaultFS()
	if err != nil {
		return nil, err
	}
	found := make(map[string]bool)
	if network == "unix" {
		sockets, err := fs.NetUNIX()
		if err != nil {
			return nil, err
		}
		for _, row := range sockets.Rows {
			if row.Path == address {
				found[fmt.Sprintf("socket:[%d]", row.Inode)] = true
			}
		}
		return found, nil
	}
	_, port, err := net.SplitHostPort(address)
	if err != nil {
		return nil, err
	}
	const listen = 10 // TCP_LISTEN in net/tcp_states.h
	for _, read := range []func() (procfs.NetTCP, error){fs.NetTCP, fs.NetTCP6} {
		sockets, err := read()
		if err != nil {
			continue // no IPv6, or no IPv4
		}
		for _, row := range sockets {
			if row.St == listen && strconv.FormatUint(row.LocalPort, 10) == port {
				found[fmt.Sprintf("socket:[%d]", row.Inode)] = true
			}
		}
	}
	return found, nil
}

// SomaxConn is the largest backlog that the kernel allows.
func SomaxConn() (int, error) {
	text, err := os.ReadFile("/proc/sys/net/core/somaxconn")
	if err != nil {
		return 0, err
	}
	return strconv.Atoi(strings.TrimSpace(string(text)))
}
