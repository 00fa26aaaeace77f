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

// A thread that waits for a byte and gets one has switched, once at least; the others
// of its process are other threads.
func TestThreads(t *testing.T) {
	var tid int
	a := start(t, "reader", nil)
	a.hear(&tid)
	before := awaitReading(t, a.pid, tid)
	for range 5 {
		a.tell()
		eventually(t, "it waits again", func() bool { return thread(t, a.pid, tid).Switches > before.Switches })
		now := awaitReading(t, a.pid, tid)
		if now.Switches <= before.Switches {
			t.Errorf("%d switches, and %d before it has waited", now.Switches, before.Switches)
		}
		before = now
	}
	if _, ok, err := kernel.Waiting(a.pid, unix.SYS_ACCEPT4); ok || err != nil {
		t.Errorf("it waits for a connection: %v, %v", ok, err)
	}
	if own, err := kernel.ThreadCPU(os.Getpid(), os.Getpid()); err != nil || own <= 0 || own > clock(unix.CLOCK_PROCESS_CPUTIME_ID) {
		t.Errorf("this process's first thread: %v, %v", own, err)
	}
	if all, err := kernel.Switches(a.pid); err != nil || all < before.Switches {
		t.Errorf("%d switches of all, %d of one (%v)", all, before.Switches, err)
	}
}

func awaitReading(t *testing.T, pid, tid int) (thread kernel.Thread) {
	t.Helper()
	eventually(t, "it reads", func() bool {
		found, ok, err := kernel.Waiting(pid, unix.SYS_READ)
		if errors.Is(err, kernel.ErrUnseen) {
			t.Skip(err)
		}
		if err != nil {
			t.Fatal(err)
		}
		thread = found
		return ok && found.ID == tid
	})
	return thread
}

func thread(t *testing.T, pid, tid int) kernel.Thread {
	t.Helper()
	threads, err := kernel.Threads(pid)
	at := slices.IndexFunc(threads, func(one kernel.Thread) bool { return one.ID == tid })
	if err != nil || at < 0 {
		t.Fatalf("threads %v, %v; want %d among them", threads, err, tid)
	}
	return threads[at]
}
