//go:build linux

package inspect

import (
	"errors"
	"net"

	"github.com/prometheus/procfs"
	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"
)

const (
	listen             = 10      // TCP_LISTEN in net/tcp_states.h
	acceptsConnections = 1 << 16 // __SO_ACCEPTCON in linux/net.h
)

// listening are the inodes of the sockets in the way of one on this address.
func listening(network, address string) ([]uint32, error) {
	if network == "unix" {
		return listeningUnix(address)
	}
	wanted, err := net.ResolveTCPAddr(network, address)
	if err != nil {
		return nil, err
	}
	return listeningTCP(wanted)
}

// listeningUnix reads /proc/net/unix: netlink's UnixSocketDiagInfo returns names
// with four bytes too many.
func listeningUnix(path string) (inodes []uint32, err error) {
	fs, err := procfs.NewDefaultFS()
	if err != nil {
		return nil, err
	}
	sockets, err := fs.NetUNIX()
	if err != nil {
		return nil, err
	}
	for _, row := range sockets.Rows {
		if row.Path == path && row.Flags&acceptsConnections != 0 {
			inodes = append(inodes, uint32(row.Inode))
		}
	}
	return inodes, nil
}

// listeningTCP prefers sockets on the very address to those on all addresses,
// which may be of IPv6 alone: sock_diag does not tell.
func listeningTCP(wanted *net.TCPAddr) (inodes []uint32, err error) {
	best := overlaps
	for _, family := range []uint8{unix.AF_INET, unix.AF_INET6} {
		sockets, err := netlink.SocketDiagTCP(family)
		if err = tolerate(err); err != nil {
			return nil, err
		}
		for _, s := range sockets {
			if s.State != listen || int(s.ID.SourcePort) != wanted.Port {
				continue
			}
			switch near := nearness(wanted.IP, s.ID.Source); {
			case near > best:
				best, inodes = near, []uint32{s.INode}
			case near == best:
				inodes = append(inodes, s.INode)
			}
		}
	}
	return inodes, nil
}

// How a socket's address stands to a wanted one on the same port.
const (
	apart    = iota // both can be had
	overlaps        // one of them means every address
	same
)

// nearness compares a wanted address with one that is taken. A wanted address
// that means all of them is for IPv4 and IPv6, be it written 0.0.0.0, :: or not
// at all: so package net listens.
func nearness(wanted, taken net.IP) int {
	switch all := wanted == nil || wanted.IsUnspecified(); {
	case all && taken.IsUnspecified(), wanted.Equal(taken):
		return same
	case all, taken.Equal(net.IPv6unspecified), taken.Equal(net.IPv4zero) && wanted.To4() != nil:
		return overlaps
	}
	return apart
}

// tolerate lets a list pass that changed while the kernel wrote it down: it may
// lack a socket that has just come, and has those that were there before.
func tolerate(err error) error {
	if errors.Is(err, netlink.ErrDumpInterrupted) {
		return nil
	}
	return err
}
