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
	// State is where to go on from; nil begins anew. The Kernel owns its descriptors
	// from then on.
	State *State
}

// State is the memory in the drawing, by descriptor: what another image of this
// process needs so that it can load its own program over it.
type State struct{ Board, Slots, Sockets int }

// FDs are its descriptors.
func (s State) FDs() []int { return []int{s.Board, s.Slots, s.Sockets} }

// Kernel is a loaded program, and the memory that it shares with us. Its methods
// may be called from any goroutine.
type Kernel struct {
	program   *ebpf.Program
	boardMap  *ebpf.Map
	slotsMap  *ebpf.Map
	sockets   *ebpf.Map
	inService *ebpf.Variable
	closers   []func() error

	board *scoreboard.Board
	slots *[scoreboard.MaxSlots]kernelSlot

	mu     sync.Mutex // guards what follows: the watch reads while slots come and go
	queues []*queue   // by slot

	pause   time.Duration
	stopped chan struct{} // closed by Close
	ended   chan struct{} // closed by the watch
}

// Load loads a program. It does nothing before Attach.
func Load(o Options) (*Kernel, error) {
	k := &Kernel{pause: min(watchPause, o.StuckAfter/2), stopped: make(chan struct{}), ended: make(chan struct{})}
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
	k.program = collection.Programs[o.Program]
	k.boardMap, k.slotsMap, k.sockets = collection.Maps[kernelMapBoard], collection.Maps[kernelMapSlots], collection.Maps[kernelMapSockets]
	k.inService = collection.Variables[kernelVarInService]
	k.closers = append(k.closers, func() error { collection.Close(); return nil })
	if k.board, err = scoreboard.Map(k.boardMap.FD()); err != nil {
		return err
	}
	memory, err := unix.Mmap(k.slotsMap.FD(), 0, int(unsafe.Sizeof(*k.slots)), unix.PROT_READ|unix.PROT_WRITE, unix.MAP_SHARED)
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
	if o.State != nil {
		options.MapReplacements = make(map[string]*ebpf.Map)
		for name, fd := range map[string]int{kernelMapBoard: o.State.Board, kernelMapSlots: o.State.Slots, kernelMapSockets: o.State.Sockets} {
			unix.CloseOnExec(fd)
			existing, err := ebpf.NewMapFromFD(fd)
			if err != nil {
				return nil, fmt.Errorf("go on with the map %s: %w", name, err)
			}
			defer existing.Close() // the collection has its own
			options.MapReplacements[name] = existing
		}
	}
	return ebpf.NewCollectionWithOptions(spec, options)
}

// Scoreboard is the descriptor of the workers' board, which the Kernel owns.
func (k *Kernel) Scoreboard() int { return k.boardMap.FD() }

// State is where another Kernel can go on from. Its descriptors stay this one's.
func (k *Kernel) State() State {
	return State{Board: k.boardMap.FD(), Slots: k.slotsMap.FD(), Sockets: k.sockets.FD()}
}

// Attach has the program pick for the group that the socket fd belongs to, in
// the place of any other program.
func (k *Kernel) Attach(fd int) error {
	if err := unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_ATTACH_REUSEPORT_EBPF, k.program.FD()); err != nil {
		return fmt.Errorf("attach the steering program: %w", err)
	}
	return nil
}

// Add gives the next slot a listening socket. The slot is picked once it is resumed.
// The socket stays the caller's, who closes it after Drop.
func (k *Kernel) Add(slot, fd int) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	if err := k.next(slot); err != nil {
		return err
	}
	if err := k.enter(slot, fd); err != nil {
		return err
	}
	atomic.StoreUint64(&k.slots[slot].Ready, 0)
	k.reset(slot, 0)
	return k.append(fd)
}

// Regain is Add for a slot that the State had: its socket is in the table, its counts
// and whether it is suspended are as they were.
func (k *Kernel) Regain(slot, fd int) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	if err := k.next(slot); err != nil {
		return err
	}
	return k.append(fd)
}

func (k *Kernel) next(slot int) error {
	if slot != len(k.queues) || slot >= scoreboard.MaxSlots {
		return fmt.Errorf("slot %d cannot be steered to: the next is %d of %d", slot, len(k.queues), scoreboard.MaxSlots)
	}
	return nil
}

func (k *Kernel) append(fd int) error {
	k.queues = append(k.queues, &queue{fd: fd})
	return k.inService.Set(uint32(len(k.queues)))
}

// Suspend has the program pick the slot no more, until Resume.
func (k *Kernel) Suspend(slot int) error { return k.ready(slot, 0) }

// Resume has the program pick the slot.
func (k *Kernel) Resume(slot int) error { return k.ready(slot, 1) }

func (k *Kernel) ready(slot int, ready uint64) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	if slot < len(k.queues) {
		atomic.StoreUint64(&k.slots[slot].Ready, ready)
	}
	return nil
}

// Renew has the slot go on with another socket. The one before stays the caller's.
func (k *Kernel) Renew(slot, fd int) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	if slot >= len(k.queues) {
		return fmt.Errorf("there is no slot %d to go on with another socket", slot)
	}
	if err := k.enter(slot, fd); err != nil {
		return err
	}
	k.reset(slot, 0)
	k.queues[slot] = &queue{fd: fd}
	return nil
}

func (k *Kernel) enter(slot, fd int) error {
	if err := k.sockets.Put(uint32(slot), uint64(fd)); err != nil {
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
		return nil // it has been dropped
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

// Drop forgets the slots from this one on, and their sockets. When those are closed,
// the kernel takes them out of the table, and the program picks others for the
// connections that are still queued.
func (k *Kernel) Drop(slot int) error {
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
