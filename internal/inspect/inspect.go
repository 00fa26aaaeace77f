//go:build linux

// Package inspect looks at listening sockets, of whatever program, from outside.
package inspect

import (
	"errors"
	"fmt"
	"net"
	"slices"

	"prefork/internal/kernel"
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
	sockets, err := inTheWay(network, address)
	if err != nil {
		return Process{}, err
	}
	holders, err := kernel.Holders(sockets)
	if err != nil {
		return Process{}, err
	}
	return topmost(holders)
}

// topmost is the holder that no other one has started: whoever wants the address
// has to stop the master, for a worker would be replaced.
func topmost(holders []int) (Process, error) {
	for _, pid := range holders {
		parent, err := kernel.Parent(pid)
		if err != nil || slices.Contains(holders, parent) {
			continue
		}
		if name, err := kernel.Name(pid); err == nil {
			return Process{PID: pid, Name: name}, nil
		}
	}
	return Process{}, ErrUnknown
}

// Waiting is how many connections wait to be accepted on a TCP port, in the queues of
// all its listening sockets.
func Waiting(port int) (sum int, err error) {
	listeners, err := kernel.Listeners(port)
	for _, l := range listeners {
		sum += l.Waiting
	}
	return sum, err
}

// inTheWay are the inodes of the sockets in the way of one on this address.
func inTheWay(network, address string) ([]uint32, error) {
	if network == "unix" {
		return onPath(address)
	}
	wanted, err := net.ResolveTCPAddr(network, address)
	if err != nil {
		return nil, err
	}
	return onAddress(wanted)
}

func onPath(path string) (inodes []uint32, err error) {
	listeners, err := kernel.UnixListeners()
	for _, l := range listeners {
		if l.Path == path {
			inodes = append(inodes, l.Inode)
		}
	}
	return inodes, err
}

// onAddress prefers sockets on the very address to those on all addresses.
func onAddress(wanted *net.TCPAddr) (inodes []uint32, err error) {
	listeners, err := kernel.Listeners(wanted.Port)
	best := overlaps
	for _, l := range listeners {
		switch near := nearness(wanted.IP, l); {
		case near > best:
			best, inodes = near, []uint32{l.Inode}
		case near == best:
			inodes = append(inodes, l.Inode)
		}
	}
	return inodes, err
}

// How a socket's address stands to a wanted one on the same port.
const (
	apart    = iota // both can be had
	overlaps        // one of them means every address
	same
)

// nearness compares a wanted address with one that is taken. One that means all of them
// is for IPv4 alone if it is written 0.0.0.0, else for both.
func nearness(wanted net.IP, taken kernel.Listener) int {
	address := net.IP(taken.Address.Addr().AsSlice())
	all, ipv4 := wanted == nil || wanted.IsUnspecified(), wanted.To4() != nil
	everywhere := address.IsUnspecified()
	switch {
	case wanted.Equal(address), all && !ipv4 && everywhere:
		return same
	case all && (!ipv4 || address.To4() != nil), everywhere && speaks(taken, ipv4):
		return overlaps
	}
	return apart
}

// speaks reports whether a socket on all addresses has IPv4, or IPv6.
func speaks(taken kernel.Listener, ipv4 bool) bool {
	if taken.Address.Addr().Is4() {
		return ipv4
	}
	return !ipv4 || !taken.OnlyIPv6
}
