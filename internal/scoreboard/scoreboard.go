// Package scoreboard is the page of memory on which workers write what they
// have done and the master writes what it knows of them. Nobody locks it: every
// number has one writer at a time. Counts outlive the worker that wrote them.
//
//	┌ header 64 B ┬ slot 0 seat 0 ┬ slot 0 seat 1 ┬ slot 1 seat 0 ┬ …
//
// A slot has two seats because a reload runs two workers in one slot for a
// while, the new one and the one that drains. Each seat is one cache line, so
// that no two workers ever write to the same one.
//
// The layout knows nothing of what the memory is: Over lays it on any bytes.
package scoreboard

import (
	"errors"
	"fmt"
	"sync/atomic"
	"unsafe"
)

const (
	// MaxSlots is how many workers a board has lines for.
	MaxSlots = 1024
	// Seats is how many workers may be in one slot at once.
	Seats = 2
	// Size is the length of a board in bytes.
	Size = lineSize * (1 + MaxSlots*Seats)

	lineSize = 64
	magic    = 0x70726566_6f726b01 // "prefork", layout 1
)

// State is what the master says of a worker.
type State uint32

// The states, in the order a worker goes through them.
const (
	Gone State = iota
	Starting
	Ready
	Draining
)

func (s State) String() string {
	if names := [...]string{"gone", "starting", "ready", "draining"}; int(s) < len(names) {
		return names[s]
	}
	return fmt.Sprintf("state %d", uint32(s))
}

// Line is what is known of one worker: one cache line.
type Line struct {
	PID      atomic.Int32  // written by the master
	State    atomic.Uint32 // a State; written by the master
	Accepted atomic.Uint64 // connections taken, ever
	Finished atomic.Uint64 // of those, the ones served to their end
	Cut      atomic.Uint64 // of those, the ones that ended with their worker; written by the master once it is dead
	Waits    atomic.Uint64 // returns from a wait for connections, empty-handed ones too
	Progress atomic.Int64  // when a connection was last taken or finished: nanoseconds of CLOCK_MONOTONIC
	Speaks   atomic.Uint32 // 1 once a worker that writes this line has begun
	_        [12]byte
}

// Open is how many connections the worker holds.
func (l *Line) Open() int {
	// Accepted is read last: a connection finished in between then counts as
	// open for a moment, where the other order could go below zero.
	done := l.Finished.Load() + l.Cut.Load()
	return int(l.Accepted.Load() - done)
}

const (
	// Absurd is more connections than any worker can hold or any queue.
	Absurd = 1 << 24

	few    = 8       // by so many may what is read at two moments differ
	inLife = 1 << 48 // connections: at 100,000 a second they take ninety years
)

// Sane reports whether what a worker has written can be.
func (l *Line) Sane() bool {
	open := l.Open()
	return open >= -few && open <= Absurd && l.Accepted.Load() < inLife && l.Speaks.Load() <= 1
}

// Counts are what stays of a line when its worker has gone.
type Counts struct {
	accepted, finished, cut, waits uint64
	speaks                         uint32
}

// Counts reads the line, for Restore.
func (l *Line) Counts() Counts {
	return Counts{l.Accepted.Load(), l.Finished.Load(), l.Cut.Load(), l.Waits.Load(), l.Speaks.Load()}
}

// Restore has the line be as it was. It is for the master, once the worker is dead.
func (l *Line) Restore(c Counts) {
	l.Accepted.Store(c.accepted)
	l.Finished.Store(c.finished)
	l.Cut.Store(c.cut)
	l.Waits.Store(c.waits)
	l.Speaks.Store(c.speaks)
}

// Board is a scoreboard.
type Board struct {
	header *header
	lines  *[MaxSlots * Seats]Line
	memory []byte // keeps the mapping, or the heap, alive
}

type header struct {
	magic atomic.Uint64
	_     [lineSize - 8]byte
}

// Over lays a board over memory, which must be Size bytes, aligned to 8, and
// either all zero or a board already.
func Over(memory []byte) (*Board, error) {
	if len(memory) != Size {
		return nil, fmt.Errorf("scoreboard: %d bytes, want %d", len(memory), Size)
	}
	if uintptr(unsafe.Pointer(&memory[0]))%8 != 0 {
		return nil, errors.New("scoreboard: memory is not aligned to 8 bytes")
	}
	b := &Board{
		header: (*header)(unsafe.Pointer(&memory[0])),
		lines:  (*[MaxSlots * Seats]Line)(unsafe.Pointer(&memory[lineSize])),
		memory: memory,
	}
	if was := b.header.magic.Load(); was != 0 && was != magic {
		return nil, fmt.Errorf("scoreboard: foreign memory (magic %#x)", was)
	}
	b.header.magic.Store(magic)
	return b, nil
}

// Line is the line of the worker in one seat of a slot.
func (b *Board) Line(slot, seat int) *Line { return &b.lines[slot*Seats+seat] }

// Slot sums up what the workers of one slot have done.
type Slot struct {
	PID                            int // of the worker that is ready, else 0
	Ready                          bool
	Open                           int
	Accepted, Finished, Cut, Waits uint64
	Speaks                         bool // the counts above are kept
}

// Slot reads one slot. A line that makes no sense counts for nothing.
func (b *Board) Slot(slot int) Slot {
	var sum Slot
	for seat := range Seats {
		line := b.Line(slot, seat)
		if State(line.State.Load()) == Ready {
			sum.Ready, sum.PID = true, int(line.PID.Load())
		}
		if !line.Sane() {
			continue
		}
		sum.Open += line.Open()
		sum.Finished += line.Finished.Load()
		sum.Cut += line.Cut.Load()
		sum.Accepted += line.Accepted.Load()
		sum.Waits += line.Waits.Load()
		sum.Speaks = sum.Speaks || line.Speaks.Load() == 1
	}
	return sum
}
