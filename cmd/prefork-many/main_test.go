//go:build linux

package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"prefork/bench/many/hub"
	"prefork/bench/result"
	"prefork/internal/cli"
	"prefork/internal/kernel"
	"prefork/internal/lan"
)

// patience is how long a test waits for an event before it fails.
const patience = 2 * time.Minute

// TestMain runs the tests, or what this process was started as: a worker or a generator,
// prefork, prefork-many, or a NATS.
func TestMain(m *testing.M) {
	if code, isWorker := cli.Worker(); isWorker {
		os.Exit(code)
	}
	switch filepath.Base(os.Args[0]) {
	case "prefork":
		os.Exit(cli.Run(context.Background(), os.Args, os.Stdout, os.Stderr))
	case "prefork-many":
		main()
	case "broker":
		broker()
		os.Exit(0)
	}
	code := m.Run()
	if _, err := unix.Wait4(-1, nil, unix.WNOHANG, nil); code == 0 && !errors.Is(err, unix.ECHILD) {
		fmt.Fprintln(os.Stderr, "a child was left behind")
		code = 1
	}
	os.Exit(code)
}

const secret = "between-us"

// broker is a NATS until its stdin ends.
func broker() {
	port, _ := strconv.Atoi(os.Args[2])
	b, err := hub.StartBroker(os.Args[1], port, secret)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	fmt.Fprintln(os.Stderr, b.URL)
	_, _ = io.Copy(io.Discard, os.Stdin)
	b.Stop()
}

// process is one that this test has started.
type process struct {
	t      *testing.T
	name   string
	cmd    *exec.Cmd
	in     io.Closer
	stdout bytes.Buffer
	ended  chan struct{}

	mu   sync.Mutex
	said []string // lines on stderr
	more chan struct{}
}

// start starts what this binary can be, on a host or, if that is nil, here.
func start(t *testing.T, h *lan.Host, name string, args ...string) *process {
	t.Helper()
	cmd := exec.Command("/proc/self/exe", args...)
	cmd.Args[0] = name
	return startCommand(t, h, cmd)
}

// startPath starts a copy of this binary under the name that it is called by.
func startPath(t *testing.T, path string, args ...string) *process {
	t.Helper()
	return startCommand(t, nil, exec.Command(path, args...))
}

func startCommand(t *testing.T, h *lan.Host, cmd *exec.Cmd) *process {
	t.Helper()
	p := &process{t: t, name: strings.Join(cmd.Args, " "), cmd: cmd, ended: make(chan struct{}), more: make(chan struct{}, 1)}
	p.cmd.Env = append(os.Environ(), "GORACE=atexit_sleep_ms=0")
	p.cmd.Stdout = &p.stdout
	p.cmd.WaitDelay = 10 * time.Second
	stderr, err := p.cmd.StderrPipe()
	if err == nil {
		p.in, err = p.cmd.StdinPipe()
	}
	if err == nil && h != nil {
		err = h.Start(p.cmd)
	} else if err == nil {
		err = p.cmd.Start()
	}
	if err != nil {
		t.Fatalf("%s: %v", p.name, err)
	}
	read := make(chan struct{})
	go func() {
		defer close(read)
		for lines := bufio.NewScanner(stderr); lines.Scan(); {
			p.mu.Lock()
			p.said = append(p.said, lines.Text())
			p.mu.Unlock()
			select {
			case p.more <- struct{}{}:
			default:
			}
		}
	}()
	go func() {
		<-read
		_ = p.cmd.Wait()
		close(p.ended)
	}()
	t.Cleanup(func() { p.stop(unix.SIGTERM) })
	return p
}

// stop ends it, and waits for that.
func (p *process) stop(by unix.Signal) {
	_ = p.cmd.Process.Signal(by)
	_ = p.in.Close()
	select {
	case <-p.ended:
	case <-time.After(patience):
		_ = p.cmd.Process.Kill()
		p.t.Errorf("%s does not end: %s", p.name, p.words())
	}
}

// words is what it has said.
func (p *process) words() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return strings.Join(p.said, "\n")
}

// hear waits until it has said something, and returns the line.
func (p *process) hear(text string) string {
	p.t.Helper()
	for late := time.After(patience); ; {
		for line := range strings.Lines(p.words()) {
			if strings.Contains(line, text) {
				return strings.TrimSpace(line)
			}
		}
		select {
		case <-p.more:
		case <-p.ended:
			if !strings.Contains(p.words(), text) {
				p.t.Fatalf("%s has ended (%s) without a word of %q:\n%s", p.name, p.cmd.ProcessState, text, p.words())
			}
		case <-late:
			p.t.Fatalf("%s has not said %q:\n%s", p.name, text, p.words())
		}
	}
}

// fails waits for its end, which is to be with a code and such words.
func (p *process) fails(code int, words ...string) {
	p.t.Helper()
	p.end()
	if got := p.cmd.ProcessState.ExitCode(); got != code {
		p.t.Errorf("%s: exit code %d, want %d:\n%s", p.name, got, code, p.words())
	}
	for _, text := range words {
		if !strings.Contains(p.words(), text) {
			p.t.Errorf("%s: no word of %q:\n%s", p.name, text, p.words())
		}
	}
}

func (p *process) end() {
	p.t.Helper()
	select {
	case <-p.ended:
	case <-time.After(patience):
		p.t.Fatalf("%s has not ended:\n%s", p.name, p.words())
	}
}

// result waits for its end, and reads what it has found.
func (p *process) result() (r result.Result) {
	p.t.Helper()
	p.end()
	if err := json.Unmarshal(p.stdout.Bytes(), &r); err != nil {
		p.t.Fatalf("%s (%s): %v\n%s", p.name, p.cmd.ProcessState, err, p.words())
	}
	return r
}

// natsAt starts a NATS, on a host or here, and returns its URL.
func natsAt(t *testing.T, h *lan.Host, port int) (*process, string) {
	t.Helper()
	address := "127.0.0.1"
	if h != nil {
		address = h.Address.String()
	}
	p := start(t, h, "broker", address, strconv.Itoa(port))
	return p, p.hear("nats://")
}

// agentAt starts an agent and waits until it is there.
func agentAt(t *testing.T, h *lan.Host, url, name string, more ...string) *process {
	t.Helper()
	p := start(t, h, "prefork-many", append([]string{"bench", "agent", "--nats", url, "--name", name}, more...)...)
	p.hear("agent " + name + " is there")
	return p
}

// generators are the load generators that a process has.
func (p *process) generators() (pids []int) {
	children, _ := kernel.Children(p.cmd.Process.Pid)
	for _, child := range children {
		if args, _ := kernel.Arguments(child); len(args) > 0 && strings.HasPrefix(args[0], "prefork: load") {
			pids = append(pids, child)
		}
	}
	return pids
}
