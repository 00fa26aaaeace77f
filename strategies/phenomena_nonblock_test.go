//go:build linux

package strategies_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"prefork/internal/scoreboard"
	"prefork/internal/servertest"
	"prefork/internal/worker"
	"prefork/strategies"
	"prefork/strategies/accept"
)

// O_NONBLOCK belongs to the description that all processes share: one that sets
// it, as net.FileListener does, makes the accepts of the others fail.
func TestNonblockIsEverybodys(t *testing.T) {
	listener, address := plainListener(t)
	acceptor := play(t, "accept", listener)
	said := bufio.NewScanner(acceptor)

	dial(t, address)
	if got := next(said); got != "accepted" {
		t.Fatalf("with a blocking socket accept said %q, want a connection", got)
	}
	if rest, err := io.ReadAll(play(t, "nonblock", listener)); err != nil || string(rest) != "" {
		t.Fatalf("setting O_NONBLOCK elsewhere: %v %s", err, rest)
	}
	// The accept that waits already had looked at the flag when it began.
	dial(t, address)
	if got := next(said); got != "accepted" {
		t.Errorf("the accept that was waiting said %q, want a connection", got)
	}
	if got := next(said); got != unix.EAGAIN.Error() {
		t.Errorf("the next accept said %q, want EAGAIN", got)
	}
}

// acceptUntilError is a process that knows nothing but accept.
func acceptUntilError() {
	for {
		conn, _, err := unix.Accept(accept.InheritedFD)
		if err != nil {
			fmt.Println(err)
			return
		}
		_ = unix.Close(conn)
		fmt.Println("accepted")
	}
}

// setNonblock is a process that wants its inherited socket non-blocking.
func setNonblock() {
	if err := unix.SetNonblock(accept.InheritedFD, true); err != nil {
		fmt.Println(err)
	}
}

// play starts a process in a role with the socket as descriptor 3, and returns
// what it says.
func play(t *testing.T, role string, listener *os.File) io.Reader {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	// Its end is the end of what it says, so that a test never waits for ever.
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	t.Cleanup(cancel)
	cmd := exec.CommandContext(ctx, self)
	cmd.Env = append(os.Environ(), roleEnv+"="+role, "GORACE=atexit_sleep_ms=0")
	cmd.ExtraFiles = []*os.File{listener}
	said, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		cancel()
		_ = cmd.Wait()
	})
	return said
}

func next(lines *bufio.Scanner) string {
	lines.Scan()
	return lines.Text()
}

// plainListener is a listening socket without anything of Go's about it.
func plainListener(t *testing.T) (file *os.File, address string) {
	t.Helper()
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	file = os.NewFile(uintptr(fd), "listener")
	t.Cleanup(func() { _ = file.Close() })
	if err := unix.Bind(fd, &unix.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}}); err != nil {
		t.Fatal(err)
	}
	if err := unix.Listen(fd, 16); err != nil {
		t.Fatal(err)
	}
	name, err := unix.Getsockname(fd)
	if err != nil {
		t.Fatal(err)
	}
	return file, fmt.Sprintf("127.0.0.1:%d", name.(*unix.SockaddrInet4).Port)
}

func dial(t *testing.T, address string) {
	t.Helper()
	conn, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
}

// A worker that finds the flag other than its mode needs it says so and leaves,
// rather than spin or make others starve.
func TestWorkerRefusesASocketOfAnotherMode(t *testing.T) {
	t.Setenv("GORACE", "atexit_sleep_ms=0")
	for _, mode := range accept.Listening() {
		t.Run(mode.Name, func(t *testing.T) {
			fd := sharedSocket(t, mode.Name)
			if err := unix.SetNonblock(fd, !mode.Nonblock); err != nil {
				t.Fatal(err)
			}
			code, said := runWorker(t, mode.Name, fd)
			want := fmt.Sprintf("accept mode %s needs O_NONBLOCK=%t", mode.Name, mode.Nonblock)
			if code != 1 || !strings.Contains(said, want) {
				t.Errorf("the worker ended with %d, want 1, and said %q, want %q in it", code, said, want)
			}
		})
	}
}

// sharedSocket is what a worker inherits under shared.
func sharedSocket(t *testing.T, mode string) int {
	t.Helper()
	shared, err := strategies.Lookup("shared")
	if err != nil {
		t.Fatal(err)
	}
	front, err := shared.Open(strategies.Config{
		Binds:   []strategies.Bind{{Network: "tcp", Address: "127.0.0.1:0"}},
		Backlog: 16,
		Accept:  mode,
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = front.Close() })
	files, err := front.Files(0)
	if err != nil {
		t.Fatal(err)
	}
	return files[0].FD
}

// runWorker runs a worker by itself, as a master would start it, until it ends.
func runWorker(t *testing.T, mode string, fd int) (code int, said string) {
	t.Helper()
	_, board, err := scoreboard.Create()
	if err != nil {
		t.Fatal(err)
	}
	defer board.Close()
	stderr, err := os.CreateTemp(t.TempDir(), "stderr")
	if err != nil {
		t.Fatal(err)
	}
	defer stderr.Close()
	launch := worker.Launch{
		Spec:       worker.Spec{App: "hello", Concurrency: 1},
		Strategy:   "shared",
		Accept:     mode,
		Scoreboard: int(board.Fd()),
	}
	pid, err := launch.Start(0, 0, []accept.File{{FD: fd, Name: "prefork"}}, stderr)
	if err != nil {
		t.Fatal(err)
	}
	code = awaitExit(t, pid)
	text, err := os.ReadFile(stderr.Name())
	if err != nil {
		t.Fatal(err)
	}
	return code, string(text)
}

func awaitExit(t *testing.T, pid int) int {
	t.Helper()
	var status syscall.WaitStatus
	defer func() {
		if !status.Exited() { // it serves
			_ = syscall.Kill(pid, syscall.SIGKILL)
			_, _ = syscall.Wait4(pid, nil, 0, nil)
		}
	}()
	servertest.Eventually(t, "the worker ends", func() bool {
		got, err := syscall.Wait4(pid, &status, syscall.WNOHANG, nil)
		return err == nil && got == pid
	})
	return status.ExitStatus()
}
