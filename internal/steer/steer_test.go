//go:build linux

package steer

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"net"
	"os"
	"runtime"
	"slices"
	"syscall"
	"testing"
	"time"
	"unsafe"

	"github.com/libp2p/go-reuseport"
	"golang.org/x/sys/unix"

	"prefork/internal/scoreboard"
	"prefork/internal/sys"
)

// group is listening sockets that a program picks from. Nobody accepts, so that
// what it has picked can be read from the queues.
type group struct {
	t    *testing.T
	k    *Kernel
	fds  []int
	addr string
}

var programs = []string{RoundRobin, LeastLoaded, TwoChoices}

// newGroup makes a group of n slots with workers that are ready and count.
func newGroup(t *testing.T, program string, n int) *group {
	t.Helper()
	return newGroupOf(t, Options{Program: program, StuckAfter: time.Hour}, n)
}

func newGroupOf(t *testing.T, o Options, n int) *group {
	t.Helper()
	k, err := Load(o)
	if errors.Is(err, fs.ErrPermission) && (os.Getuid() != 0 || os.Getenv("CI") == "") {
		t.Skip(err)
	}
	if err != nil {
		t.Fatal(err)
	}
	g := &group{t: t, k: k, addr: "127.0.0.1:0"}
	t.Cleanup(func() {
		if err := g.k.Close(); err != nil {
			t.Error(err)
		}
	})
	for slot := range n {
		fd := g.listen()
		if slot == 0 {
			g.check(k.Attach(fd))
		}
		g.check(k.Add(slot, fd))
		g.check(k.Resume(slot))
		k.board.Line(slot, 0).Speaks.Store(1)
	}
	return g
}

func (g *group) listen() int {
	g.t.Helper()
	config := net.ListenConfig{Control: reuseport.Control}
	config.SetMultipathTCP(false)
	listener, err := config.Listen(context.Background(), "tcp", g.addr)
	g.check(err)
	defer listener.Close()
	g.addr = listener.Addr().String()
	raw, err := listener.(syscall.Conn).SyscallConn()
	g.check(err)
	fd := -1
	err = raw.Control(func(from uintptr) { fd, _ = unix.FcntlInt(from, unix.F_DUPFD_CLOEXEC, 0) })
	g.check(err)
	g.t.Cleanup(func() { _ = unix.Close(fd) })
	g.fds = append(g.fds, fd)
	return fd
}

func (g *group) check(err error) {
	g.t.Helper()
	if err != nil {
		g.t.Fatal(err)
	}
}

// dial connects n times; the connections are held.
func (g *group) dial(n int) {
	g.t.Helper()
	for range n {
		conn, err := net.Dial("tcp", g.addr)
		g.check(err)
		g.t.Cleanup(func() { _ = conn.Close() })
	}
}

// depths are the queues' lengths.
func (g *group) depths() (all []int) {
	g.t.Helper()
	for _, fd := range g.fds {
		depth, _, err := sys.QueueDepth(fd)
		g.check(err)
		all = append(all, depth)
	}
	return all
}

// want waits until the queues are of these lengths: a handshake may end a moment
// after its client's.
func (g *group) want(depths ...int) {
	g.t.Helper()
	g.eventually(fmt.Sprintf("queues are of %v", depths), func() bool { return slices.Equal(g.depths(), depths) })
}

// total waits until n connections are queued, and returns the queues' lengths.
func (g *group) total(n int) (depths []int) {
	g.t.Helper()
	g.eventually(fmt.Sprintf("%d connections are queued", n), func() bool {
		depths = g.depths()
		sum := 0
		for _, depth := range depths {
			sum += depth
		}
		return sum == n
	})
	return depths
}

func (g *group) eventually(what string, holds func() bool) {
	g.t.Helper()
	const patience = 30 * time.Second
	for deadline := time.Now().Add(patience); !holds(); time.Sleep(2 * time.Millisecond) {
		if time.Now().After(deadline) {
			g.t.Fatalf("it never came about that %s; queues are of %v", what, g.depths())
		}
	}
}

func TestRoundRobinDealsInTurn(t *testing.T) {
	g := newGroup(t, RoundRobin, 3)
	g.dial(1)
	g.want(1, 0, 0)
	g.dial(1)
	g.want(1, 1, 0)
	g.dial(10)
	g.want(4, 4, 4)
}

func TestRoundRobinPassesOverWhoIsNotReady(t *testing.T) {
	g := newGroup(t, RoundRobin, 3)
	g.check(g.k.Suspend(1))
	g.dial(6)
	if got := g.total(6); got[1] != 0 {
		t.Errorf("queues of %v, want none in the middle", got)
	}
}

func TestLeastLoadedFillsUp(t *testing.T) {
	g := newGroup(t, LeastLoaded, 3)
	g.hold(0, 0, 5)
	g.hold(1, 1, 2) // a worker in the other seat counts too
	g.dial(8)
	g.want(0, 3, 5)
}

// hold has a worker hold n connections that were never in the queue.
func (g *group) hold(slot, seat, n int) {
	line := g.k.board.Line(slot, seat)
	line.Speaks.Store(1)
	line.Accepted.Add(uint64(n))
	g.k.reset(slot, 0)
}

func TestEqualsAreDealtInTurn(t *testing.T) {
	g := newGroup(t, LeastLoaded, 4)
	for round := range 3 {
		g.dial(4)
		g.want(round+1, round+1, round+1, round+1)
	}
}

func TestTwoChoicesStayNear(t *testing.T) {
	g := newGroup(t, TwoChoices, 4)
	g.dial(200)
	depths := g.total(200)
	if slices.Min(depths) < 40 || slices.Max(depths) > 60 {
		t.Errorf("queues of %v, want about 50 each", depths)
	}
}

func TestTwoChoicesFindTheOneThatIsReady(t *testing.T) {
	g := newGroup(t, TwoChoices, 8)
	for slot := range 7 {
		g.check(g.k.Suspend(slot))
	}
	g.dial(10)
	g.want(0, 0, 0, 0, 0, 0, 0, 10)
}

func TestNobodyReadyLeavesItToTheHash(t *testing.T) {
	for _, program := range programs {
		g := newGroup(t, program, 4)
		for slot := range 4 {
			g.check(g.k.Suspend(slot))
		}
		g.dial(64)
		if depths := g.total(64); slices.Min(depths) == 0 { // once in 25 million times
			t.Errorf("%s: queues of %v, want dice", program, depths)
		}
	}
}

func TestDroppedSlotGetsNothing(t *testing.T) {
	for _, program := range programs {
		g := newGroup(t, program, 3)
		g.check(g.k.Drop(2))
		g.check(g.k.Drop(1))
		g.dial(10)
		g.want(10, 0, 0)
	}
}

// A connection in the queue of a listener that is closed goes to one that the
// program picks, whatever net.ipv4.tcp_migrate_req says.
func TestQueueOfAClosedSocketMoves(t *testing.T) {
	for _, program := range programs {
		g := newGroup(t, program, 2)
		g.dial(10)
		last := g.fds[1]
		g.fds = g.fds[:1]
		g.check(g.k.Drop(1))
		g.check(unix.Close(last))
		g.want(10)
	}
}

func TestSlotGoesOnWithAnotherSocket(t *testing.T) {
	g := newGroup(t, RoundRobin, 2)
	g.dial(4)
	g.check(g.k.Suspend(1))
	old, fresh := g.fds[1], g.listen()
	g.fds = []int{g.fds[0], fresh}
	g.check(g.k.Renew(1, fresh))
	g.check(unix.Close(old))
	g.want(4, 0)
	g.check(g.k.Resume(1))
	g.dial(4)
	g.want(6, 2)
}

// What the state says, another program goes on from: with the same sockets, counts and
// slots that are suspended.
func TestAnotherProgramGoesOn(t *testing.T) {
	g := newGroup(t, RoundRobin, 3)
	g.check(g.k.Suspend(1))
	g.dial(8)
	g.want(4, 0, 4)
	state := g.k.State()
	for _, fd := range []*int{&state.Board, &state.Slots, &state.Sockets} {
		own, err := unix.Dup(*fd)
		g.check(err)
		*fd = own
	}
	g.check(g.k.Close())
	k, err := Load(Options{Program: LeastLoaded, StuckAfter: time.Hour, State: &state})
	g.check(err)
	g.k = k
	for slot, fd := range g.fds {
		g.check(k.Regain(slot, fd))
	}
	g.check(k.Attach(g.fds[0]))
	g.dial(2)
	g.want(5, 0, 5)
	g.check(k.Resume(1))
	g.dial(5)
	g.want(5, 5, 5)
}

// What the verifier and 256 entries take of a processor; by the clock it would be what
// else the machine does.
func TestManySlotsLoadInNoTime(t *testing.T) {
	const many = 256
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	for _, program := range programs {
		began := threadTime()
		g := newGroup(t, program, many)
		if took := threadTime() - began; took > time.Second {
			t.Errorf("%s: %v of a processor to load and to enter %d slots", program, took, many)
		}
		g.dial(many)
		most := slices.Max(g.total(many))
		if limit := map[string]int{RoundRobin: 1, LeastLoaded: 1, TwoChoices: 4}[program]; most > limit {
			t.Errorf("%s: up to %d of %d connections in one queue, want %d", program, most, many, limit)
		}
	}
}

// threadTime is the processor time that this thread has used.
func threadTime() time.Duration {
	var now unix.Timespec
	_ = unix.ClockGettime(unix.CLOCK_THREAD_CPUTIME_ID, &now)
	return time.Duration(now.Nano())
}

func TestThereIsALimit(t *testing.T) {
	g := newGroup(t, LeastLoaded, 1)
	if err := g.k.Add(scoreboard.MaxSlots, g.fds[0]); err == nil {
		t.Error("no error")
	}
}

// Whatever workers write, connections come through, and go to who is sane.
func TestNonsenseDoesNoHarm(t *testing.T) {
	for _, program := range programs {
		g := newGroup(t, program, 4)
		for range 200 {
			for slot := range 4 {
				for seat := range scoreboard.Seats {
					scribble(g.k.board.Line(slot, seat))
				}
			}
			g.dial(1)
		}
		g.total(200)
	}
}

func scribble(line *scoreboard.Line) {
	bytes := unsafe.Slice((*byte)(unsafe.Pointer(line)), unsafe.Sizeof(*line))
	for i := range bytes {
		bytes[i] = byte(rand.Uint32())
	}
}

// A slot whose line makes no sense is one that does not count: its queue is.
func TestNonsenseIsUnknown(t *testing.T) {
	for name, write := range map[string]func(*scoreboard.Line){
		"more finished than taken": func(l *scoreboard.Line) { l.Finished.Store(1 << 40) },
		"a little more finished":   func(l *scoreboard.Line) { l.Finished.Store(1000) },
		"more taken than was sent": func(l *scoreboard.Line) { l.Accepted.Store(1 << 40); l.Finished.Store(1 << 40) },
		"more open than can be":    func(l *scoreboard.Line) { l.Accepted.Store(1 << 40) },
		"progress in the future":   func(l *scoreboard.Line) { l.Progress.Store(1 << 62) },
	} {
		g := newGroup(t, LeastLoaded, 2)
		write(g.k.board.Line(0, 0))
		g.dial(20)
		if got := g.total(20); got[0] < 9 || got[0] > 11 {
			t.Errorf("%s: queues of %v, want them even", name, got)
		}
	}
}
