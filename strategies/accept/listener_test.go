//go:build linux

package accept

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"prefork/dispatch"
	"prefork/internal/sys"
)

// playEnv has the test binary be a worker: an HTTP server on Listen.
const playEnv = "PLAY_SERVER"

func TestMain(m *testing.M) {
	if os.Getenv(playEnv) != "" {
		if err := play(); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	os.Exit(m.Run())
}

// files is how many descriptors the server may have.
const files = 24

// play serves, with few descriptors, until its stdin ends.
func play() error {
	if err := os.Setenv("LISTEN_PID", strconv.Itoa(os.Getpid())); err != nil {
		return err
	}
	if err := unix.Setrlimit(unix.RLIMIT_NOFILE, &unix.Rlimit{Cur: files, Max: files}); err != nil {
		return err
	}
	ctx, stop := context.WithCancel(context.Background())
	go func() {
		_, _ = io.Copy(io.Discard, os.Stdin)
		stop()
	}()
	listener, err := Listen(ctx, "")
	if err != nil {
		return err
	}
	if flags, err := unix.FcntlInt(InheritedFD, unix.F_GETFD, 0); err != nil || flags&unix.FD_CLOEXEC == 0 {
		return fmt.Errorf("what this process starts keeps the address (flags %#x, %v)", flags, err)
	}
	err = http.Serve(listener, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "hello") }))
	if !errors.Is(err, net.ErrClosed) {
		return fmt.Errorf("the server gave up: %w", err)
	}
	return nil
}

// An HTTP server that runs out of descriptors goes on when it has some again, and
// resets no connection meanwhile: what it cannot hold, it does not take.
func TestAServerOutlivesItsDescriptors(t *testing.T) {
	for _, mode := range Modes {
		t.Run(mode.Name, func(t *testing.T) {
			fd, addr, err := sys.Listen("tcp", "127.0.0.1:0", nil)
			if err != nil {
				t.Fatal(err)
			}
			listener := os.NewFile(uintptr(fd), "listener")
			defer listener.Close()
			inherited, deliver := listener, func() {}
			if mode.Passed {
				inherited, deliver = pass(t, fd)
			} else if err := mode.Prepare(fd); err != nil {
				t.Fatal(err)
			}
			said, end := startServer(t, mode.Name, inherited)
			const clients = 3 * files
			var conns []net.Conn
			for range clients {
				conn, err := net.Dial("tcp", addr.String())
				if err != nil {
					t.Fatal(err)
				}
				defer conn.Close()
				_ = conn.SetDeadline(time.Now().Add(30 * time.Second))
				if _, err := io.WriteString(conn, "GET / HTTP/1.1\r\nHost: x\r\n\r\n"); err != nil {
					t.Fatal(err)
				}
				deliver()
				conns = append(conns, conn)
			}
			// In their order: later ones are only served when earlier ones go.
			for i, conn := range conns {
				response, err := http.ReadResponse(bufio.NewReader(conn), nil)
				if err != nil {
					t.Fatalf("client %d of %d: %v; the server says:\n%s", i, clients, err, said)
				}
				_ = response.Body.Close()
				_ = conn.Close()
			}
			if err := end(); err != nil {
				t.Errorf("the server's end: %v\n%s", err, said)
			}
			if !strings.Contains(said.String(), "too many open files") {
				t.Errorf("the server had enough descriptors; it says:\n%s", said)
			}
		})
	}
}

// startServer starts the server, and returns what it says and what ends it.
func startServer(t *testing.T, mode string, inherited *os.File) (said *bytes.Buffer, end func() error) {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	said = &bytes.Buffer{}
	server := exec.Command(self)
	server.Env = append(os.Environ(), playEnv+"=1", EnvAccept+"="+mode, "LISTEN_FDS=1")
	server.Stderr = said
	server.ExtraFiles = []*os.File{inherited}
	stdin, err := server.StdinPipe()
	if err == nil {
		err = server.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	ended := false
	end = func() error {
		ended = true
		return errors.Join(stdin.Close(), server.Wait())
	}
	t.Cleanup(func() {
		if !ended {
			_ = server.Process.Kill()
			_ = end()
		}
	})
	return said, end
}

// pass is a pair's end for a worker, and what passes the next connection on.
func pass(t *testing.T, listener int) (worker *os.File, deliver func()) {
	t.Helper()
	pair, err := dispatch.NewPair()
	if err != nil {
		t.Fatal(err)
	}
	worker = os.NewFile(uintptr(pair.Worker), "worker")
	t.Cleanup(func() { _ = errors.Join(worker.Close(), unix.Close(pair.Master)) })
	var sender dispatch.Sender
	return worker, func() {
		if ready, err := sys.Poll(listener, unix.POLLIN, -1); !ready || err != nil {
			t.Fatal(err)
		}
		conn, errno := sys.TryAccept(listener, 0)
		if errno != 0 {
			t.Fatal(errno)
		}
		defer sys.Close(conn)
		if err := sender.Send(pair.Master, []int{conn}); err != nil {
			t.Fatal(err)
		}
	}
}
