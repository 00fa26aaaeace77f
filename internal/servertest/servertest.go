//go:build linux

// Package servertest runs real preforks for tests: the test binary plays the
// command, so that what is tested is what the race detector was built into.
package servertest

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"prefork/internal/cli"
	"prefork/internal/scoreboard"
)

// patience is how long a test waits for an event before it fails. Nothing
// depends on it while all is well.
const patience = 30 * time.Second

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
	code := m.Run()
	if left := children(os.Getpid()); code == 0 && len(left) > 0 {
		fmt.Fprintln(os.Stderr, "children left behind:", left)
		code = 1
	}
	os.Exit(code)
}

// Command is the command prefork with args, not yet started.
func Command(args ...string) *exec.Cmd {
	self, err := os.Executable()
	if err != nil {
		panic(err)
	}
	cmd := exec.Command(self, args...)
	// The race detector makes every process sleep a second at its end otherwise.
	cmd.Env = append(os.Environ(), playEnv+"=1", "GORACE=atexit_sleep_ms=0")
	return cmd
}

// Server is a running master.
type Server struct {
	t     testing.TB
	cmd   *exec.Cmd
	Net   string // "tcp" or "unix"
	Addr  string
	log   *Log
	board *scoreboard.Board
	dead  chan struct{}
}

// Start starts prefork with args, on a free port unless they say --bind, and
// waits until all its workers are ready. The test's end stops it and checks that
// nothing of it is left.
func Start(t testing.TB, args ...string) *Server {
	t.Helper()
	s := Launch(t, args...)
	s.Await("ready", 1)
	s.board = openBoard(t, s.PID())
	return s
}

// Launch is Start without the wait for workers: the address is open.
func Launch(t testing.TB, args ...string) *Server {
	t.Helper()
	flags := []string{"--log-format", "json", "--log-level", "debug"}
	if !strings.Contains(strings.Join(args, " "), "--bind") {
		flags = append(flags, "--bind", "127.0.0.1:0")
	}
	s := &Server{t: t, cmd: Command(append(flags, args...)...), log: &Log{}, dead: make(chan struct{})}
	s.log.changed = sync.NewCond(&s.log.mu)
	s.cmd.Stderr = s.log
	s.cmd.Stdout = s.log
	if err := s.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() {
		_ = s.cmd.Wait()
		close(s.dead)
		s.log.close()
	}()
	t.Cleanup(s.end)
	listening := s.Await("listening", 1)
	s.Addr, s.Net = listening.String("address"), "tcp"
	if strings.HasPrefix(s.Addr, "/") {
		s.Net = "unix"
	}
	return s
}

// PID is the master's.
func (s *Server) PID() int { return s.cmd.Process.Pid }

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
	family := append(children(s.PID()), s.PID())
	select {
	case <-s.dead:
	default:
		_ = s.cmd.Process.Signal(syscall.SIGTERM)
		_ = s.cmd.Process.Signal(syscall.SIGCONT)
		for _, pid := range family {
			_ = unix.Kill(pid, unix.SIGCONT)
		}
	}
	select {
	case <-s.dead:
	case <-time.After(patience):
		s.t.Errorf("the master does not end; its log:\n%s", s.log)
		for _, pid := range family {
			_ = unix.Kill(pid, unix.SIGKILL)
		}
	}
	for _, pid := range family {
		Eventually(s.t, fmt.Sprintf("process %d is gone", pid), func() bool { return unix.Kill(pid, 0) != nil })
	}
	if s.t.Failed() {
		s.t.Logf("log:\n%s", s.log)
	}
}

// Board is the master's scoreboard, good after its death too.
func (s *Server) Board() *scoreboard.Board { return s.board }

// Workers are the pids of the ready workers, in slot order.
func (s *Server) Workers() (pids []int) {
	for slot := range scoreboard.MaxSlots {
		if sum := s.board.Slot(slot); sum.Ready {
			pids = append(pids, sum.PID)
		}
	}
	return pids
}

// Finished is how many connections were served, ever.
func (s *Server) Finished() (n uint64) {
	for slot := range scoreboard.MaxSlots {
		n += s.board.Slot(slot).Finished
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

// VoluntarySwitches is how often the main thread of a process has blocked: in a
// worker, the thread that accepts.
func VoluntarySwitches(t testing.TB, pid int) int {
	t.Helper()
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/task/%d/status", pid, pid))
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(status), "\nvoluntary_ctxt_switches:")
	var n int
	if _, err := fmt.Sscan(rest, &n); err != nil {
		t.Fatal(err)
	}
	return n
}

// children are the processes below one.
func children(pid int) (all []int) {
	files, _ := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/children", pid))
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			continue
		}
		for _, field := range strings.Fields(string(text)) {
			child, _ := strconv.Atoi(field)
			all = append(append(all, child), children(child)...)
		}
	}
	return all
}

// openBoard maps the scoreboard of a running master.
func openBoard(t testing.TB, pid int) *scoreboard.Board {
	t.Helper()
	links, _ := filepath.Glob(fmt.Sprintf("/proc/%d/fd/*", pid))
	for _, link := range links {
		if target, _ := os.Readlink(link); !strings.Contains(target, "prefork-scoreboard") {
			continue
		}
		file, err := os.OpenFile(link, os.O_RDWR, 0)
		if err != nil {
			t.Fatal(err)
		}
		defer file.Close()
		board, err := scoreboard.Map(int(file.Fd()))
		if err != nil {
			t.Fatal(err)
		}
		return board
	}
	t.Fatalf("process %d has no scoreboard", pid)
	return nil
}

// Log collects what a master says, and tells who waits for a line.
type Log struct {
	mu      sync.Mutex
	changed *sync.Cond
	text    bytes.Buffer
	closed  bool
}

// Record is one line of the log.
type Record map[string]any

// String is an attribute of the record.
func (r Record) String(key string) string {
	text, _ := r[key].(string)
	return text
}

// Int is an attribute of the record.
func (r Record) Int(key string) int {
	number, _ := r[key].(float64)
	return int(number)
}

func (l *Log) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	defer l.changed.Broadcast()
	return l.text.Write(b)
}

func (l *Log) close() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.closed = true
	l.changed.Broadcast()
}

func (l *Log) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

func (l *Log) await(message string, n int) (Record, error) {
	late := false
	timer := time.AfterFunc(patience, func() {
		l.mu.Lock()
		defer l.mu.Unlock()
		late = true
		l.changed.Broadcast()
	})
	defer timer.Stop()
	l.mu.Lock()
	defer l.mu.Unlock()
	for {
		if record, ok := find(l.text.Bytes(), message, n); ok {
			return record, nil
		}
		if l.closed {
			return nil, errors.New("the master has ended")
		}
		if late {
			return nil, errors.New("it took too long")
		}
		l.changed.Wait()
	}
}

func find(text []byte, message string, n int) (Record, bool) {
	lines := bufio.NewScanner(bytes.NewReader(text))
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		var record Record
		if json.Unmarshal(lines.Bytes(), &record) != nil || record.String("msg") != message {
			continue
		}
		if n--; n == 0 {
			return record, true
		}
	}
	return nil, false
}
