//go:build linux

package accept

import (
	"syscall"

	"golang.org/x/sys/unix"

	"prefork/internal/sys"
)

// uring asks for a connection by io_uring, and waits for the answer. Where the queue
// is empty the kernel leaves an entry among the socket's waiters, one that only one is
// woken for (io_arm_poll_handler sets EPOLLEXCLUSIVE). The entry of a request for one
// connection goes when it is woken, and the next request's comes at the end of the
// line: connections are dealt in turn, as with accept itself.
type uring struct {
	listening
	ring      *sys.Ring
	multishot bool
	in        int      // the epoll that watches the ring
	released  bool     // the ring is closed
	asked     bool     // a request is with the kernel
	got       []answer // completed and not yet handed out; their connections are owned
	read      int      // so many of got were handed out
}

type answer struct {
	conn  int
	errno syscall.Errno
}

// completions have room in the ring. A request for many that fills it ends.
const completions = 256

func openUring(fd int, hot bool) (taker, error) { return newUring(fd, hot, false) }

func newUring(fd int, hot, multishot bool) (*uring, error) {
	ring, err := sys.NewRing(completions)
	if err != nil {
		return nil, explainRing(err)
	}
	return &uring{listening: listening{fd: fd, pace: sys.Pace{Hot: hot}}, ring: ring, multishot: multishot}, nil
}

func (u *uring) take() (int, error) {
	if u.empty() {
		u.fetch() // a request for many goes on by itself
	}
	if u.empty() {
		// Not before all is handed out: a process that has run out of descriptors needs
		// them for what it has.
		u.ask(u.multishot)
		if errno := u.ring.Enter(&u.pace, 1); errno != 0 {
			return -1, errno
		}
		u.fetch()
	}
	if u.empty() {
		return -1, unix.EINTR
	}
	return u.next()
}

// try asks only if there is something, and takes its request back at once: who leaves
// waits for nobody.
func (u *uring) try() (int, error) {
	for u.empty() {
		if !u.ready() {
			return -1, unix.EAGAIN
		}
		u.ask(false)
		u.stop()
	}
	return u.next()
}

func pollUring(fds []int) (watched, error) { return newUring(fds[0], false, false) }

// watch has the ring be watched. It tells when it has completed something.
func (u *uring) watch(ep int) error {
	u.in = ep
	u.ask(u.multishot)
	if errno := u.ring.Submit(); errno != 0 {
		return errno
	}
	return watch(ep, u.ring.FD(), unix.EPOLLIN)
}

// unwatch takes the request back, unless that is done by depth.
func (u *uring) unwatch(stays bool) error {
	if stays {
		u.withdraw()
	}
	return unwatch(u.in, u.ring.FD())
}

func (u *uring) tell(int, uint32) {}

func (u *uring) poll() (conn int, more bool, err error) {
	if u.empty() {
		u.fetch()
	}
	if u.empty() {
		u.ask(u.multishot)
		if errno := u.ring.Submit(); errno != 0 {
			return -1, false, errno
		}
		u.fetch() // there may have been one already
	}
	if u.empty() {
		return -1, false, unix.EAGAIN
	}
	conn, err = u.next()
	return conn, !u.empty() || !u.asked, err
}

// completed is of interest to who waits in an epoll: see sys.Pace.
func (u *uring) completed() bool { return !u.released && u.ring.Completed() }

// depth takes back what was asked for: what comes from now on is somebody else's.
func (u *uring) depth() (received, queued int) {
	u.withdraw()
	for _, a := range u.got[u.read:] {
		if a.errno == 0 {
			received++
		}
	}
	return received, sys.Queued(u.fd)
}

// withdraw takes the request back. Until the kernel has done that, the request stays first
// in line, and connections that come wake it in vain and none of those behind it
// (io_poll_wake returns 1 for a request that is taken care of already). Nobody would
// look for them before the next one comes: so they are taken here.
func (u *uring) withdraw() {
	if !u.asked {
		return
	}
	u.stop()
	for len(u.got)-u.read < completions && u.ready() {
		u.ask(false)
		u.stop()
	}
}

func (u *uring) release() error {
	u.stop()
	u.released = true
	return u.ring.Close()
}

// ready says that there is something in the queue.
func (u *uring) ready() bool {
	ready, err := sys.Poll(u.fd, unix.POLLIN, 0)
	return ready && err == nil
}

func (u *uring) empty() bool { return u.read == len(u.got) }

func (u *uring) next() (int, error) {
	a := u.got[u.read]
	u.read++
	return a.conn, errnoOrNil(a.errno)
}

func (u *uring) ask(multishot bool) {
	if !u.asked {
		u.ring.Accept(u.fd, multishot)
		u.asked = true
	}
}

// stop takes the request back, and fetches all that it has brought.
func (u *uring) stop() {
	if u.asked {
		u.ring.Cancel()
	}
	var parked sys.Pace
	for u.asked || u.ring.Overflown() {
		wait := 0
		if u.asked {
			wait = 1
		}
		if errno := u.ring.Enter(&parked, wait); errno != 0 && errno != unix.EINTR {
			return
		}
		u.fetch()
	}
}

// fetch reads completions, after those that were not yet handed out.
func (u *uring) fetch() {
	if u.empty() {
		u.got, u.read = u.got[:0], 0
	}
	for {
		c, ok := u.ring.Next()
		if !ok {
			return
		}
		if c.Last {
			u.asked = false
		}
		if c.Errno != unix.ECANCELED {
			u.got = append(u.got, answer{c.Conn, c.Errno})
		}
	}
}
