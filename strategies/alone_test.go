//go:build linux

package strategies_test

import (
	"bytes"
	"fmt"
	"net"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"prefork/internal/servertest"
	"prefork/strategies"
)

// Where one master has a port, another one does not share it without a word, and is told
// who has it.
func TestAPortIsOneMasters(t *testing.T) {
	for _, steer := range []string{"hash", "cpu", "round-robin"} {
		t.Run(steer, func(t *testing.T) {
			servertest.NeedSteer(t, steer)
			first := servertest.Start(t, "-s", "reuseport", "-w", "2")
			for _, bind := range []string{first.Addr, first.Addr[strings.LastIndexByte(first.Addr, ':'):]} {
				said := refused(t, servertest.Command("-s", "reuseport", "--steer", steer, "-w", "2", "--bind", bind))
				if !strings.Contains(said, fmt.Sprintf("(pid %d)", first.PID())) {
					t.Errorf("--bind %s: %s; want to hear of pid %d", bind, said, first.PID())
				}
			}
			first.Ask()
		})
	}
}

// Of many that begin at once, one has the port.
func TestOneOfManyHasThePort(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	check(t, err)
	address := l.Addr().String()
	check(t, l.Close())
	const many = 6
	fronts := make(chan strategies.Front, many)
	for range many {
		go func() {
			s, _ := strategies.Lookup("reuseport")
			front, err := s.Open(strategies.Config{Binds: []strategies.Bind{{Network: "tcp", Address: address}}, Backlog: 10})
			if err != nil {
				front = nil
			}
			fronts <- front
		}()
	}
	won := 0
	for range many {
		if front := <-fronts; front != nil {
			won++
			defer func() { check(t, front.Close()) }()
		}
	}
	if won > 1 {
		t.Errorf("%d of %d have the port", won, many)
	}
}

// Sockets that a service manager has opened are used, whatever the strategy, and left as
// they are: they outlive the server, and what comes after its end waits there.
func TestGivenSocketsAreUsed(t *testing.T) {
	for name, c := range map[string]struct {
		reuse bool
		args  []string
	}{
		"shared":    {false, []string{"-s", "shared"}},
		"dispatch":  {false, []string{"-s", "dispatch"}},
		"reuseport": {true, []string{"-s", "reuseport"}},
	} {
		t.Run(name, func(t *testing.T) {
			socket := listenFor(t, "127.0.0.1:0", c.reuse)
			s := servertest.StartAs(t, activate(socket), append(c.args, "-w", "3")...)
			if s.Addr != addressOf(t, socket) {
				t.Errorf("it listens on %s, want %s", s.Addr, addressOf(t, socket))
			}
			for range 12 {
				s.Ask()
			}
			if code := s.Stop(unix.SIGTERM); code != 0 {
				t.Errorf("exit code %d", code)
			}
			late := s.Dial()
			defer late.Close()
			again := servertest.StartAs(t, activate(socket), append(c.args, "-w", "3", "--bind", s.Addr)...)
			if pid, err := servertest.Greeting(late); err != nil {
				t.Errorf("who came while nobody was there: %d, %v", pid, err)
			}
			again.Ask()
		})
	}
}

// What a given socket cannot be used for is said.
func TestGivenSocketsThatDoNotFit(t *testing.T) {
	for name, c := range map[string]struct {
		address string
		args    []string
		want    string
	}{
		"elsewhere": {"127.0.0.1:0", []string{"--bind", "127.0.0.1:1"}, "listens on 127.0.0.1:"},
		"family":    {"[::1]:0", []string{"--bind", "127.0.0.1:0"}, "listens on [::1]:"},
		"unix":      {"127.0.0.1:0", []string{"--bind", "unix:s"}, "--bind unix:s: this process was given a socket"},
		"alone":     {"127.0.0.1:0", []string{"-s", "reuseport"}, "ReusePort=true"},
		"workers":   {"127.0.0.1:0", []string{"-s", "reuseport", "--reuseport-bind", "worker"}, "LISTEN_FDS"},
	} {
		t.Run(name, func(t *testing.T) {
			if name == "family" {
				needIPv6(t)
			}
			cmd := servertest.Command(append(c.args, "-w", "1")...)
			activate(listenFor(t, c.address, false))(cmd)
			if said := refused(t, cmd); !strings.Contains(said, c.want) {
				t.Errorf("%s; want to hear %q", said, c.want)
			}
		})
	}
}

// A descriptor that is no socket is none to listen on.
func TestGivenFilesAreRefused(t *testing.T) {
	cmd := servertest.Command("-w", "1")
	activate(-1)(cmd)
	if said := refused(t, cmd); !strings.Contains(said, "LISTEN_FDS") || strings.Contains(said, "panic") {
		t.Error(said)
	}
}

// refused runs a command that is to fail, and returns what it says. One that does not end is
// ended.
func refused(t *testing.T, cmd *exec.Cmd) string {
	t.Helper()
	var said bytes.Buffer
	cmd.Stdout, cmd.Stderr = &said, &said
	check(t, cmd.Start())
	late := time.AfterFunc(30*time.Second, func() { _ = cmd.Process.Signal(syscall.SIGTERM) })
	defer late.Stop()
	if err := cmd.Wait(); err == nil {
		t.Errorf("it did not fail: %s", &said)
	}
	return said.String()
}

// listenFor opens a socket as a service manager does.
func listenFor(t *testing.T, address string, reuse bool) int {
	t.Helper()
	want, err := net.ResolveTCPAddr("tcp", address)
	check(t, err)
	family, name := unix.AF_INET, unix.Sockaddr(&unix.SockaddrInet4{Port: want.Port, Addr: [4]byte{127, 0, 0, 1}})
	if want.IP.To4() == nil {
		family, name = unix.AF_INET6, &unix.SockaddrInet6{Port: want.Port, Addr: [16]byte(want.IP)}
	}
	fd, err := unix.Socket(family, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	check(t, err)
	t.Cleanup(func() { _ = unix.Close(fd) })
	if reuse {
		check(t, unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_REUSEPORT, 1))
	}
	check(t, unix.Bind(fd, name))
	check(t, unix.Listen(fd, 64))
	return fd
}

func addressOf(t *testing.T, fd int) string {
	t.Helper()
	name, err := unix.Getsockname(fd)
	check(t, err)
	a := name.(*unix.SockaddrInet4)
	return net.JoinHostPort("127.0.0.1", fmt.Sprint(a.Port))
}

// activate has a command find a socket on descriptor 3, or a file that is none if it is -1.
// A shell says the pid that it has and the command will have.
func activate(socket int) func(*exec.Cmd) {
	return activateNamed("", socket)
}

// activateNamed is activate with several sockets, from descriptor 3 on, and their names.
func activateNamed(names string, sockets ...int) func(*exec.Cmd) {
	return func(cmd *exec.Cmd) {
		for _, socket := range sockets {
			file, _ := os.Open(os.DevNull)
			if socket >= 0 {
				own, _ := unix.FcntlInt(uintptr(socket), unix.F_DUPFD_CLOEXEC, 0)
				file = os.NewFile(uintptr(own), "socket")
			}
			cmd.ExtraFiles = append(cmd.ExtraFiles, file) // closed when nobody knows it any more
		}
		script := fmt.Sprintf(`LISTEN_FDS=%d LISTEN_FDNAMES=%s LISTEN_PID=$$ exec "$0" "$@"`, len(sockets), names)
		cmd.Args = append([]string{"sh", "-c", script, cmd.Path}, cmd.Args[1:]...)
		cmd.Path = "/bin/sh"
	}
}

// Several that were given are used, each at its address, and programs know them by their
// names, or by those that are asked for.
func TestSeveralGivenSocketsAreUsed(t *testing.T) {
	web, admin := listenFor(t, "127.0.0.1:0", true), listenFor(t, "127.0.0.1:0", true)
	anyPort := []string{"--bind", "127.0.0.1:0", "--bind", "127.0.0.1:0"}
	for _, strategy := range strategies.Strategies {
		t.Run(strategy.Name, func(t *testing.T) {
			s := servertest.StartAs(t, activateNamed("web:admin", web, admin), append(anyPort, "-s", strategy.Name, "-w", "2")...)
			for i, at := range s.Each(2) {
				if want := addressOf(t, []int{web, admin}[i]); at.Addr != want {
					t.Errorf("it listens on %s, want %s", at.Addr, want)
				}
				for range 6 {
					at.Ask()
				}
			}
		})
	}
	s := servertest.StartAs(t, activateNamed("web:admin", web, admin), append(anyPort, "-w", "1", "--ready-after", "10ms",
		"--", "sh", "-c", "echo names=$LISTEN_FDNAMES >&2; exec sleep 600")...)
	servertest.Eventually(t, "the program has heard of them", func() bool { return strings.Contains(s.LogText(), "names=web:admin") })
	s = servertest.StartAs(t, activateNamed("web.socket:admin", web, admin), "-w", "1", "--ready-after", "10ms",
		"--bind", "www="+addressOf(t, web), "--bind", addressOf(t, admin), "--", "sh", "-c", "echo names=$LISTEN_FDNAMES >&2; exec sleep 600")
	servertest.Eventually(t, "names are those that were asked for", func() bool { return strings.Contains(s.LogText(), "names=www:admin") })
	for bind, want := range map[string]string{
		addressOf(t, web): "listens on " + addressOf(t, admin) + " (LISTEN_FDS), and no --bind asks for that",
		"127.0.0.1:1":     "--bind 127.0.0.1:1: this process was given sockets that listen on " + addressOf(t, web) + " and " + addressOf(t, admin),
	} {
		cmd := servertest.Command("-w", "1", "--bind", bind)
		activateNamed("", web, admin)(cmd)
		if said := refused(t, cmd); !strings.Contains(said, want) {
			t.Errorf("%s; want to hear %q", said, want)
		}
	}
}
