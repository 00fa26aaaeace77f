//go:build linux

package load_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net"
	"os"
	"os/exec"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/prometheus/procfs"

	"prefork/bench/load"
	"prefork/internal/kernel"
	"prefork/internal/servertest"
)

// orderEnv has the test binary carry out an order as any program does, and be
// killed at it.
const orderEnv = "LOAD_TEST_ORDER"

func TestMain(m *testing.M) {
	if text := os.Getenv(orderEnv); text != "" && !load.IsGenerator() {
		var o load.Order
		_ = json.Unmarshal([]byte(text), &o)
		_, _ = load.Start(context.Background(), o, func(load.Mark) { fmt.Println("measuring") })
		return
	}
	servertest.Main(m)
}

// generators are the children of a process that are at an order.
func generators(pid int) (pids []int) {
	children, _ := kernel.Children(pid)
	for _, child := range children {
		if args, _ := kernel.Arguments(child); len(args) > 0 && strings.HasPrefix(args[0], "prefork: load") {
			pids = append(pids, child)
		}
	}
	return pids
}

// A connection's descriptor goes with it.
func TestNoDescriptorIsLost(t *testing.T) {
	o := order(servertest.Start(t, "-w", "2"))
	o.Clients, o.Warmup = 4, o.Length
	_, err := load.Start(context.Background(), o, func(m load.Mark) {
		if m != load.Measuring {
			return
		}
		for _, pid := range generators(os.Getpid()) {
			if files, err := kernel.Descriptors(pid); len(files) == 0 || len(files) > 20 {
				t.Errorf("%d descriptors open for 4 clients (%v)", len(files), err)
			}
		}
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestMarks(t *testing.T) {
	s := servertest.Start(t, "-w", "2")
	for _, threads := range []int{1, 2} {
		o := order(s)
		o.Clients, o.Warmup, o.Threads = 2, 100*time.Millisecond, threads
		var marks []load.Mark
		var at []time.Duration
		begun := time.Now()
		r, err := load.Start(context.Background(), o, func(m load.Mark) {
			marks, at = append(marks, m), append(at, time.Since(begun))
		})
		if err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(marks, []load.Mark{load.Measuring, load.Measured}) {
			t.Fatalf("marks %v", marks)
		}
		if at[0] < o.Warmup || at[1] < o.Warmup+o.Length || at[1]-at[0] < o.Length/4 {
			t.Errorf("marks at %v, want %v and %v", at, o.Warmup, o.Warmup+o.Length)
		}
		if used := r.CPU; used <= 0 || used > time.Duration(threads+1)*o.Length {
			t.Errorf("%v of processor time in %v", used, o.Length)
		}
	}
}

// A mark is told when it passes, not when all is over.
func TestMarksComeAtOnce(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	marks := 0
	o := load.Order{Address: listen(t, silent), Clients: 1, Length: 50 * time.Millisecond, Timeout: time.Hour}
	_, err := load.Start(ctx, o, func(load.Mark) {
		if marks++; marks == 2 {
			cancel()
		}
	})
	if err == nil || marks != 2 {
		t.Errorf("%d marks, error %v; want 2 and the generator killed", marks, err)
	}
	if left := generators(os.Getpid()); len(left) > 0 {
		t.Errorf("generators left behind: %v", left)
	}
}

// A generator does not outlive who started it.
func TestGeneratorDiesWithItsParent(t *testing.T) {
	order, err := json.Marshal(load.Order{Address: listen(t, silent), Clients: 1, Length: time.Hour, Timeout: time.Hour})
	if err != nil {
		t.Fatal(err)
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	parent := exec.Command(self)
	parent.Env = append(os.Environ(), orderEnv+"="+string(order))
	out, err := parent.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := parent.Start(); err != nil {
		t.Fatal(err)
	}
	_, readErr := out.Read(make([]byte, 1)) // it measures
	children := generators(parent.Process.Pid)
	_ = parent.Process.Kill()
	_ = parent.Wait()
	if readErr != nil || len(children) != 1 {
		t.Fatalf("generators %v, %v; want one", children, readErr)
	}
	servertest.Eventually(t, "the generator is gone", func() bool { return kernel.Gone(children[0]) })
}

// A generator that was held up says so: what it did not begin in time was due.
func TestMissedRate(t *testing.T) {
	o := load.Order{Address: listen(t, slow(0)), Rate: 500, Warmup: 50 * time.Millisecond, Length: 300 * time.Millisecond, Timeout: 10 * time.Second}
	healthy := carryOut(t, o)
	if healthy.Due < 100 || healthy.Begun < healthy.Due*3/4 {
		t.Errorf("%d of %d begun by a healthy generator", healthy.Begun, healthy.Due)
	}
	r, err := load.Start(context.Background(), o, func(m load.Mark) {
		if m != load.Measuring {
			return
		}
		for _, pid := range generators(os.Getpid()) {
			_ = syscall.Kill(pid, syscall.SIGSTOP)
			<-time.After(2 * o.Length) // until it is too late for all that was due
			_ = syscall.Kill(pid, syscall.SIGCONT)
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	if r.Due != healthy.Due || r.Begun > healthy.Due/2 {
		t.Errorf("%d of %d begun by one that was stopped, %d were due", r.Begun, r.Due, healthy.Due)
	}
}

// Ten thousand open connections, or nearly as many on a busy machine, cost little
// memory.
func TestManyOpen(t *testing.T) {
	var limit syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil || limit.Max < 12_000 {
		t.Skipf("at most %d files may be open", limit.Max)
	}
	address := listen(t, func(conn net.Conn) {
		_, _ = fmt.Fprint(conn, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
		for b := make([]byte, 256); ; {
			if _, err := conn.Read(b); err != nil {
				return
			}
		}
	})
	o := load.Order{Address: address, Protocol: load.HTTP, Rate: 5000, Requests: -1, Think: time.Minute,
		Warmup: 2 * time.Second, Length: 100 * time.Millisecond, Timeout: 10 * time.Second}
	peak := 0
	r, err := load.Start(context.Background(), o, func(m load.Mark) {
		if m == load.Measuring {
			peak = peakKiB(generators(os.Getpid()))
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%d connections open at most, %d MiB", r.MaxOpen, peak>>10)
	behind := r.Begun < r.Due // on a machine with much else to do; what it has begun stays open
	if r.MaxOpen < 8000 && !behind || r.MaxOpen < r.Begun || len(r.Errors) > 0 {
		t.Errorf("%d connections open, %d of %d begun, errors %v, lag %d µs", r.MaxOpen, r.Begun, r.Due, r.Errors, r.Lag.Max())
	}
	if peak == 0 || peak > 200<<10 {
		t.Errorf("the generator took %d KiB, want less than 200 MiB", peak)
	}
}

// peakKiB is the most memory that processes have had in use.
func peakKiB(pids []int) (sum int) {
	for _, pid := range pids {
		process, err := procfs.NewProc(pid)
		if err != nil {
			continue
		}
		status, _ := process.NewStatus()
		sum += int(status.VmHWM >> 10)
	}
	return sum
}
