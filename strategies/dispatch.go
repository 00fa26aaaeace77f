//go:build linux

package strategies

import (
	"context"
	"errors"
	"net"

	"prefork/dispatch"
)

// dispatcher is one listening socket that only the master accepts from, and a
// socket pair for every slot over which it passes each connection on.
type dispatcher struct {
	*socket
	pump *dispatch.Pump
}

func openDispatch(c Config) (Front, error) {
	policy, err := LookupPolicy(c.Policy)
	if err != nil {
		return nil, err
	}
	o := dispatch.Options{Policy: policy, Random: c.Random, Window: c.Window, Concurrency: c.Concurrency, Workers: c.Workers, Foreign: c.Foreign}
	// The master waits by poll, so that it can take several at a time.
	c.Accept, c.Foreign = "epoll", false
	var s *socket
	if len(c.Sockets) > 0 {
		s, err = adopt(c, c.Sockets[0])
	} else {
		s, err = listen(c, nil)
	}
	if err != nil {
		return nil, err
	}
	o.Listener = s.fd
	return &dispatcher{s, dispatch.New(o)}, nil
}

func (d *dispatcher) Addr() net.Addr                { return d.addr }
func (d *dispatcher) FD(slot int) (int, error)      { return d.pump.FD(slot) }
func (d *dispatcher) Run(ctx context.Context) error { return d.pump.Run(ctx) }
func (d *dispatcher) Drop(slot int) error           { return d.pump.Drop(slot) }
func (d *dispatcher) Quiesce() error                { return d.quiesce() }
func (d *dispatcher) Sockets() []int                { return []int{d.fd} }

// Retire passes nothing more to the slot.
func (d *dispatcher) Retire(slot int) error {
	d.pump.Retire(slot)
	return nil
}

func (d *dispatcher) Close() error { return errors.Join(d.pump.Drop(0), d.close()) }
