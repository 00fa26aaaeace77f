//go:build linux

package load

// chunkSlots is how many slots are made at a time.
const chunkSlots = 256

// none is no slot.
const none = int32(-1)

// slots holds connections by number. It is made as it is needed, in chunks, so
// that a connection never moves.
type slots struct {
	chunks []*[chunkSlots]conn
	free   []int32
	used   int
}

func (s *slots) at(slot int32) *conn {
	return &s.chunks[slot/chunkSlots][slot%chunkSlots]
}

// take returns a slot to use; none if limit are in use.
func (s *slots) take(limit int) int32 {
	if s.used >= limit {
		return none
	}
	if len(s.free) == 0 {
		s.grow()
	}
	slot := s.free[len(s.free)-1]
	s.free = s.free[:len(s.free)-1]
	s.used++
	return slot
}

func (s *slots) put(slot int32) {
	s.free = append(s.free, slot)
	s.used--
}

func (s *slots) grow() {
	first := int32(len(s.chunks) * chunkSlots)
	chunk := new([chunkSlots]conn)
	s.chunks = append(s.chunks, chunk)
	for i := chunkSlots - 1; i >= 0; i-- {
		chunk[i].fd = -1
		s.free = append(s.free, first+int32(i))
	}
}

// queue is slots in a row, first in first. A connection is in one queue at a
// time. As all wait equally long in it, its head is the first that is due.
type queue struct {
	slots      *slots
	head, tail int32
}

func newQueue(s *slots) queue { return queue{s, none, none} }

func (q *queue) push(slot int32) {
	c := q.slots.at(slot)
	c.previous, c.next = q.tail, none
	if q.tail == none {
		q.head = slot
	} else {
		q.slots.at(q.tail).next = slot
	}
	q.tail = slot
}

func (q *queue) remove(slot int32) {
	c := q.slots.at(slot)
	if c.previous == none {
		q.head = c.next
	} else {
		q.slots.at(c.previous).next = c.next
	}
	if c.next == none {
		q.tail = c.previous
	} else {
		q.slots.at(c.next).previous = c.previous
	}
}

// first is the head's connection; nil if the queue is empty.
func (q *queue) first() *conn {
	if q.head == none {
		return nil
	}
	return q.slots.at(q.head)
}
