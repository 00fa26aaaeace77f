//go:build linux

package strategies

import (
	"errors"

	"prefork/internal/steer"
)

// byProgram has a program in the kernel pick; see package steer.
type byProgram struct {
	kernel *steer.Kernel // owned
	group  *grouped
}

func openProgram(g *grouped, s Steer) (steering, error) {
	stuckAfter := g.config.StuckAfter
	if stuckAfter <= 0 {
		stuckAfter = DefaultStuckAfter
	}
	kernel, err := steer.Load(steer.Options{Program: s.program, StuckAfter: stuckAfter, Sockets: g.config.SocketTable})
	if err != nil {
		return nil, err
	}
	p := &byProgram{kernel, g}
	if g.inherited {
		return p, nil // takeOver attaches
	}
	// While no worker is ready, the program leaves the choice to the hash.
	if err := p.takeOver(); err != nil {
		return nil, errors.Join(err, kernel.Close())
	}
	return p, nil
}

func (p *byProgram) add(slot, fd int) error   { return p.kernel.Add(slot, fd) }
func (p *byProgram) renew(slot, fd int) error { return p.kernel.Renew(slot, fd) }
func (p *byProgram) recount(slot int) error   { return p.kernel.Recount(slot) }
func (p *byProgram) retire(slot int) error    { return p.kernel.Retire(slot) }

// takeOver puts the sockets back that an heir which failed may have replaced.
func (p *byProgram) takeOver() error {
	return errors.Join(p.kernel.Attach(p.group.sockets[0].fd), p.kernel.Restore())
}

// dropped has nothing to do: the kernel takes a closed socket out of the table,
// and has the program pick others for the connections in its queue.
func (p *byProgram) dropped(int) error { return nil }

func (p *byProgram) scoreboard() int { return p.kernel.Scoreboard() }
func (p *byProgram) table() int      { return p.kernel.Sockets() }
func (p *byProgram) close() error    { return p.kernel.Close() }
