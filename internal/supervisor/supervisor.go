//go:build linux

package supervisor

import (
	"context"
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
		events: make(chan Event, 64), over: make(chan struct{}), blamed: make(map[int]bool)}
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

	legacy   *legacy // from the master before this one
	front    strategies.Front
	scores   scoreboard.Scores
	notices  *notices
	stopPump context.CancelFunc
	stoppers []func()
	cut      uint64
	blamed   map[int]bool // by slot: it was said that its counts make no sense
	heir     int          // the new master's pid while an upgrade is under way
}

func (s *supervisor) open() error {
	var err error
	if s.legacy, err = inherited(); err != nil {
		return err
	}
	if s.legacy.workers > 0 {
		s.Limits.Workers = s.legacy.workers
		s.machine.succeed(s.legacy.workers)
		go func() { s.report(s.legacy.awaitEnd()) }()
	}
	if s.notices, err = listenForNotices(s.events); err != nil {
		return err
	}
	s.cleanup(s.notices.close)
	s.Config.Workers = crew{s}
	s.Config.Sockets, s.Config.SocketTable = s.legacy.sockets, s.legacy.table
	if s.front, err = s.Strategy.Open(s.Config); err != nil {
		return err
	}
	s.cleanup(func() { _ = s.front.Close() })
	if s.legacy.table != 0 {
		_ = unix.Close(s.legacy.table)
	}
	if err := s.openScores(); err != nil {
		return err
	}
	s.Launch.Notify = s.notices.name
	if s.Config.BindInWorker {
		s.Launch.Bind = s.front.Addr().String()
	}
	if s.Listening != nil {
		s.Listening(s.front.Addr())
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
	if steered, ok := s.front.(strategies.Steered); ok {
		if fd, ok := steered.Scoreboard(); ok {
			var err error
			s.scores.Board, err = scoreboard.Map(fd)
			s.Launch.Scoreboard = fd
			return err
		}
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
		switch event.(type) {
		case UpgradeFailed:
			s.heir = 0
		case HandedOver:
			s.heir = 0
			s.front.(strategies.Heirloom).Shared(true)
		case PredecessorGone:
			s.front.(strategies.Heirloom).Shared(false)
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
		s.scores.Line(a.Slot, a.Seat).State.Store(uint32(a.State))
	case Tell:
		s.tell(a.PID)
	case Kill:
		_ = unix.Kill(-a.PID, unix.SIGKILL) // its process group; see worker.Launch
	case Bury:
		s.bury(a)
	case Retire:
		s.retirer(func(r strategies.Retirer) error { return r.Retire(a.Slot) })
	case Drop:
		s.retirer(func(r strategies.Retirer) error { return r.Drop(a.Slot) })
	case Rescue:
		if r, ok := s.front.(strategies.Rescuer); ok {
			if err := r.Rescue(a.Slot); err != nil {
				s.log.Warn("connections wait for the slot's next worker", "slot", a.Slot, "error", err)
			}
		}
	case Quiesce:
		s.quiesce()
	case Reclaim:
		s.takeOver()
	case StopPump:
		s.endPump()
	case StartUpgrade:
		s.startUpgrade()
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

func (s *supervisor) retirer(f func(strategies.Retirer) error) {
	if r, ok := s.front.(strategies.Retirer); ok {
		if err := f(r); err != nil {
			s.log.Error("cannot take a slot out of service", "error", err)
		}
	}
}

func (s *supervisor) quiesce() {
	_, _ = daemon.SdNotify(false, daemon.SdNotifyStopping)
	if s.heir != 0 {
		_ = unix.Kill(s.heir, unix.SIGTERM) // who asks for a stop does not want a successor
	}
	if q, ok := s.front.(strategies.Quiescer); ok {
		if err := q.Quiesce(); err != nil {
			s.log.Warn("cannot turn new connections away; those that come while stopping may be reset", "error", err)
		}
	}
}

func (s *supervisor) startPump() {
	pump, ok := s.front.(strategies.Pump)
	if !ok {
		return
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan struct{})
	s.stopPump = cancel
	// Before the front closes the descriptors that the pump reads.
	s.cleanup(func() { cancel(); <-ended })
	go func() {
		defer close(ended)
		s.report(PumpEnded{pump.Run(ctx)})
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
	if s.legacy.pipe != nil {
		s.takeOver()
		s.front.(strategies.Heirloom).Shared(false)
	}
	_, _ = daemon.SdNotify(false, fmt.Sprintf("MAINPID=%d\n%s", os.Getpid(), daemon.SdNotifyReady))
	s.legacy.ready()
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

// crew is what the dispatching master knows of its workers: the scoreboard.
type crew struct{ *supervisor }

func (c crew) Ready(slot int) bool { return c.scores.Ready(slot) != 0 }

func (c crew) Counts(slot int) (taken uint64, open int, known bool) {
	sum := c.scores.Slot(slot)
	return sum.Accepted, sum.Open, sum.Speaks
}
