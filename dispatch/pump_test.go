//go:build linux

package dispatch

import (
	"bytes"
	"context"
	"log/slog"
	"math/rand/v2"
	"net"
	"os"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"prefork/internal/sys"
)

// bench is a Pump, who connects to it, and what it says.
type bench struct {
	*Pump
	t    *testing.T
	addr string
	said *record
	asks atomic.Int64 // how often it was asked what a worker has counted: for every message
}

// record is a log that can be read while it is written.
type record struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (r *record) Write(b []byte) (int, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.text.Write(b)
}

func (r *record) count(what string) int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return strings.Count(r.text.String(), what)
}

func newBench(t *testing.T, o Options) *bench {
	t.Helper()
	fd, addr, err := sys.Listen("tcp", "127.0.0.1:0", nil)
	check(t, err)
	t.Cleanup(func() { _ = unix.Close(fd) })
	b := &bench{t: t, addr: addr.String(), said: &record{}}
	o.Listeners, o.Policy, o.Random = []int{fd}, Policies[0], rand.New(rand.NewPCG(1, 2))
	o.Counts = func(int) (uint64, int, bool) {
		b.asks.Add(1)
		return 0, 0, false
	}
	o.Log = slog.New(slog.NewTextHandler(b.said, nil))
	b.Pump, err = New(o)
	check(t, err)
	t.Cleanup(func() { check(t, b.Close()) })
	return b
}

func check(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func (b *bench) dial(n int) {
	b.t.Helper()
	for range n {
		conn, err := net.Dial("tcp", b.addr)
		check(b.t, err)
		b.t.Cleanup(func() { _ = conn.Close() })
	}
}

// resume opens the slots and has connections passed to them.
func (b *bench) resume(slots ...int) {
	b.t.Helper()
	for _, slot := range slots {
		_, err := b.FD(slot)
		check(b.t, err)
		check(b.t, b.Resume(slot))
	}
}

// run runs the pump until the function that it returns is called.
func (b *bench) run() (stop func()) {
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- b.Run(ctx) }()
	return sync.OnceFunc(func() {
		cancel()
		check(b.t, <-ended)
	})
}

// inPair is how many connections wait in a slot's pair.
func (b *bench) inPair(slot int) int {
	b.t.Helper()
	b.mu.Lock()
	defer b.mu.Unlock()
	return undelivered(b.t, b.ways[slot].Pair)
}

// take receives what is in a slot's pair, as its worker would.
func (b *bench) take(slot int) int {
	b.t.Helper()
	b.mu.Lock()
	pair := b.ways[slot].Pair
	b.mu.Unlock()
	if undelivered(b.t, pair) == 0 {
		return 0
	}
	return receive(b.t, pair)
}

func eventually(t *testing.T, what string, holds func() bool) {
	t.Helper()
	for deadline := time.Now().Add(30 * time.Second); !holds(); time.Sleep(2 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("it never came about that %s", what)
		}
	}
}

// Who pauses the pump loses nothing, be it in the next image of the process.
func TestAPauseKeepsWhatWasAccepted(t *testing.T) {
	const conns, window = 20, 2
	b := newBench(t, Options{Window: window})
	b.resume(0, 1)
	check(t, b.Suspend(1))
	b.dial(conns)
	stop := b.run()
	defer stop()
	eventually(t, "the window is full and the rest of a batch is held", func() bool { return b.inPair(0) == window && b.holding() > 0 })
	stop()
	held := b.holding()

	state := b.State()
	for i := range state.Pairs {
		state.Pairs[i] = Pair{Master: dup(t, state.Pairs[i].Master), Worker: dup(t, state.Pairs[i].Worker)}
	}
	for i := range state.Held {
		state.Held[i] = dup(t, state.Held[i])
	}
	o := b.options
	o.State = &state
	next, err := New(o)
	check(t, err)
	check(t, b.Close())
	b.Pump = next
	if got := next.holding(); got != held || got == 0 {
		t.Errorf("the next one holds %d, want %d", got, held)
	}
	defer b.run()()
	got := 0
	eventually(t, "all are passed on", func() bool {
		got += b.take(0)
		return got == conns
	})
	if n := b.inPair(1); n != 0 {
		t.Errorf("%d for the slot that was suspended", n)
	}
}

func (p *Pump) holding() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.held)
}

func dup(t *testing.T, fd int) int {
	t.Helper()
	own, err := unix.Dup(fd)
	check(t, err)
	return own
}

// What a worker had not taken goes to the others when it has gone.
func TestRescueGivesToTheOthers(t *testing.T) {
	const conns = 16
	b := newBench(t, Options{Window: conns})
	b.resume(0, 1)
	defer b.run()()
	b.dial(conns)
	eventually(t, "each has half", func() bool { return b.inPair(0) == conns/2 && b.inPair(1) == conns/2 })
	check(t, b.Suspend(1))
	check(t, b.Rescue(1))
	eventually(t, "one has all", func() bool { return b.inPair(0) == conns && b.inPair(1) == 0 })
	if passed, held, err := b.Queued(0); passed != conns || held != 0 || err != nil {
		t.Errorf("%d passed on and %d held, %v, want %d and none", passed, held, err, conns)
	}
}

// A slot that goes takes nothing with it.
func TestDropGivesToTheOthers(t *testing.T) {
	b := newBench(t, Options{Window: 16})
	b.resume(0, 1)
	defer b.run()()
	b.dial(8)
	eventually(t, "each has half", func() bool { return b.inPair(0) == 4 && b.inPair(1) == 4 })
	check(t, b.Suspend(1))
	check(t, b.Drop(1))
	eventually(t, "one has all", func() bool { return b.inPair(0) == 8 })
}

// A window that no socket can hold is the largest that one does; the rest stays in the
// kernel's queue, and the pump sleeps.
func TestAWindowIsWhatTheSocketHolds(t *testing.T) {
	const conns = 700
	b := newBench(t, Options{Window: 1 << 20})
	check(t, unix.Listen(b.options.Listeners[0], conns))
	b.resume(0)
	if got := b.said.count("the window is smaller than asked for"); got != 1 {
		t.Errorf("said %d times that the window is smaller, want once:\n%s", got, &b.said.text)
	}
	window := b.ways[0].window
	b.dial(conns)
	defer b.run()()
	eventually(t, "the window is full", func() bool { return b.inPair(0) >= min(window, conns) })
	passed := b.inPair(0)
	if conns > window && passed > window {
		t.Errorf("%d were passed on, with a window of %d", passed, window)
	}
	got := 0
	eventually(t, "all come through", func() bool {
		got += b.take(0)
		return got == conns
	})
}

// A pair that a worker has broken is told of once, its connections go to the others, and
// the slot's next worker gets another one.
func TestABrokenPairIsReplaced(t *testing.T) {
	broken := make(chan int, 10)
	b := newBench(t, Options{Window: 16, Broken: func(slot int) { broken <- slot }})
	b.resume(0, 1)
	defer b.run()()
	b.dial(4)
	eventually(t, "each has half", func() bool { return b.inPair(0) == 2 && b.inPair(1) == 2 })
	old, err := b.FD(0)
	check(t, err)
	check(t, unix.Shutdown(old, unix.SHUT_RDWR))
	b.dial(4)
	if slot := <-broken; slot != 0 {
		t.Errorf("slot %d is broken, want 0", slot)
	}
	eventually(t, "the other has the new ones", func() bool { return b.inPair(1) == 6 })
	check(t, b.Suspend(0))
	b.resume(0)
	eventually(t, "what lay in the old pair is passed on", func() bool { return b.inPair(0)+b.inPair(1) == 8 })
	b.dial(4)
	eventually(t, "the slot gets connections again", func() bool { return b.inPair(0) >= 2 })
	if len(broken) > 0 {
		t.Error("it was told of more than once")
	}
}

// A drain waits for who is still to come, and ends with what was queued.
func TestDrainWaitsForWorkers(t *testing.T) {
	const conns = 40
	b := newBench(t, Options{Window: 2 * conns})
	_, err := b.FD(0)
	check(t, err)
	b.dial(conns)
	ended := make(chan error, 1)
	go func() { ended <- b.Drain(context.Background()) }()
	check(t, b.Resume(0))
	check(t, <-ended)
	if got := b.inPair(0); got != conns {
		t.Errorf("%d of %d were passed on", got, conns)
	}
}

// It does not wait for ever, nor for those that come later.
func TestDrainIsBounded(t *testing.T) {
	b := newBench(t, Options{Window: 2})
	b.resume(0)
	b.dial(10)
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- b.Drain(ctx) }()
	eventually(t, "the window is full", func() bool { return b.inPair(0) == 2 })
	cancel()
	check(t, <-ended)
	if b.said.count("no worker took these connections in time") != 1 {
		t.Errorf("it is not told who was left:\n%s", &b.said.text)
	}
}

// What the system has run out of is told once, with its end, and lost is nothing.
func TestExhaustionIsToldOnceAndHasItsEnd(t *testing.T) {
	if !inChild(t, nil) {
		return
	}
	const conns = 12
	b := newBench(t, Options{Window: 16})
	b.resume(0)
	var clients []net.Conn
	for range conns {
		conn, err := net.Dial("tcp", b.addr)
		check(t, err)
		clients = append(clients, conn)
	}
	limitDescriptors(t, 0)
	stop := b.run()
	defer stop()
	eventually(t, "it is told", func() bool { return b.said.count("cannot accept for now") == 1 })
	check(t, clients[0].Close())
	check(t, clients[1].Close())
	eventually(t, "all are passed on", func() bool { return b.inPair(0) == conns })
	eventually(t, "its end is told", func() bool { return b.said.count("accepts again") == 1 })
	stop()
	if n := b.said.count("cannot accept for now"); n != 1 {
		t.Errorf("it was told %d times:\n%s", n, &b.said.text)
	}
}

func TestTooManyOnTheirWayIsToldOnceAndHasItsEnd(t *testing.T) {
	as := &syscall.SysProcAttr{}
	if os.Getuid() == 0 {
		as.Credential = &syscall.Credential{Uid: nobody, Gid: nobody}
	}
	if !inChild(t, as) {
		return
	}
	const conns = 200
	b := newBench(t, Options{Window: conns})
	b.resume(0, 1)
	for range conns { // they may go; their connections wait all the same
		conn, err := net.Dial("tcp", b.addr)
		check(t, err)
		check(t, conn.Close())
	}
	limitDescriptors(t, 2*acceptBatch)
	stop := b.run()
	defer stop()
	eventually(t, "it is told", func() bool { return b.said.count("cannot pass connections on for now") == 1 })
	passed := b.inPair(0) + b.inPair(1)
	if passed == conns {
		t.Error("nothing was too many")
	}
	// It tries again now and then, and does not spin.
	before, pause := b.asks.Load(), time.After(20*recheck)
	<-pause
	if asks := b.asks.Load() - before; asks > 100*20 {
		t.Errorf("it looked %d times in 20 pauses", asks)
	}
	got := 0
	eventually(t, "all come through", func() bool {
		got += b.take(0) + b.take(1)
		return got == conns
	})
	eventually(t, "its end is told", func() bool { return b.said.count("passes connections on again") == 1 })
	stop()
	if n := b.said.count("cannot pass connections on for now"); n != 1 {
		t.Errorf("it was told %d times:\n%s", n, &b.said.text)
	}
}

func TestStateNamesEveryDescriptor(t *testing.T) {
	s := State{Pairs: []Pair{{1, 2}, {3, 4}}, Held: []int{5}}
	if got := s.FDs(); !slices.Equal(got, []int{1, 2, 3, 4, 5}) {
		t.Errorf("%v", got)
	}
}
