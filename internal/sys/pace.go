//go:build linux

// Package sys holds the few system calls that golang.org/x/sys/unix does not
// offer in the form the hot loop needs: entered at the right pace, and able to
// be interrupted.
package sys

import (
	"fmt"
	"os"
	"runtime"
	"strconv"
	"syscall"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

const (
	// slice is the time slice after which the Go runtime preempts a goroutine
	// (forcePreemptNS in runtime/proc.go). It does so with SIGURG, which ends a
	// raw blocking call with EINTR: that is the bound on every raw wait.
	slice = 10 * time.Millisecond

	// A wait shorter than a slice counts one towards the raw way, a longer one
	// slowCosts against it; at quickBeforeRaw it is taken. Below that an idle
	// server deals its connections in the kernel's exact order, which the
	// interruptions of the raw way would now and then shuffle.
	quickBeforeRaw = 16
	slowCosts      = 4

	// slicesBeforePark is for how many slices in a row a raw wait may be in
	// vain. A slice in vain costs about a third of what it costs to park.
	slicesBeforePark = 3

	// yieldEvery is how often a raw worker takes a turn of the scheduler.
	yieldEvery = slice * 3 / 4
)

// Pace enters blocking system calls in one of two ways, and chooses between
// them by how long the last waits took.
//
//	parked ──mostly waits under 10 ms──► raw
//	   ▲                                  │
//	   └────────a wait of 30 ms───────────┘
//
// Parked is the ordinary way, through the Go scheduler: the runtime takes the
// processor back and its monitor thread goes to sleep, so an idle worker costs
// nothing; but each wakeup then pays for waking that monitor, which at full
// load more than doubles the cost of a connection.
//
// Raw does not tell the scheduler at all. That is only right in a process where
// nothing else needs the processor, or where there is another for the rest, so it
// has to be allowed with Hot. The runtime's own preemption tick bounds such a wait
// at about 10 ms, provided the call is one that ends with EINTR on a handled
// signal: epoll_wait and ppoll always are, accept and recvmsg are on a socket with
// SO_RCVTIMEO set (signal(7)).
//
// The zero value always parks. A Pace belongs to one goroutine.
type Pace struct {
	// Hot allows the raw way. The calling goroutine is then locked to its
	// thread while it parks, so that the thread's context switches are those of
	// the waits.
	Hot bool
	// Ended, if it is set, says that something else than a signal has ended a wait for
	// events with EINTR, which then counts as one that has brought none. A ring does, when
	// it has completed a request (task_work_add with TWA_SIGNAL in the kernel).
	Ended func() bool

	raw    bool
	locked bool
	quick  int // towards raw
	vain   int // slices in vain

	yielded time.Time
}

// Call is syscall.Syscall6 at the present pace.
func (p *Pace) Call(trap, a1, a2, a3, a4, a5, a6 uintptr) (uintptr, syscall.Errno) {
	if p.raw {
		return p.callRaw(trap, a1, a2, a3, a4, a5, a6)
	}
	if !p.Hot {
		r, _, errno := syscall.Syscall6(trap, a1, a2, a3, a4, a5, a6)
		return r, errno
	}
	if !p.locked {
		p.park()
	}
	start := time.Now()
	// The runtime sends its preemption signal once to a thread that has just
	// blocked. That would put the worker at the end of the line for the next
	// connection. While it serves one, it needs the signal: see Recv.
	preemption(unix.SIG_BLOCK)
	r, _, errno := syscall.Syscall6(trap, a1, a2, a3, a4, a5, a6)
	preemption(unix.SIG_UNBLOCK)
	if errno == unix.EINTR && p.ended() {
		r, errno = 0, 0
	}
	if errno == unix.EINTR {
		letSignalIn()
	}
	if errno == 0 && time.Since(start) < slice {
		p.quick++
	} else {
		p.quick = max(0, p.quick-slowCosts)
	}
	if p.quick >= quickBeforeRaw {
		p.unpark()
	}
	return r, errno
}

func (p *Pace) callRaw(trap, a1, a2, a3, a4, a5, a6 uintptr) (uintptr, syscall.Errno) {
	r, _, errno := syscall.RawSyscall6(trap, a1, a2, a3, a4, a5, a6)
	if errno == unix.EINTR && p.ended() {
		r, errno = 0, 0
	}
	if errno != unix.EINTR {
		p.vain = 0
	} else if p.vain++; p.vain >= slicesBeforePark {
		p.park()
	}
	// A turn of the scheduler now and then keeps the monitor from interrupting a
	// worker that is doing well. A turn for each connection would cost more: it
	// touches dozens of cache lines that 64 workers in turn find cold.
	if errno == unix.EINTR {
		letSignalIn()
	} else if now := time.Now(); now.Sub(p.yielded) >= yieldEvery {
		p.yielded = now
		runtime.Gosched()
	}
	return r, errno
}

func (p *Pace) ended() bool { return p.Ended != nil && p.Ended() }

// letSignalIn lets the goroutine run for which a signal is meant. Its thread takes
// a moment to wake up and ask for the processor; had we gone back to waiting by
// then, it would have to wait for the monitor.
func letSignalIn() {
	// The goroutine may have moved to a thread with the slack of the monitor's, which
	// would make this a pause of many milliseconds.
	SetTimerSlack(DefaultTimerSlack)
	pause := unix.Timespec{Nsec: int64(200 * time.Microsecond)}
	_, _, _ = syscall.RawSyscall(unix.SYS_NANOSLEEP, uintptr(unsafe.Pointer(&pause)), 0, 0)
	runtime.Gosched()
}

func (p *Pace) park() {
	p.raw, p.locked, p.quick, p.vain = false, true, 0, 0
	runtime.LockOSThread()
}

// unpark unlocks the thread: a locked goroutine that yields makes the runtime
// hand its processor to another thread and back, two context switches a turn.
func (p *Pace) unpark() {
	p.raw, p.locked = true, false
	runtime.UnlockOSThread()
}

// Release gives the thread back that a goroutine which goes on, or ends before its
// process does, has been locked to.
func (p *Pace) Release() {
	if p.locked {
		p.unpark()
	}
	p.raw = false
}

// sigsetSize is the kernel's, in bytes.
const sigsetSize = 8

// preemption blocks or unblocks SIGURG for this thread.
func preemption(how int) {
	set := unix.Sigset_t{}
	set.Val[0] = 1 << (unix.SIGURG - 1)
	_, _, _ = syscall.RawSyscall6(unix.SYS_RT_SIGPROCMASK, uintptr(how), uintptr(unsafe.Pointer(&set)), 0, sigsetSize, 0, 0)
}

// Interrupt ends the blocking calls of every thread of a process with EINTR, if it
// handles SIGWINCH, as all Go programs do; others ignore it.
// Closing a descriptor does not wake a thread that is blocked on it, and
// shutting a shared listener down would stop every other worker too. A thread
// about to block is missed: repeat until the waiter has noticed.
func Interrupt(pid int) {
	tasks, err := os.ReadDir(fmt.Sprintf("/proc/%d/task", pid))
	if err != nil {
		return
	}
	for _, task := range tasks {
		if tid, err := strconv.Atoi(task.Name()); err == nil {
			_ = unix.Tgkill(pid, tid, unix.SIGWINCH)
		}
	}
}
