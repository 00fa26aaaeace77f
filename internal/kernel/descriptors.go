//go:build linux

package kernel

import (
	"os"
	"slices"
	"strconv"
	"strings"
)

// Descriptor is one of a process's, and what it leads to: a path, or a kind and a
// number, such as "socket:[4711]".
type Descriptor struct {
	FD     int
	Target string
}

// Socket is the inode of the socket that a descriptor is, by which sock_diag knows it; ok
// is false if it is none.
func (d Descriptor) Socket() (inode uint32, ok bool) {
	number, found := strings.CutPrefix(d.Target, "socket:[")
	n, err := strconv.ParseUint(strings.TrimSuffix(number, "]"), 10, 32)
	return uint32(n), found && err == nil
}

// Descriptors are those that a process has open, by number. One takes the right to
// trace it, as the same user has.
func Descriptors(pid int) (all []Descriptor, err error) {
	dir := path(pid, "fd")
	fds, err := numbers(dir)
	if err != nil {
		return nil, about(pid, err)
	}
	for _, fd := range fds {
		if target, err := os.Readlink(dir + "/" + strconv.Itoa(fd)); err == nil { // else it has been closed
			all = append(all, Descriptor{fd, target})
		}
	}
	return all, nil
}

// Holders are the processes that have one of these sockets open, by number, as far as
// this user may see them.
func Holders(inodes []uint32) (pids []int, err error) {
	all, err := Processes()
	for _, pid := range all {
		descriptors, _ := Descriptors(pid) // of others: none
		if slices.ContainsFunc(descriptors, func(d Descriptor) bool {
			inode, is := d.Socket()
			return is && slices.Contains(inodes, inode)
		}) {
			pids = append(pids, pid)
		}
	}
	return pids, err
}
