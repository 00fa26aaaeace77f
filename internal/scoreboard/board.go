package scoreboard

import (
	"errors"
	"fmt"
	"sync/atomic"
	"unsafe"
)

const (
	// Size is the length of a board in bytes.
	Size = lineSize * (1 + MaxSlots*Seats)

	boardMagic = 0x70726566_6f726b02 // "prefork", layout 2
)

// Layout names how board and roll are laid out. Binaries in which it differs cannot
// take each other's place.
var Layout = fmt.Sprintf("%x %x, %d slots of %d", boardMagic, rollMagic, MaxSlots, Seats)

// Line is what the worker in one seat has counted since it began: one cache line,
// so that no two workers write to the same one. A worker stores what it has
// counted itself, and never adds to what is there: what another one has written
// over its line is gone with its next connection.
type Line struct {
	_        [8]byte
	Accepted atomic.Uint64 // connections taken
	Finished atomic.Uint64 // of those, the ones served to their end
	_        [8]byte
	Waits    atomic.Uint64 // returns from a wait for connections, empty-handed ones too
	Progress atomic.Int64  // when a connection was last taken or finished: nanoseconds of CLOCK_MONOTONIC
	Speaks   atomic.Uint32 // 1 once a worker that writes this line has begun
	_        [12]byte
}

// Open is how many connections the worker holds.
func (l *Line) Open() int {
	_, open, _ := l.read()
	return open
}

// Sane reports whether what a worker has written can be.
func (l *Line) Sane() bool {
	_, _, sane := l.read()
	return sane
}

const (
	// Absurd is more connections than any worker can hold or any queue.
	Absurd = 1 << 24

	few    = 8       // by so many may what is read at two moments differ
	inLife = 1 << 48 // connections: at 100,000 a second they take ninety years
)

func (l *Line) read() (counts Counts, open int, sane bool) {
	counts.Waits = l.Waits.Load()
	// Accepted is read last: a connection finished in between then counts as
	// open for a moment, where the other order could go below zero.
	counts.Finished = l.Finished.Load()
	counts.Accepted = l.Accepted.Load()
	open = int(counts.Accepted - counts.Finished)
	sane = open >= -few && open <= Absurd && counts.Accepted < inLife && counts.Waits < inLife && l.Speaks.Load() <= 1
	return counts, open, sane
}

func (l *Line) empty() bool {
	counts, _, _ := l.read()
	return counts == Counts{} && l.Progress.Load() == 0 && l.Speaks.Load() == 0
}

func (l *Line) clear() {
	l.Speaks.Store(0)
	l.Finished.Store(0)
	l.Accepted.Store(0)
	l.Waits.Store(0)
	l.Progress.Store(0)
}

// Board is the memory on which workers count:
//
//	┌ header 64 B ┬ slot 0 seat 0 ┬ slot 0 seat 1 ┬ slot 1 seat 0 ┬ …
//
// It is laid on any bytes: a memfd's, or the kernel's where a steering program
// reads it.
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
	if err := fits(memory, Size); err != nil {
		return nil, err
	}
	b := &Board{
		header: (*header)(unsafe.Pointer(&memory[0])),
		lines:  (*[MaxSlots * Seats]Line)(unsafe.Pointer(&memory[lineSize])),
		memory: memory,
	}
	if was := b.header.magic.Load(); was != 0 && was != boardMagic {
		return nil, fmt.Errorf("scoreboard: foreign memory (magic %#x)", was)
	}
	b.header.magic.Store(boardMagic)
	return b, nil
}

// fits reports what is wrong with memory for a layout of this size.
func fits(memory []byte, size int) error {
	if len(memory) != size {
		return fmt.Errorf("scoreboard: %d bytes, want %d", len(memory), size)
	}
	if uintptr(unsafe.Pointer(&memory[0]))%8 != 0 {
		return errors.New("scoreboard: memory is not aligned to 8 bytes")
	}
	return nil
}

// Line is the line of the worker in one seat of a slot.
func (b *Board) Line(slot, seat int) *Line { return &b.lines[slot*Seats+seat] }

// Taken is how many connections the present workers of a slot have taken.
func (b *Board) Taken(slot int) (n uint64) {
	for seat := range Seats {
		if counts, _, sane := b.Line(slot, seat).read(); sane {
			n += counts.Accepted
		}
	}
	return n
}

// mend has the header be what it should, without which no worker could begin, and
// reports whether it was not.
func (b *Board) mend() (wasBroken bool) { return b.header.magic.Swap(boardMagic) != boardMagic }
