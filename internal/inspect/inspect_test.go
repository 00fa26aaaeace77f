//go:build linux

package inspect_test

import (
	"bufio"
	"errors"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/libp2p/go-reuseport"

	"prefork/internal/inspect"
)

// holdEnv turns the test binary into a process that holds what it inherits.
const holdEnv = "TEST_HOLD"

func TestMain(m *testing.M) {
	if os.Getenv(holdEnv) != "" {
		_, _ = os.Stdout.WriteString("holding\n")
		_, _ = bufio.NewReader(os.Stdin).ReadString('\n')
		os.Exit(0)
	}
	os.Exit(m.Run())
}

func TestListenerIsThisProcess(t *testing.T) {
	path := filepath.Join(t.TempDir(), "s")
	for _, c := range []struct{ network, listen, ask string }{
		{"tcp4", "127.0.0.1:0", "127.0.0.1"},
		{"tcp4", "127.0.0.1:0", ""}, // who wants every address wants this one too
		{"tcp4", "127.0.0.1:0", "0.0.0.0"},
		{"tcp4", "127.0.0.1:0", "localhost"},
		{"tcp4", "0.0.0.0:0", "127.0.0.1"},
		{"tcp6", "[::1]:0", "::1"},
		{"tcp6", "[::1]:0", ""},
		{"tcp", ":0", "127.0.0.1"}, // IPv4 and IPv6 at once
		{"tcp", ":0", "::1"},
		{"unix", path, ""},
	} {
		t.Run(c.listen+" for "+c.ask, func(t *testing.T) {
			listener, err := net.Listen(c.network, c.listen)
			if c.network == "tcp6" && err != nil {
				t.Skip("no IPv6 here: ", err)
			}
			if err != nil {
				t.Fatal(err)
			}
			defer listener.Close()
			network, address := "unix", path
			if tcp, ok := listener.Addr().(*net.TCPAddr); ok {
				network, address = "tcp", net.JoinHostPort(c.ask, strconv.Itoa(tcp.Port))
			}
			wantPID(t, network, address, os.Getpid())
		})
	}
}

func TestListenerOnAnotherAddressIsNotInTheWay(t *testing.T) {
	listener, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	port := strconv.Itoa(listener.Addr().(*net.TCPAddr).Port)
	notFound(t, "tcp", net.JoinHostPort("127.0.0.2", port))
	notFound(t, "tcp", net.JoinHostPort("::1", port))
	if only, err := net.Listen("tcp6", "[::]:0"); err == nil { // else there is no IPv6 here
		defer only.Close()
		port := strconv.Itoa(only.Addr().(*net.TCPAddr).Port)
		notFound(t, "tcp", net.JoinHostPort("127.0.0.1", port))
		wantPID(t, "tcp", net.JoinHostPort("::1", port), os.Getpid())
	}
	if err := listener.Close(); err != nil {
		t.Fatal(err)
	}
	notFound(t, "tcp", listener.Addr().String())
}

func TestListenerOnAnotherPathIsNotInTheWay(t *testing.T) {
	directory := t.TempDir()
	listener, err := net.Listen("unix", filepath.Join(directory, "s"))
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	notFound(t, "unix", filepath.Join(directory, "nobody"))
}

// TestListenerOnTheVeryAddressComesFirst has two processes on one port, of which
// only one has the address that is asked for.
func TestListenerOnTheVeryAddressComesFirst(t *testing.T) {
	everywhere, err := reuseport.Listen("tcp4", "0.0.0.0:0")
	if err != nil {
		t.Fatal(err)
	}
	_, port, err := net.SplitHostPort(everywhere.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	here, err := reuseport.Listen("tcp4", "127.0.0.1:"+port)
	if err != nil {
		t.Fatal(err)
	}
	defer here.Close()
	child := hold(t, everywhere)
	wantPID(t, "tcp", "127.0.0.1:"+port, os.Getpid())
	wantPID(t, "tcp", "127.0.0.2:"+port, child)
	wantPID(t, "tcp", ":"+port, child)
}

// TestListenerIsTheMaster has a parent and its child hold one socket.
func TestListenerIsTheMaster(t *testing.T) {
	listener, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	file, err := listener.(*net.TCPListener).File()
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	hold(t, file)
	wantPID(t, "tcp", listener.Addr().String(), os.Getpid())
}

// hold starts a child that holds a socket and, if it is a listener, closes ours:
// then the child alone has it. The test's end ends the child.
func hold(t *testing.T, socket any) (pid int) {
	t.Helper()
	file, isFile := socket.(*os.File)
	if !isFile {
		listener := socket.(*net.TCPListener)
		var err error
		if file, err = listener.File(); err != nil {
			t.Fatal(err)
		}
		defer file.Close()
		defer listener.Close()
	}
	child := exec.Command("/proc/self/exe")
	child.Env = append(os.Environ(), holdEnv+"=1", "GORACE=atexit_sleep_ms=0")
	child.ExtraFiles = []*os.File{file}
	stdin, inErr := child.StdinPipe()
	stdout, outErr := child.StdoutPipe()
	if err := errors.Join(inErr, outErr, child.Start()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := errors.Join(stdin.Close(), child.Wait()); err != nil {
			t.Error(err)
		}
	})
	if line, err := bufio.NewReader(stdout).ReadString('\n'); err != nil || strings.TrimSpace(line) != "holding" {
		t.Fatalf("child said %q, %v", line, err)
	}
	return child.Process.Pid
}

func wantPID(t *testing.T, network, address string, pid int) {
	t.Helper()
	if process, err := inspect.Listener(network, address); err != nil || process.PID != pid {
		t.Errorf("%s %s: %v, %v; want pid %d", network, address, process, err, pid)
	}
}

func notFound(t *testing.T, network, address string) {
	t.Helper()
	if process, err := inspect.Listener(network, address); !errors.Is(err, inspect.ErrUnknown) {
		t.Errorf("%s %s: %v, %v; want nobody", network, address, process, err)
	}
}

// TestWaitingCountsTheQueue connects without accepting, over two sockets of one
// port.
func TestWaitingCountsTheQueue(t *testing.T) {
	first, err := reuseport.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer first.Close()
	second, err := reuseport.Listen("tcp4", first.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer second.Close()
	port := first.Addr().(*net.TCPAddr).Port
	for want := range 8 {
		if got, err := inspect.Waiting(port); err != nil || got != want {
			t.Fatalf("%d connections wait, seen %d (%v)", want, got, err)
		}
		conn, err := net.Dial("tcp", first.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
	}
}
