//go:build linux

package supervisor

import (
	"context"

	"prefork/strategies"
)

// pump is the ear for a master that stands in the way of every connection: it runs
// what passes them on, and reports its end.
type pump struct {
	front  strategies.Pump
	report func(Event)
	cancel context.CancelFunc
	done   chan struct{}
}

// start has connections accepted and passed on.
func (p *pump) start(report func(Event)) error {
	p.report = report
	p.run(p.front.Run)
	return nil
}

// stop ends that; what has been accepted by then is kept for the next start.
func (p *pump) stop() {
	p.cancel()
	<-p.done
}

// drain has what is queued by now passed on and no more, until stop.
func (p *pump) drain() {
	p.stop()
	p.run(p.front.Drain)
}

func (p *pump) run(pass func(context.Context) error) {
	ctx, cancel := context.WithCancel(context.Background())
	p.cancel, p.done = cancel, make(chan struct{})
	go func() {
		defer close(p.done)
		if err := pass(ctx); ctx.Err() == nil {
			p.report(PumpEnded{err})
		}
	}()
}
