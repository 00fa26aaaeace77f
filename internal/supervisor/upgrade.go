//go:build linux

package supervisor

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"prefork/internal/sys"
	"prefork/strategies"
)

// An upgrade starts the binary that is now at this one's path, with the same
// arguments, and hands it the listening sockets. When all its workers are ready
// it says so on a pipe, and this master leaves. If the pipe closes before that,
// or says nothing for too long, nothing has changed. Until the old one has ended, the
// sockets are those of both, and the new one leaves them as they are.

const (
	// envUpgrade is, for a master that takes over, a bequest in JSON.
	envUpgrade = "PREFORK_UPGRADE"

	upgradeTimeout = 2 * startTimeout
	firstExtraFD   = 3
)

// bequest is what one master tells the next.
type bequest struct {
	Sockets []int // listening sockets, in slot order
	Table   int   `json:",omitempty"` // where the kernel finds them, if it is steered by a program
	Workers int   // how many there are to be: signals may have changed it
	Ready   int   // where to say that it is ready
	Master  int   // a pidfd of the master that leaves
}

func (s *supervisor) startUpgrade() {
	if err := s.upgrade(); err != nil {
		s.then(UpgradeFailed{err})
	}
}

func (s *supervisor) upgrade() error {
	heirloom, ok := s.front.(strategies.Heirloom)
	if !ok {
		return fmt.Errorf("%s cannot hand its sockets on", s.Strategy.Name)
	}
	path, err := exec.LookPath(os.Args[0])
	if err != nil {
		return fmt.Errorf("find the new binary: %w", err)
	}
	ready, w, err := os.Pipe()
	if err != nil {
		return err
	}
	defer w.Close()
	self, err := unix.PidfdOpen(os.Getpid(), 0)
	if err != nil {
		return fmt.Errorf("pidfd_open: %w", err)
	}
	defer unix.Close(self)
	will, files := s.bequeath(heirloom.Sockets(), w.Fd(), uintptr(self))
	text, err := json.Marshal(will)
	if err != nil {
		return err
	}
	env := slices.DeleteFunc(os.Environ(), func(e string) bool { return strings.HasPrefix(e, envUpgrade+"=") })
	env = append(env, envUpgrade+"="+string(text))
	pid, err := syscall.ForkExec(path, os.Args, &syscall.ProcAttr{Env: env, Files: files})
	if err != nil {
		_ = ready.Close()
		return fmt.Errorf("start %s: %w", path, err)
	}
	s.log.Info("upgrading", "binary", path, "pid", pid)
	s.heir = pid
	go func() { s.report(awaitHeir(pid, ready)) }()
	return nil
}

// bequeath is what the heir is told, and the files that it gets.
func (s *supervisor) bequeath(sockets []int, ready, self uintptr) (will bequest, files []uintptr) {
	files = []uintptr{0, 1, 2}
	add := func(fd uintptr) (number int) {
		files = append(files, fd)
		return len(files) - 1
	}
	will.Workers = s.machine.want
	for _, fd := range sockets {
		will.Sockets = append(will.Sockets, add(uintptr(fd)))
	}
	if steered, ok := s.front.(strategies.Steered); ok {
		if fd, ok := steered.SocketTable(); ok {
			will.Table = add(uintptr(fd))
		}
	}
	will.Ready, will.Master = add(ready), add(self)
	return will, files
}

// awaitHeir waits until the new master is ready or is not going to be.
func awaitHeir(pid int, ready *os.File) Event {
	defer ready.Close()
	process, err := os.FindProcess(pid)
	if err != nil {
		return UpgradeFailed{err}
	}
	_ = ready.SetReadDeadline(time.Now().Add(upgradeTimeout))
	if n, err := ready.Read(make([]byte, 1)); n == 1 {
		return HandedOver{}
	} else if os.IsTimeout(err) {
		_ = process.Kill()
	}
	state, err := process.Wait()
	return UpgradeFailed{fmt.Errorf("it %s before it was ready", why(state, err))}
}

// legacy is what this master got from the one before it, if there was one.
type legacy struct {
	sockets []int
	table   int // of the sockets, in the kernel; 0 if there is none
	workers int // 0 if there was no master before
	master  int // a pidfd of it
	pipe    *os.File
}

// inherited reads what the master before this one left, and hides it from the
// workers.
func inherited() (*legacy, error) {
	text := os.Getenv(envUpgrade)
	if text == "" {
		return &legacy{}, nil
	}
	if err := os.Unsetenv(envUpgrade); err != nil {
		return nil, err
	}
	var will bequest
	if err := json.Unmarshal([]byte(text), &will); err != nil {
		return nil, fmt.Errorf("%s: %w", envUpgrade, err)
	}
	fds := append(slices.Clone(will.Sockets), will.Ready, will.Master)
	if will.Table != 0 {
		fds = append(fds, will.Table)
	}
	for _, fd := range fds {
		if fd < firstExtraFD {
			return nil, fmt.Errorf("%s names descriptor %d", envUpgrade, fd)
		}
		unix.CloseOnExec(fd)
	}
	return &legacy{sockets: will.Sockets, table: will.Table, workers: will.Workers, master: will.Master,
		pipe: os.NewFile(uintptr(will.Ready), "upgrade")}, nil
}

// ready tells the master before this one that it can leave.
func (l *legacy) ready() {
	if l.pipe != nil {
		_, _ = l.pipe.Write([]byte{1})
		_ = l.pipe.Close()
		l.pipe = nil
	}
}

// takeOver has the kernel send connections where this master wants them, whatever
// another one has told it.
func (s *supervisor) takeOver() {
	if steered, ok := s.front.(strategies.Steered); ok {
		if err := steered.TakeOver(); err != nil {
			s.log.Error("cannot take the steering over: connections go where another master would send them", "error", err)
		}
	}
}

// awaitEnd waits until the master before this one has ended.
func (l *legacy) awaitEnd() Event {
	for {
		if gone, err := sys.Poll(l.master, unix.POLLIN, -1); gone || err != unix.EINTR {
			return PredecessorGone{}
		}
	}
}
