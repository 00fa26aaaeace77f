//go:build linux

package servertest

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"os/exec"
	"regexp"
	"syscall"
	"testing"
	"time"

	"prefork/internal/kernel"
)

// Bare is a running master whose log is none of ours.
type Bare struct {
	Addr string
	cmd  *exec.Cmd
	dead chan struct{}
}

// banner is the first line of a server, in which its address is the third part.
var banner = regexp.MustCompile(`^prefork · [^·]* · (?:[^·]* · )?(127\.0\.0\.1:\d+) · `)

// StartBare starts prefork with args on a free port, and waits until that is open. who
// may say where the log goes. The test's end stops it, and checks that nothing of it
// is left.
func StartBare(t testing.TB, who func(*exec.Cmd), args ...string) *Bare {
	t.Helper()
	b := &Bare{cmd: Command(append([]string{"--bind", "127.0.0.1:0"}, args...)...), dead: make(chan struct{})}
	who(b.cmd)
	out, err := b.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := b.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	addresses := make(chan string, 1)
	go func() {
		lines := bufio.NewScanner(out)
		for lines.Scan() {
			if found := banner.FindStringSubmatch(lines.Text()); found != nil {
				addresses <- found[1]
			}
		}
		_, _ = io.Copy(io.Discard, out)
		_ = b.cmd.Wait()
		close(b.dead)
	}()
	t.Cleanup(func() { b.end(t) })
	select {
	case b.Addr = <-addresses:
	case <-time.After(patience):
		t.Fatal("it does not say where it listens")
	}
	return b
}

// PID is the master's.
func (b *Bare) PID() int { return b.cmd.Process.Pid }

// Signal sends the master a signal.
func (b *Bare) Signal(sig syscall.Signal) { _ = b.cmd.Process.Signal(sig) }

// Ask connects, reads the greeting and returns the worker's pid.
func (b *Bare) Ask(t testing.TB) int {
	t.Helper()
	conn, err := net.DialTimeout("tcp", b.Addr, patience)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	pid, err := Greeting(conn)
	if err != nil {
		t.Fatal(err)
	}
	return pid
}

// Stop stops the master and returns its exit code.
func (b *Bare) Stop(sig syscall.Signal) int {
	b.Signal(sig)
	return b.Wait()
}

// Wait waits until the master has ended and returns its exit code, -1 if it had to be
// killed.
func (b *Bare) Wait() int {
	select {
	case <-b.dead:
	case <-time.After(patience):
		_ = b.cmd.Process.Kill()
		<-b.dead
	}
	return b.cmd.ProcessState.ExitCode()
}

func (b *Bare) end(t testing.TB) {
	family := family(b.PID())[1:]
	b.Signal(syscall.SIGTERM)
	if b.Wait() == -1 && !t.Failed() {
		t.Error("the master does not end")
	}
	for _, pid := range family {
		Eventually(t, fmt.Sprintf("process %d is gone", pid), func() bool { return kernel.Gone(pid) })
	}
}
