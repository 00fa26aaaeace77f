//go:build linux

package agent

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"time"

	"golang.org/x/sys/unix"

	"prefork/bench/load"
	"prefork/bench/many"
	"prefork/internal/kernel"
)

// job is one part, from the order to what has come of it.
type job struct {
	many.Order
	prefork string
	ctx     context.Context
	cancel  context.CancelCauseFunc
	ready   chan struct{}      // closed when only the word is missing
	word    chan time.Duration // gets it, once
	over    chan struct{}      // closed when the generator has ended
	err     error              // of the generator; to be read after over
}

func newJob(o many.Order, prefork string) *job {
	// Whatever is heard or not, a part ends: the order does, and what is waited for after it.
	bounded, stop := context.WithTimeoutCause(context.Background(), span(o.Order)+o.Order.Timeout+wordPatience, errTooLong)
	ctx, cancel := context.WithCancelCause(bounded)
	context.AfterFunc(ctx, stop)
	return &job{Order: o, prefork: prefork, ctx: ctx, cancel: cancel, ready: make(chan struct{}), word: make(chan time.Duration, 1), over: make(chan struct{})}
}

// wordPatience is how long a generator that is ready waits for the word.
const wordPatience = 10 * time.Second

var errTooLong = errors.New("it took longer than it may")

var errNoWord = errors.New("it was ready, and not told to begin")

// begin gives the word.
func (j *job) begin(at time.Duration) error {
	select {
	case <-j.over:
		return fmt.Errorf("it has given up: %w", j.err)
	case j.word <- at:
		return nil
	default:
		return errors.New("it was told to begin already")
	}
}

// run carries it out. counts is told how far it is.
func (j *job) run(counts func(load.Counts)) many.Outcome {
	runtime.LockOSThread() // with which the generator would end
	defer runtime.UnlockOSThread()
	defer j.cancel(nil)
	var m machine
	result, err := load.StartAs(j.ctx, j.prefork, j.Order.Order, load.Ears{
		Begin: func() (time.Duration, error) {
			close(j.ready)
			select {
			case at := <-j.word:
				return at, nil
			case <-time.After(wordPatience):
				return 0, errNoWord
			case <-j.ctx.Done():
				return 0, context.Cause(j.ctx)
			}
		},
		Mark: m.pass, Counts: counts,
	})
	if err != nil && j.ctx.Err() != nil {
		err = context.Cause(j.ctx)
	}
	outcome := many.Outcome{Part: j.Part, Result: result, Stolen: m.stolen(), Control: m.control()}
	if err != nil {
		j.err = err
		outcome.Error, outcome.Result = err.Error(), nil
	}
	close(j.over)
	return outcome
}

// machine is what the agent's machine did while the part was measured.
type machine struct {
	before, after kernel.Machine
	at            [2]time.Time
	own           [2]time.Duration
}

func (m *machine) pass(mark load.Mark) {
	now, _ := kernel.ReadMachine() // without it there is no doubt
	switch mark {
	case load.Measuring:
		m.before, m.at[0], m.own[0] = now, time.Now(), ownTime()
	case load.Measured:
		m.after, m.at[1], m.own[1] = now, time.Now(), ownTime()
	}
}

func (m *machine) stolen() float64 {
	_, stolen := m.after.Since(m.before)
	return stolen
}

// control is the share of a processor that the agent itself took.
func (m *machine) control() float64 {
	if elapsed := m.at[1].Sub(m.at[0]); elapsed > 0 {
		return (m.own[1] - m.own[0]).Seconds() / elapsed.Seconds()
	}
	return 0
}

// ownTime is what this process has used, without its generators.
func ownTime() time.Duration {
	var now unix.Timespec
	_ = unix.ClockGettime(unix.CLOCK_PROCESS_CPUTIME_ID, &now)
	return time.Duration(now.Nano())
}
