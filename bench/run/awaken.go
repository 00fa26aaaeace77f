//go:build linux

package run

import (
	"context"
	"time"

	"prefork/bench/load"
	"prefork/bench/result"
	"prefork/internal/subject"
)

// awakening is how long connections come to a program before it is measured; their answers
// are waited for.
const awakening = 10 * time.Millisecond

// awaken waits until a program answers, as far as it does at all: a worker that says nothing
// of itself counts as ready after a while, whether it has read its configuration or not. The
// round is what came of it. Where the program is slow to start this takes as long, but for
// a connection's timeout at most.
func (r *run) awaken(ctx context.Context, p Part, server *subject.Server) (round result.Round, awake bool, err error) {
	order := r.order(p)
	order.Address, order.Warmup, order.Length, order.Moment, order.Slice = server.Address, 0, awakening, 0, 0
	order.Rate, order.Clients, order.Requests, order.Think = 0, 2*p.Arm.Workers, 0, 0
	order.Stall = 0
	seen, err := load.Start(ctx, order, func(load.Mark) {})
	if err != nil {
		return round, false, err
	}
	round = Describe(order, seen)
	round.Arm = p.Arm.Name
	return round, seen.Response.TotalCount() > 0, nil
}
