//go:build linux

package kernel_test

import (
	"errors"
	"os"
	"slices"
	"testing"

	"golang.org/x/sys/unix"

	"prefork/internal/kernel"
)

func TestFamily(t *testing.T) {
	var first, second int
	a := start(t, "parent", nil)
	a.hear(&first, &second)
	children, err := kernel.Children(a.pid)
	slices.Sort(children)
	want := []int{min(first, second), max(first, second)}
	if err != nil || !slices.Equal(children, want) {
		t.Errorf("children %v, %v; want %v", children, err, want)
	}
	own, err := kernel.Children(os.Getpid())
	if err != nil || !slices.Contains(own, a.pid) || slices.Contains(own, first) {
		t.Errorf("children of this process: %v, %v; want %d among them", own, err, a.pid)
	}
	family, err := kernel.Family(os.Getpid())
	if err != nil || family[0] != os.Getpid() || !slices.Contains(family, a.pid) || !slices.Contains(family, second) {
		t.Errorf("family of this process: %v, %v; want %d and %d", family, err, a.pid, second)
	}
	for child, want := range map[int]int{first: a.pid, a.pid: os.Getpid(), os.Getpid(): os.Getppid()} {
		if got, err := kernel.Parent(child); err != nil || got != want {
			t.Errorf("parent of %d: %d, %v; want %d", child, got, err, want)
		}
	}
	all, err := kernel.Processes()
	if err != nil || !slices.Contains(all, first) || !slices.Contains(all, os.Getpid()) {
		t.Errorf("%d and %d are not among %v (%v)", first, os.Getpid(), all, err)
	}
}

func TestStates(t *testing.T) {
	var tid int
	a := start(t, "reader", nil)
	a.hear(&tid)
	for signal, want := range map[unix.Signal]bool{unix.SIGCHLD: true, unix.SIGTERM: false} {
		if got, err := kernel.Ignores(a.pid, signal); err != nil || got != want {
			t.Errorf("it ignores %s: %v, %v", unix.SignalName(signal), got, err)
		}
	}
	if kernel.Stopped(a.pid) || kernel.Gone(a.pid) {
		t.Error("it is stopped, or has gone")
	}
	a.stop()
	eventually(t, "it is stopped", func() bool { return kernel.Stopped(a.pid) })
	if state, err := kernel.State(a.pid); err != nil || state != 'T' {
		t.Errorf("state %c, %v", state, err)
	}
	if err := unix.Kill(a.pid, unix.SIGKILL); err != nil {
		t.Fatal(err)
	}
	eventually(t, "it has gone", func() bool { return kernel.Gone(a.pid) })
	if state, err := kernel.State(a.pid); err != nil || state != 'Z' {
		t.Errorf("state %c, %v of one that nobody has reaped", state, err)
	}
	if _, err := unix.Wait4(a.pid, nil, 0, nil); err != nil {
		t.Fatal(err)
	}
	if _, err := kernel.State(a.pid); !errors.Is(err, kernel.ErrGone) || !kernel.Gone(a.pid) || kernel.Stopped(a.pid) {
		t.Errorf("of one that was reaped: %v", err)
	}
	if children, err := kernel.Children(a.pid); err != nil || len(children) > 0 {
		t.Errorf("children of one that was reaped: %v, %v", children, err)
	}
}
