//go:build linux

package supervisor

import (
	"errors"
	"io"
	"os"
	"time"

	"golang.org/x/sys/unix"

	"prefork/internal/keeper"
)

const (
	// ProbeCommand is how a binary is asked whether it can go on from a state. No
	// version that does not know it takes it for an order to serve.
	ProbeCommand = "can-take-over"

	// probeAnswer is what one says that can.
	probeAnswer = "yes\n"

	// Descriptors of one that is asked, behind its stderr.
	probeStateFD = 3
	probeHoldFD  = 4
)

// CanTakeOver answers, on out, whether this binary can go on from the state that it was
// run with. Then it guards the moment in which it is run in the master's place. The Go
// runtime lets a program block no signal that ends it, and does not catch one before it
// is up: a SIGTERM in those few milliseconds ends the master, and so would a fault in
// its first lines. Then what it has left behind is ended here.
func CanTakeOver(o Options, out io.Writer) error {
	s, err := inheritedState()
	if err != nil {
		return err
	}
	if s == nil {
		return errors.New(ProbeCommand + " is asked by a master that is to be upgraded, and is of no use otherwise")
	}
	if err := s.fits(&o); err != nil {
		return err
	}
	if _, err := io.WriteString(out, probeAnswer); err != nil {
		return err
	}
	master := os.NewFile(probeHoldFD, "master")
	if n, _ := master.Read(make([]byte, 1)); n > 0 {
		return nil
	}
	return s.leaveNothing(o.Limits.Graceful)
}

// leaveNothing does for a master that has ended what that would have done: its workers
// finish within their time, and its files go.
func (s *state) leaveNothing(graceful time.Duration) error {
	err := errors.Join(s.Front.Unlink(), s.Control.Remove())
	if s.PIDFile >= 0 {
		err = errors.Join(err, os.Remove(s.PIDPath))
	}
	workers := map[int]uint64{}
	for _, c := range s.Children {
		workers[c.PID] = c.Begun
	}
	keeper.End(workers, s.StopSignal, graceful)
	return err
}

// release tells the guard that this binary is up.
func (s *state) release() {
	if s.Release >= 0 {
		_, _ = unix.Write(s.Release, []byte{1})
		_ = unix.Close(s.Release)
	}
}
