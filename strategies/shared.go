//go:build linux

package strategies

import (
	"prefork/internal/steer"
	"prefork/strategies/accept"
)

// shared is one listening socket at each address, that every worker inherits. The kernel
// keeps one queue for it, and wakes one waiting worker for each connection in it.
type shared struct{ listeners *Listeners }

func openShared(c Config) (Front, error) {
	l, err := openAlone(c, forWorkers)
	if err != nil {
		return nil, err
	}
	return shared{l}, nil
}

func (s shared) Listeners() *Listeners            { return s.listeners }
func (s shared) Files(int) ([]accept.File, error) { return s.listeners.files(0), nil }
func (s shared) State() State                     { return State{Listeners: s.listeners.state()} }
func (s shared) Close() error                     { return s.listeners.close() }

func (s shared) Queued(slot int) (q Queue, err error) {
	q.Waiting, err = s.listeners.queued(0)
	if slot == 0 {
		q.Own = q.Waiting
	}
	return q, err
}

// No queue belongs to a slot, and nobody is sent where no worker is.

func (shared) Suspend(int) error       { return nil }
func (shared) Resume(int) error        { return nil }
func (shared) Rescue(int) error        { return nil }
func (shared) Drop(int) error          { return nil }
func (shared) Steering() *steer.Kernel { return nil }
