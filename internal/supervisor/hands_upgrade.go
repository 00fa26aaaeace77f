//go:build linux

package supervisor

import (
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"prefork/internal/entry"
	"prefork/internal/keeper"
)

// probe is a new binary that is asked whether it can take over, as a child of this
// process. One that has said yes stays until it has been run in this process's place:
// should that end in between, it sees to it that nothing is left (guard.go).
type probe struct {
	pid     int
	path    string
	file    os.FileInfo // what is at the path
	says    *os.File    // its stdout
	words   *words      // its stderr
	release int         // the writing end of a pipe: a byte tells it that all is well; owned
}

// by asks the binary that is now at this one's path.
func (Probe) by(h *hands) {
	if err := h.ask(); err != nil {
		h.then(Probed{err})
	}
}

func (h *hands) ask() (err error) {
	if h.probe != nil {
		return errors.New("the one that was asked before has not ended yet")
	}
	p := &probe{release: -1}
	if p.path, err = exec.LookPath(os.Args[0]); err != nil {
		return fmt.Errorf("find the new binary: %w", err)
	}
	if p.file, err = os.Stat(p.path); err != nil {
		return fmt.Errorf("find the new binary: %w", err)
	}
	if err := p.run(h.state()); err != nil {
		return fmt.Errorf("run %s: %w", p.path, err)
	}
	h.probe = p
	entry.UpgradeBegin.Log(h.Log, "binary", p.path)
	go func() {
		if p.saysYes() {
			h.report(Probed{})
		}
	}()
	return nil
}

// run starts it, with the state and the pipe that it waits on.
func (p *probe) run(s *state) (err error) {
	var closing []io.Closer
	defer func() {
		for _, c := range closing {
			_ = c.Close()
		}
	}()
	memory, err := s.write()
	if err != nil {
		return err
	}
	closing = append(closing, memory)
	null, err := os.Open(os.DevNull)
	if err != nil {
		return err
	}
	closing = append(closing, null)
	says, stdout, err := os.Pipe()
	if err != nil {
		return err
	}
	closing = append(closing, stdout)
	stderr, words, err := capture(true, io.Discard)
	if err != nil {
		return errors.Join(err, says.Close())
	}
	closing = append(closing, stderr)
	var hold [2]int
	if err := unix.Pipe2(hold[:], unix.O_CLOEXEC); err != nil {
		return errors.Join(err, says.Close())
	}
	defer unix.Close(hold[0])
	p.says, p.words, p.release = says, words, hold[1]
	p.pid, err = syscall.ForkExec(p.path, probeArgs(), &syscall.ProcAttr{
		Env:   append(os.Environ(), envState+"="+strconv.Itoa(probeStateFD)),
		Files: []uintptr{null.Fd(), stdout.Fd(), stderr.Fd(), memory.Fd(), uintptr(hold[0])},
		Sys:   &syscall.SysProcAttr{Setpgid: true},
	})
	if err != nil {
		return errors.Join(err, p.dismiss())
	}
	return nil
}

// probeArgs are this process's own, with the command that asks in the place of the
// one that serves.
func probeArgs() []string {
	rest := os.Args[1:]
	if len(rest) > 0 && rest[0] == "serve" {
		rest = rest[1:]
	}
	return append([]string{os.Args[0], ProbeCommand}, rest...)
}

// saysYes waits until it has said so, or will not.
func (p *probe) saysYes() bool {
	said := make([]byte, len(probeAnswer))
	_, err := io.ReadFull(p.says, said)
	return err == nil && string(said) == probeAnswer
}

// refusal is why it has ended instead.
func (p *probe) refusal(why string) error {
	if complaint := p.words.last(); complaint != "" {
		return fmt.Errorf("%s %s, saying: %s", p.path, why, strings.TrimPrefix(complaint, "prefork: "))
	}
	return fmt.Errorf("%s %s without saying that it can take over: is it a prefork?", p.path, why)
}

// dismiss lets it end.
func (p *probe) dismiss() error {
	_, _ = unix.Write(p.release, []byte{1})
	return errors.Join(p.says.Close(), unix.Close(p.release))
}

func (EndProbe) by(h *hands) {
	if h.probe != nil {
		_ = unix.Kill(-h.probe.pid, unix.SIGKILL)
	}
}

func (Replace) by(h *hands) { h.replace = true }

// state is all that the next binary needs.
func (h *hands) state() *state {
	s := &state{
		Version: h.Version, Asked: h.asked(), Machine: h.machine.Snapshot(time.Now()), Front: h.front.State(),
		Board: h.boardFD, Roll: h.rollFD, Notify: h.notify.fd, NotifyName: h.notify.name,
		Watch: h.watch.FD(), PIDFile: h.pidFile.fd(), PIDPath: h.pidFile.absolute(), Self: -1, Release: -1,
		StopSignal: h.StopSignal, Cut: h.cut, Terminal: h.stops.terminal, Began: h.began, Level: h.Level.Level(),
	}
	if h.metrics != nil {
		fd := h.metrics.FD()
		s.Metrics = &fd
	}
	if h.control != nil {
		s.Control = h.control.State()
	}
	for pid, c := range h.children {
		s.Children = append(s.Children, childState{PID: pid, Begun: keeper.Began(pid), Slot: c.slot, Seat: c.seat, Words: c.words.fd(), Ended: c.ended})
	}
	return s
}

// become runs the binary that has said yes in this process. It returns only if that
// cannot be.
func (h *hands) become() error {
	info, err := os.Stat(h.probe.path)
	if err != nil {
		return err
	}
	if !os.SameFile(info, h.probe.file) || info.ModTime() != h.probe.file.ModTime() {
		return fmt.Errorf("%s is no longer the file that was asked: try again", h.probe.path)
	}
	s := h.state()
	self, err := os.Open("/proc/self/exe")
	if err != nil {
		return fmt.Errorf("hold on to the present binary: %w", err)
	}
	defer self.Close()
	s.Self, s.Args, s.Release = int(self.Fd()), os.Args, h.probe.release
	return s.execute(h.probe.path, os.Args, h.Flush)
}
