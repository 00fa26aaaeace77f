//go:build linux

package kernel_test

import (
	"errors"
	"os"
	"os/exec"
	"testing"
	"time"

	"github.com/prometheus/procfs"
	"golang.org/x/sys/unix"

	"prefork/internal/kernel"
)

// Two readings of one clock, from inside and from outside, are in order, and a thread
// that has ended is in both.
func TestProcessCPU(t *testing.T) {
	var inEnded, before, after int
	a := start(t, "burner", nil)
	a.hear(&inEnded, &before)
	got, err := kernel.ProcessCPU(a.pid)
	a.tell()
	a.hear(&after)
	if err != nil || int(got) < before || int(got) > after {
		t.Errorf("%v, %v; the process itself said %v and then %v", got, err, time.Duration(before), time.Duration(after))
	}
	if int(got) < inEnded {
		t.Errorf("%v; a thread that has ended had used %v", got, time.Duration(inEnded))
	}
	if own, err := kernel.ProcessCPU(os.Getpid()); err != nil || own <= 0 || own > clock(unix.CLOCK_PROCESS_CPUTIME_ID) {
		t.Errorf("this process: %v, %v", own, err)
	}
}

// The kernel's two ways to tell what a process has used are the same but for the ticks.
func TestUsageOfAStoppedProcessIsThatOfProcfs(t *testing.T) {
	const tick = 10 * time.Millisecond
	var ignored int
	a := start(t, "burner", nil)
	a.hear(&ignored, &ignored)
	a.stop()
	eventually(t, "it is stopped", func() bool { return kernel.Stopped(a.pid) })
	usage, err := kernel.Used(a.pid)
	if err != nil {
		t.Fatal(err)
	}
	process, err := procfs.NewProc(a.pid)
	if err != nil {
		t.Fatal(err)
	}
	stat, err := process.Stat()
	if err != nil {
		t.Fatal(err)
	}
	if lost := usage.CPU - time.Duration(stat.UTime+stat.STime)*tick; lost < 0 || lost >= 2*tick {
		t.Errorf("%v used, and %d + %d ticks", usage.CPU, stat.UTime, stat.STime)
	}
	threads, err := procfs.AllThreads(a.pid)
	if err != nil {
		t.Fatal(err)
	}
	var want uint64
	for _, thread := range threads {
		status, err := thread.NewStatus()
		if err != nil {
			t.Fatal(err)
		}
		want += status.VoluntaryCtxtSwitches
	}
	if usage.Switches != want || want == 0 {
		t.Errorf("%d switches, procfs says %d", usage.Switches, want)
	}
}

// What the kernel tells of ended children to their parent, it tells to others in ticks.
func TestReapedCPU(t *testing.T) {
	const tick = 10 * time.Millisecond
	before, err := kernel.ReapedCPU(os.Getpid())
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), playEnv+"=short", "GORACE=atexit_sleep_ms=0")
	if err := cmd.Run(); err != nil {
		t.Fatal(err)
	}
	got, err := kernel.ReapedCPU(os.Getpid())
	if err != nil || got-before <= shortUse-2*tick { // one tick may be begun in each of two fields
		t.Errorf("%v after a child that used %v, %v before it (%v)", got, shortUse, before, err)
	}
	var all unix.Rusage
	if err := unix.Getrusage(unix.RUSAGE_CHILDREN, &all); err != nil {
		t.Fatal(err)
	}
	want := time.Duration(all.Utime.Nano() + all.Stime.Nano())
	if lost := want - got; lost < 0 || lost >= 2*tick {
		t.Errorf("%v, getrusage says %v", got, want)
	}
}

func TestUsageOfTheDead(t *testing.T) {
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), playEnv+"=short", "GORACE=atexit_sleep_ms=0")
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	pid := cmd.Process.Pid
	eventually(t, "it is a zombie", func() bool { state, _ := kernel.State(pid); return state == 'Z' })
	if usage, err := kernel.Used(pid); err != nil || usage.CPU < shortUse {
		t.Errorf("a zombie: %+v, %v; it has used %v", usage, err, shortUse)
	}
	if err := cmd.Wait(); err != nil {
		t.Fatal(err)
	}
	for _, pid := range []int{pid, 0, -1, 1 << 30} {
		if usage, err := kernel.Used(pid); !errors.Is(err, kernel.ErrGone) {
			t.Errorf("process %d: %+v, %v", pid, usage, err)
		}
	}
	if _, err := kernel.ReapedCPU(pid); !errors.Is(err, kernel.ErrGone) {
		t.Error(err)
	}
}

func TestUsageIsNeverLess(t *testing.T) {
	before, after := kernel.Usage{CPU: 5, Switches: 7}, kernel.Usage{CPU: 8, Switches: 3}
	if got := after.Sub(before); got != (kernel.Usage{CPU: 3}) {
		t.Errorf("%+v", got)
	}
}
