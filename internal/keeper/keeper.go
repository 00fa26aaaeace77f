//go:build linux

// Package keeper ends the servers of a demo that was itself killed. Their workers carry
// on without their master, and so they would also do without the demo.
package keeper

import (
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"slices"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"prefork/internal/kernel"
)

const (
	// envKeeper turns a process into a keeper.
	envKeeper = "PREFORK_KEEPER"
	// envMark is in the environment of all that a demo starts, and of what they
	// start. It does not begin with PREFORK_, for masters do not hand that on.
	envMark = "DEMO_OF_PREFORK"

	keeperPoll = 20 * time.Millisecond
	keeperTime = 10 * time.Second
)

// Keeper is a process that outlives this one by a moment.
type Keeper struct {
	cmd *exec.Cmd
	in  io.WriteCloser
}

// IsKeeper reports whether this process is a keeper, and must call Keep before
// anything else.
func IsKeeper() bool { return os.Getenv(envKeeper) != "" }

// Keep waits until in ends. If it has said nothing before, its parent was killed:
// then all that it has started is killed too. It returns the exit code.
func Keep(in io.Reader) int {
	if goodbye, _ := io.ReadAll(in); len(goodbye) > 0 {
		return 0
	}
	for deadline := time.Now().Add(keeperTime); time.Now().Before(deadline); time.Sleep(keeperPoll) {
		left, err := marked(os.Getenv(envKeeper))
		for _, pid := range left {
			_ = unix.Kill(pid, unix.SIGKILL)
		}
		if err == nil && len(left) == 0 {
			return 0
		}
	}
	return 1
}

// mark is what tells this process's children from others'.
func mark() string { return fmt.Sprintf("%d.%d", os.Getpid(), processStart) }

var processStart = time.Now().UnixNano()

// marked are the living processes that bear a mark.
func marked(mark string) (pids []int, err error) {
	all, err := kernel.Processes()
	for _, pid := range all {
		environ, _ := kernel.Environment(pid) // of a zombie: none
		if slices.Contains(environ, envMark+"="+mark) {
			pids = append(pids, pid)
		}
	}
	return pids, err
}

// Marked are the living processes that this one has started, but for the keeper.
func Marked() ([]int, error) { return marked(mark()) }

// New starts one, before anything that it is to end. Ctrl-C in a terminal is not for
// it.
func New() (*Keeper, error) {
	if err := os.Setenv(envMark, mark()); err != nil {
		return nil, err
	}
	cmd := exec.Command("/proc/self/exe")
	cmd.Args = []string{"prefork: keeper"}
	cmd.Env = []string{envKeeper + "=" + mark()}
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	in, err := cmd.StdinPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		return nil, fmt.Errorf("keeper: %w", err)
	}
	return &Keeper{cmd, in}, nil
}

// Dismiss is called when all has been ended already.
func (k *Keeper) Dismiss() error {
	_, err := io.WriteString(k.in, "goodbye\n")
	return errors.Join(err, k.in.Close(), k.cmd.Wait())
}
