//go:build linux

package fleet

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"time"

	"golang.org/x/sys/unix"

	"prefork/internal/lan"
)

// host is one that serves: a prefork, and what starts it again when it has ended, as a
// service manager does.
type host struct {
	*lan.Host
	options Options
	pidFile string

	mu     sync.Mutex
	master *os.Process
	starts int
	pause  time.Duration // before the next start
	over   bool
	ended  chan struct{} // closed when nothing is started any more
	said   tail
}

// newHost starts one, and waits until it listens.
func newHost(at *lan.Host, o Options, pidFile string) (*host, error) {
	h := &host{Host: at, options: o, pidFile: pidFile, ended: make(chan struct{})}
	go h.keep()
	ctx, cancel := context.WithTimeout(context.Background(), startTime)
	defer cancel()
	if err := h.await(ctx, ""); err != nil {
		h.close()
		return nil, err
	}
	return h, nil
}

const (
	startTime = 15 * time.Second
	look      = 10 * time.Millisecond
	crashed   = 200 * time.Millisecond // before a start after one that has failed
)

// keep has the server run, until close.
func (h *host) keep() {
	defer close(h.ended)
	for {
		h.mu.Lock()
		over, pause := h.over, h.pause
		h.pause = 0
		h.mu.Unlock()
		if over {
			return
		}
		time.Sleep(pause)
		begun := time.Now()
		cmd, err := h.start()
		if err == nil {
			err = cmd.Wait()
		}
		if err != nil && time.Since(begun) < crashed {
			time.Sleep(crashed)
		}
	}
}

// start starts the server once.
func (h *host) start() (*exec.Cmd, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.over {
		return nil, unix.ECANCELED
	}
	cmd := exec.Command(h.options.Prefork, "serve", "--bind", fmt.Sprintf("%s:%d", h.Address, hostPort), "--app", "http", "--concurrency", "64",
		"--strategy", h.options.Strategy, "--workers", strconv.Itoa(h.options.Workers), "--pid-file", h.pidFile, "--log-format", "json",
		"--metrics", fmt.Sprintf("%s:%d", h.Address, healthPort), "--drain-delay", h.options.drain.String())
	cmd.Args[0] = "prefork"
	cmd.Stderr = &h.said
	if err := h.Start(cmd); err != nil {
		return nil, err
	}
	h.master = cmd.Process
	h.starts++
	return cmd, nil
}

// pid is that of the server that takes connections, as its pid file has it; "" if none does.
func (h *host) pid() string {
	text, _ := os.ReadFile(h.pidFile)
	return strings.TrimSpace(string(text))
}

// await waits until another server than one of a pid listens.
func (h *host) await(ctx context.Context, old string) error {
	for {
		if now := h.pid(); now != "" && now != old {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("host %s: no server within %s%s", h.Name, startTime, h.said.quoted())
		case <-time.After(look):
		}
	}
}

// restart stops the server as a service manager does, and waits until the next one listens.
func (h *host) restart(ctx context.Context) error {
	old := h.pid()
	h.signal(unix.SIGTERM)
	ctx, cancel := context.WithTimeout(ctx, startTime)
	defer cancel()
	return h.await(ctx, old)
}

// kill kills the server at once, master and workers, and has it come back after a while.
func (h *host) kill(away time.Duration) {
	h.mu.Lock()
	h.pause = away
	h.mu.Unlock()
	h.signal(unix.SIGKILL) // its workers end with it
}

func (h *host) signal(s unix.Signal) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.master != nil {
		_ = h.master.Signal(s)
	}
}

// close ends it.
func (h *host) close() {
	h.mu.Lock()
	h.over = true
	h.mu.Unlock()
	h.signal(unix.SIGTERM)
	h.signal(unix.SIGTERM) // which ends a --drain-delay
	kill := time.AfterFunc(startTime, func() { h.signal(unix.SIGKILL) })
	<-h.ended
	kill.Stop()
}

// tail keeps the last of what is written to it.
type tail struct {
	mu   sync.Mutex
	text []byte
}

const kept = 2 << 10

func (t *tail) Write(b []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.text = append(t.text, b...)
	t.text = t.text[max(0, len(t.text)-kept):]
	return len(b), nil
}

// quoted is that for an error, "" if there is nothing.
func (t *tail) quoted() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	if text := bytes.TrimSpace(t.text); len(text) > 0 {
		return "; it said: " + string(text)
	}
	return ""
}
