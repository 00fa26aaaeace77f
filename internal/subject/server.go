//go:build linux

// Package subject runs the servers that are looked at, by a bench or in a scene:
// preforks of this very binary, and anybody else's programs. It leaves no process
// of theirs behind.
package subject

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"prefork/internal/kernel"
)

const (
	startTimeout = 15 * time.Second
	stopTimeout  = 5 * time.Second
)

// Binary is the prefork that servers are run from: this very one.
var Binary = "/proc/self/exe"

// Server is a running server.
type Server struct {
	Name    string // for errors
	Address string // host:port

	cmd    *exec.Cmd
	peer   bool
	words  *words
	exited chan struct{} // closed when the first process has ended
	kin    kin           // every process it was seen to have

	accounting sync.Mutex // held while Account looks at kin
	sight      sight
}

// Adopt makes this process the one to which those come whose parent has died, so
// that Stop can end and reap them too. It is for the process as a whole. It makes sure
// first that processes can be looked at, so that whoever looks at them later hears no
// more than that they have gone.
func Adopt() error {
	if err := kernel.Mounted(); err != nil {
		return err
	}
	if err := unix.Prctl(unix.PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0); err != nil {
		return fmt.Errorf("become a subreaper: %w", err)
	}
	return nil
}

// Start runs prefork serve with args, which must not say --log-format or
// --log-level, and waits until its workers take connections.
//
// It must always be called from one locked thread, with whose end the server ends.
func Start(ctx context.Context, name string, args ...string) (*Server, error) {
	s := &Server{Name: name}
	s.cmd = exec.Command(Binary, append([]string{"serve", "--log-format", "json", "--log-level", "info"}, args...)...)
	s.cmd.Args[0] = "prefork"
	return s, s.start(ctx)
}

// start runs the command. After an error nothing is left of it.
func (s *Server) start(ctx context.Context) error {
	before, _ := kernel.Children(os.Getpid())
	s.words, s.exited = newWords(s.peer), make(chan struct{})
	s.cmd.Env = slices.DeleteFunc(os.Environ(), ofPrefork)
	// A session of its own, by which its orphans are known.
	s.cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Pdeathsig: syscall.SIGKILL}
	if err := s.startHeard(); err != nil {
		return fmt.Errorf("%s: %w", s.Name, err)
	}
	go func() {
		_ = s.cmd.Wait()
		close(s.exited)
	}()
	err := s.await(ctx)
	s.meetStrays(before)
	if err != nil {
		s.Stop()
		return err
	}
	return nil
}

// startHeard starts the command with a pipe of ours for its words: workers hold it
// when the master is dead, and package exec would wait for them.
func (s *Server) startHeard() error {
	r, w, err := os.Pipe()
	if err != nil {
		return err
	}
	s.cmd.Stderr = w
	if s.peer {
		s.cmd.Stdout = w
	}
	err = s.cmd.Start()
	_ = w.Close()
	if err != nil {
		_ = r.Close()
		return err
	}
	go func() {
		_, _ = io.Copy(s.words, r)
		_ = r.Close()
		close(s.words.over)
	}()
	return nil
}

// ofPrefork is what a server must not take from our environment: flags by other
// names.
func ofPrefork(entry string) bool { return strings.HasPrefix(entry, "PREFORK_") }

// PID is that of the first process, the master.
func (s *Server) PID() int { return s.cmd.Process.Pid }

// await waits until the server is ready.
func (s *Server) await(ctx context.Context) error {
	ready := s.words.ready
	if s.peer {
		ready = make(chan string, 1)
		waiting, stop := context.WithCancel(ctx)
		defer stop()
		go func() {
			if s.answers(waiting) {
				ready <- s.Address
			}
		}()
	}
	timeout := time.NewTimer(startTimeout)
	defer timeout.Stop()
	select {
	case s.Address = <-ready:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	case <-s.exited:
		s.words.hearOut(stopTimeout)
		return fmt.Errorf("%s ended before it listened: %s%s", s.Name, s.cmd.ProcessState, s.words.quoted())
	case <-timeout.C:
		return fmt.Errorf("%s did not listen within %s; its process is in state %s%s", s.where(), startTimeout, state(s.PID()), s.words.quoted())
	}
}

// state is the letter for what a process does, "?" if it has gone.
func state(pid int) string {
	letter, err := kernel.State(pid)
	if err != nil {
		return "?"
	}
	return string(letter)
}

// where is a server with its address, if that is known before it listens.
func (s *Server) where() string {
	if s.Address == "" {
		return s.Name
	}
	return s.Name + " (" + s.Address + ")"
}

// Processes are all that the server has, and those that it was seen to have and that
// live without it.
func (s *Server) Processes() []int {
	if !s.Over() { // else its number may be a stranger's
		family, _ := kernel.Family(s.PID())
		for _, pid := range family {
			s.kin.meet(pid)
		}
	}
	s.meetOrphans()
	return s.kin.living()
}

// Workers are the processes that the first one has started, in order.
func (s *Server) Workers() []int {
	children, _ := kernel.Children(s.PID())
	slices.Sort(children)
	return children
}

// Victim is the worker to whom things happen: the second one, since the first is
// special where the kernel has a fixed order.
func (s *Server) Victim() (int, error) {
	workers := s.Workers()
	if len(workers) == 0 {
		return 0, errors.New(s.Name + " has no worker processes that something could happen to")
	}
	return workers[min(1, len(workers)-1)], nil
}

// SlotOf is the slot of a worker of prefork, -1 for anybody else.
func SlotOf(pid int) int {
	environ, _ := kernel.Environment(pid)
	for _, entry := range environ {
		if value, found := strings.CutPrefix(entry, "PREFORK_SLOT="); found {
			if slot, err := strconv.Atoi(value); err == nil {
				return slot
			}
		}
	}
	return -1
}

// Stop ends the server and all that belongs to it, as asked first and then by
// force, and waits until nothing is left.
func (s *Server) Stop() {
	s.Processes()
	_ = s.cmd.Process.Signal(unix.SIGTERM)
	select {
	case <-s.exited:
	case <-time.After(stopTimeout):
	}
	s.Kill()
}

// Kill is Stop by force alone: nobody finishes what he has.
func (s *Server) Kill() {
	s.Processes()
	s.kin.kill()
	_ = s.cmd.Process.Kill()
	<-s.exited
	s.kin.bury(stopTimeout)
	for deadline := time.Now().Add(stopTimeout); s.meetOrphans() && time.Now().Before(deadline); {
		s.kin.kill()
		s.kin.bury(stopTimeout)
	}
}

// meetOrphans finds the children that those who have died had started since they were
// looked at, and those whose end they did not live to hear of, and reports whether there
// are any. They are ours now, by Adopt, and may have children themselves.
func (s *Server) meetOrphans() (any bool) {
	children, _ := kernel.Children(os.Getpid())
	for _, pid := range children {
		if session, err := unix.Getsid(pid); err == nil && session == s.PID() {
			s.kin.meet(pid)
			any = true
		}
	}
	return any
}

// meetStrays finds those that the server has started and let go, each with a session of its
// own: a prefork has one that watches over programs. They have come to us, by Adopt, since
// there were only those before.
func (s *Server) meetStrays(before []int) {
	now, _ := kernel.Children(os.Getpid())
	for _, pid := range now {
		if session, err := unix.Getsid(pid); err == nil && session == pid && pid != s.PID() && !slices.Contains(before, pid) {
			s.kin.meet(pid)
		}
	}
}

// Over reports whether the first process has ended.
func (s *Server) Over() bool {
	select {
	case <-s.exited:
		return true
	default:
		return false
	}
}

// Fate is how the first process has ended, "" if it has not.
func (s *Server) Fate() string {
	if !s.Over() {
		return ""
	}
	return s.cmd.ProcessState.String()
}
