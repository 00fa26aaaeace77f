//go:build linux

package main

import (
	"context"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"prefork/internal/kernel"
)

// startTimeout is how long a server may take until it listens.
const startTimeout = 10 * time.Second

// warmup is how many seconds a server is loaded before it is measured: its
// workers choose how to wait by what they have seen.
const warmup = 0.5

// result is one round of one server, or of one client.
type result struct {
	cpu  float64 // microseconds a connection
	rate float64 // connections a second
}

// command is a server's, for a port that is free.
type command func(port string) []string

// start starts a server and waits until it answers. The caller must end it.
func start(ctx context.Context, of command) (server *exec.Cmd, port string, err error) {
	if port, err = freePort(); err != nil {
		return nil, "", err
	}
	args := of(port)
	server = exec.CommandContext(ctx, args[0], args[1:]...)
	server.Stderr = os.Stderr
	server.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
	if err := server.Start(); err != nil {
		return nil, "", err
	}
	if err := awaitListener(port); err != nil {
		end(server)
		return nil, "", fmt.Errorf("%s: %w", strings.Join(args, " "), err)
	}
	return server, port, nil
}

// measure starts a server, loads it for a round and ends it.
func (p plan) measure(ctx context.Context, dir string, of command) (result, error) {
	server, port, err := start(ctx, of)
	if err != nil {
		return result{}, err
	}
	defer end(server)
	if _, err := load(ctx, dir, port, p.clients, warmup); err != nil {
		return result{}, err
	}
	before := treeCPU(server.Process.Pid)
	client, err := load(ctx, dir, port, p.clients, p.seconds)
	if err != nil {
		return result{}, err
	}
	used := treeCPU(server.Process.Pid) - before
	return result{cpu: perConn(used, client.rate*p.seconds), rate: client.rate}, nil
}

// end kills a server and waits until its workers are gone too.
func end(server *exec.Cmd) {
	family, _ := kernel.Family(server.Process.Pid)
	for _, pid := range family {
		_ = syscall.Kill(pid, syscall.SIGKILL)
	}
	_ = server.Wait()
	for _, pid := range family {
		for deadline := time.Now().Add(startTimeout); !kernel.Gone(pid) && time.Now().Before(deadline); {
			time.Sleep(time.Millisecond)
		}
	}
}

func freePort() (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	defer l.Close()
	_, port, err := net.SplitHostPort(l.Addr().String())
	return port, err
}

// awaitListener waits until the server answers.
func awaitListener(port string) error {
	for deadline := time.Now().Add(startTimeout); ; time.Sleep(10 * time.Millisecond) {
		conn, err := net.Dial("tcp", "127.0.0.1:"+port)
		if err == nil {
			_, err = io.ReadAll(conn)
			_ = conn.Close()
		}
		if err == nil {
			return nil
		}
		if time.Now().After(deadline) {
			return fmt.Errorf("does not listen: %w", err)
		}
	}
}

// load runs load.c, which spreads over 127.0.0.0/8, for a round. The result's
// processor time is the client's.
func load(ctx context.Context, dir, port string, clients int, seconds float64) (result, error) {
	cmd := exec.CommandContext(ctx, filepath.Join(dir, "load"), port, strconv.Itoa(clients), fmt.Sprint(seconds))
	text, err := cmd.Output()
	if err != nil {
		return result{}, fmt.Errorf("load: %w: %s", err, text)
	}
	var rate float64
	var errors int
	if _, err := fmt.Sscanf(string(text), "%f conn/s errors=%d", &rate, &errors); err != nil {
		return result{}, fmt.Errorf("load said %q: %w", text, err)
	}
	if errors > 0 {
		return result{}, fmt.Errorf("load saw %d errors", errors)
	}
	used := cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()
	return result{cpu: perConn(used, rate*seconds), rate: rate}, nil
}

// perConn is microseconds a connection.
func perConn(used time.Duration, conns float64) float64 {
	return float64(used.Nanoseconds()) / 1e3 / conns
}

// treeCPU is the processor time that a process and those below it have used.
func treeCPU(pid int) (sum time.Duration) {
	family, _ := kernel.Family(pid)
	for _, member := range family {
		used, _ := kernel.ProcessCPU(member)
		sum += used
	}
	return sum
}
