//go:build linux

package run

import (
	"context"
	"sync"
	"time"

	"prefork/internal/subject"
)

// Blow is what was done to a server.
type Blow struct {
	Worker int    // pid of the worker that it was done to; 0 if not to one of them
	Undo   func() // nil if nothing is to be undone
}

// disruption is a scenario waiting for its moment.
type disruption struct {
	strike func(*subject.Server) (Blow, error) // nil where nothing happens
	server *subject.Server
	after  time.Duration // from when measuring begins
	mu     sync.Mutex
	blow   Blow
	seats  map[int]int // slots of the workers before, by pid
	over   bool
	err    error
}

// wait strikes when the time has come, unless the load ends first.
func (s *disruption) wait(ctx context.Context, m *meter) {
	if s.strike == nil {
		return
	}
	seats := seatsOf(s.server)
	select {
	case <-ctx.Done():
		return
	case <-time.After(s.after):
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.over {
		return
	}
	m.look() // those who are about to die
	s.seats = seats
	s.blow, s.err = s.strike(s.server)
}

// seatsOf are the slots of a server's workers, which they cannot be asked for any more
// once they have ended.
func seatsOf(s *subject.Server) map[int]int {
	seats := map[int]int{}
	for _, pid := range s.Workers() {
		seats[pid] = subject.SlotOf(pid)
	}
	return seats
}

// outlast is how much longer than a stall a disruption lasts after the end: what came
// in the last moment of the measured time has stalled like what came before.
const outlast = 20 * time.Millisecond

// end undoes it once all that it holds up has stalled, so that connections that are
// still open get their answers.
func (s *disruption) end(ctx context.Context, stall time.Duration) {
	s.mu.Lock()
	s.over = true
	undo := s.blow.Undo
	s.mu.Unlock()
	if undo == nil {
		return
	}
	select {
	case <-ctx.Done():
	case <-time.After(stall + outlast):
	}
	undo()
}
