//go:build linux

package subject

import (
	"os"
	"slices"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// kin are the processes that a server was seen to have. They are held by handles
// (pidfd_open(2), which os.FindProcess uses), since the number of one that has
// ended may be a stranger's by now.
type kin struct{ all []*os.Process }

// meet adds a process that the server has at this moment.
func (k *kin) meet(pid int) {
	known := func(p *os.Process) bool { return p.Pid == pid && lives(p) }
	if slices.ContainsFunc(k.all, known) {
		return
	}
	if p, err := os.FindProcess(pid); err == nil {
		k.all = append(k.all, p)
	}
}

// living are those that have not ended, in the order in which they were met. The
// others are forgotten.
func (k *kin) living() (pids []int) {
	k.all = slices.DeleteFunc(k.all, func(p *os.Process) bool {
		over := !lives(p)
		if over {
			_ = p.Release()
		}
		return over
	})
	for _, p := range k.all {
		pids = append(pids, p.Pid)
	}
	return pids
}

// kill kills all of them.
func (k *kin) kill() {
	for _, p := range k.all {
		_ = p.Signal(unix.SIGKILL)
	}
}

// bury waits until all have gone, but not for those that will not go.
func (k *kin) bury(patience time.Duration) {
	deadline := time.Now().Add(patience)
	for _, p := range k.all {
		for ; lives(p) && time.Now().Before(deadline); time.Sleep(time.Millisecond) {
			// Those whose parent has died are ours to reap, by Adopt.
			_, _ = unix.Wait4(p.Pid, nil, unix.WNOHANG, nil)
		}
		_ = p.Release()
	}
	k.all = nil
}

// lives reports whether a process still has its number; a zombie has.
func lives(p *os.Process) bool { return p.Signal(syscall.Signal(0)) == nil }
