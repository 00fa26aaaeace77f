//go:build linux

package strategies

import (
	"errors"
	"slices"

	"prefork/internal/steer"
)

// byProgram has an eBPF program in the kernel pick; see package steer. It picks a slot, so
// that each has a queue of its own.
type byProgram struct {
	kernel   *steer.Kernel // owned
	listener *listener
	among    []bool // by slot
}

func openProgram(c Config, l *listener, program string, among []bool) (steering, error) {
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
	if known == 0 {
		among = make([]bool, len(l.sockets))
	}
	return &byProgram{kernel, l, among}, nil
}

func (p *byProgram) add(open func() (int, error)) error {
	fd, err := open()
	if err != nil {
		return err
	}
	slot := len(p.listener.sockets) - 1
	if err := p.kernel.Add(slot, fd); err != nil {
		return errors.Join(err, p.listener.closeFrom(slot))
	}
	p.among = append(p.among, false)
	return nil
}

func (p *byProgram) pick(among []bool) (err error) {
	for slot, ready := range among {
		switch {
		case ready == p.among[slot]:
		case ready:
			err = errors.Join(err, p.kernel.Resume(slot))
		default:
			err = errors.Join(err, p.kernel.Suspend(slot))
		}
	}
	p.among = slices.Clone(among)
	return err
}

// drop has the kernel forget the sockets first: it looks at their queues. When they are
// closed, it has the program pick others for the connections in them.
func (p *byProgram) drop(queue int, close func() error) error {
	p.among = p.among[:min(queue, len(p.among))]
	return errors.Join(p.kernel.Drop(queue), close())
}
