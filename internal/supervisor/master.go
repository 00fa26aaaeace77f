//go:build linux

package supervisor

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math"
	"net"
	"os"
	"os/signal"
	"runtime"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"prefork/internal/entry"
	"prefork/internal/sys"
	"prefork/internal/worker"
	"prefork/strategies"
)

// Options are how a master runs.
type Options struct {
	Limits     Limits
	Strategy   strategies.Strategy
	Config     strategies.Config // Workers and State are the master's to fill in
	Launch     worker.Launch     // Notify and Scoreboard likewise
	StopSignal syscall.Signal    // what tells a worker to stop
	PIDFile    string
	Metrics    string // address at which metrics and readiness are told; "" is none
	ReadyMin   int    // how many workers have to be ready for that; 0 is as many as are wanted
	Control    string // path of the control socket; "" is the default one, NoControl none
	Name       string // of the default one; "" is the pid
	Version    string
	Log        *slog.Logger
	Level      *slog.LevelVar // of Log
	Words      io.Writer      // where a worker's words go that are read over its shoulder
	Flush      func()         // waits a little until the log is written
	// Listening is called once the addresses are open, before any worker runs. It is
	// not by a binary that has taken over.
	Listening func([]net.Addr)
}

// ExitError is a failure with an exit code of its own.
type ExitError struct {
	Code int
	Err  error
}

func (e *ExitError) Error() string { return e.Err.Error() }
func (e *ExitError) Unwrap() error { return e.Err }

// master is ears, a machine and hands, and the loop between them. Its fields belong to
// the goroutine of Run; all others speak to it through events.
type master struct {
	hands
	ears   []ear
	events chan Event
	over   chan struct{} // closed when nobody reads events any more
	closes []func()      // in the order of opening
}

// Run serves until a signal or ctx ends it, and leaves no process and no file
// behind. Begin must have been called before.
func Run(ctx context.Context, o Options) error {
	// Workers get their death signal when the thread that started them ends.
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	// A log that nobody reads is no reason to die. Not Ignore: workers would inherit it.
	signal.Notify(make(chan os.Signal, 1), unix.SIGPIPE)

	go func() { _ = sys.ReserveThreads(reservedThreads) }()

	before, err := inheritedState()
	if err != nil {
		return err
	}
	m := &master{events: make(chan Event, 64), over: make(chan struct{})}
	m.Options, m.known, m.children, m.blamed = o, &pids{}, make(map[int]*child), make(map[int]bool)
	m.report = m.hear
	defer m.close()
	m.stops = listenToStops(before)
	m.cleanup(m.stops.close)
	if before == nil {
		err = m.open()
	} else if err = m.resume(before); err != nil {
		return before.goBack(fmt.Errorf("%s could not go on: %w", o.Version, err), o.Flush)
	}
	if err != nil {
		return err
	}
	return m.loop(ctx, before)
}

// reservedThreads is more than a master ever has blocked at a time: its ears, a start,
// a log that is not read.
const reservedThreads = 12

// hear is how other goroutines speak to the loop. After its end nobody listens.
func (m *master) hear(event Event) {
	select {
	case m.events <- event:
	case <-m.over:
	}
}

func (m *master) cleanup(f func()) { m.closes = append(m.closes, f) }

func (m *master) close() {
	close(m.over)
	for i := len(m.closes) - 1; i >= 0; i-- {
		m.closes[i]()
	}
}

// loop waits, steps and has the hands act.
func (m *master) loop(ctx context.Context, before *state) error {
	if err := m.startEars(); err != nil {
		return err
	}
	m.cleanup(m.stopEars)
	if before != nil {
		before.release()
		m.turn(m.firstEvent(before))
	}
	cancelled := ctx.Done()
	timer := time.NewTimer(0)
	defer timer.Stop()
	watched := watchdog()
	defer watched.Stop()
	for m.ended == nil {
		select {
		case event := <-m.events:
			m.turn(event)
		case <-timer.C:
			m.turn(Tick{})
		case <-watched.C:
			alive()
		case <-cancelled:
			cancelled = nil
			m.turn(Stop{Why: "the program that runs it"})
		}
		if m.replace {
			m.replaceBinary()
		}
		if at := m.machine.Deadline(); !at.IsZero() {
			timer.Reset(time.Until(at))
		}
	}
	return m.result()
}

// firstEvent is how a binary that has taken over begins.
func (m *master) firstEvent(before *state) Event {
	if before.Refused != "" {
		return NotUpgraded{errors.New(before.Refused)}
	}
	return Upgraded{Version: m.Version}
}

// turn steps on an event, and on what acting upon it leads to.
func (m *master) turn(event Event) {
	for m.todo = append(m.todo, event); len(m.todo) > 0; {
		next := m.todo[0]
		m.todo = m.todo[1:]
		for _, action := range m.machine.Step(time.Now(), next) {
			action.by(&m.hands)
		}
	}
}

// replaceBinary runs the new binary in this process, once all that the ears have heard
// has been acted upon: what is only in our memory would be lost.
func (m *master) replaceBinary() {
	m.replace = false
	quiet := make(chan struct{})
	go func() {
		m.stopEars()
		close(quiet)
	}()
	for waiting := true; waiting; {
		select {
		case event := <-m.events:
			m.turn(event)
		case <-quiet:
			waiting = false
		}
	}
	for len(m.events) > 0 {
		m.turn(<-m.events)
	}
	for m.turnStops(); m.machine.phase == running; m.turnStops() {
		undo := m.stops.hold()
		if m.stops.waiting() { // it has come just before
			undo()
			continue
		}
		err := m.become()
		undo()
		m.turn(NotUpgraded{err})
		EndProbe{}.by(&m.hands)
		break
	}
	if err := m.startEars(); err != nil {
		entry.Deaf.Log(m.Log, "error", err)
		m.turn(StopNow{})
	}
}

// turnStops steps on the signals that have come since that ear was stopped.
func (m *master) turnStops() {
	for m.stops.waiting() {
		m.turn(m.stops.eventOf(<-m.stops.came))
	}
}

func (m *master) startEars() error {
	for i, e := range m.ears {
		if err := e.start(m.report); err != nil {
			for _, started := range m.ears[:i] {
				started.stop()
			}
			m.ears = nil
			return err
		}
	}
	return nil
}

func (m *master) stopEars() {
	for i := len(m.ears) - 1; i >= 0; i-- {
		m.ears[i].stop()
	}
}

// result is what Run returns, and the last words of the log.
func (m *master) result() error {
	var finished uint64
	for slot := range worker.MaxWorkers {
		finished += m.scores.Slot(slot).Finished
	}
	entry.Stopped.Log(m.Log, "served", finished, "cut", m.cut)
	if m.ended.Err != nil {
		return &ExitError{m.ended.Code, m.ended.Err}
	}
	return nil
}

// hideStrays keeps from workers whatever else this process was started with.
func hideStrays(log *slog.Logger) {
	if err := unix.CloseRange(uint(unix.Stderr+1), math.MaxUint32, unix.CLOSE_RANGE_CLOEXEC); err != nil {
		entry.StrayDescriptors.Log(log, "error", err)
	}
}
