package scoreboard

import (
	"fmt"
	"sync/atomic"
	"unsafe"
)

const (
	rollSize  = int(unsafe.Sizeof(rollHeader{}) + unsafe.Sizeof([MaxSlots]entry{}))
	rollMagic = 0x70726566_6f72ca01 // the roll, layout 1
)

// Roll is what a master believes of its workers. Only the master writes it. Other
// processes may read it, and it is good after the master's death.
type Roll struct {
	entries *[MaxSlots]entry
	memory  []byte // keeps the mapping alive
}

type rollHeader struct {
	magic atomic.Uint64
	_     [lineSize - 8]byte
}

// entry is one slot: one cache line.
type entry struct {
	seats [Seats]atomic.Uint64 // the pid above the State, so that they are read as one
	turns atomic.Uint64        // odd while the master moves counts from the board to here

	accepted, finished, cut, waits atomic.Uint64 // of workers that have ended

	_ [8]byte
}

// rollOver lays a roll over memory that is all zero or a roll already.
func rollOver(memory []byte, writable bool) (*Roll, error) {
	if err := fits(memory, rollSize); err != nil {
		return nil, err
	}
	head := (*rollHeader)(unsafe.Pointer(&memory[0]))
	if was := head.magic.Load(); was != rollMagic {
		if was != 0 || !writable {
			return nil, fmt.Errorf("scoreboard: no roll (magic %#x)", was)
		}
		head.magic.Store(rollMagic)
	}
	return &Roll{entries: (*[MaxSlots]entry)(unsafe.Pointer(&memory[lineSize])), memory: memory}, nil
}

// Set says who is in a seat. A pid of 0 says that it is not yet known, or nobody.
func (r *Roll) Set(slot, seat, pid int, state State) {
	r.entries[slot].seats[seat].Store(uint64(uint32(pid))<<32 | uint64(state))
}

// At is who is in a seat, or was last.
func (r *Roll) At(slot, seat int) (pid int, state State) {
	both := r.entries[slot].seats[seat].Load()
	return int(both >> 32), State(both)
}

// Ready is the pid of a slot's worker that is ready, or 0.
func (r *Roll) Ready(slot int) int {
	for seat := range Seats {
		if pid, state := r.At(slot, seat); state == Ready {
			return pid
		}
	}
	return 0
}

// Used reports whether a slot has, or has had, a worker.
func (r *Roll) Used(slot int) bool {
	for seat := range Seats {
		if pid, _ := r.At(slot, seat); pid != 0 {
			return true
		}
	}
	return false
}

// former is what the workers counted that have ended.
func (r *Roll) former(slot int) Counts {
	e := &r.entries[slot]
	return Counts{e.accepted.Load(), e.finished.Load(), e.cut.Load(), e.waits.Load()}
}

// turn is odd while counts are being moved, and another one after that.
func (r *Roll) turn(slot int) uint64 { return r.entries[slot].turns.Load() }

func (r *Roll) begin(slot int) { r.entries[slot].turns.Add(1) }
func (r *Roll) end(slot int)   { r.entries[slot].turns.Add(1) }

func (r *Roll) enter(slot int, c Counts) {
	e := &r.entries[slot]
	e.accepted.Add(c.Accepted)
	e.finished.Add(c.Finished)
	e.cut.Add(c.Cut)
	e.waits.Add(c.Waits)
}
