//go:build linux

package supervisor

import (
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"prefork/internal/scoreboard"
)

// lastWordsSize is how much of what a worker says at the end is kept.
const lastWordsSize = 2 << 10

// start starts a worker and returns the event that says so.
func (s *supervisor) start(a Start) Event {
	fail := func(err error) Event { return StartFailed{a.Slot, a.Seat, err} }
	fd, err := s.front.FD(a.Slot)
	if err != nil {
		return fail(err)
	}
	stderr, words, err := capture(a.Capture)
	if err != nil {
		return fail(err)
	}
	if s.scores.Prepare(a.Slot, a.Seat) {
		s.log.Warn("a worker had written over the scoreboard; it is mended", "slot", a.Slot)
	}
	pid, err := s.Launch.Start(a.Slot, a.Seat, fd, stderr)
	if a.Capture {
		_ = stderr.Close()
	}
	if err != nil {
		_ = words()
		return fail(err)
	}
	process, err := os.FindProcess(pid)
	if err != nil {
		return fail(err)
	}
	go func() {
		state, err := process.Wait()
		s.report(Exited{PID: pid, Why: why(state, err), LastWords: words()})
	}()
	return Started{a.Slot, a.Seat, pid}
}

// why reads on from "the worker".
func why(state *os.ProcessState, err error) string {
	if err != nil {
		return fmt.Sprintf("is gone (%v)", err)
	}
	status, ok := state.Sys().(syscall.WaitStatus)
	if ok && status.Signaled() {
		return "was killed by " + unix.SignalName(status.Signal())
	}
	return fmt.Sprintf("exited with status %d", state.ExitCode())
}

// capture is where a worker's stderr goes, and what it said, to be asked once
// when it has ended. Words are only kept when asked for: a pipe would break when
// the master dies, and with it a worker that is to carry on.
func capture(wanted bool) (stderr *os.File, words func() string, err error) {
	if !wanted {
		return os.Stderr, func() string { return "" }, nil
	}
	r, w, err := os.Pipe()
	if err != nil {
		return nil, nil, err
	}
	kept := make(chan string, 1)
	go func() {
		var t tail
		_, _ = io.Copy(io.MultiWriter(os.Stderr, &t), r)
		_ = r.Close()
		kept <- strings.TrimSpace(string(t.last))
	}()
	return w, func() string {
		// What a grandchild holds open must not keep us waiting.
		_ = r.SetReadDeadline(time.Now().Add(100 * time.Millisecond))
		return <-kept
	}, nil
}

// tail keeps the end of what is written to it.
type tail struct{ last []byte }

func (t *tail) Write(b []byte) (int, error) {
	t.last = append(t.last, b...)
	if extra := len(t.last) - lastWordsSize; extra > 0 {
		t.last = t.last[extra:]
	}
	return len(b), nil
}

// boardPause is between two looks at whether workers have written nonsense.
const boardPause = time.Second

// lookAtBoard says, once for a worker, that what is written on the board cannot be.
func (s *supervisor) lookAtBoard() {
	for slot := 0; slot < scoreboard.MaxSlots && s.scores.Used(slot); slot++ {
		if !s.scores.Check(slot, s.Launch.Spec.Concurrency) && !s.blamed[slot] {
			s.blamed[slot] = true
			s.log.Warn("a worker has written nonsense over the scoreboard", "slot", slot)
		}
	}
}

// bury settles what a dead worker leaves on its line: nobody else will.
func (s *supervisor) bury(b Bury) {
	cut, sane := s.scores.Settle(b.Slot, b.Seat)
	s.recount(b.Slot)
	delete(s.blamed, b.Slot)
	s.cut += uint64(cut)
	switch {
	case !sane:
		s.log.Warn("what a worker counted makes no sense and is forgotten", "slot", b.Slot, "pid", b.PID)
	case cut > 0:
		s.log.Warn("connections cut with their worker", "connections", cut, "slot", b.Slot, "pid", b.PID)
	}
	if b.Killed {
		s.log.Warn("worker killed: it did not stop in time", "slot", b.Slot, "pid", b.PID)
	}
}

// recount has a program in the kernel forget what it made of a slot's counts.
func (s *supervisor) recount(slot int) {
	if kernel := s.front.Steering(); kernel != nil {
		if err := kernel.Recount(slot); err != nil {
			s.log.Warn("cannot count a queue anew", "slot", slot, "error", err)
		}
	}
}

// reapStrangers reaps orphans that fall to a master that is PID 1 of its
// container, and returns what ends it. Our own children are left to whoever
// waits for them.
func reapStrangers(ours func(pid int) bool) (stop func()) {
	died := make(chan os.Signal, 1)
	signal.Notify(died, unix.SIGCHLD)
	done := make(chan struct{})
	go func() {
		for {
			select {
			case <-done:
				return
			case <-died:
				reapZombies(ours)
			}
		}
	}()
	return func() {
		signal.Stop(died)
		close(done)
	}
}

func reapZombies(ours func(pid int) bool) {
	children, err := os.ReadFile("/proc/self/task/1/children")
	if err != nil {
		return
	}
	for field := range strings.FieldsSeq(string(children)) {
		var pid int
		if _, err := fmt.Sscan(field, &pid); err == nil && !ours(pid) {
			_, _ = unix.Wait4(pid, nil, unix.WNOHANG, nil)
		}
	}
}
