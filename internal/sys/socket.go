//go:build linux

package sys

import (
	"fmt"
	"syscall"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// interruptible is the receive timeout that makes blocking calls on a socket
// end with EINTR on a signal. Any finite value does; an hour is long enough
// that it never wakes an idle worker to no purpose, or sends it to the end of
// the accept queue's line of waiters.
const interruptible = time.Hour

// Accept waits for a connection on the listening socket fd and returns it
// close-on-exec. flags may add SOCK_NONBLOCK. The caller owns the connection.
func Accept(p *Pace, fd, flags int) (int, syscall.Errno) {
	conn, errno := p.Call(unix.SYS_ACCEPT4, uintptr(fd), 0, 0, uintptr(unix.SOCK_CLOEXEC|flags), 0, 0)
	return int(conn), errno
}

// TryAccept is Accept on a socket that is known not to block.
func TryAccept(fd, flags int) (int, syscall.Errno) {
	conn, _, errno := syscall.RawSyscall6(unix.SYS_ACCEPT4, uintptr(fd), 0, 0, uintptr(unix.SOCK_CLOEXEC|flags), 0, 0)
	return int(conn), errno
}

// EpollWait waits for one event, as long as it takes.
func EpollWait(p *Pace, ep int, event *unix.EpollEvent) (int, syscall.Errno) {
	const forever = ^uintptr(0)
	n, errno := p.Call(unix.SYS_EPOLL_PWAIT, uintptr(ep), uintptr(unsafe.Pointer(event)), 1, forever, 0, 0)
	return int(n), errno
}

// Recvmsg receives one message into msg.
func Recvmsg(p *Pace, fd int, msg *unix.Msghdr, flags int) (int, syscall.Errno) {
	n, errno := p.Call(unix.SYS_RECVMSG, uintptr(fd), uintptr(unsafe.Pointer(msg)), uintptr(flags), 0, 0, 0)
	return int(n), errno
}

// Sendmsg sends msg without waiting and without SIGPIPE.
func Sendmsg(fd int, msg *unix.Msghdr) syscall.Errno {
	const flags = unix.MSG_DONTWAIT | unix.MSG_NOSIGNAL
	_, _, errno := syscall.RawSyscall(unix.SYS_SENDMSG, uintptr(fd), uintptr(unsafe.Pointer(msg)), flags)
	return errno
}

// Recv reads from a connected socket into b, which must not be empty, without
// telling the scheduler. It waits for one time slice of the runtime at most, then
// fails with EINTR, provided that the socket is Interruptible.
func Recv(fd int, b []byte) (int, syscall.Errno) {
	n, _, errno := syscall.RawSyscall6(unix.SYS_RECVFROM, uintptr(fd), uintptr(unsafe.Pointer(unsafe.SliceData(b))), uintptr(len(b)), 0, 0, 0)
	return int(n), errno
}

// TryRecv is Recv without waiting: EAGAIN says that nothing has arrived.
func TryRecv(fd int, b []byte) (int, syscall.Errno) {
	n, _, errno := syscall.RawSyscall6(unix.SYS_RECVFROM, uintptr(fd), uintptr(unsafe.Pointer(unsafe.SliceData(b))), uintptr(len(b)), unix.MSG_DONTWAIT, 0, 0)
	return int(n), errno
}

// Send writes to a connected socket what fits without waiting.
func Send(fd int, b []byte) (int, syscall.Errno) {
	const flags = unix.MSG_DONTWAIT | unix.MSG_NOSIGNAL
	n, _, errno := syscall.RawSyscall6(unix.SYS_SENDTO, uintptr(fd), uintptr(unsafe.Pointer(unsafe.SliceData(b))), uintptr(len(b)), flags, 0, 0)
	return int(n), errno
}

// Close closes a socket on the hot path. A socket without SO_LINGER never blocks in
// close, so the scheduler need not know.
func Close(fd int) {
	_, _, _ = syscall.RawSyscall(unix.SYS_CLOSE, uintptr(fd), 0, 0)
}

// Poll waits until fd is ready for events, or for timeout; a negative timeout
// means for ever. It reports whether fd is ready.
func Poll(fd int, events int16, timeout time.Duration) (bool, error) {
	fds := []unix.PollFd{{Fd: int32(fd), Events: events}}
	return PollAny(fds, timeout)
}

// PollReady waits until one of several descriptors is ready, at a pace: EINTR is
// among what it returns. The caller reads Revents.
func PollReady(p *Pace, fds []unix.PollFd) syscall.Errno {
	_, errno := p.Call(unix.SYS_PPOLL, uintptr(unsafe.Pointer(unsafe.SliceData(fds))), uintptr(len(fds)), 0, 0, 0, 0)
	return errno
}

// PollAny is Poll over several descriptors; the caller reads Revents.
func PollAny(fds []unix.PollFd, timeout time.Duration) (bool, error) {
	var limit *unix.Timespec
	if timeout >= 0 {
		ts := unix.NsecToTimespec(int64(timeout))
		limit = &ts
	}
	n, err := unix.Ppoll(fds, limit, nil)
	return n > 0, err
}

// Interruptible makes blocking receives and accepts on fd end with EINTR when
// the thread handles a signal. The setting belongs to the socket, so whoever
// shares the socket shares it; accepted TCP connections inherit it.
func Interruptible(fd int) error {
	tv := unix.NsecToTimeval(int64(interruptible))
	return unix.SetsockoptTimeval(fd, unix.SOL_SOCKET, unix.SO_RCVTIMEO, &tv)
}

// Nonblocking reports whether O_NONBLOCK is set on fd's description. The flag is
// shared by every process that holds the description.
func Nonblocking(fd int) (bool, error) {
	flags, err := unix.FcntlInt(uintptr(fd), unix.F_GETFL, 0)
	return flags&unix.O_NONBLOCK != 0, err
}

// QueueDepth is the number of connections that wait, accepted by the kernel
// but by no process, on the listening TCP socket fd, and how many may. TCP_INFO
// of a listener reports them as tcpi_unacked and tcpi_sacked (tcp_get_info in
// net/ipv4/tcp.c).
func QueueDepth(fd int) (depth, limit int, err error) {
	info, err := unix.GetsockoptTCPInfo(fd, unix.IPPROTO_TCP, unix.TCP_INFO)
	if err != nil {
		return 0, 0, fmt.Errorf("read queue depth: %w", err)
	}
	return int(info.Unacked), int(info.Sacked), nil
}

// Queued is how many connections wait on a listening socket of any kind. A Unix
// listener does not tell; then it is as many as the largest backlog that the system
// allows by default.
func Queued(fd int) int {
	const somaxconn = 4096
	depth, _, err := QueueDepth(fd)
	if err != nil {
		return somaxconn
	}
	return depth
}
