//go:build linux

package strategies

import (
	"errors"

	"prefork/internal/steer"
)

// byProgram has an eBPF program in the kernel pick; see package steer.
type byProgram struct {
	kernel    *steer.Kernel // owned
	listeners *Listeners
}

func openProgram(c Config, l *Listeners, program string) (steering, error) {
	o := steer.Options{Program: program, StuckAfter: c.StuckAfter}
	if o.StuckAfter <= 0 {
		o.StuckAfter = DefaultStuckAfter
	}
	known := 0 // slots that are in the kernel's table
	if c.State != nil && c.State.Steering != nil {
		o.State, known = c.State.Steering, len(l.sockets)
	}
	kernel, err := steer.Load(o)
	if err != nil {
		return nil, err
	}
	for slot, s := range l.sockets {
		if slot < known {
			err = errors.Join(err, kernel.Regain(slot, s.fd))
		} else {
			err = errors.Join(err, kernel.Add(slot, s.fd))
		}
	}
	// While no slot is ready, the program leaves the choice to the hash.
	if err = errors.Join(err, kernel.Attach(l.sockets[0].fd)); err != nil {
		return nil, errors.Join(err, kernel.Close())
	}
	return byProgram{kernel, l}, nil
}

func (p byProgram) add(open func() (int, error)) error {
	fd, err := open()
	if err != nil {
		return err
	}
	slot := len(p.listeners.sockets) - 1
	if err := p.kernel.Add(slot, fd); err != nil {
		return errors.Join(err, p.listeners.closeFrom(slot))
	}
	return nil
}

func (p byProgram) set(slot int, ready bool) error {
	if ready {
		return p.kernel.Resume(slot)
	}
	return p.kernel.Suspend(slot)
}

// drop has the kernel forget the sockets first: it looks at their queues. When they are
// closed, it has the program pick others for the connections in them.
func (p byProgram) drop(slot int, close func() error) error {
	return errors.Join(p.kernel.Drop(slot), close())
}

func (p byProgram) note(s *State) {
	state := p.kernel.State()
	s.Steering = &state
}
