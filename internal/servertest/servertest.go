//go:build linux

// Package servertest runs real preforks for tests: the test binary plays the
// command, so that what is tested is what the race detector was built into.
package servertest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"prefork/internal/cli"
	"prefork/internal/control"
	"prefork/internal/kernel"
	"prefork/internal/scoreboard"
)

// patience is how long a test waits for an event before it fails. Nothing
// depends on it while all is well.
const patience = 30 * time.Second

// runtimeEnv is the directory of control sockets; see control.Place.
const runtimeEnv = "RUNTIME_DIRECTORY"

// playEnv turns the test binary into the command.
const playEnv = "PLAY_PREFORK"

// Main is for TestMain: it runs the tests, or the command or a worker if that is
// what this process was started as, and fails if tests leave children behind.
func Main(m *testing.M) {
	if code, isWorker := cli.Worker(); isWorker {
		os.Exit(code)
	}
	if os.Getenv(playEnv) != "" {
		os.Exit(cli.Run(context.Background(), os.Args, os.Stdout, os.Stderr))
	}
	// The race detector makes every process sleep a second at its end otherwise.
	_ = os.Setenv("GORACE", "atexit_sleep_ms=0")
	// Control sockets of tests are not among those of this machine's servers.
	sockets, err := os.MkdirTemp("", "sockets-")
	if err == nil {
		err = os.Setenv(runtimeEnv, sockets)
	}
	if err != nil {
		panic(err)
	}
	code := m.Run()
	_ = os.RemoveAll(sockets)
	if left := family(os.Getpid())[1:]; code == 0 && len(left) > 0 {
		fmt.Fprintln(os.Stderr, "children left behind:", left)
		code = 1
	}
	os.Exit(code)
}

// PlayInChildren has every child that runs this binary play the command, for what
// runs itself again. It is for a test that starts no other children.
func PlayInChildren(t *testing.T) { t.Setenv(playEnv, "1") }

// Command is the command prefork with args, not yet started.
func Command(args ...string) *exec.Cmd {
	self, err := os.Executable()
	if err != nil {
		panic(err)
	}
	cmd := exec.Command(self, args...)
	cmd.Env = append(os.Environ(), playEnv+"=1")
	return cmd
}

// Server is a running master.
type Server struct {
	t      testing.TB
	cmd    *exec.Cmd
	Net    string // "tcp" or "unix"
	Addr   string
	log    *Log
	scores scoreboard.Scores
	dead   chan struct{}
}

// Start starts prefork with args, on a free port unless they say --bind, and
// waits until all its workers are ready. The test's end stops it and checks that
// nothing of it is left.
func Start(t testing.TB, args ...string) *Server {
	t.Helper()
	return StartAs(t, func(*exec.Cmd) {}, args...)
}

// Launch is Start without the wait for workers: the address is open.
func Launch(t testing.TB, args ...string) *Server {
	t.Helper()
	return launch(t, func(*exec.Cmd) {}, args...)
}

// StartAs is Start with a command that who has changed.
func StartAs(t testing.TB, who func(*exec.Cmd), args ...string) *Server {
	t.Helper()
	s := launch(t, who, args...)
	s.Await("ready", 1)
	var err error
	if s.scores, err = scoreboard.Of(s.PID()); err != nil {
		t.Fatal(err)
	}
	return s
}

// AsNobody has a command run as an ordinary user, from a copy of the test binary
// that such a user may run. Who is not root is one already.
func AsNobody(t testing.TB) func(*exec.Cmd) {
	t.Helper()
	if os.Getuid() != 0 {
		return func(*exec.Cmd) {}
	}
	dir, err := os.MkdirTemp("", "prefork-nobody-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	self, err := os.ReadFile("/proc/self/exe")
	path := filepath.Join(dir, "prefork")
	if err := errors.Join(err, os.WriteFile(path, self, 0o755), os.Chmod(dir, 0o755)); err != nil {
		t.Fatal(err)
	}
	const nobody = 65534
	sockets := filepath.Join(dir, "run")
	if err := errors.Join(os.Mkdir(sockets, 0o700), os.Chown(sockets, nobody, nobody)); err != nil {
		t.Fatal(err)
	}
	return func(cmd *exec.Cmd) {
		cmd.Path, cmd.Dir = path, dir
		cmd.Env = append(cmd.Env, runtimeEnv+"="+sockets)
		cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: nobody, Gid: nobody}}
	}
}

func launch(t testing.TB, who func(*exec.Cmd), args ...string) *Server {
	t.Helper()
	flags := []string{"--log-format", "json", "--log-level", "debug"}
	if !slices.Contains(args, "--bind") {
		flags = append(flags, "--bind", "127.0.0.1:0")
	}
	s := &Server{t: t, cmd: Command(append(flags, args...)...), log: &Log{}, dead: make(chan struct{})}
	s.log.changed = sync.NewCond(&s.log.mu)
	who(s.cmd)
	// A pipe of our own: workers and heirs hold it after the master has ended.
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	s.cmd.Stdout, s.cmd.Stderr = w, w
	err = s.cmd.Start()
	_ = w.Close()
	if err != nil {
		t.Fatal(err)
	}
	go func() {
		_, _ = io.Copy(s.log, r)
		_ = r.Close()
		s.log.close()
	}()
	go func() {
		_ = s.cmd.Wait()
		close(s.dead)
	}()
	t.Cleanup(s.end)
	s.at(1)
	return s
}

// at has it asked at its nth address.
func (s *Server) at(n int) {
	s.t.Helper()
	s.Addr, s.Net = s.Await("listening", n).String("address"), "tcp"
	if strings.HasPrefix(s.Addr, "/") || strings.HasPrefix(s.Addr, "@") {
		s.Net = "unix"
	}
}

// Each is the server once for each of its n addresses, to be asked there.
func (s *Server) Each(n int) (each []*Server) {
	s.t.Helper()
	for i := range n {
		one := *s
		one.at(i + 1)
		each = append(each, &one)
	}
	return each
}

// PID is the master's.
func (s *Server) PID() int { return s.cmd.Process.Pid }

// Control connects to the master's control socket, which is the one that it has by itself.
func (s *Server) Control() *control.Client {
	s.t.Helper()
	client, err := control.Dial(filepath.Join(os.Getenv(runtimeEnv), fmt.Sprintf("%d.sock", s.PID())))
	if err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(func() { _ = client.Close() })
	return client
}

// Signal sends the master a signal.
func (s *Server) Signal(sig syscall.Signal) {
	s.t.Helper()
	if err := s.cmd.Process.Signal(sig); err != nil {
		s.t.Fatalf("signal %v: %v", sig, err)
	}
}

// Stop stops the master and returns its exit code.
func (s *Server) Stop(sig syscall.Signal) int {
	s.t.Helper()
	s.Signal(sig)
	return s.Wait()
}

// Wait waits until the master has ended and returns its exit code, -1 after a
// signal.
func (s *Server) Wait() int {
	s.t.Helper()
	select {
	case <-s.dead:
	case <-time.After(patience):
		s.t.Fatalf("the master does not end; its log:\n%s", s.log)
	}
	return s.cmd.ProcessState.ExitCode()
}

// end is the test's end: everything must be gone.
func (s *Server) end() {
	all := family(s.PID())
	select {
	case <-s.dead:
	default:
		_ = s.cmd.Process.Signal(syscall.SIGTERM)
		_ = s.cmd.Process.Signal(syscall.SIGCONT)
		for _, pid := range all {
			_ = unix.Kill(pid, unix.SIGCONT)
		}
	}
	select {
	case <-s.dead:
	case <-time.After(patience):
		s.t.Errorf("the master does not end; its log:\n%s", s.log)
		for _, pid := range all {
			_ = unix.Kill(pid, unix.SIGKILL)
		}
	}
	for _, pid := range all {
		Eventually(s.t, fmt.Sprintf("process %d is gone", pid), func() bool { return kernel.Gone(pid) })
	}
	if s.t.Failed() {
		s.t.Logf("log:\n%s", s.log)
	}
}

// Scores are the master's scoreboard, good after its death too.
func (s *Server) Scores() scoreboard.Scores { return s.scores }

// Workers are the pids of the ready workers, in slot order.
func (s *Server) Workers() (pids []int) {
	for slot := range scoreboard.MaxSlots {
		if pid := s.scores.Ready(slot); pid != 0 {
			pids = append(pids, pid)
		}
	}
	return pids
}

// Finished is how many connections were served, ever.
func (s *Server) Finished() (n uint64) {
	for slot := range scoreboard.MaxSlots {
		n += s.scores.Slot(slot).Finished
	}
	return n
}

// Dial connects.
func (s *Server) Dial() net.Conn {
	s.t.Helper()
	conn, err := net.DialTimeout(s.Net, s.Addr, patience)
	if err != nil {
		s.t.Fatal(err)
	}
	_ = conn.SetDeadline(time.Now().Add(patience))
	return conn
}

// Ask connects, reads the greeting and returns the worker's pid.
func (s *Server) Ask() int {
	s.t.Helper()
	pid, err := s.TryAsk()
	if err != nil {
		s.t.Fatalf("ask %s: %v", s.Addr, err)
	}
	return pid
}

// TryAsk is Ask where failing may be right.
func (s *Server) TryAsk() (pid int, err error) {
	conn, err := net.DialTimeout(s.Net, s.Addr, patience)
	if err != nil {
		return 0, err
	}
	defer conn.Close()
	return Greeting(conn)
}

// Greeting reads a greeting from a connection and returns the pid in it.
func Greeting(conn net.Conn) (pid int, err error) {
	_ = conn.SetDeadline(time.Now().Add(patience))
	text, err := io.ReadAll(conn)
	if err != nil {
		return 0, err
	}
	if _, err := fmt.Sscanf(string(text), "Hello from %d\n", &pid); err != nil {
		return 0, fmt.Errorf("greeting %q: %w", text, err)
	}
	return pid, nil
}

// Await waits until the log has n records with this message, and returns the
// last of them.
func (s *Server) Await(message string, n int) Record {
	s.t.Helper()
	record, err := s.log.await(message, n)
	if err != nil {
		s.t.Fatalf("no %q in the log: %v\n%s", message, err, s.log)
	}
	return record
}

// LogText is everything the master and its workers have said.
func (s *Server) LogText() string { return s.log.String() }

// Eventually waits until a condition holds, or fails.
func Eventually(t testing.TB, what string, holds func() bool) {
	t.Helper()
	for deadline := time.Now().Add(patience); !holds(); time.Sleep(2 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("it never came about that %s", what)
		}
	}
}

// family is a process and all below it.
func family(pid int) []int {
	all, err := kernel.Family(pid)
	if err != nil {
		panic(err) // nothing else here could be believed
	}
	return all
}

// Wakes is how often all threads of a process together have blocked.
func Wakes(t testing.TB, pid int) int {
	t.Helper()
	n, err := kernel.Switches(pid)
	if err != nil {
		t.Fatal(err)
	}
	return int(n)
}
