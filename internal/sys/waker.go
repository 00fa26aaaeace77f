//go:build linux

package sys

import (
	"fmt"

	"golang.org/x/sys/unix"
)

// Waker ends a wait for descriptors from another goroutine: it is one of them, and
// readable once Wake was called (eventfd(2)).
type Waker struct{ FD int } // owned by the Waker

// NewWaker opens one, close-on-exec.
func NewWaker() (Waker, error) {
	fd, err := unix.Eventfd(0, unix.EFD_CLOEXEC|unix.EFD_NONBLOCK)
	if err != nil {
		return Waker{}, fmt.Errorf("eventfd: %w", err)
	}
	return Waker{fd}, nil
}

// Wake may be called from any goroutine.
func (w Waker) Wake() { _, _ = unix.Write(w.FD, []byte{1, 0, 0, 0, 0, 0, 0, 0}) }

// Rest has it be unreadable again until the next Wake.
func (w Waker) Rest() { _, _ = unix.Read(w.FD, make([]byte, 8)) }

// Close closes it. Nobody may wake it any more.
func (w Waker) Close() error { return unix.Close(w.FD) }
