//go:build linux

package supervisor

import (
	"os"
	"os/signal"
	"syscall"

	"golang.org/x/sys/unix"

	"prefork/internal/sys"
)

// ending are the signals that end a program which does not heed them.
var ending = []syscall.Signal{unix.SIGTERM, unix.SIGQUIT, unix.SIGINT, unix.SIGHUP}

// stops is the ear for the signals that would end a program which does not heed them:
// all but one ask for a stop. The runtime hands them over as long as this image of the
// process lives; one that comes while the next begins ends the master, as the signal
// says, and its workers with it (docs/architecture.md, Known gaps).
type stops struct {
	came        chan os.Signal
	terminal    bool // there was one to begin with, whose end is to be heeded
	interrupted bool
	quit, done  chan struct{}
}

func listenToStops(before *state) *stops {
	// nohup(1) has them ignored, and so has a binary that lets this one take over.
	s := &stops{came: make(chan os.Signal, 16), terminal: hasTerminal() && !signal.Ignored(unix.SIGHUP)}
	if before != nil {
		s.terminal = before.Terminal
	}
	s.heed()
	return s
}

func (s *stops) heed() {
	// A shell without job control has its background ignore Ctrl-C.
	for _, sig := range ending {
		if sig != unix.SIGINT || !signal.Ignored(sig) {
			signal.Notify(s.came, sig)
		}
	}
}

// hold keeps signals from being caught and lost in the moment before the next image of
// the process begins. That reloads in any case, so a SIGHUP, which would end it, is
// ignored. hold returns what undoes it.
func (s *stops) hold() (undo func()) {
	signal.Ignore(unix.SIGHUP)
	unblock := sys.BlockSignals(ending...)
	return func() {
		unblock()
		s.heed()
	}
}

func (s *stops) start(report func(Event)) error {
	s.quit, s.done = make(chan struct{}), make(chan struct{})
	go func() {
		defer close(s.done)
		for {
			select {
			case sig := <-s.came:
				report(s.eventOf(sig))
			case <-s.quit:
				return
			}
		}
	}()
	return nil
}

// stop leaves what comes from now on for the next start.
func (s *stops) stop() {
	close(s.quit)
	<-s.done
}

// waiting reports whether something has come since stop.
func (s *stops) waiting() bool { return len(s.came) > 0 }

// eventOf is what a signal to the master means.
func (s *stops) eventOf(sig os.Signal) Event {
	switch sig {
	case unix.SIGHUP:
		if s.terminal && !hasTerminal() {
			return Stop{Why: "the terminal was closed"}
		}
		return Reload{}
	case unix.SIGINT:
		if s.interrupted {
			return StopNow{}
		}
		s.interrupted = true
	}
	return Stop{Why: unix.SignalName(sig.(syscall.Signal))}
}

func (s *stops) close() { signal.Stop(s.came) }

// hasTerminal reports whether the process has a controlling terminal. One that was
// closed is none (tty(4)).
func hasTerminal() bool {
	fd, err := unix.Open("/dev/tty", unix.O_RDWR|unix.O_NOCTTY|unix.O_CLOEXEC|unix.O_NONBLOCK, 0)
	if err != nil {
		return false
	}
	_ = unix.Close(fd)
	return true
}
