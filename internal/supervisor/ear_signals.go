//go:build linux

package supervisor

import (
	"fmt"
	"os"
	"runtime"
	"strings"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"

	"prefork/internal/sys"
)

// A signal to the master must not be lost, nor end it, while one binary takes the
// place of another: exec takes away what handles it. So these are blocked in all the
// master's threads, wait in the kernel until they are read (signalfd(2)), and outlast
// exec. A thread is blocked from its birth or not at all, and the Go runtime starts
// some before anybody is asked: hence Begin. The runtime lets nobody block those that
// end a program; they are another ear's (ear_stops.go).
var blocked = []syscall.Signal{unix.SIGUSR2, unix.SIGTTIN, unix.SIGTTOU}

// envBegun is in the environment of a master whose signals are blocked.
const envBegun = "PREFORK_BEGUN"

// Begun reports whether Begin has done its work.
func Begun() bool { return begun }

var begun = os.Getenv(envBegun) != ""

// The kernel sends a worker the death signal when the thread that started it ends.
// What is run by exec goes on as the main thread, so that is the one to start
// workers from.
func init() {
	if begun {
		runtime.LockOSThread()
		_ = os.Unsetenv(envBegun) // which is of this process alone
	}
}

// Begin makes this process one that can be a master: it runs the same binary again
// with the signals blocked, and returns only if it has failed.
func Begin() error {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	sys.BlockSignals(append(ending, blocked...)...)
	env := append(os.Environ(), envBegun+"=1")
	if path, err := os.Executable(); err == nil && !strings.HasSuffix(path, " (deleted)") {
		_ = syscall.Exec(path, os.Args, env) // for the name that ps shows
	}
	// The file may be gone, or lie where this user may not go.
	err := syscall.Exec("/proc/self/exe", os.Args, env)
	return fmt.Errorf("run this program again: %w", err)
}

// signals is the ear for those that are blocked.
type signals struct{ listening }

func listenToSignals() (*signals, error) {
	set := sys.SignalSet(blocked...)
	fd, err := unix.Signalfd(-1, &set, unix.SFD_CLOEXEC|unix.SFD_NONBLOCK)
	if err != nil {
		return nil, fmt.Errorf("signalfd: %w", err)
	}
	s := &signals{}
	s.listening = listening{fd: fd, hear: s.hear}
	return s, nil
}

func (s *signals) hear(report func(Event)) {
	var info unix.SignalfdSiginfo
	buffer := (*[unsafe.Sizeof(info)]byte)(unsafe.Pointer(&info))[:]
	for {
		if n, err := unix.Read(s.fd, buffer); err != nil || n < len(buffer) {
			return
		}
		switch syscall.Signal(info.Signo) {
		case unix.SIGUSR2:
			report(Upgrade{})
		case unix.SIGTTIN:
			report(Scale{+1})
		case unix.SIGTTOU:
			report(Scale{-1})
		}
	}
}
