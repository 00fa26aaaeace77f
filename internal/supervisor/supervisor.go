//go:build linux

package supervisor

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math"
	"net"
	"os"
	"os/signal"
	"runtime"
	"syscall"
	"time"

	"github.com/coreos/go-systemd/v22/daemon"
	"golang.org/x/sys/unix"

	"prefork/internal/scoreboard"
	"prefork/internal/sys"
	"prefork/internal/worker"
	"prefork/strategies"
)

// Options are how a master runs.
type Options struct {
	Limits     Limits
	Strategy   strategies.Strategy
	Config     strategies.Config // Workers and Sockets are the supervisor's to fill in
	Launch     worker.Launch     // Notify and Scoreboard likewise
	StopSignal syscall.Signal    // what tells a worker to stop
	PIDFile    string
	Log        *slog.Logger
	// Listening is called once the address is open, before any worker runs.
	Listening func(net.Addr)
}

// ExitError is a failure with an exit code of its own.
type ExitError struct {
	Code int
	Err  error
}

func (e *ExitError) Error() string { return e.Err.Error() }
func (e *ExitError) Unwrap() error { return e.Err }

// firstExtraFD is behind stderr.
const firstExtraFD = 3

// Run serves until a signal or ctx ends it, and leaves no process and no file
// behind.
func Run(ctx context.Context, o Options) error {
	// Workers get their death signal when the thread that started them ends.
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()

	// Whatever else this process was started with is not for workers.
	if err := unix.CloseRange(firstExtraFD, math.MaxUint32, unix.CLOSE_RANGE_CLOEXEC); err != nil {
		o.Log.Debug("workers may inherit stray descriptors", "error", err)
	}
	s := &supervisor{Options: o, log: o.Log, machine: NewMachine(o.Limits),
		events: make(chan Event, 64), over: make(chan struct{}), blamed: make(map[int]bool), retired: make(map[int]bool)}
	defer s.close()
	signals := make(chan os.Signal, 16)
	signal.Notify(signals, syscall.SIGTERM, syscall.SIGQUIT, syscall.SIGINT, syscall.SIGHUP,
		syscall.SIGUSR2, syscall.SIGTTIN, syscall.SIGTTOU)
	defer signal.Stop(signals)
	if err := s.open(); err != nil {
		return err
	}
	return s.loop(ctx, signals)
}

// supervisor is the machine's hands and ears. Its fields belong to the goroutine
// of Run; all others speak to it through events.
type supervisor struct {
	Options
	log     *slog.Logger
	machine *Machine
	events  chan Event
	over    chan struct{} // closed when nobody reads events any more
	todo    []Event       // what acting has led to
	ended   *Exit

	front    strategies.Front
	scores   scoreboard.Scores
	notices  *notices
	stopPump context.CancelFunc
	stoppers []func()
	cut      uint64
	blamed   map[int]bool // by slot: it was said that its counts make no sense
	retired  map[int]bool // by slot: it gets no worker any more
}

func (s *supervisor) open() error {
	var err error
	if s.notices, err = listenForNotices(s.events); err != nil {
		return err
	}
	s.cleanup(s.notices.close)
	s.Config.Log, s.Config.Counts, s.Config.Broken = s.log, s.counts, s.replaceBroken
	if s.front, err = s.Strategy.Open(s.Config); err != nil {
		return err
	}
	s.cleanup(func() { _ = s.front.Close() })
	if err := s.openScores(); err != nil {
		return err
	}
	s.Launch.Notify = s.notices.name
	if s.Config.BindInWorker {
		s.Launch.Bind = s.front.Listeners().Addr().String()
	}
	if s.Listening != nil {
		s.Listening(s.front.Listeners().Addr())
	}
	return nil
}

// openScores opens the scoreboard: for what workers count, the kernel's memory where
// a program there reads it, else our own.
func (s *supervisor) openScores() error {
	roll, file, err := scoreboard.NewRoll()
	if err != nil {
		return err
	}
	s.cleanup(func() { _ = file.Close() }) // until then it can be found by its descriptor
	s.scores.Roll = roll
	if kernel := s.front.Steering(); kernel != nil {
		s.Launch.Scoreboard = kernel.Scoreboard()
		s.scores.Board, err = scoreboard.Map(kernel.Scoreboard())
		return err
	}
	board, memory, err := scoreboard.Create()
	if err != nil {
		return err
	}
	s.cleanup(func() { _ = memory.Close() })
	s.scores.Board, s.Launch.Scoreboard = board, int(memory.Fd())
	return nil
}

func (s *supervisor) cleanup(f func()) { s.stoppers = append(s.stoppers, f) }

func (s *supervisor) close() {
	close(s.over)
	for i := len(s.stoppers) - 1; i >= 0; i-- {
		s.stoppers[i]()
	}
}

// loop waits, steps and acts.
func (s *supervisor) loop(ctx context.Context, signals <-chan os.Signal) error {
	if os.Getpid() == 1 {
		defer reapStrangers(s.isOurs)()
	}
	s.startPump()
	cancelled := ctx.Done()
	interrupted := false
	timer := time.NewTimer(0)
	defer timer.Stop()
	look := time.NewTicker(boardPause)
	defer look.Stop()
	for s.ended == nil {
		var event Event
		select {
		case event = <-s.events:
		case sig := <-signals:
			event = eventOf(sig, interrupted)
			interrupted = interrupted || sig == syscall.SIGINT
		case <-timer.C:
			event = Tick{}
		case <-look.C:
			s.lookAtBoard()
			continue
		case <-cancelled:
			cancelled = nil
			event = Stop{}
		}
		s.turn(event)
		if at := s.machine.Deadline(); !at.IsZero() {
			timer.Reset(time.Until(at))
		}
	}
	return s.result()
}

// turn steps on an event, and on what acting upon it leads to.
func (s *supervisor) turn(event Event) {
	for s.todo = append(s.todo, event); len(s.todo) > 0; {
		next := s.todo[0]
		s.todo = s.todo[1:]
		for _, action := range s.machine.Step(time.Now(), next) {
			s.act(action)
		}
	}
}

// eventOf is what a signal to the master means.
func eventOf(sig os.Signal, interrupted bool) Event {
	switch sig {
	case syscall.SIGHUP:
		return Reload{}
	case syscall.SIGUSR2:
		return Upgrade{}
	case syscall.SIGTTIN:
		return Scale{+1}
	case syscall.SIGTTOU:
		return Scale{-1}
	case syscall.SIGINT:
		if interrupted {
			return StopNow{}
		}
	}
	return Stop{}
}

// report is how other goroutines speak to the loop. After its end nobody listens.
func (s *supervisor) report(event Event) {
	select {
	case s.events <- event:
	case <-s.over:
	}
}

func (s *supervisor) then(event Event) { s.todo = append(s.todo, event) }

func (s *supervisor) act(action Action) {
	switch a := action.(type) {
	case Start:
		s.then(s.start(a))
	case Show:
		s.scores.Set(a.Slot, a.Seat, a.PID, a.State)
		s.serve(a.Slot, s.scores.Ready(a.Slot) != 0)
	case Tell:
		s.tell(a.PID)
	case Kill:
		_ = unix.Kill(-a.PID, unix.SIGKILL) // its process group; see worker.Launch
	case Bury:
		s.bury(a)
	case Retire:
		s.retired[a.Slot] = true
		s.serve(a.Slot, false)
	case Drop:
		delete(s.retired, a.Slot)
		if err := s.front.Drop(a.Slot); err != nil {
			s.log.Error("cannot take a slot out of service", "error", err)
		}
	case Rescue:
		if err := s.front.Rescue(a.Slot); err != nil {
			s.log.Warn("connections wait for the slot's next worker", "slot", a.Slot, "error", err)
		}
	case Quiesce:
		s.quiesce()
	case Reclaim:
	case StopPump:
		s.endPump()
	case StartUpgrade:
		s.then(UpgradeFailed{errors.New("this build cannot do that")})
	case AllReady:
		s.allReady(a)
	case Note:
		s.log.Log(context.Background(), a.Level, a.Message, a.Args...)
	case Exit:
		s.ended = &a
	}
}

// tell tells a worker to stop. A built-in one that was just about to wait for a
// connection has heard it, but goes on waiting until something interrupts it; so
// there are nudges.
func (s *supervisor) tell(pid int) {
	_ = unix.Kill(pid, s.StopSignal)
	if s.Launch.Program != nil {
		return
	}
	for _, after := range []time.Duration{5 * time.Millisecond, 20 * time.Millisecond} {
		time.AfterFunc(after, func() { sys.Interrupt(pid) })
	}
}

// serve says whether a slot has a worker that takes connections.
func (s *supervisor) serve(slot int, ready bool) {
	set := s.front.Suspend
	if ready && !s.retired[slot] {
		set = s.front.Resume
	}
	if err := set(slot); err != nil {
		s.log.Error("connections may be sent where no worker is, or not where one is", "slot", slot, "error", err)
	}
}

// replaceBroken ends the worker that has broken its pair; the next one gets another.
func (s *supervisor) replaceBroken(slot int) {
	if pid := s.scores.Ready(slot); pid != 0 {
		_ = unix.Kill(pid, s.StopSignal)
	}
}

func (s *supervisor) quiesce() {
	_, _ = daemon.SdNotify(false, daemon.SdNotifyStopping)
	if err := s.front.Listeners().Quiesce(); err != nil {
		s.log.Warn("cannot turn new connections away; those that come while stopping may be reset", "error", err)
	}
}

func (s *supervisor) startPump() {
	pump, ok := s.front.(strategies.Pump)
	if !ok {
		return
	}
	running, stop := context.WithCancel(context.Background())
	draining, giveUp := context.WithCancel(context.Background())
	ended := make(chan struct{})
	s.stopPump = func() {
		time.AfterFunc(s.Limits.Graceful, giveUp)
		stop()
	}
	// Before the front closes the descriptors that the pump reads.
	s.cleanup(func() { giveUp(); stop(); <-ended })
	go func() {
		defer close(ended)
		err := pump.Run(running)
		if err == nil {
			err = pump.Drain(draining)
		}
		s.report(PumpEnded{err})
	}()
}

// endPump stops the pump; where there is none, it has ended already.
func (s *supervisor) endPump() {
	if s.stopPump == nil {
		s.then(PumpEnded{})
		return
	}
	s.stopPump()
}

func (s *supervisor) allReady(a AllReady) {
	s.log.Info("ready", "workers", a.Workers, "pid", os.Getpid())
	if s.PIDFile != "" {
		if err := writePIDFile(s.PIDFile); err != nil {
			s.log.Error("no pid file", "error", err)
		}
		s.cleanup(func() { removePIDFile(s.PIDFile) })
	}
	_, _ = daemon.SdNotify(false, fmt.Sprintf("MAINPID=%d\n%s", os.Getpid(), daemon.SdNotifyReady))
}

// result is what Run returns, and the last words of the log.
func (s *supervisor) result() error {
	var finished uint64
	for slot := range scoreboard.MaxSlots {
		finished += s.scores.Slot(slot).Finished
	}
	s.log.Info("stopped", "served", finished, "cut", s.cut)
	if s.ended.Err != nil {
		return &ExitError{s.ended.Code, s.ended.Err}
	}
	return nil
}

func (s *supervisor) isOurs(pid int) bool {
	for slot := range scoreboard.MaxSlots {
		for seat := range scoreboard.Seats {
			if who, state := s.scores.At(slot, seat); who == pid && state != scoreboard.Gone {
				return true
			}
		}
	}
	return false
}

// counts are dispatch.Counts.
func (s *supervisor) counts(slot int) (taken uint64, open int, known bool) {
	sum := s.scores.Slot(slot)
	return sum.Accepted, sum.Open, sum.Speaks
}
