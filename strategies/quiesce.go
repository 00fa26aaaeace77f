//go:build linux

package strategies

import (
	"errors"
	"net"

	"golang.org/x/sys/unix"

	"prefork/internal/sys"
)

// quiesce turns new connections away, and leaves alone those on their way: a
// client that has not begun its handshake hears nothing and tries again in a
// second, when the port is closed or has its next owner.
func (s *socket) quiesce(addr net.Addr) error {
	if _, ok := addr.(*net.UnixAddr); ok {
		// A Unix listener shut down for reading refuses to connect but still hands out
		// its queue (unix_stream_connect and unix_accept in net/unix/af_unix.c). For
		// writing too, so that who polls hears of it (EPOLLHUP in unix_poll): to an
		// accept that does not wait, an empty queue is EAGAIN either way.
		return unix.Shutdown(s.fd, unix.SHUT_RDWR)
	}
	err := s.dropSYN()
	if errors.Is(err, unix.EPERM) {
		return sys.DemandTTL(s.fd, sys.MaxTTL) // Linux 6.18 asks for CAP_NET_ADMIN for a filter
	}
	return err
}

// dropSYN has the listener drop segments with SYN, and keep the ACKs of
// handshakes that are under way. Classic BPF on a TCP socket sees the TCP header,
// whose byte 13 holds the flags.
func (s *socket) dropSYN() error {
	const flags, syn, drop, keep = 13, 0x02, 0, 0xffff
	program := []unix.SockFilter{
		{Code: unix.BPF_LD | unix.BPF_B | unix.BPF_ABS, K: flags},
		{Code: unix.BPF_JMP | unix.BPF_JSET | unix.BPF_K, K: syn, Jt: 0, Jf: 1},
		{Code: unix.BPF_RET | unix.BPF_K, K: drop},
		{Code: unix.BPF_RET | unix.BPF_K, K: keep},
	}
	return unix.SetsockoptSockFprog(s.fd, unix.SOL_SOCKET, unix.SO_ATTACH_FILTER,
		&unix.SockFprog{Len: uint16(len(program)), Filter: &program[0]})
}
