//go:build linux

package run

import (
	"context"
	"sync"
	"time"

	"prefork/internal/subject"
)

// disruption is a scenario waiting for its moment.
type disruption struct {
	strike func(*subject.Server) (undo func(), err error) // nil where nothing happens
	server *subject.Server
	after  time.Duration // from when measuring begins
	mu     sync.Mutex
	undo   func()
	over   bool
	err    error
}

// wait strikes when the time has come, unless the load ends first.
func (s *disruption) wait(ctx context.Context, m *meter) {
	if s.strike == nil {
		return
	}
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
	s.undo, s.err = s.strike(s.server)
}

// outlast is how much longer than a stall a disruption lasts after the end: what came
// in the last moment of the measured time has stalled like what came before.
const outlast = 20 * time.Millisecond

// end undoes it once all that it holds up has stalled, so that connections that are
// still open get their answers.
func (s *disruption) end(ctx context.Context, stall time.Duration) {
	s.mu.Lock()
	s.over = true
	undo := s.undo
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
