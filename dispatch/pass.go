//go:build linux

package dispatch

import (
	"errors"
	"fmt"
	"io"
	"math"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"

	"prefork/internal/sys"
)

// MaxBatch is how many connections one message carries at most. The kernel's
// own limit is 253 (SCM_MAX_FD in include/net/scm.h).
const MaxBatch = 16

// ErrFull says that the pair holds as many messages as it can.
var ErrFull = errors.New("the worker's socket is full")

// Pair is the two ends of the socket over which the master passes connections
// to the workers of one slot. The kernel's queue lives as long as somebody
// holds the worker's end: the master does, so that a worker's death loses
// nothing that it had not yet taken.
type Pair struct {
	Master int // the sending end, owned by the Pair
	Worker int // the receiving end, owned by the Pair and inherited by workers
}

// NewPair makes a pair, close-on-exec at both ends. The worker's end blocks;
// the master's never does.
func NewPair() (Pair, error) {
	fds, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_SEQPACKET|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return Pair{}, fmt.Errorf("socketpair: %w", err)
	}
	return Pair{Master: fds[0], Worker: fds[1]}, nil
}

// Close closes both ends; what the pair still holds is lost.
func (p Pair) Close() error {
	return errors.Join(unix.Close(p.Master), unix.Close(p.Worker))
}

// Sender passes connections. It reuses its buffers and belongs to one goroutine.
type Sender struct {
	msg     unix.Msghdr
	iov     unix.Iovec
	payload [MaxBatch]byte
	control [controlSize]byte
}

// controlSize is CMSG_SPACE for MaxBatch descriptors on 64-bit Linux.
const controlSize = 16 + 4*MaxBatch

// Send passes conns, 1 to MaxBatch of them, in one message to the sending end
// of a pair, with as many bytes of payload. The receiver gets descriptors of
// its own: on success the caller closes conns. ErrFull says to try again later;
// nothing was sent.
func (s *Sender) Send(to int, conns []int) error {
	s.iov.Base, s.iov.Len = &s.payload[0], uint64(len(conns))
	s.msg.Iov, s.msg.Iovlen = &s.iov, 1
	header := (*unix.Cmsghdr)(unsafe.Pointer(&s.control[0]))
	header.Level, header.Type = unix.SOL_SOCKET, unix.SCM_RIGHTS
	header.SetLen(unix.CmsgLen(4 * len(conns)))
	for i, conn := range conns {
		*(*int32)(unsafe.Pointer(&s.control[unix.SizeofCmsghdr+4*i])) = int32(conn)
	}
	s.msg.Control = &s.control[0]
	s.msg.SetControllen(unix.CmsgSpace(4 * len(conns)))
	switch errno := sys.Sendmsg(to, &s.msg); errno {
	case 0:
		return nil
	case unix.EAGAIN:
		return ErrFull
	case unix.ETOOMANYREFS:
		return fmt.Errorf("pass a connection: %w: more descriptors are on their way than RLIMIT_NOFILE allows this user; raise it (ulimit -n, LimitNOFILE=)", errno)
	default:
		return fmt.Errorf("pass a connection: %w", errno)
	}
}

// Receiver takes what a Sender passed. It reuses its buffers and belongs to one
// goroutine.
type Receiver struct {
	Pace sys.Pace

	msg     unix.Msghdr
	iov     unix.Iovec
	payload [MaxBatch]byte
	control [controlSize]byte
	conns   [MaxBatch]int
}

// Receive waits for one message on the worker's end and returns the connections
// in it, which the caller owns; the slice is good until the next call. flags may
// be MSG_DONTWAIT. io.EOF says that the sending end is closed and everything
// sent has been received; EINTR and EAGAIN come as they are.
func (r *Receiver) Receive(from, flags int) ([]int, error) {
	r.iov.Base, r.iov.Len = &r.payload[0], uint64(len(r.payload))
	r.msg.Iov, r.msg.Iovlen = &r.iov, 1
	r.msg.Control = &r.control[0]
	r.msg.SetControllen(len(r.control))
	n, errno := sys.Recvmsg(&r.Pace, from, &r.msg, flags|unix.MSG_CMSG_CLOEXEC)
	switch {
	case errno == unix.ECONNRESET:
		return nil, io.EOF // the sending end closed with nothing of ours unread
	case errno != 0:
		return nil, errno
	case n == 0:
		return nil, io.EOF
	}
	conns := r.parse()
	if len(conns) == 0 {
		// The kernel drops what does not fit under RLIMIT_NOFILE and says so
		// with MSG_CTRUNC.
		if r.msg.Flags&unix.MSG_CTRUNC != 0 {
			return nil, fmt.Errorf("receive a connection: %w", syscall.EMFILE)
		}
		return nil, errors.New("receive a connection: a message without one")
	}
	return conns, nil
}

// parse reads the descriptors out of the control message. It trusts only the
// kernel, which alone writes control messages.
func (r *Receiver) parse() []int {
	if r.msg.Controllen < unix.SizeofCmsghdr {
		return nil
	}
	header := (*unix.Cmsghdr)(unsafe.Pointer(&r.control[0]))
	if header.Level != unix.SOL_SOCKET || header.Type != unix.SCM_RIGHTS {
		return nil
	}
	count := min((int(header.Len)-unix.SizeofCmsghdr)/4, MaxBatch)
	for i := range count {
		r.conns[i] = int(*(*int32)(unsafe.Pointer(&r.control[unix.SizeofCmsghdr+4*i])))
	}
	return r.conns[:count]
}

// Undelivered is how many connections wait in the pair: each brings one byte of
// payload, and SIOCINQ of a SOCK_SEQPACKET socket sums what its whole queue holds
// (unix_inq_len in net/unix/af_unix.c).
func (p Pair) Undelivered() (int, error) {
	n, err := unix.IoctlGetInt(p.Worker, unix.SIOCINQ)
	if err != nil {
		return 0, fmt.Errorf("SIOCINQ: %w", err)
	}
	return n, nil
}

// Limit makes the sending end writable, to poll, once at most half of window
// one-connection messages wait, and full at twice window. It returns the window that it
// comes to, which is smaller where net.core.wmem_max allows no more. A Unix socket counts
// the memory of what is undelivered against SO_SNDBUF, which the kernel doubles,
// and is writable below a quarter of it (unix_writable in net/unix/af_unix.c).
func (p Pair) Limit(window int) (int, error) {
	const messageMemory = 768 // truesize of a one-byte message on 64-bit kernels
	size := min(window, math.MaxInt32/messageMemory) * messageMemory
	if err := unix.SetsockoptInt(p.Master, unix.SOL_SOCKET, unix.SO_SNDBUF, size); err != nil {
		return 0, fmt.Errorf("SO_SNDBUF: %w", err)
	}
	doubled, err := unix.GetsockoptInt(p.Master, unix.SOL_SOCKET, unix.SO_SNDBUF)
	if err != nil {
		return 0, fmt.Errorf("SO_SNDBUF: %w", err)
	}
	return min(window, doubled/(2*messageMemory)), nil
}
