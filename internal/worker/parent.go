//go:build linux

package worker

import (
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"prefork/internal/scoreboard"
	"prefork/internal/sys"
	"prefork/strategies/accept"
)

// Launch is all a master decides about its workers.
type Launch struct {
	Program []string // somebody else's program and its arguments; nil runs Spec.App
	// Dir is where programs run; "" is the master's own directory. It is entered by
	// this name at each start, so that a link in it may have been moved meanwhile.
	Dir        string
	Spec       Spec
	Strategy   string
	Accept     string        // a name among accept.Modes
	Bind       []string      // where each worker binds sockets of its own, if it does
	Backlog    int           // of those sockets
	Drain      time.Duration // how long workers that are told to stop may take to empty their queue
	Notify     string        // NOTIFY_SOCKET
	Scoreboard int           // the board's memfd, or the kernel's memory under steering; owned by the master
	Pin        bool          // bind the worker of slot i to processor i
	As         *Identity     // who workers are; nil is who the master is
	// DeathSignal is sent to workers when the master dies; 0 lets them carry on.
	DeathSignal syscall.Signal
}

// MaxWorkers is how many workers a master can have: the scoreboard's lines.
const MaxWorkers = scoreboard.MaxSlots

// monitorSlack is how late a hot worker's timers may be. The only one that is
// ever set while it serves is that of the Go runtime's monitor thread, which
// looks after the worker 100 times a second and finds nothing to do. With slack
// the kernel lets it sleep until the processor is awake anyway. It is short
// enough for a signal to be heard in time.
const monitorSlack = 40 * time.Millisecond

// Start starts a worker in a seat. files become its descriptors from 3 on; stderr is
// where its words go. It must always be called from the same locked
// thread: the kernel sends the death signal when the thread that started the
// child ends, not the process.
func (l *Launch) Start(slot, seat int, files []accept.File, stderr *os.File) (pid int, err error) {
	null, err := os.OpenFile(os.DevNull, os.O_RDWR, 0)
	if err != nil {
		return 0, fmt.Errorf("start worker: %w", err)
	}
	defer null.Close()
	env, err := l.environment(slot, seat, files)
	if err != nil {
		return 0, err
	}
	attr := &syscall.ProcAttr{
		Env:   env,
		Files: []uintptr{null.Fd(), heardBy(os.Stdout, null), heardBy(stderr, null)},
		// A group of its own keeps the terminal's Ctrl-C for the master, and lets
		// a kill reach what a wrapper script has started.
		Sys: &syscall.SysProcAttr{Setpgid: true, Pdeathsig: l.DeathSignal, Credential: l.As.credential()},
	}
	for _, file := range files {
		attr.Files = append(attr.Files, uintptr(file.FD))
	}
	argv := l.Program
	if l.Program != nil {
		attr.Dir = l.Dir
	} else {
		argv = []string{fmt.Sprintf("prefork: %s worker %d", l.Strategy, slot)}
		// Another's program has no business with what workers count.
		attr.Files = append(attr.Files, uintptr(l.Scoreboard))
	}
	restore, err := l.prepareThread(slot)
	if err != nil {
		return 0, fmt.Errorf("start worker: %w", err)
	}
	defer restore()
	// Not the path: the file there may have been replaced since.
	pid, err = syscall.ForkExec("/proc/self/exe", argv, attr)
	if err != nil {
		return 0, fmt.Errorf("start worker: %w", l.As.explain(err))
	}
	return pid, nil
}

// prepareThread gives the calling thread what its next child is to inherit, and
// returns what undoes that.
func (l *Launch) prepareThread(slot int) (restore func(), err error) {
	unpin := func() {}
	if l.Pin {
		if unpin, err = sys.PinThread(slot); err != nil {
			return nil, err
		}
	}
	if l.Program != nil {
		return unpin, nil
	}
	before := sys.SetTimerSlack(monitorSlack)
	return func() {
		sys.SetTimerSlack(before)
		unpin()
	}, nil
}

// heardBy is the descriptor of file, or of null where file is a pipe or a socket whose
// reader has gone: who writes there dies of SIGPIPE, and so would every successor.
func heardBy(file, null *os.File) uintptr {
	fds := []unix.PollFd{{Fd: int32(file.Fd())}}
	if gone, err := sys.PollAny(fds, 0); gone && err == nil {
		return null.Fd()
	}
	return file.Fd()
}

func (l *Launch) environment(slot, seat int, files []accept.File) ([]string, error) {
	spec, err := json.Marshal(order{l.Spec, os.Getpid(), l.DeathSignal, accept.InheritedFD + len(files), l.As != nil})
	if err != nil {
		return nil, err
	}
	env := slices.DeleteFunc(os.Environ(), notForWorkers)
	env = append(env,
		accept.EnvStrategy+"="+l.Strategy,
		accept.EnvSlot+"="+strconv.Itoa(slot),
		accept.EnvAccept+"="+l.Accept,
		accept.EnvDrain+"="+l.Drain.String(),
		envSpec+"="+string(spec),
		"NOTIFY_SOCKET="+l.Notify,
		"LISTEN_FDS="+strconv.Itoa(len(files)),
		"LISTEN_FDNAMES="+namesOf(files),
	)
	if len(l.Bind) > 0 {
		env = append(env, accept.EnvBind+"="+strings.Join(l.Bind, ","), accept.EnvBacklog+"="+strconv.Itoa(l.Backlog))
	}
	if l.Program == nil {
		// Nothing is to run beside the one goroutine that serves; a second processor
		// would only be something to wake. Told this by a call, the runtime would have
		// to stop the world, which takes a whole monitorSlack.
		env = slices.DeleteFunc(env, func(entry string) bool { return strings.HasPrefix(entry, "GOMAXPROCS=") })
		return append(env, envRole+"="+roleApp, envSeat+"="+strconv.Itoa(seat), "GOMAXPROCS=1"), nil
	}
	return append(env, envRole+"="+roleShim), nil
}

// namesOf are the names of files, as LISTEN_FDNAMES has them.
func namesOf(files []accept.File) string {
	var names []string
	for _, file := range files {
		names = append(names, file.Name)
	}
	return strings.Join(names, ":")
}

// order is what the child is told in envSpec.
type order struct {
	Spec
	Master      int            // the pid of who ordered it
	DeathSignal syscall.Signal // Launch's
	Board       int            // the scoreboard's descriptor, for built-in workers
	Confined    bool           // it is another user than the master's, and stays that
}

// notForWorkers is what the master's own environment says about the master: its
// flags, its service manager's sockets, and what an upgrade handed to it.
func notForWorkers(entry string) bool {
	name, _, _ := strings.Cut(entry, "=")
	switch name {
	case "LISTEN_FDS", "LISTEN_PID", "LISTEN_PIDFDID", "LISTEN_FDNAMES", "NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID":
		return true
	}
	return strings.HasPrefix(name, "PREFORK_")
}

// IsRecycle reports whether a notification asks for a successor.
func IsRecycle(message string) bool {
	return slices.Contains(strings.Split(message, "\n"), recycleMessage)
}
