//go:build linux

package accept

import (
	"errors"
	"fmt"

	"golang.org/x/sys/unix"

	"prefork/internal/lookup"
	"prefork/internal/sys"
)

// Mode is one way for a worker to take connections from the file it inherits.
type Mode struct {
	Name     string
	Sentence string
	// Passed says that a master accepts and passes the connections on: the file is no
	// listening socket.
	Passed bool
	// Nonblock is whether the mode needs O_NONBLOCK on the socket. The flag
	// belongs to the description that every worker shares, so one socket has
	// one mode: a single worker that set it would make the others' accepts fail.
	Nonblock bool
	// Several says that it can wait on several sockets at once. One accept waits on one.
	Several bool
	// Call is the system call in which a worker that serves one connection at a time waits,
	// as /proc/PID/syscall has it.
	Call int

	open  func(fds []int, hot bool) (taker, error) // at least one; several only if that can be
	poll  func(fds []int) (watched, error)         // nil where it waits for nothing but a connection
	probe func() error                             // nil where every kernel has it
}

// Modes are all there are; the first is the default.
var Modes = []Mode{
	{
		Name:     "blocking",
		Sentence: "accept blocks; the kernel wakes whoever has waited longest, so connections are dealt in turn",
		Call:     unix.SYS_ACCEPT4,
		open:     onOne(openBlocking),
	},
	{
		Name:     "exclusive",
		Sentence: "epoll with EPOLLEXCLUSIVE; one is woken, always the first one that is free, so work piles up on few",
		Call:     unix.SYS_EPOLL_PWAIT,
		Nonblock: true,
		Several:  true,
		open:     openExclusive,
		poll:     inLoop(pollExclusive),
	},
	{
		Name:     "rotate",
		Sentence: "as exclusive, but a worker goes to the end of the line after each accept, so connections are dealt in turn",
		Call:     unix.SYS_EPOLL_PWAIT,
		Nonblock: true,
		Several:  true,
		open:     openRotate,
		poll:     inLoop(pollRotate),
	},
	{
		Name:     "epoll",
		Sentence: "level-triggered epoll; a connection wakes every idle worker and one of them gets it",
		Call:     unix.SYS_EPOLL_PWAIT,
		Nonblock: true,
		Several:  true,
		open:     openEpoll,
		poll:     inLoop(pollEpoll),
	},
	{
		Name:     "netpoll",
		Sentence: "what a Go program does by default; a connection wakes every idle worker's runtime",
		Call:     unix.SYS_EPOLL_PWAIT,
		Nonblock: true,
		open:     onOne(openNetpoll),
		poll:     inLoop(pollNetpoll),
	},
	{
		Name:     "uring",
		Sentence: "io_uring, asked for one connection at a time; they are dealt in turn, as with blocking",
		Call:     unix.SYS_IO_URING_ENTER,
		open:     onOne(openUring),
		poll:     pollUring,
		probe:    probeUring,
	},
	{
		Name:     "uring-multishot",
		Sentence: "io_uring, asked once for all; the first worker gets everything, even while it is busy or stopped",
		Call:     unix.SYS_IO_URING_ENTER,
		open:     onOne(openMultishot),
		poll:     pollMultishot,
		probe:    probeMultishot,
	},
	{
		Name:     Receive,
		Sentence: "the master accepts and passes each connection over a Unix socket",
		Call:     unix.SYS_RECVMSG,
		Passed:   true,
		open:     onOne(openReceiving),
		poll:     pollReceiving,
	},
}

// ForSeveral is the default for workers that wait for several things at once, sockets or
// connections: of those modes that can, it deals connections in turn, as the default for
// one socket does.
const ForSeveral = "rotate"

// Receive is the mode of the workers of a master that accepts for them.
const Receive = "receive"

// Listening are the modes that wait on a listening socket, among which a user chooses.
func Listening() (modes []Mode) {
	for _, mode := range Modes {
		if !mode.Passed {
			modes = append(modes, mode)
		}
	}
	return modes
}

// Lookup finds a mode by its name; "" is the default.
func Lookup(name string) (Mode, error) {
	return lookup.OrFirst("accept mode", name, Modes, func(m Mode) string { return m.Name })
}

// LookupListening is Lookup among those that a user chooses from.
func LookupListening(name string) (Mode, error) {
	return lookup.OrFirst("accept mode", name, Listening(), func(m Mode) string { return m.Name })
}

// onOne opens a mode that waits on one socket.
func onOne(open func(fd int, hot bool) (taker, error)) func([]int, bool) (taker, error) {
	return func(fds []int, hot bool) (taker, error) { return open(fds[0], hot) }
}

// inLoop has a mode wait in somebody else's epoll.
func inLoop(poll func(fds []int) *epoll) func([]int) (watched, error) {
	return func(fds []int) (watched, error) { return poll(fds), nil }
}

// Probe says why this kernel does not let this process wait like that.
func (m Mode) Probe() error {
	if m.probe == nil {
		return nil
	}
	return m.probe()
}

// Prepare sets what the mode expects of the file that workers inherit.
func (m Mode) Prepare(fd int) error {
	return errors.Join(unix.SetNonblock(fd, m.Nonblock), sys.Interruptible(fd))
}

// CheckPolls is an error for a mode that waits for nothing but the next connection, and so
// is not for a worker that serves several at once: see InheritPolled.
func (m Mode) CheckPolls() error {
	if m.poll != nil {
		return nil
	}
	return fmt.Errorf("accept mode %s waits for nothing but the next connection, so that a worker can serve only one at a time; %s deals connections in turn as well", m.Name, ForSeveral)
}

// take waits on these sockets, which the caller keeps open for as long.
func (m Mode) take(fds []int, hot bool) (taker, error) {
	if err := m.checkAll(fds); err != nil {
		return nil, err
	}
	return m.open(fds, hot)
}

// watched is take for one who waits by himself.
func (m Mode) watched(fds []int) (watched, error) {
	if err := errors.Join(m.CheckPolls(), m.checkAll(fds)); err != nil {
		return nil, err
	}
	return m.poll(fds)
}

// checkAll refuses sockets on which it cannot wait.
func (m Mode) checkAll(fds []int) error {
	if len(fds) > 1 && !m.Several {
		return fmt.Errorf("accept mode %s waits on one socket, and this process was given %d: use one that can wait on several, such as %s", m.Name, len(fds), ForSeveral)
	}
	for _, fd := range fds {
		if err := m.check(fd); err != nil {
			return err
		}
	}
	return nil
}

// check refuses a socket whose O_NONBLOCK is not as the mode needs it.
func (m Mode) check(fd int) error {
	nonblock, err := sys.Nonblocking(fd)
	if err != nil {
		return fmt.Errorf("descriptor %d is not open: was this process started by prefork? %w", fd, err)
	}
	if nonblock != m.Nonblock {
		return fmt.Errorf("accept mode %s needs O_NONBLOCK=%t on the listening socket, which some process that shares it has changed: all workers of one socket must use the same mode", m.Name, m.Nonblock)
	}
	return nil
}
