//go:build linux

package kernel

import (
	"encoding/binary"
	"net/netip"

	"golang.org/x/sys/unix"
)

// Listener is a listening socket.
type Listener struct {
	Address netip.AddrPort // of TCP
	Path    string         // of a Unix socket; an abstract one's begins with @
	Inode   uint32
	Waiting int // connections that nobody has accepted yet
	Backlog int // the most that the kernel lets wait, and one more
	// OnlyIPv6 is of one on all addresses of IPv6, and none of IPv4.
	OnlyIPv6 bool
}

// Listeners are the TCP sockets that listen on a port, 0 for all ports. What it costs
// grows with the number of listening sockets on the machine, not with that of
// connections.
func Listeners(port int) (all []Listener, err error) {
	for _, family := range []uint8{unix.AF_INET, unix.AF_INET6} {
		messages, err := diag("listening sockets", inetRequest(family, port))
		if err != nil {
			return nil, err
		}
		for _, message := range messages {
			if len(message) >= inetMessage {
				all = append(all, inetListener(message))
			}
		}
	}
	return all, nil
}

// inetRequest is a struct inet_diag_req_v2 (linux/inet_diag.h).
func inetRequest(family uint8, port int) diagRequest {
	request := make(diagRequest, 56)
	request[0], request[1] = family, unix.IPPROTO_TCP
	binary.NativeEndian.PutUint32(request[4:], 1<<listening)
	binary.BigEndian.PutUint16(request[8:], uint16(port))
	return request
}

// inetMessage is sizeof(struct inet_diag_msg) in linux/inet_diag.h; attributes follow.
const inetMessage = 72

func inetListener(message []byte) Listener {
	const port, address, queue, backlog, inode = 4, 8, 56, 60, 68
	const skV6Only = 11 // INET_DIAG_SKV6ONLY
	host := netip.AddrFrom4([4]byte(message[address:]))
	if message[0] == unix.AF_INET6 {
		host = netip.AddrFrom16([16]byte(message[address:]))
	}
	only := attribute(message[inetMessage:], skV6Only)
	return Listener{
		Address:  netip.AddrPortFrom(host, binary.BigEndian.Uint16(message[port:])),
		Inode:    binary.NativeEndian.Uint32(message[inode:]),
		Waiting:  int(binary.NativeEndian.Uint32(message[queue:])),
		Backlog:  int(binary.NativeEndian.Uint32(message[backlog:])),
		OnlyIPv6: len(only) > 0 && only[0] != 0,
	}
}
