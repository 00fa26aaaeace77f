//go:build linux

// Package workers_test runs every example as the worker of a real master.
package workers_test

import (
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"prefork/internal/kernel"
	"prefork/internal/servertest"
)

func TestMain(m *testing.M) { servertest.Main(m) }

// example is one program of this directory.
type example struct {
	file       string
	strategies []string
	command    func(t *testing.T) []string
	silent     bool   // never says READY=1
	request    string // what a client must say before it is greeted
	alone      bool   // works without a master too
}

var (
	inherited = []string{"shared", "reuseport"}
	passed    = []string{"dispatch"}
)

var examples = []example{
	{file: "worker.rb", strategies: inherited, command: run("ruby", "worker.rb")},
	{file: "worker.py", strategies: inherited, command: run("python3", "worker.py")},
	{file: "worker.js", strategies: inherited, command: run("node", "worker.js"), silent: true},
	{file: "c", strategies: inherited, command: build("cc", "-Wall", "-Wextra", "-Werror", "c/worker.c")},
	{file: "dispatch_worker.rb", strategies: passed, command: run("ruby", "dispatch_worker.rb")},
	{file: "dispatch_worker.py", strategies: passed, command: run("python3", "dispatch_worker.py")},
	{
		file: "go", strategies: slices.Concat(inherited, passed), command: build("go", "build", "./go"),
		request: "GET / HTTP/1.0\r\n\r\n", alone: true,
	},
}

func run(interpreter, file string) func(*testing.T) []string {
	return func(t *testing.T) []string {
		need(t, interpreter)
		return []string{interpreter, file}
	}
}

// build is for compilers that take -o before what they compile.
func build(compiler ...string) func(*testing.T) []string {
	return func(t *testing.T) []string {
		need(t, compiler[0])
		binary := filepath.Join(t.TempDir(), "worker")
		source := len(compiler) - 1
		args := slices.Concat(compiler[1:source], []string{"-o", binary}, compiler[source:])
		if output, err := exec.Command(compiler[0], args...).CombinedOutput(); err != nil {
			t.Fatalf("%s: %v\n%s", compiler[0], err, output)
		}
		return []string{binary}
	}
}

// need skips a test for which this machine lacks a tool. CI must have them all.
func need(t *testing.T, tool string) {
	t.Helper()
	if _, err := exec.LookPath(tool); err == nil {
		return
	}
	if os.Getenv("CI") == "true" {
		t.Fatalf("%s is not installed", tool)
	}
	t.Skipf("%s is not installed", tool)
}

func TestExamples(t *testing.T) {
	for _, e := range examples {
		t.Run(e.file, func(t *testing.T) {
			command := e.command(t)
			for _, strategy := range e.strategies {
				t.Run(strategy, func(t *testing.T) {
					s := start(t, e, strategy, command)
					s.everyWorkerAnswers()
					s.nothingLeaks()
					s.endsWhenTold()
					s.queueSurvivesKill()
					s.stopLosesNothing()
				})
			}
		})
	}
}

// TestUnixAddress has the examples accept from another family of sockets.
func TestUnixAddress(t *testing.T) {
	for _, e := range examples {
		if !slices.Contains(e.strategies, "shared") {
			continue
		}
		t.Run(e.file, func(t *testing.T) {
			address := "unix:" + filepath.Join(t.TempDir(), "socket")
			s := start(t, e, "shared", e.command(t), "--bind", address)
			s.everyWorkerAnswers()
			s.stopLosesNothing()
		})
	}
}

// TestMasterGone kills the master, whose death is all that these workers hear.
func TestMasterGone(t *testing.T) {
	for _, e := range examples {
		if !slices.Contains(e.strategies, "dispatch") {
			continue
		}
		t.Run(e.file, func(t *testing.T) {
			s := start(t, e, "dispatch", e.command(t), "--on-master-death", "serve")
			s.everyWorkerAnswers()
			workers := s.Workers()
			t.Cleanup(func() { signalAll(workers, unix.SIGKILL) })
			s.Stop(syscall.SIGKILL)
			for _, pid := range workers {
				servertest.Eventually(t, fmt.Sprintf("worker %d ends", pid), func() bool { return kernel.Gone(pid) })
			}
		})
	}
}

// TestWithoutMaster starts the examples in the way that a reader may try first.
func TestWithoutMaster(t *testing.T) {
	for _, e := range examples {
		if e.alone {
			continue
		}
		t.Run(e.file, func(t *testing.T) {
			command := e.command(t)
			output, err := exec.Command(command[0], command[1:]...).CombinedOutput()
			if err == nil || !strings.Contains(string(output), "start me with: prefork") {
				t.Errorf("%v: %s; want a failure that says what to do", err, output)
			}
		})
	}
}

// service is a master with two workers that run an example.
type service struct {
	*servertest.Server
	t        *testing.T
	example  example
	strategy string
}

const workerCount = 2

func start(t *testing.T, e example, strategy string, command []string, flags ...string) *service {
	t.Helper()
	readyAfter := "1h" // only READY=1 can make it ready in time
	if e.silent {
		readyAfter = "50ms"
	}
	args := slices.Concat(
		// Half of the time is for the queue, before a program is told: see stopLosesNothing.
		[]string{"--strategy", strategy, "--workers", fmt.Sprint(workerCount), "--ready-after", readyAfter, "--graceful-timeout", "6s"},
		flags, []string{"--"}, command)
	return &service{servertest.Start(t, args...), t, e, strategy}
}

// dial connects and sends the request.
func (s *service) dial() net.Conn {
	s.t.Helper()
	conn := s.Dial()
	if s.example.request == "" {
		return conn // even an empty write would fail if the worker has closed already
	}
	if _, err := io.WriteString(conn, s.example.request); err != nil {
		s.t.Fatal(err)
	}
	return conn
}

// ask returns the pid of the worker that answers.
func (s *service) ask() int {
	s.t.Helper()
	conn := s.dial()
	defer conn.Close()
	pid, err := greeting(conn)
	if err != nil {
		s.t.Fatal(err)
	}
	return pid
}

// greeting reads what must be exactly a greeting, but for the header that goes
// before it in HTTP.
func greeting(conn net.Conn) (pid int, err error) {
	text, err := io.ReadAll(conn)
	if err != nil {
		return 0, err
	}
	body := string(text)
	if _, after, isHTTP := strings.Cut(body, "\r\n\r\n"); isHTTP {
		body = after
	}
	_, err = fmt.Sscanf(body, "Hello from %d\n", &pid)
	if err != nil || body != fmt.Sprintf("Hello from %d\n", pid) {
		return 0, fmt.Errorf("%q is no greeting: %v", text, err)
	}
	return pid, nil
}

// crew waits for as many ready workers as there are to be, none of them among
// the dead, and returns their pids.
func (s *service) crew(dead ...int) (pids []int) {
	s.t.Helper()
	servertest.Eventually(s.t, "all workers are ready", func() bool {
		pids = s.Workers()
		return len(pids) == workerCount && !slices.ContainsFunc(pids, func(pid int) bool { return slices.Contains(dead, pid) })
	})
	return pids
}

func (s *service) everyWorkerAnswers() {
	s.t.Helper()
	workers := s.crew()
	if s.strategy == "shared" {
		s.eachAnswersAlone(workers)
		return
	}
	answered := map[int]bool{}
	servertest.Eventually(s.t, "every worker answers", func() bool {
		pid := s.ask()
		if !slices.Contains(workers, pid) {
			s.t.Fatalf("%d answers, which is none of the workers %d", pid, workers)
		}
		answered[pid] = true
		return len(answered) == len(workers)
	})
}

// eachAnswersAlone stops the others each time: of several that wait for one
// socket by poll, the same one may win for long.
func (s *service) eachAnswersAlone(workers []int) {
	s.t.Helper()
	for _, pid := range workers {
		others := slices.DeleteFunc(slices.Clone(workers), func(p int) bool { return p == pid })
		s.pause(others)
		got := s.ask()
		signalAll(others, unix.SIGCONT)
		if got != pid {
			s.t.Errorf("%d answers, while only %d runs", got, pid)
		}
	}
}

func (s *service) nothingLeaks() {
	s.t.Helper()
	workers := s.crew()
	before := map[int]int{}
	for _, pid := range workers {
		before[pid] = openFiles(s.t, pid)
	}
	for range 50 {
		s.ask()
	}
	for _, pid := range workers {
		servertest.Eventually(s.t, fmt.Sprintf("worker %d has closed its connections", pid), func() bool {
			return openFiles(s.t, pid) <= before[pid]
		})
	}
}

// endsWhenTold sends the stop signal to one worker. The master asked for
// nothing, so it reports how the worker ended.
func (s *service) endsWhenTold() {
	s.t.Helper()
	told := s.crew()[0]
	signalAll([]int{told}, unix.SIGTERM)
	if how := s.Await("worker ended unasked", 1).String("how"); how != "exited with status 0" {
		s.t.Errorf("after SIGTERM the worker %s", how)
	}
	s.crew(told)
}

// queueSurvivesKill kills one worker for which connections are queued. The
// other is paused, so the first answer can only be its successor's.
func (s *service) queueSurvivesKill() {
	s.t.Helper()
	workers := s.crew()
	killed, paused := workers[0], workers[1]
	s.pause(workers)
	answers := s.queue()
	signalAll([]int{killed}, unix.SIGKILL)
	successor := s.crew(killed)[0]
	if first := <-answers; first.pid != successor || first.err != nil {
		s.t.Errorf("first answer: from %d (%v), want the successor %d of %d", first.pid, first.err, successor, killed)
	}
	signalAll([]int{paused}, unix.SIGCONT)
	s.allAnswered(answers, queued-1)
}

// stopLosesNothing stops everything while connections are queued.
func (s *service) stopLosesNothing() {
	s.t.Helper()
	workers := s.crew()
	s.pause(workers)
	answers := s.queue()
	s.Signal(syscall.SIGTERM)
	for _, pid := range workers {
		servertest.Eventually(s.t, fmt.Sprintf("worker %d is told to stop", pid), func() bool {
			return pending(s.t, pid, unix.SIGTERM)
		})
	}
	signalAll(workers, unix.SIGCONT)
	s.allAnswered(answers, queued)
	if code := s.Wait(); code != 0 {
		s.t.Errorf("exit code %d, want 0", code)
	}
	if log := s.LogText(); strings.Contains(log, "worker killed") {
		s.t.Errorf("a worker had to be killed:\n%s", log)
	}
}

// queued is how many connections wait at once. That the kernel's hash gives none
// of so many to one of two workers is as likely as 1 in 2²⁴.
const queued = 24

type answer struct {
	pid int
	err error
}

// queue connects so many times, and returns the answers as they come.
func (s *service) queue() <-chan answer {
	s.t.Helper()
	answers := make(chan answer, queued)
	for range queued {
		conn := s.dial()
		go func() {
			defer conn.Close()
			pid, err := greeting(conn)
			answers <- answer{pid, err}
		}()
	}
	return answers
}

func (s *service) allAnswered(answers <-chan answer, n int) {
	s.t.Helper()
	for range n {
		if a := <-answers; a.err != nil {
			s.t.Errorf("a queued connection was lost: %v", a.err)
		}
	}
}

// pause stops processes and waits until they have stopped.
func (s *service) pause(pids []int) {
	s.t.Helper()
	signalAll(pids, unix.SIGSTOP)
	for _, pid := range pids {
		servertest.Eventually(s.t, fmt.Sprintf("process %d pauses", pid), func() bool { return kernel.Stopped(pid) })
	}
}
