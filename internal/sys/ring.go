//go:build linux

package sys

import (
	"errors"
	"fmt"
	"sync/atomic"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// Ring is an io_uring for the acceptance of connections (io_uring(7)). Requests are
// written into memory that is shared with the kernel, Enter submits them, and their
// completions are read from that memory again. It belongs to one goroutine.
type Ring struct {
	fd     int    // owned, close-on-exec
	queues []byte // both queues' heads and tails, and the completions
	slots  []byte // the requests

	requests, completions queue
	numbers               []uint32 // which slots are submitted, in order
	overflow              *uint32  // flags of the submission queue
}

// queue is one direction: who reads moves the head, who writes the tail.
type queue struct {
	head, tail *uint32
	mask       uint32
	entries    unsafe.Pointer
}

// What follows is of include/uapi/linux/io_uring.h.
const (
	ringCQSize     = 1 << 3 // IORING_SETUP_CQSIZE
	ringSingleMap  = 1 << 0 // IORING_FEAT_SINGLE_MMAP
	ringNoDrop     = 1 << 1 // IORING_FEAT_NODROP
	ringGetEvents  = 1 << 0 // IORING_ENTER_GETEVENTS
	ringOverflow   = 1 << 1 // IORING_SQ_CQ_OVERFLOW
	ringSlotsAt    = 0x10000000
	ringAccept     = 13     // IORING_OP_ACCEPT
	ringCancel     = 14     // IORING_OP_ASYNC_CANCEL
	ringMultishot  = 1 << 0 // IORING_ACCEPT_MULTISHOT, in ioprio
	ringMore       = 1 << 1 // IORING_CQE_F_MORE
	ringRequests   = 4
	acceptRequest  = 1 // our names of requests
	cancelRequest  = 2
	requestSize    = 64
	completionSize = 16
)

type ringParams struct {
	requests, completions, flags, cpu, idle, features, workers uint32
	_                                                          [3]uint32

	request    struct{ head, tail, mask, entries, flags, dropped, array, _, _, _ uint32 }
	completion struct{ head, tail, mask, entries, overflow, entry, flags, _, _, _ uint32 }
}

type ringRequest struct {
	op, flags  uint8
	ioprio     uint16
	fd         int32
	_, address uint64
	length     uint32
	opFlags    uint32
	name       uint64
	_          [3]uint64
}

// Completion is what has become of a request to accept.
type Completion struct {
	Conn  int           // owned by who reads it; -1 with an Errno
	Errno syscall.Errno // ECANCELED after Cancel
	Last  bool          // the request is done; others will follow if not
}

type ringCompletion struct {
	name   uint64
	result int32
	flags  uint32
}

// NewRing opens a ring in which so many completions, a power of two, have room before
// they are read. Errors are those of io_uring_setup(2).
func NewRing(completions int) (*Ring, error) {
	params := ringParams{completions: uint32(completions), flags: ringCQSize}
	fd, _, errno := syscall.Syscall(unix.SYS_IO_URING_SETUP, ringRequests, uintptr(unsafe.Pointer(&params)), 0)
	if errno != 0 {
		return nil, errno
	}
	r := &Ring{fd: int(fd)}
	if params.features&ringSingleMap == 0 || params.features&ringNoDrop == 0 {
		return nil, errors.Join(unix.ENOSYS, r.Close())
	}
	if err := r.mapMemory(&params); err != nil {
		return nil, errors.Join(err, r.Close())
	}
	return r, nil
}

func (r *Ring) mapMemory(p *ringParams) (err error) {
	const shared, writable = unix.MAP_SHARED | unix.MAP_POPULATE, unix.PROT_READ | unix.PROT_WRITE
	size := max(p.request.array+p.requests*4, p.completion.entry+p.completions*completionSize)
	if r.queues, err = unix.Mmap(r.fd, 0, int(size), writable, shared); err != nil {
		return fmt.Errorf("map the ring: %w", err)
	}
	if r.slots, err = unix.Mmap(r.fd, ringSlotsAt, int(p.requests)*requestSize, writable, shared); err != nil {
		return fmt.Errorf("map the ring's requests: %w", err)
	}
	number := func(at uint32) *uint32 { return (*uint32)(unsafe.Pointer(&r.queues[at])) }
	r.requests = queue{number(p.request.head), number(p.request.tail), *number(p.request.mask), unsafe.Pointer(&r.slots[0])}
	r.completions = queue{number(p.completion.head), number(p.completion.tail), *number(p.completion.mask), unsafe.Pointer(&r.queues[p.completion.entry])}
	r.numbers = unsafe.Slice(number(p.request.array), p.requests)
	r.overflow = number(p.request.flags)
	return nil
}

// Accept asks for a connection on the listening socket fd, or for one after the other.
// It takes place with the next Enter.
func (r *Ring) Accept(fd int, multishot bool) {
	request := ringRequest{op: ringAccept, fd: int32(fd), opFlags: unix.SOCK_CLOEXEC, name: acceptRequest}
	if multishot {
		request.ioprio = ringMultishot
	}
	r.add(request)
}

// Cancel takes back what Accept has asked for. Its last completion is still to come.
func (r *Ring) Cancel() {
	r.add(ringRequest{op: ringCancel, fd: -1, address: acceptRequest, name: cancelRequest})
}

// add writes a request. There is room: nobody has more than one of each kind under way.
func (r *Ring) add(request ringRequest) {
	tail := *r.requests.tail
	at := tail & r.requests.mask
	*(*ringRequest)(unsafe.Add(r.requests.entries, at*requestSize)) = request
	r.numbers[at] = at
	atomic.StoreUint32(r.requests.tail, tail+1)
}

// Enter submits what has been asked for, and waits for so many completions. It may come
// back without them, and without an error, if a signal has come.
func (r *Ring) Enter(p *Pace, wait int) syscall.Errno {
	submit := *r.requests.tail - atomic.LoadUint32(r.requests.head)
	_, errno := p.Call(unix.SYS_IO_URING_ENTER, uintptr(r.fd), uintptr(submit), uintptr(wait), ringGetEvents, 0, 0)
	return errno
}

// Submit submits what has been asked for, and does not wait.
func (r *Ring) Submit() syscall.Errno {
	submit := *r.requests.tail - atomic.LoadUint32(r.requests.head)
	if submit == 0 && !r.Overflown() {
		return 0
	}
	_, _, errno := syscall.RawSyscall6(unix.SYS_IO_URING_ENTER, uintptr(r.fd), uintptr(submit), 0, ringGetEvents, 0, 0)
	return errno
}

// FD is the descriptor by which to wait for completions, as EPOLLIN. It stays the
// ring's.
func (r *Ring) FD() int { return r.fd }

// Next is the next completion of a request to accept, if there is one.
func (r *Ring) Next() (c Completion, ok bool) {
	for {
		head := *r.completions.head
		if head == atomic.LoadUint32(r.completions.tail) {
			return Completion{}, false
		}
		got := *(*ringCompletion)(unsafe.Add(r.completions.entries, (head&r.completions.mask)*completionSize))
		atomic.StoreUint32(r.completions.head, head+1)
		if got.name != acceptRequest {
			continue
		}
		c = Completion{Conn: int(got.result), Last: got.flags&ringMore == 0}
		if got.result < 0 {
			c.Conn, c.Errno = -1, syscall.Errno(-got.result)
		}
		return c, true
	}
}

// Completed says that there are completions to be read.
func (r *Ring) Completed() bool {
	return *r.completions.head != atomic.LoadUint32(r.completions.tail) || r.Overflown()
}

// Overflown says that the kernel keeps completions for which there was no room; Enter
// fetches them.
func (r *Ring) Overflown() bool { return atomic.LoadUint32(r.overflow)&ringOverflow != 0 }

// Close closes the ring. Requests under way are dropped, and so are connections in
// completions that were not read: they stay open.
func (r *Ring) Close() error {
	errs := []error{unix.Close(r.fd)}
	for _, mapped := range [][]byte{r.slots, r.queues} {
		if mapped != nil {
			errs = append(errs, unix.Munmap(mapped))
		}
	}
	return errors.Join(errs...)
}
