//go:build linux

package run

import (
	"context"
	"sync"
	"time"

	"prefork/bench/load"
	"prefork/internal/subject"
)

// watch looks at a server while clients load it, wherever they are, and has the scenario
// strike.
type watch struct {
	around     context.Context
	leave      context.CancelFunc
	beside     sync.WaitGroup
	meter      *meter
	peak       *int
	disruption *disruption
	stall      time.Duration
}

// watch begins to look. Whoever calls it calls end.
func (r *run) watch(ctx context.Context, server *subject.Server) *watch {
	w := &watch{
		meter: newMeter(server), stall: r.Plan.Stall,
		disruption: &disruption{strike: r.Strike, server: server, after: r.moment()},
	}
	w.around, w.leave = context.WithCancel(ctx)
	w.beside.Go(func() { w.peak = peakQueue(w.around, server.Address) })
	return w
}

// mark is told as the load's marks pass.
func (w *watch) mark(m load.Mark) {
	switch m {
	case load.Measuring:
		w.meter.begin()
		w.beside.Go(func() { w.disruption.wait(w.around, w.meter) })
	case load.Measured:
		w.meter.end()
		w.beside.Go(func() { w.disruption.end(w.around, w.stall) })
	}
}

// end is told what the clients saw. The error is of the scenario.
func (w *watch) end(seen *load.Result) (observed, error) {
	w.leave()
	w.beside.Wait()
	d := w.disruption
	return observed{Result: seen, meter: w.meter, peak: w.peak, blow: d.blow, seats: d.seats}, d.err
}
