//go:build linux

package fleet

import (
	"context"
	"fmt"
	"time"

	"prefork/bench/load"
)

// How a row is measured. What happens begins a second after measuring, and each host has
// some seconds for its turn.
const (
	warmup    = 500 * time.Millisecond
	before    = time.Second
	turn      = 1500 * time.Millisecond
	rest      = 1500 * time.Millisecond
	timeout   = 5 * time.Second
	stall     = 500 * time.Millisecond
	slice     = 50 * time.Millisecond
	rowAtMost = 2 * time.Minute
)

// length is how long a row is measured.
func (o Options) length() time.Duration {
	return before + max(away, time.Duration(o.Hosts)*(turn+o.drain)) + rest
}

// Run makes a fleet for a row, has it happen under load, and returns the account. Nothing is
// left running.
func Run(ctx context.Context, o Options, r Row) (Account, error) {
	if err := r.Missing(); err != nil {
		return Account{}, err
	}
	ctx, cancel := context.WithTimeoutCause(ctx, rowAtMost, fmt.Errorf("%s took longer than %s", r.Name, rowAtMost))
	defer cancel()
	o.drain = r.drain
	f, err := newFleet(o)
	if err != nil {
		return Account{}, err
	}
	defer f.Close()
	b, err := r.balancer(ctx, f)
	if err != nil {
		return Account{}, fmt.Errorf("%s: %w", r.Name, err)
	}
	var ends map[string]int
	stop := func() { ends = b.stop() }
	defer func() {
		if ends == nil {
			b.stop()
		}
	}()
	happened := make(chan error, 1)
	seen, err := f.load(ctx, load.Order{Warmup: warmup, Length: o.length(), Timeout: timeout, Stall: stall, Slice: slice, FIN: true}, func() {
		go func() {
			time.Sleep(before)
			happened <- r.happens(ctx, f, b)
		}()
	})
	if err != nil {
		return Account{}, fmt.Errorf("%s: %w", r.Name, err)
	}
	select {
	case err = <-happened:
	default:
		cancel()
		if err = <-happened; err == nil {
			err = fmt.Errorf("it took longer than the load")
		}
	}
	if err != nil {
		return Account{}, fmt.Errorf("%s: %w", r.Name, err)
	}
	stop()
	return account(r, f, seen, ends), nil
}
