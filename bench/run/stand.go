//go:build linux

package run

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"prefork/bench/load"
	"prefork/bench/result"
	"prefork/internal/subject"
	"prefork/internal/sys"
)

// Stand is one part as the server's machine has it, while the clients are on others: the
// server, and what it costs.
type Stand struct {
	run    *run
	part   Part
	server *subject.Server
	watch  *watch
	from   time.Duration // CLOCK_MONOTONIC
	timing sync.WaitGroup
	stop   context.CancelFunc
	ended  bool
}

// Stand starts the server of a part. It must always be called from one locked thread, with
// whose end the server ends.
func (t Task) Stand(ctx context.Context, p Part) (*Stand, error) {
	s := &Stand{run: &run{Task: t}, part: p, stop: func() {}}
	var err error
	s.server, err = t.Start(ctx, p.Arm)
	return s, err
}

// Address is where the server listens.
func (s *Stand) Address() string { return s.server.Address }

// Watch has it metered from and to a moment of CLOCK_MONOTONIC.
func (s *Stand) Watch(ctx context.Context, from, to time.Duration) {
	ctx, s.stop = context.WithCancel(ctx)
	s.from, s.watch = from, s.run.watch(ctx, s.server)
	s.timing.Go(func() {
		for _, at := range []struct {
			time.Duration
			load.Mark
		}{{from, load.Measuring}, {to, load.Measured}} {
			select {
			case <-time.After(at.Duration - sys.Monotonic()):
				s.watch.mark(at.Mark)
			case <-ctx.Done():
				return
			}
		}
	})
}

var errUnwatched = errors.New("nobody has said when to look at the server")

// Account makes a round of what the clients saw. beside is the processor time that they took
// on this machine.
func (s *Stand) Account(o load.Order, seen *load.Result, beside time.Duration) (result.Round, error) {
	if s.watch == nil {
		return result.Round{}, errUnwatched
	}
	s.timing.Wait()
	all, err := s.end(seen)
	if fate := s.server.Fate(); err == nil && fate != "" && s.run.steady() {
		err = fmt.Errorf("the server ended in mid-run: %s", fate)
	}
	if err != nil {
		return result.Round{}, fmt.Errorf("%s: %w%s", s.part.Arm.Name, err, s.server.Said())
	}
	all.beside = beside
	seen.From = s.from // by this machine's clock
	return s.run.account(s.part, s.server, o, all), nil
}

func (s *Stand) end(seen *load.Result) (observed, error) {
	s.ended = true
	return s.watch.end(seen)
}

// Close ends the server, and waits for that.
func (s *Stand) Close() {
	s.stop()
	s.timing.Wait()
	if s.watch != nil && !s.ended {
		_, _ = s.end(nil)
	}
	s.server.Stop()
}
