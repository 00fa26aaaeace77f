//go:build linux

package inspect

import (
	"encoding/binary"
	"fmt"

	"github.com/vishvananda/netlink/nl"
	"golang.org/x/sys/unix"
)

// Waiting is how many connections wait to be accepted on a port, in the queues of
// all its listening sockets.
func Waiting(port int) (sum int, err error) {
	queues, err := Queues(port)
	for _, depth := range queues {
		sum += depth
	}
	return sum, err
}

// Queues is how many connections wait in the queue of each listening socket of a
// port, by the socket's inode. It asks sock_diag(7) for those in state LISTEN alone,
// so that what it costs does not grow with the number of connections.
func Queues(port int) (map[uint32]int, error) {
	queues := make(map[uint32]int)
	for _, family := range []uint8{unix.AF_INET, unix.AF_INET6} {
		request := nl.NewNetlinkRequest(nl.SOCK_DIAG_BY_FAMILY, unix.NLM_F_DUMP)
		request.AddData(listeners(family))
		messages, err := request.Execute(unix.NETLINK_INET_DIAG, 0)
		if err = tolerate(err); err != nil {
			return nil, fmt.Errorf("ask for listening sockets: %w", err)
		}
		for _, message := range messages {
			if len(message) >= replyInode+4 && int(binary.BigEndian.Uint16(message[replyPort:])) == port {
				queues[binary.NativeEndian.Uint32(message[replyInode:])] = int(binary.NativeEndian.Uint32(message[replyQueue:]))
			}
		}
	}
	return queues, nil
}

// Where struct inet_diag_msg has the local port, for a listener the length of its
// accept queue, and the inode (linux/inet_diag.h).
const (
	replyPort  = 4
	replyQueue = 56
	replyInode = 68
)

// listeners is a struct inet_diag_req_v2 for the listening sockets of a family.
type listeners uint8

func (listeners) Len() int { return 56 }

func (family listeners) Serialize() []byte {
	request := make([]byte, family.Len())
	request[0], request[1] = byte(family), unix.IPPROTO_TCP
	binary.NativeEndian.PutUint32(request[4:], 1<<listen)
	return request
}
