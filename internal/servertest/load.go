//go:build linux

package servertest

import (
	"sync"
	"sync/atomic"
	"testing"
)

// Load is clients that ask without pause, each in a closed loop.
type Load struct {
	Answered atomic.Int64

	mu     sync.Mutex
	failed []error
	stop   atomic.Bool
	done   sync.WaitGroup
}

// StartLoad lets clients ask the server until Stop.
func (s *Server) StartLoad(clients int) *Load {
	return s.StartAsking(clients, func() error {
		_, err := s.TryAsk()
		return err
	})
}

// StartAsking is StartLoad for servers that are asked in another way.
func (s *Server) StartAsking(clients int, ask func() error) *Load {
	l := &Load{}
	for range clients {
		l.done.Go(func() {
			for !l.stop.Load() {
				if err := ask(); err != nil {
					l.mu.Lock()
					l.failed = append(l.failed, err)
					l.mu.Unlock()
				} else {
					l.Answered.Add(1)
				}
			}
		})
	}
	s.t.Cleanup(func() { l.Stop() })
	return l
}

// Stop ends the load and returns what went wrong.
func (l *Load) Stop() []error {
	l.stop.Store(true)
	l.done.Wait()
	return l.failed
}

// More waits until n more have been answered.
func (l *Load) More(t testing.TB, n int) {
	t.Helper()
	want := l.Answered.Load() + int64(n)
	Eventually(t, "more connections are answered", func() bool { return l.Answered.Load() >= want })
}
