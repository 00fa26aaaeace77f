//go:build linux

package accept

import (
	"errors"
	"fmt"
	"net"
	"path/filepath"
	"runtime"
	"slices"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"prefork/internal/sys"
)

// eachSeveral runs a test with every mode that waits on several sockets.
func eachSeveral(t *testing.T, test func(t *testing.T, mode Mode)) {
	for _, mode := range Modes {
		if mode.Several {
			t.Run(mode.Name, func(t *testing.T) { test(t, mode) })
		}
	}
}

// listenAt opens a listening socket for a mode.
func listenAt(t *testing.T, mode Mode, network, address string) (fd int, addr net.Addr) {
	t.Helper()
	fd, addr, err := sys.Listen(network, address, nil)
	if err := errors.Join(err, mode.Prepare(fd)); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = unix.Close(fd) })
	return fd, addr
}

func sourceOf(t *testing.T, mode Mode, fds ...int) Source {
	t.Helper()
	taker, err := mode.take(fds, false)
	if err != nil {
		t.Fatal(err)
	}
	return newSource(taker, time.Hour)
}

// polledOf takes from sockets in an epoll of its own.
func polledOf(t *testing.T, mode Mode, fds ...int) *Polled {
	t.Helper()
	w, err := mode.watched(fds)
	ep, epErr := unix.EpollCreate1(unix.EPOLL_CLOEXEC)
	if err := errors.Join(err, epErr); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = unix.Close(ep) })
	return &Polled{source: newSource(w, time.Hour), watched: w, ep: ep}
}

// call connects n times, and waits until all of that is queued.
func call(t *testing.T, fd int, addr net.Addr, n int) {
	t.Helper()
	before := sys.Queued(fd)
	for range n {
		conn, err := net.Dial(addr.Network(), addr.String())
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = conn.Close() })
	}
	// To a client a handshake is over a moment before its last segment has come.
	for addr.Network() == "tcp" && sys.Queued(fd) < before+n {
		runtime.Gosched()
	}
}

// next is which of the addresses the next connection has come to.
func next(t *testing.T, s Source, addrs ...net.Addr) int {
	t.Helper()
	conn, err := s.Next()
	if err != nil {
		t.Fatal(err)
	}
	defer sys.Close(conn)
	name, err := unix.Getsockname(conn)
	if err != nil {
		t.Fatal(err)
	}
	return slices.IndexFunc(addrs, func(a net.Addr) bool { return a.String() == sys.AddrOf(name).String() })
}

// Sockets that have something are served in turn, whichever has more.
func TestSeveralSocketsAreServedInTurn(t *testing.T) {
	eachSeveral(t, func(t *testing.T, mode Mode) {
		const few, many = 3, 20
		a, addrA := listenAt(t, mode, "tcp", "127.0.0.1:0")
		b, addrB := listenAt(t, mode, "tcp", "127.0.0.1:0")
		s := sourceOf(t, mode, a, b)
		call(t, a, addrA, many)
		call(t, b, addrB, few)
		var order []int
		for range 2 * few {
			order = append(order, next(t, s, addrA, addrB))
		}
		if left := sys.Queued(b); left > 0 {
			t.Errorf("served in the order %v, which leaves %d of the few", order, left)
		}
	})
}

// So they are where a process takes one a wait and waits for other things as well.
func TestSeveralPolledSocketsAreServedInTurn(t *testing.T) {
	eachSeveral(t, func(t *testing.T, mode Mode) {
		const few, many = 3, 20
		a, addrA := listenAt(t, mode, "tcp", "127.0.0.1:0")
		b, addrB := listenAt(t, mode, "tcp", "127.0.0.1:0")
		p := polledOf(t, mode, a, b)
		call(t, a, addrA, many)
		call(t, b, addrB, few)
		for range 2 * few {
			if err := p.Watch(); err != nil {
				t.Fatal(err)
			}
			var events [4]unix.EpollEvent
			n, err := unix.EpollWait(p.ep, events[:], -1)
			if err != nil {
				t.Fatal(err)
			}
			for _, e := range events[:n] {
				p.Told(int(e.Fd), e.Events)
			}
			conn, _, err := p.Next()
			if err != nil {
				t.Fatal(err)
			}
			sys.Close(conn)
		}
		if left := sys.Queued(b); left > 0 {
			t.Errorf("%d of the few are left, and %d of the many", left, sys.Queued(a))
		}
	})
}

// Who is woken for a connection, and told to leave before it has accepted, takes that one at
// each socket: nobody else was woken. The rest it leaves to others.
func TestWhoLeavesTakesWhatItWasWokenFor(t *testing.T) {
	eachSeveral(t, func(t *testing.T, mode Mode) {
		const queued = 3
		a, addrA := listenAt(t, mode, "tcp", "127.0.0.1:0")
		b, addrB := listenAt(t, mode, "tcp", "127.0.0.1:0")
		p := polledOf(t, mode, a, b)
		if err := p.Watch(); err != nil {
			t.Fatal(err)
		}
		call(t, a, addrA, queued)
		call(t, b, addrB, queued)
		p.Close()
		taken := 0
		for {
			conn, _, err := p.Next()
			if errors.Is(err, net.ErrClosed) {
				break
			}
			if err != nil {
				t.Fatal(err)
			}
			sys.Close(conn)
			taken++
		}
		if leftA, leftB := sys.Queued(a), sys.Queued(b); taken != 2 || leftA != queued-1 || leftB != queued-1 {
			t.Errorf("%d taken, and %d and %d left, want one of each taken", taken, leftA, leftB)
		}
	})
}

// What comes to one socket during a drain does not stand in for what waits at another.
func TestADrainIsBoundedByWhatWasQueuedAtEach(t *testing.T) {
	eachSeveral(t, func(t *testing.T, mode Mode) {
		a, addrA := listenAt(t, mode, "tcp", "127.0.0.1:0")
		b, addrB := listenAt(t, mode, "tcp", "127.0.0.1:0")
		s := sourceOf(t, mode, a, b)
		call(t, a, addrA, 2)
		call(t, b, addrB, 5)
		s.Drain()
		taken := []int{next(t, s, addrA, addrB)}
		call(t, a, addrA, 10) // for the workers that stay
		call(t, b, addrB, 10)
		for range 6 {
			taken = append(taken, next(t, s, addrA, addrB))
		}
		if _, err := s.Next(); !errors.Is(err, net.ErrClosed) {
			t.Errorf("after what was queued comes %v", err)
		}
		slices.Sort(taken)
		if !slices.Equal(taken, []int{0, 0, 1, 1, 1, 1, 1}) || sys.Queued(a) != 10 || sys.Queued(b) != 10 {
			t.Errorf("taken from %v; %d and %d are left", taken, sys.Queued(a), sys.Queued(b))
		}
	})
}

// A master that stops shuts its Unix-domain sockets down. The others may have something
// yet; when all are down, nothing will come any more.
func TestASocketThatIsShutDownIsForgotten(t *testing.T) {
	eachSeveral(t, func(t *testing.T, mode Mode) {
		a, addrA := listenAt(t, mode, "unix", filepath.Join(t.TempDir(), "a"))
		b, addrB := listenAt(t, mode, "tcp", "127.0.0.1:0")
		for name, leave := range map[string]func(Source){"serving": func(Source) {}, "draining": Source.Drain} {
			s := sourceOf(t, mode, a, b)
			if name == "serving" {
				call(t, a, addrA, 1)
				if err := unix.Shutdown(a, unix.SHUT_RDWR); err != nil {
					t.Fatal(err)
				}
				if at := next(t, s, addrA, addrB); at != 0 {
					t.Errorf("%s: what was queued is from %d", name, at)
				}
			}
			call(t, b, addrB, 1)
			leave(s)
			if at := next(t, s, addrA, addrB); at != 1 {
				t.Errorf("%s: the other's is from %d", name, at)
			}
			s.Drain()
			if conn, err := s.Next(); !errors.Is(err, net.ErrClosed) {
				t.Errorf("%s: after that comes %d, %v", name, conn, err)
			}
		}
		if err := unix.Shutdown(b, unix.SHUT_RDWR); err != nil {
			t.Fatal(err)
		}
		s := sourceOf(t, mode, a, b)
		if conn, err := s.Next(); !errors.Is(err, net.ErrClosed) {
			t.Errorf("of two that are down comes %d, %v", conn, err)
		}
	})
}

// One accept cannot wait on two.
func TestModesThatWaitOnOneSocket(t *testing.T) {
	for _, mode := range Modes {
		fd, _ := listenAt(t, mode, "tcp", "127.0.0.1:0")
		_, err := mode.take([]int{fd, fd}, false)
		if want := fmt.Sprintf("accept mode %s waits on one socket", mode.Name); !mode.Several && (err == nil || err.Error()[:len(want)] != want) {
			t.Errorf("%s: %v", mode.Name, err)
		}
	}
}
