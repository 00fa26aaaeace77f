//go:build linux

package kernel

import (
	"encoding/binary"
	"strings"

	"github.com/vishvananda/netlink/nl"
	"golang.org/x/sys/unix"
)

// UnixListeners are the listening Unix sockets that have a name.
func UnixListeners() (all []Listener, err error) {
	const showName, showLengths = 1 << 0, 1 << 4
	const name = 0 // UNIX_DIAG_NAME
	messages, err := diag("Unix sockets", unixRequest(1<<listening, showName|showLengths))
	for _, message := range messages {
		if len(message) < unixMessage {
			continue
		}
		queue, backlog := unixLengths(message)
		all = append(all, Listener{
			Path: unixPath(attribute(message[unixMessage:], name)), Inode: unixInode(message), Waiting: queue, Backlog: backlog,
		})
	}
	return all, err
}

// UnixQueues are how many bytes wait to be read in each of these connected Unix sockets.
// One that has gone has none.
//
// It has the kernel write down all that are connected: for a request about a single one
// the kernel walks over all there are too.
func UnixQueues(inodes []uint32) ([]int, error) {
	const connected, showLengths = 1 << 1, 1 << 4 // TCP_ESTABLISHED
	messages, err := diag("the queues of socket pairs", unixRequest(connected, showLengths))
	if err != nil {
		return nil, err
	}
	waiting := make(map[uint32]int, len(messages))
	for _, message := range messages {
		if len(message) >= unixMessage {
			waiting[unixInode(message)], _ = unixLengths(message)
		}
	}
	delete(waiting, 0) // connections that nobody has accepted yet have no inode
	depths := make([]int, len(inodes))
	for i, inode := range inodes {
		depths[i] = waiting[inode]
	}
	return depths, nil
}

// unixRequest is a struct unix_diag_req (linux/unix_diag.h).
func unixRequest(states, show uint32) diagRequest {
	request := make(diagRequest, 24)
	request[0] = unix.AF_UNIX
	binary.NativeEndian.PutUint32(request[4:], states)
	binary.NativeEndian.PutUint32(request[12:], show)
	return request
}

// unixMessage is sizeof(struct unix_diag_msg) in linux/unix_diag.h; attributes follow.
const unixMessage = 16

func unixInode(message []byte) uint32 { return binary.NativeEndian.Uint32(message[4:]) }

// unixLengths are, of a listening socket, how many connections wait and how many may; of
// a connected one, how many bytes wait to be read and to be read by the peer.
func unixLengths(message []byte) (receive, send int) {
	const lengths = 4 // UNIX_DIAG_RQLEN
	value := attribute(message[unixMessage:], lengths)
	if len(value) < 8 {
		return 0, 0
	}
	return int(binary.NativeEndian.Uint32(value)), int(binary.NativeEndian.Uint32(value[4:]))
}

// unixPath is a name as package net writes it.
func unixPath(name []byte) string {
	if len(name) > 0 && name[0] == 0 {
		return "@" + string(name[1:])
	}
	return strings.TrimSuffix(string(name), "\x00")
}

// attribute is the value of one that follows a message, nil if it does not.
func attribute(attributes []byte, kind uint16) []byte {
	all, _ := nl.ParseRouteAttr(attributes)
	for _, a := range all {
		if a.Attr.Type == kind {
			return a.Value
		}
	}
	return nil
}
