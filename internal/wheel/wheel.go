// Package wheel keeps many timers of which few ever go off: setting one costs the same
// however many there are, and setting it later than before costs next to nothing.
//
// It is a hierarchical timing wheel (Varghese and Lauck, SOSP 1987). Time is cut into
// ticks of 33 µs, and a tick's number into groups of six bits. A timer lies at the level
// of the highest group in which its tick differs from the present one, in the slot that
// this group names:
//
//	level 0   64 slots of a tick
//	level 1   64 slots of 64 ticks, 2.1 ms
//	level 2   64 slots of 134 ms
//	level 3   64 slots of 8.6 s
//	level 4   …
//
// So what lies at a level comes before all that lies higher, and no slot is used twice at
// a time. When time has come to a slot, its timers go off or move to a lower level. One
// that was set to a later time meanwhile has stayed where it was, and is moved then.
package wheel

import (
	"math/bits"
	"time"
)

const (
	tickBits  = 15 // a tick is 2^15 ns
	groupBits = 6
	slots     = 1 << groupBits
	levels    = (63 - tickBits + groupBits - 1) / groupBits // all times there are
)

// Timer is a moment at which something is due to Owner. It may be set in one wheel at a
// time. Without Owner, the zero value is ready to be set.
type Timer[T any] struct {
	Owner T

	due        int64 // the tick at which it goes off
	from       int64 // its slot begins at this tick
	in         *slot[T]
	next, prev *Timer[T] // in the slot
}

// Wheel keeps timers. Its times are counted from any moment on. The zero value stands at
// 0. It belongs to one goroutine.
type Wheel[T any] struct {
	now    int64 // the tick up to which all has gone off
	late   slot[T]
	levels [levels]level[T]
}

type level[T any] struct {
	filled uint64 // a bit for each slot with timers; the slots that time has passed have none
	slots  [slots]slot[T]
}

type slot[T any] struct {
	first *Timer[T]
	level *level[T] // that has a bit for it; nil for what is late
	bit   uint64
}

// Set has a timer go off at a time, or within a tick after it: never before. If it was
// set, that no longer holds.
func (w *Wheel[T]) Set(t *Timer[T], at time.Duration) {
	t.due = int64(at) >> tickBits
	if t.due<<tickBits < int64(at) {
		t.due++
	}
	if t.in != nil && t.due >= t.from {
		return // it is looked at when its slot is
	}
	w.Stop(t)
	w.place(t)
}

// Stop has a timer not go off.
func (w *Wheel[T]) Stop(t *Timer[T]) {
	if t.in == nil {
		return
	}
	if t.prev == nil {
		t.in.first = t.next
	} else {
		t.prev.next = t.next
	}
	if t.next != nil {
		t.next.prev = t.prev
	}
	if t.in.first == nil && t.in.level != nil {
		t.in.level.filled &^= t.in.bit
	}
	t.in, t.next, t.prev = nil, nil, nil
}

// Next is when Due has something to do at the earliest; ok is false if no timer is set.
func (w *Wheel[T]) Next() (at time.Duration, ok bool) {
	if w.late.first != nil {
		return 0, true
	}
	tick, _, ok := w.first()
	return time.Duration(tick << tickBits), ok
}

// Due returns the owner of a timer that has gone off by now, which is not set any more;
// ok is false if there is none.
func (w *Wheel[T]) Due(now time.Duration) (owner T, ok bool) {
	until := int64(now) >> tickBits
	for {
		if t := w.late.first; t != nil {
			w.Stop(t)
			if t.due <= w.now {
				return t.Owner, true
			}
			w.place(t)
			continue
		}
		tick, s, ok := w.first()
		if !ok || tick > until {
			w.now = max(w.now, until)
			return owner, false
		}
		w.now = tick
		for t := s.first; t != nil; t = s.first {
			w.Stop(t)
			w.late.push(t)
		}
	}
}

// place puts a timer into the slot in which it goes off.
func (w *Wheel[T]) place(t *Timer[T]) {
	if t.due <= w.now {
		t.from = 0
		w.late.push(t)
		return
	}
	n := (bits.Len64(uint64(t.due^w.now)) - 1) / groupBits
	shift := n * groupBits
	l, i := &w.levels[n], (t.due>>shift)%slots
	s := &l.slots[i]
	s.level, s.bit = l, 1<<i
	l.filled |= s.bit
	t.from = t.due >> shift << shift
	s.push(t)
}

func (s *slot[T]) push(t *Timer[T]) {
	t.in, t.next = s, s.first
	if s.first != nil {
		s.first.prev = t
	}
	s.first = t
}

// first is the slot whose turn is next, and the tick at which it begins.
func (w *Wheel[T]) first() (tick int64, s *slot[T], ok bool) {
	for n := range w.levels {
		l := &w.levels[n]
		if l.filled == 0 {
			continue
		}
		shift, i := n*groupBits, bits.TrailingZeros64(l.filled)
		return (w.now>>shift&^(slots-1) | int64(i)) << shift, &l.slots[i], true
	}
	return 0, nil, false
}
