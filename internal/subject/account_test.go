//go:build linux

package subject_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"prefork/internal/kernel"
	"prefork/internal/servertest"
	"prefork/internal/subject"
)

// playEnv makes the test binary a server that uses processor time, and those whom it
// starts for that.
const playEnv = "SUBJECT_TEST_PLAY"

// A player's main goroutine keeps the first thread, which outlives all that end in it.
func init() {
	if os.Getenv(playEnv) != "" {
		runtime.LockOSThread()
	}
}

func TestMain(m *testing.M) {
	switch {
	case os.Getenv(playEnv) == "":
		servertest.Main(m)
	case os.Args[1] == "server":
		serveBurns(os.Args[2], os.Args[3])
	default:
		playBurner(os.Args[1])
	}
}

// toBurn is how much processor time is used up: much more than the ticks in which the
// kernel tells of that of children.
const toBurn = 800 * time.Millisecond

// burns are the ways to do it, each of which returns how much it was, by the clock of
// whoever did it.
var burns = map[string]func() time.Duration{
	"process":                    func() time.Duration { return burn(unix.CLOCK_PROCESS_CPUTIME_ID) },
	"thread that ends":           inThread,
	"child":                      func() time.Duration { return inChild("child", nil) },
	"grandchild that is reaped":  func() time.Duration { return inChild("parent", nil) },
	"child that is killed":       func() time.Duration { return inChild("child that stays", (*os.Process).Kill) },
	"grandchild without parents": orphan,
}

// What a server has used is in its account, whoever has done it and ended since.
func TestAccountHoldsWhatTheEndedHaveUsed(t *testing.T) {
	if err := subject.Adopt(); err != nil {
		t.Fatal(err)
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	t.Setenv(playEnv, "1")
	for way := range burns {
		t.Run(way, func(t *testing.T) {
			runtime.LockOSThread()
			defer runtime.UnlockOSThread()
			server, err := subject.StartPeer(context.Background(), "burner", fmt.Sprintf("%s server {port} '%s'", self, way), "127.0.0.1", 1)
			if err != nil {
				t.Fatal(err)
			}
			defer server.Stop()
			before := server.Account()
			burned := askToBurn(t, server.Address)
			after := server.Account()
			got := after.CPU - before.CPU
			if off := float64(got-burned) / float64(burned); off < -0.05 || off > 0.05 {
				t.Errorf("%s of processor time in the account, and %s were used", got, burned)
			}
			if own := after.Master - before.Master; (way == "process" || way == "thread that ends") != (own > burned/2) {
				t.Errorf("%s by the first process alone", own)
			}
		})
	}
}

// The account of a server that has ended is the kernel's, which tells its parent of all
// that it and its children have used.
func TestAccountOfTheEndedIsThatOfTheKernel(t *testing.T) {
	if err := subject.Adopt(); err != nil {
		t.Fatal(err)
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	t.Setenv(playEnv, "1")
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	used := childrenUsed()
	server, err := subject.StartPeer(context.Background(), "burner", self+" server {port} child", "127.0.0.1", 1)
	if err != nil {
		t.Fatal(err)
	}
	askToBurn(t, server.Address)
	last := server.Account()
	server.Stop()
	if total := childrenUsed() - used; last.CPU > total || float64(last.CPU) < 0.9*float64(total) {
		t.Errorf("%s in the account, %s by the kernel's (with the end of it)", last.CPU, total)
	}
	if ended := server.Account(); ended.CPU < last.CPU-20*time.Millisecond { // the last one had a tick or two for it
		t.Errorf("%s after its end, %s before", ended.CPU, last.CPU)
	}
}

// What all arms are charged together is what the kernel has charged this process for, once
// it has waited for them all: nothing is lost between them, and nothing is in two of them.
func TestAccountsOfAllArmsAddUp(t *testing.T) {
	if err := subject.Adopt(); err != nil {
		t.Fatal(err)
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	servertest.PlayInChildren(t)
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	used := childrenUsed()
	var servers []*subject.Server
	for _, strategy := range []string{"shared", "reuseport", "dispatch"} {
		server, err := subject.Start(context.Background(), strategy, "--bind", "127.0.0.1:0", "--strategy", strategy, "--workers", "2", "--app", "work")
		if err != nil {
			t.Fatal(err)
		}
		defer server.Stop()
		servers = append(servers, server)
	}
	burner, err := subject.StartPeer(context.Background(), "burner", fmt.Sprintf("env %s=1 %s server {port} child", playEnv, self), "127.0.0.1", 1)
	if err != nil {
		t.Fatal(err)
	}
	defer burner.Stop()
	for range 4 {
		for _, server := range servers {
			askToSpin(t, server.Address, toBurn/4)
		}
	}
	askToBurn(t, burner.Address)
	sum := time.Duration(0)
	for _, server := range append(servers, burner) {
		account := server.Account()
		if account.CPU < toBurn*9/10 {
			t.Errorf("%s is charged %s, and has used %s", server.Name, account.CPU, toBurn)
		}
		sum += account.CPU
	}
	for _, server := range append(servers, burner) {
		server.Stop()
	}
	if total := childrenUsed() - used; sum > total || float64(sum) < 0.9*float64(total) {
		t.Errorf("%s in all accounts, %s by the kernel's (with the end of all)", sum, total)
	}
}

// askToSpin has a worker use processor time.
func askToSpin(t *testing.T, address string, d time.Duration) {
	t.Helper()
	conn, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	fmt.Fprintf(conn, "spin %s\n", d)
	_ = conn.SetDeadline(time.Now().Add(time.Minute))
	if line, err := bufio.NewReader(conn).ReadString('\n'); err != nil || strings.HasPrefix(line, "error") {
		t.Fatalf("it said %q: %v", line, err)
	}
}

func childrenUsed() time.Duration {
	var r unix.Rusage
	_ = unix.Getrusage(unix.RUSAGE_CHILDREN, &r)
	return time.Duration(r.Utime.Nano() + r.Stime.Nano())
}

func askToBurn(t *testing.T, address string) time.Duration {
	t.Helper()
	conn, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	fmt.Fprintln(conn, "burn")
	_ = conn.SetDeadline(time.Now().Add(time.Minute))
	line, err := bufio.NewReader(conn).ReadString('\n')
	ns, parsed := strconv.Atoi(strings.TrimSpace(line))
	if err != nil || parsed != nil {
		t.Fatalf("it said %q: %v", line, err)
	}
	return time.Duration(ns)
}

// serveBurns burns for each connection that says anything.
func serveBurns(port, way string) {
	l, err := net.Listen("tcp4", "127.0.0.1:"+port)
	if err != nil {
		panic(err)
	}
	for {
		conn, err := l.Accept()
		if err != nil {
			panic(err)
		}
		if _, err := bufio.NewReader(conn).ReadString('\n'); err == nil {
			fmt.Fprintln(conn, int(burns[way]()))
		}
		_ = conn.Close()
	}
}

// burn uses processor time until a clock has gone on by toBurn.
func burn(clock int32) time.Duration {
	from := read(clock)
	for read(clock) < from+toBurn {
	}
	return read(clock) - from
}

func read(clock int32) time.Duration {
	var now unix.Timespec
	_ = unix.ClockGettime(clock, &now)
	return time.Duration(now.Nano())
}

func inThread() time.Duration {
	from := read(unix.CLOCK_PROCESS_CPUTIME_ID)
	used := make(chan time.Duration)
	tid := make(chan int, 1)
	go func() {
		runtime.LockOSThread() // and never unlocks: the thread ends
		tid <- unix.Gettid()
		used <- burn(unix.CLOCK_THREAD_CPUTIME_ID)
	}()
	<-used
	for id := <-tid; unix.Tgkill(os.Getpid(), id, 0) == nil; {
		time.Sleep(time.Millisecond)
	}
	return read(unix.CLOCK_PROCESS_CPUTIME_ID) - from // the thread's, and a little
}

// inChild has a child burn, which it ends in some way and waits for.
func inChild(play string, end func(*os.Process) error) time.Duration {
	cmd := exec.Command("/proc/self/exe", play)
	cmd.Stderr = os.Stderr
	in, _ := cmd.StdinPipe()
	out, err := cmd.StdoutPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		panic(err)
	}
	ns := heard(out)
	if end != nil {
		_ = end(cmd.Process)
	}
	_ = in.Close()
	_ = cmd.Wait()
	return ns
}

// heard is what somebody says that he has used.
func heard(out io.Reader) time.Duration {
	var ns int
	if _, err := fmt.Fscanln(out, &ns); err != nil {
		panic(err)
	}
	return time.Duration(ns)
}

// orphan has a grandchild burn that has lost its parent, and then kills it. Nobody waits
// for it but whoever has adopted it.
func orphan() time.Duration {
	cmd := exec.Command("/proc/self/exe", "parent that leaves")
	r, w, err := os.Pipe()
	cmd.Stdout, cmd.Stderr = w, os.Stderr
	if err == nil {
		err = cmd.Run()
	}
	if err != nil {
		panic(err)
	}
	var pid int
	if _, err := fmt.Fscanln(r, &pid); err != nil {
		panic(err)
	}
	ns := heard(r)
	_ = unix.Kill(pid, unix.SIGKILL)
	for !kernel.Gone(pid) {
		time.Sleep(time.Millisecond)
	}
	return ns
}

// playBurner is what a child does. All that its process has used it says at its end.
func playBurner(play string) {
	switch play {
	case "child", "child that stays":
		burn(unix.CLOCK_PROCESS_CPUTIME_ID)
		fmt.Println(int(read(unix.CLOCK_PROCESS_CPUTIME_ID)))
		if play == "child that stays" {
			_, _ = io.Copy(io.Discard, os.Stdin)
			select {}
		}
	case "parent":
		d := inChild("child", nil)
		fmt.Println(int(d + read(unix.CLOCK_PROCESS_CPUTIME_ID)))
	case "parent that leaves":
		cmd := exec.Command("/proc/self/exe", "child that stays")
		cmd.Stdout, cmd.Stderr = os.Stdout, os.Stderr
		if err := cmd.Start(); err != nil {
			panic(err)
		}
		fmt.Println(cmd.Process.Pid)
	}
}
