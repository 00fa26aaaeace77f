//go:build linux

// Package steer puts a program into the kernel that picks the socket of a
// SO_REUSEPORT group for every connection, from what workers count on the
// scoreboard: no process stands in the connections' way.
//
//	worker ── plain stores ──► board ─┐
//	master ── plain stores ──► slots ─┼─► program ──► sockets[slot]
//	                             ▲    │      │
//	                             └────┼─sent─┘
//	                        SYN ──────┘
//
// The program is in bpf/: tables.h is the memory in the drawing, weigh.h says how
// busy a slot is, steer.c picks one. This file loads it; watch.go keeps its counts
// true; probe.go says why it cannot be loaded.
package steer

import (
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"
	"unsafe"

	"github.com/cilium/ebpf"
	"golang.org/x/sys/unix"

	"prefork/internal/scoreboard"
	"prefork/internal/sys"
)

// The programs that there are.
const (
	RoundRobin  = kernelProgRoundRobin
	LeastLoaded = kernelProgLeastLoaded
	TwoChoices  = kernelProgTwoChoices
)

// Options are how a Kernel is loaded.
type Options struct {
	Program    string
	StuckAfter time.Duration // how long a queue may stand still
	// Sockets is the descriptor of another master's table of sockets, which
	// is to be used on; 0 for none. A socket can be in one table only.
	Sockets int
}

// Kernel is a loaded program, and the memory that it shares with us. Its methods
// may be called from any goroutine.
type Kernel struct {
	program   *ebpf.Program
	boardMap  *ebpf.Map
	sockets   *ebpf.Map
	inService *ebpf.Variable
	closers   []func() error

	board *scoreboard.Board
	slots *[scoreboard.MaxSlots]kernelSlot

	mu        sync.Mutex // guards what follows: the watch reads while slots come and go
	queues    []*queue   // by slot
	inherited bool       // the table is another master's

	pause   time.Duration
	stopped chan struct{} // closed by Close
	ended   chan struct{} // closed by the watch
}

// Load loads a program. It does nothing before Attach.
func Load(o Options) (*Kernel, error) {
	k := &Kernel{inherited: o.Sockets != 0, pause: min(watchPause, o.StuckAfter/2), stopped: make(chan struct{}), ended: make(chan struct{})}
	if err := k.load(o); err != nil {
		return nil, errors.Join(explain(err), k.release())
	}
	go k.watch()
	return k, nil
}

func (k *Kernel) load(o Options) error {
	collection, err := loadCollection(o)
	if err != nil {
		return err
	}
	k.program, k.boardMap, k.sockets = collection.Programs[o.Program], collection.Maps[kernelMapBoard], collection.Maps[kernelMapSockets]
	k.inService = collection.Variables[kernelVarInService]
	k.closers = append(k.closers, func() error { collection.Close(); return nil })
	if k.board, err = scoreboard.Map(k.boardMap.FD()); err != nil {
		return err
	}
	memory, err := unix.Mmap(collection.Maps[kernelMapSlots].FD(), 0, int(unsafe.Sizeof(*k.slots)), unix.PROT_READ|unix.PROT_WRITE, unix.MAP_SHARED)
	if err != nil {
		return fmt.Errorf("map the slots: %w", err)
	}
	k.slots = (*[scoreboard.MaxSlots]kernelSlot)(unsafe.Pointer(&memory[0]))
	k.closers = append(k.closers, func() error { return unix.Munmap(memory) })
	return nil
}

// loadCollection loads one program of the object, and its maps.
func loadCollection(o Options) (*ebpf.Collection, error) {
	spec, err := loadKernel()
	if err != nil {
		return nil, err
	}
	for name := range spec.Programs {
		if name != o.Program {
			delete(spec.Programs, name)
		}
	}
	if err := spec.Variables[kernelVarStuckAfter].Set(int64(o.StuckAfter)); err != nil {
		return nil, err
	}
	options := ebpf.CollectionOptions{}
	if o.Sockets != 0 {
		table, err := inheritedTable(o.Sockets)
		if err != nil {
			return nil, err
		}
		defer table.Close() // the collection has its own
		options.MapReplacements = map[string]*ebpf.Map{kernelMapSockets: table}
	}
	return ebpf.NewCollectionWithOptions(spec, options)
}

// inheritedTable is another master's table, in a descriptor of our own.
func inheritedTable(fd int) (*ebpf.Map, error) {
	own, err := unix.FcntlInt(uintptr(fd), unix.F_DUPFD_CLOEXEC, 0)
	if err != nil {
		return nil, fmt.Errorf("inherited table of sockets: %w", err)
	}
	return ebpf.NewMapFromFD(own)
}

// Scoreboard is the descriptor of the workers' board, which the Kernel owns.
func (k *Kernel) Scoreboard() int { return k.boardMap.FD() }

// Sockets is the descriptor of the table of sockets, which the Kernel owns.
func (k *Kernel) Sockets() int { return k.sockets.FD() }

// Attach has the program pick for the group that the socket fd belongs to, in
// the place of any other program.
func (k *Kernel) Attach(fd int) error {
	if err := unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_ATTACH_REUSEPORT_EBPF, k.program.FD()); err != nil {
		return fmt.Errorf("attach the steering program: %w", err)
	}
	return nil
}

// Add lets the program pick a slot, by its listening socket. Slots are added in
// order. The socket stays the caller's, who closes it after Retire.
func (k *Kernel) Add(slot, fd int) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	if slot != len(k.queues) || slot >= scoreboard.MaxSlots {
		return fmt.Errorf("slot %d cannot be steered to: the next is %d of %d", slot, len(k.queues), scoreboard.MaxSlots)
	}
	if err := k.enter(slot, fd); err != nil {
		return err
	}
	k.reset(slot, 0)
	k.queues = append(k.queues, &queue{fd: fd})
	return k.inService.Set(uint32(len(k.queues)))
}

// Renew has the slot go on with another socket. The one before stays the caller's.
func (k *Kernel) Renew(slot, fd int) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	if slot >= len(k.queues) {
		return nil // it has retired
	}
	if err := k.enter(slot, fd); err != nil {
		return err
	}
	k.reset(slot, 0)
	k.queues[slot] = &queue{fd: fd}
	return nil
}

// Restore enters the sockets again that another master has replaced.
func (k *Kernel) Restore() error {
	k.mu.Lock()
	defer k.mu.Unlock()
	var errs []error
	for slot, q := range k.queues {
		if err := k.enter(slot, q.fd); !errors.Is(err, unix.EBUSY) { // it is there
			errs = append(errs, err)
		}
	}
	return errors.Join(errs...)
}

// enter puts a socket into the table, unless the master before has done so.
func (k *Kernel) enter(slot, fd int) error {
	err := k.sockets.Put(uint32(slot), uint64(fd))
	if k.inherited && errors.Is(err, unix.EBUSY) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("enter slot %d into the table of sockets: %w", slot, err)
	}
	return nil
}

// Recount takes a slot's queue for what it is: what workers have written on the board
// was not true.
func (k *Kernel) Recount(slot int) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	if slot >= len(k.queues) {
		return nil // it has retired
	}
	depth, _, err := sys.QueueDepth(k.queues[slot].fd)
	if err != nil {
		return err
	}
	k.reset(slot, depth)
	k.queues[slot].looks = 0
	return nil
}

// reset has the slot begin with a queue of this length.
func (k *Kernel) reset(slot, depth int) {
	s := &k.slots[slot]
	passed := atomic.LoadUint64(&s.Sent) - uint64(depth)
	atomic.StoreUint64(&s.Drift, passed-k.board.Taken(slot))
	atomic.StoreUint64(&s.Passed, passed)
	atomic.StoreInt64(&s.Progress, int64(sys.Monotonic()))
}

// Retire lets the program pick no slot from this one on, and forgets their
// sockets. When those are closed, the kernel takes them out of the table, and the
// program picks others for the connections that are still queued.
func (k *Kernel) Retire(slot int) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.queues = k.queues[:min(slot, len(k.queues))]
	return k.inService.Set(uint32(len(k.queues)))
}

// Close frees what the Kernel holds. A program that is attached stays so as long
// as the group lives.
func (k *Kernel) Close() error {
	close(k.stopped)
	<-k.ended
	return k.release()
}

func (k *Kernel) release() error {
	var errs []error
	for _, closer := range k.closers {
		errs = append(errs, closer())
	}
	return errors.Join(errs...)
}
