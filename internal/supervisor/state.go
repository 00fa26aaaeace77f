//go:build linux

package supervisor

import (
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"strconv"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"prefork/internal/control"
	"prefork/internal/scoreboard"
	"prefork/strategies"
)

// An upgrade runs another binary in this very process (execve(2)): the pid stays, the
// children stay, the descriptors stay. What only this binary knows goes along in a
// state: a sealed memfd, whose number is in the environment.

const (
	// envState is the descriptor of a state.
	envState = "PREFORK_STATE"

	// stateSchema is to be changed with every change that a binary of before could
	// not read, or would read wrongly.
	stateSchema = "prefork.state/2"

	stateSize = 64 << 20 // bytes, at most
)

// state is what one binary tells the next.
type state struct {
	Schema  string
	Layout  string // of the scoreboard
	Version string // of the binary that wrote it

	Asked   asked
	Machine Snapshot
	Front   strategies.State

	// Descriptors, which stay open. -1 is none.
	Board, Roll int
	Notify      int
	NotifyName  string
	Watch       int
	PIDFile     int
	PIDPath     string
	Self        int      // the binary that wrote it, to go back to
	Args        []string // with which that was run
	Refused     string   // why the one after that did
	Release     int      // where the guard hears that all is well
	Control     *control.ServerState
	Metrics     *int `json:",omitempty"`

	Began time.Time
	Level slog.Level // of the log

	StopSignal syscall.Signal

	Terminal bool // whose end is to be heeded
	Children []childState
	Cut      uint64
}

type childState struct {
	PID        int
	Begun      uint64 // when it began; see keeper.Began
	Slot, Seat int
	Words      int
	Ended      bool
}

// asked is what the flags said: a binary that understands them otherwise cannot go on.
type asked struct {
	Strategy, Steer, Accept, Policy string
	Binds                           string // separated by commas
	Queues, Overlap                 int
	Program, BindInWorker           bool
}

func (o *Options) asked() asked {
	return asked{
		Strategy: o.Strategy.Name, Steer: o.Config.Steer, Accept: o.Config.Accept, Policy: o.Config.Policy,
		Binds: joined(o.Config.Binds), Queues: o.Config.Queues, Overlap: o.Config.Overlap,
		Program: o.Launch.Program != nil, BindInWorker: o.Config.BindInWorker,
	}
}

func joined(binds []strategies.Bind) string {
	var all []string
	for _, bind := range binds {
		all = append(all, bind.String())
	}
	return strings.Join(all, ",")
}

// descriptors are all that have to stay open.
func (s *state) descriptors() []int {
	fds := append(s.Front.FDs(), s.Board, s.Roll, s.Notify, s.Watch, s.PIDFile, s.Self, s.Release)
	fds = append(fds, s.Control.FDs()...)
	if s.Metrics != nil {
		fds = append(fds, *s.Metrics)
	}
	for _, c := range s.Children {
		fds = append(fds, c.Words)
	}
	return fds
}

// keepOpen has the descriptors outlast exec, or not.
func (s *state) keepOpen(keep bool) {
	flags := unix.FD_CLOEXEC
	if keep {
		flags = 0
	}
	for _, fd := range s.descriptors() {
		if fd >= 0 {
			_, _ = unix.FcntlInt(uintptr(fd), unix.F_SETFD, flags)
		}
	}
}

// write puts the state into a sealed memfd, which the caller owns.
func (s *state) write() (*os.File, error) {
	s.Schema, s.Layout = stateSchema, scoreboard.Layout
	text, err := json.Marshal(s)
	if err != nil {
		return nil, fmt.Errorf("write the state down: %w", err)
	}
	fd, err := unix.MemfdCreate("prefork-state", unix.MFD_CLOEXEC|unix.MFD_ALLOW_SEALING)
	if err != nil {
		return nil, fmt.Errorf("write the state down: %w", err)
	}
	file := os.NewFile(uintptr(fd), "state")
	_, err = file.Write(text)
	if err == nil {
		_, err = unix.FcntlInt(uintptr(fd), unix.F_ADD_SEALS, unix.F_SEAL_WRITE|unix.F_SEAL_SHRINK|unix.F_SEAL_GROW|unix.F_SEAL_SEAL)
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("write the state down: %w", err), file.Close())
	}
	return file, nil
}

// execute runs a binary that goes on from the state, in this process.
func (s *state) execute(path string, args []string, flush func()) error {
	memory, err := s.write()
	if err != nil {
		return err
	}
	defer memory.Close()
	s.keepOpen(true)
	defer s.keepOpen(false)
	if _, err := unix.FcntlInt(memory.Fd(), unix.F_SETFD, 0); err != nil {
		return err
	}
	flush()
	env := append(os.Environ(), envState+"="+strconv.Itoa(int(memory.Fd())), envBegun+"=1")
	return fmt.Errorf("run %s: %w", path, syscall.Exec(path, args, env))
}

// goBack runs the binary that wrote a state, when this one could not go on from it.
// It returns only if that cannot be either.
func (s *state) goBack(because error, flush func()) error {
	if s.Self < 0 || s.Refused != "" {
		return because
	}
	s.Refused = because.Error()
	return errors.Join(because, s.execute(fmt.Sprintf("/proc/self/fd/%d", s.Self), s.Args, flush))
}

// inheritedState is the state that this process was run with, nil if with none.
func inheritedState() (*state, error) {
	text := os.Getenv(envState)
	if text == "" {
		return nil, nil
	}
	if err := os.Unsetenv(envState); err != nil {
		return nil, err
	}
	fd, err := strconv.Atoi(text)
	if err != nil || fd <= unix.Stderr {
		return nil, fmt.Errorf("%s=%s is no descriptor of a state", envState, text)
	}
	file := os.NewFile(uintptr(fd), "state")
	defer file.Close()
	return readState(file)
}

// readState reads from the beginning, for several may read the same memfd.
func readState(file *os.File) (*state, error) {
	info, err := file.Stat()
	if err != nil || info.Size() > stateSize {
		return nil, fmt.Errorf("descriptor %d is no state of a prefork", file.Fd())
	}
	text := make([]byte, info.Size())
	if _, err := file.ReadAt(text, 0); err != nil {
		return nil, fmt.Errorf("read the state: %w", err)
	}
	var s state
	if err := json.Unmarshal(text, &s); err != nil {
		return nil, fmt.Errorf("read the state: %w", err)
	}
	return &s, nil
}

// fits says why this binary cannot go on from a state with what its flags say.
func (s *state) fits(o *Options) error {
	switch now := o.asked(); {
	case s.Schema != stateSchema:
		return fmt.Errorf("it reads states of %s, and this one is of %s: stop the server and start the new version", stateSchema, s.Schema)
	case s.Layout != scoreboard.Layout:
		return fmt.Errorf("its scoreboard is laid out otherwise (%s, not %s): stop the server and start the new version", scoreboard.Layout, s.Layout)
	case s.Asked.Binds != now.Binds:
		return fmt.Errorf("it would listen on %s, and this server listens on %s, which an upgrade keeps: stop the server and start the new version", now.Binds, s.Asked.Binds)
	case s.Asked != now:
		return fmt.Errorf("it understands the flags and the environment otherwise: %+v, where it was %+v", now, s.Asked)
	}
	return nil
}
