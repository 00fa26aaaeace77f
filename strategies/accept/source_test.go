//go:build linux

package accept

import (
	"errors"
	"net"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// tray is a queue of connections that are mere numbers, for Source's own part.
type tray struct {
	received, queued int
	released         int
	next             int
	unblocked        chan struct{}
}

func (r *tray) take() (int, error) {
	if conn, err := r.try(); err == nil {
		return conn, nil
	}
	<-r.unblocked
	return -1, unix.EINTR
}

func (r *tray) try() (int, error) {
	switch {
	case r.received > 0:
		r.received--
	case r.queued > 0:
		r.queued--
	default:
		return -1, unix.EAGAIN
	}
	r.next++
	return -r.next, nil // no descriptor
}

func (r *tray) depth() (received, queued int) { return r.received, r.queued }
func (r *tray) release() error                { r.released++; return nil }

func (r *tray) unblock() {
	select {
	case r.unblocked <- struct{}{}:
	default:
	}
}

func newTray(received, queued int) *tray {
	return &tray{received: received, queued: queued, unblocked: make(chan struct{}, 1)}
}

// rest is how many connections a source still returns.
func rest(t *testing.T, s Source) (n int) {
	t.Helper()
	for {
		_, err := s.Next()
		if errors.Is(err, net.ErrClosed) {
			return n
		}
		if err != nil {
			t.Fatal(err)
		}
		n++
	}
}

func TestADrainIsBoundedByWhatWasQueued(t *testing.T) {
	r := newTray(2, 5)
	s := newSource(r, time.Hour)
	s.Drain()
	if _, err := s.Next(); err != nil {
		t.Fatal(err)
	}
	r.queued += 10 // for the workers that stay
	if n := 1 + rest(t, s); n != 7 {
		t.Errorf("%d were taken, want the 7 that there were", n)
	}
	if rest(t, s) != 0 || r.released != 1 {
		t.Errorf("released %d times", r.released)
	}
}

func TestADrainIsBoundedByTime(t *testing.T) {
	r := newTray(2, 5)
	s := newSource(r, time.Nanosecond)
	s.Drain()
	if n := rest(t, s); n != 2 || r.queued != 5 {
		t.Errorf("%d were taken and %d left in the queue, want the 2 received ones, and 5", n, r.queued)
	}
}

func TestCloseLeavesTheQueueToTheSuccessor(t *testing.T) {
	for name, closeIt := range map[string]func(Source){
		"at once":     Source.Close,
		"drain first": func(s Source) { s.Drain(); s.Close() },
		"drain later": func(s Source) { s.Close(); s.Drain() },
	} {
		r := newTray(2, 5)
		s := newSource(r, time.Hour)
		closeIt(s)
		if n := rest(t, s); n != 2 || r.queued != 5 {
			t.Errorf("%s: %d were taken and %d left in the queue, want the 2 received ones, and 5", name, n, r.queued)
		}
	}
}

func TestCloseEndsAWait(t *testing.T) {
	s := newSource(newTray(0, 0), time.Hour)
	ended := make(chan error)
	go func() {
		_, err := s.Next()
		ended <- err
	}()
	s.Close()
	if err := <-ended; !errors.Is(err, net.ErrClosed) {
		t.Error(err)
	}
}
