//go:build linux

package strategies

import (
	"context"
	"errors"

	"prefork/dispatch"
	"prefork/internal/steer"
	"prefork/strategies/accept"
)

// dispatcher is one listening socket at each address, that only the master accepts from,
// and a socket pair for every slot over which it passes each connection on.
type dispatcher struct {
	listeners *Listeners
	pump      *dispatch.Pump // owned
}

func openDispatch(c Config) (Front, error) {
	policy, err := LookupPolicy(c.Policy)
	if err != nil {
		return nil, err
	}
	o := dispatch.Options{
		Policy: policy, Random: c.Random, Window: c.Window, Concurrency: c.Concurrency, Foreign: c.Foreign,
		Counts: c.Counts, Log: c.Log, Broken: c.Broken,
	}
	if c.State != nil {
		o.State = c.State.Pump
	}
	l, err := openAlone(c, forPump)
	if err != nil {
		return nil, err
	}
	for _, one := range l.all {
		o.Listeners = append(o.Listeners, one.sockets[0].fd)
	}
	pump, err := dispatch.New(o)
	if err != nil {
		return nil, errors.Join(err, l.close())
	}
	return &dispatcher{l, pump}, nil
}

func (d *dispatcher) Listeners() *Listeners           { return d.listeners }
func (d *dispatcher) Suspend(slot int) error          { return d.pump.Suspend(slot) }
func (d *dispatcher) Resume(slot int) error           { return d.pump.Resume(slot) }
func (d *dispatcher) Rescue(slot int) error           { return d.pump.Rescue(slot) }
func (d *dispatcher) Drop(slot int) error             { return d.pump.Drop(slot) }
func (d *dispatcher) Run(ctx context.Context) error   { return d.pump.Run(ctx) }
func (d *dispatcher) Drain(ctx context.Context) error { return d.pump.Drain(ctx) }
func (d *dispatcher) Close() error                    { return errors.Join(d.pump.Close(), d.listeners.close()) }

func (d *dispatcher) Files(slot int) ([]accept.File, error) {
	fd, err := d.pump.FD(slot)
	return []accept.File{{FD: fd, Name: DefaultName}}, err
}

func (d *dispatcher) Queued(slot int) (Queue, error) {
	passed, held, err := d.pump.Queued(slot)
	before, beforeErr := d.listeners.queued(0)
	return Queue{Waiting: passed + held + before, Own: passed, Sole: passed}, errors.Join(err, beforeErr)
}

// Steering is by the master, not in the kernel.
func (d *dispatcher) Steering() *steer.Kernel { return nil }

func (d *dispatcher) State() State {
	pump := d.pump.State()
	return State{Listeners: d.listeners.state(), Pump: &pump}
}
