//go:build linux

package strategies

import (
	"errors"
	"net"

	"golang.org/x/sys/unix"
)

// quiesce turns new connections away, and leaves alone those on their way: a
// client that has not begun its handshake hears nothing and tries again in a
// second, when the port is closed or has its next owner.
func (s *socket) quiesce() error {
	if _, ok := s.addr.(*net.UnixAddr); ok {
		// A Unix listener shut down refuses to connect but still hands out its
		// queue (unix_stream_connect and unix_accept in net/unix/af_unix.c).
		return unix.Shutdown(s.fd, unix.SHUT_RD)
	}
	err := s.dropSYN()
	if errors.Is(err, unix.EPERM) {
		return s.demandTTL(maxTTL) // Linux 6.18 asks for CAP_NET_ADMIN for a filter
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

// maxTTL is more than any sender uses who is not our neighbour on purpose
// (RFC 5082); Linux sends 64.
const maxTTL = 255

// demandTTL has a socket drop packets with a smaller time to live or hop limit
// (IP_MINTTL in ip(7), IPV6_MINHOPCOUNT). It needs no privilege. Connections that
// are queued already keep the limit they have, 0; one whose handshake ends later
// inherits the listener's: see admitAnyTTL.
func (s *socket) demandTTL(ttl int) error { return setMinTTL(s.fd, ttl) }

// admitAnyTTL undoes demandTTL on a connection taken while draining. Its client
// sends again what was dropped until then.
func admitAnyTTL(conn int) { _ = setMinTTL(conn, 0) }

// setMinTTL sets both limits, since a socket of IPv6 may speak IPv4 too. One of
// them is enough.
func setMinTTL(fd, ttl int) error {
	v4 := unix.SetsockoptInt(fd, unix.IPPROTO_IP, unix.IP_MINTTL, ttl)
	v6 := unix.SetsockoptInt(fd, unix.IPPROTO_IPV6, unix.IPV6_MINHOPCOUNT, ttl)
	if v4 == nil || v6 == nil {
		return nil
	}
	return errors.Join(v4, v6)
}
