//go:build linux

package strategies

import "prefork/internal/steer"

// shared is one listening socket that every worker inherits. The kernel keeps
// one queue, and wakes one waiting worker for each connection in it.
type shared struct{ listeners *Listeners }

func openShared(c Config) (Front, error) {
	l, err := openOne(c, forWorkers)
	if err != nil {
		return nil, err
	}
	return shared{l}, nil
}

func (s shared) Listeners() *Listeners   { return s.listeners }
func (s shared) FD(int) (int, error)     { return s.listeners.sockets[0].fd, nil }
func (s shared) Queued(int) (int, error) { return s.listeners.queued(0) }
func (s shared) State() State            { return s.listeners.state() }
func (s shared) Close() error            { return s.listeners.close() }

// No queue belongs to a slot, and nobody is sent where no worker is.

func (shared) Suspend(int) error       { return nil }
func (shared) Resume(int) error        { return nil }
func (shared) Rescue(int) error        { return nil }
func (shared) Drop(int) error          { return nil }
func (shared) Steering() *steer.Kernel { return nil }
