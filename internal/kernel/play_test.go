//go:build linux

package kernel_test

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"runtime"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// playEnv makes the test binary one of the processes that are looked at.
const playEnv = "KERNEL_TEST_PLAY"

var plays = map[string]func(in *bufio.Reader){
	"reader":     reader,
	"burner":     burner,
	"short":      func(*bufio.Reader) { use(shortUse) },
	"parent":     parent,
	"without":    func(*bufio.Reader) { withoutProc() },
	"other pids": func(*bufio.Reader) { reportProc() },
}

// An actor's main goroutine keeps the first thread, which outlives all that end in it: so
// that other threads can end.
func init() {
	if os.Getenv(playEnv) != "" {
		runtime.LockOSThread()
	}
}

func TestMain(m *testing.M) {
	play, found := plays[os.Getenv(playEnv)]
	if !found {
		os.Exit(m.Run())
	}
	play(bufio.NewReader(os.Stdin))
}

// actor is a process that plays a part, and says what it has come to, line by line.
type actor struct {
	t   *testing.T
	pid int
	in  io.WriteCloser
	out *bufio.Reader
}

// start starts an actor, whom the test's end ends.
func start(t *testing.T, play string, attr *syscall.SysProcAttr) *actor {
	t.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), playEnv+"="+play, "GORACE=atexit_sleep_ms=0")
	cmd.SysProcAttr, cmd.Stderr = attr, os.Stderr
	in, inErr := cmd.StdinPipe()
	out, outErr := cmd.StdoutPipe()
	if err := errors.Join(inErr, outErr); err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		if attr != nil {
			t.Skip("no namespaces here: ", err)
		}
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = in.Close()
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	})
	if err := out.(*os.File).SetReadDeadline(time.Now().Add(patience)); err != nil {
		t.Fatal(err)
	}
	return &actor{t, cmd.Process.Pid, in, bufio.NewReader(out)}
}

// tell lets the actor go on.
func (a *actor) tell() {
	a.t.Helper()
	if _, err := io.WriteString(a.in, "\n"); err != nil {
		a.t.Fatal(err)
	}
}

// hear reads what the actor says next into values.
func (a *actor) hear(values ...any) {
	a.t.Helper()
	line, err := a.out.ReadString('\n')
	if err == nil {
		_, err = fmt.Sscan(line, values...)
	}
	if err != nil {
		a.t.Fatalf("it said %q: %v", line, err)
	}
}

// stop stops an actor, so that nothing about it changes any more.
func (a *actor) stop() {
	a.t.Helper()
	if err := unix.Kill(a.pid, unix.SIGSTOP); err != nil {
		a.t.Fatal(err)
	}
}

// reader has a thread that waits for bytes, one after the other.
func reader(*bufio.Reader) {
	signal.Ignore(unix.SIGCHLD)
	fmt.Println(unix.Gettid())
	for {
		if n, err := unix.Read(0, make([]byte, 1)); n == 0 && err == nil {
			return
		}
	}
}

// burner uses processor time in a thread that then ends, says how much, and then says
// what its whole process has used whenever it is told to.
func burner(in *bufio.Reader) {
	used := make(chan [2]int)
	go func() {
		runtime.LockOSThread() // and never unlocks: the thread ends
		use(50 * time.Millisecond)
		used <- [2]int{unix.Gettid(), int(clock(unix.CLOCK_THREAD_CPUTIME_ID))}
	}()
	ended := <-used
	for unix.Tgkill(os.Getpid(), ended[0], 0) == nil {
		time.Sleep(time.Millisecond)
	}
	for fmt.Println(ended[1], int(clock(unix.CLOCK_PROCESS_CPUTIME_ID))); ; fmt.Println(int(clock(unix.CLOCK_PROCESS_CPUTIME_ID))) {
		if _, err := in.ReadString('\n'); err != nil {
			return
		}
	}
}

// shortUse is the processor time that a short actor uses.
const shortUse = 60 * time.Millisecond

// use uses processor time in its thread.
func use(d time.Duration) {
	runtime.LockOSThread()
	for clock(unix.CLOCK_THREAD_CPUTIME_ID) < d {
		for range 100_000 { // user time, whereas to ask costs system time
		}
	}
}

func clock(id int32) time.Duration {
	var now unix.Timespec
	_ = unix.ClockGettime(id, &now)
	return time.Duration(now.Nano())
}

// parent starts two children that end with it, from threads of their own.
func parent(in *bufio.Reader) {
	pids := make(chan int)
	for range 2 {
		go func() {
			runtime.LockOSThread()
			cmd := exec.Command(os.Args[0])
			cmd.Env = append(os.Environ(), playEnv+"=reader")
			_, _ = cmd.StdinPipe()
			_ = cmd.Start()
			pids <- cmd.Process.Pid
			select {}
		}()
	}
	fmt.Println(<-pids, <-pids)
	_, _ = in.ReadString('\n')
}

// patience is for what comes within milliseconds.
const patience = 30 * time.Second

// eventually waits until a condition holds.
func eventually(t *testing.T, what string, holds func() bool) {
	t.Helper()
	for deadline := time.Now().Add(patience); !holds(); time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("it never came about that %s", what)
		}
	}
}
