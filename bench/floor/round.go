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
)

// startTimeout is how long a server may take until it listens.
const startTimeout = 10 * time.Second

// warmup is how many seconds a server is loaded before it is measured: its
// workers choose how to wait by what they have seen.
const warmup = 0.5

// result is one round of one server.
type result struct {
	cpu  float64 // server CPU, microseconds a connection
	rate float64 // connections a second
}

// measure starts a server on a free port, loads it for a round and ends it.
func (p plan) measure(ctx context.Context, dir string, command func(port string) []string) (result, error) {
	port, err := freePort()
	if err != nil {
		return result{}, err
	}
	args := command(port)
	server := exec.CommandContext(ctx, args[0], args[1:]...)
	server.Stderr = os.Stderr
	server.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
	if err := server.Start(); err != nil {
		return result{}, err
	}
	defer end(server)
	if err := awaitListener(port); err != nil {
		return result{}, fmt.Errorf("%s: %w", strings.Join(args, " "), err)
	}
	if _, err := load(ctx, dir, port, p.clients, warmup); err != nil {
		return result{}, err
	}
	before := treeCPU(server.Process.Pid)
	rate, err := load(ctx, dir, port, p.clients, p.seconds)
	if err != nil {
		return result{}, err
	}
	used := treeCPU(server.Process.Pid) - before
	return result{cpu: float64(used.Nanoseconds()) / 1e3 / (rate * p.seconds), rate: rate}, nil
}

// end kills a server and waits until its workers are gone too.
func end(server *exec.Cmd) {
	family := tree(server.Process.Pid)
	for _, pid := range family {
		_ = syscall.Kill(pid, syscall.SIGKILL)
	}
	_ = server.Wait()
	for _, pid := range family {
		for deadline := time.Now().Add(startTimeout); syscall.Kill(pid, 0) == nil && time.Now().Before(deadline); {
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

// load runs the load generator, which spreads over 127.0.0.0/8, for a round and returns connections a second.
func load(ctx context.Context, dir, port string, clients int, seconds float64) (float64, error) {
	cmd := exec.CommandContext(ctx, filepath.Join(dir, "load"), port, strconv.Itoa(clients), fmt.Sprint(seconds))
	text, err := cmd.Output()
	if err != nil {
		return 0, fmt.Errorf("load: %w: %s", err, text)
	}
	var rate float64
	var errors int
	if _, err := fmt.Sscanf(string(text), "%f conn/s errors=%d", &rate, &errors); err != nil {
		return 0, fmt.Errorf("load said %q: %w", text, err)
	}
	if errors > 0 {
		return 0, fmt.Errorf("load saw %d errors", errors)
	}
	return rate, nil
}

// treeCPU is the processor time that a process and those below it have used, by
// the scheduler's own count (the first field of schedstat, in nanoseconds).
func treeCPU(pid int) (used time.Duration) {
	for _, member := range tree(pid) {
		files, _ := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/schedstat", member))
		for _, file := range files {
			text, err := os.ReadFile(file)
			if err != nil {
				continue
			}
			first, _, _ := strings.Cut(string(text), " ")
			ns, _ := strconv.ParseInt(first, 10, 64)
			used += time.Duration(ns)
		}
	}
	return used
}

// tree is a process and all below it.
func tree(pid int) []int {
	all := []int{pid}
	files, _ := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/children", pid))
	for _, file := range files {
		text, _ := os.ReadFile(file)
		for field := range strings.FieldsSeq(string(text)) {
			if child, err := strconv.Atoi(field); err == nil {
				all = append(all, tree(child)...)
			}
		}
	}
	return all
}
