//go:build linux

package strategies_test

import (
	"net"
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"prefork/internal/servertest"
	"prefork/strategies"
)

// A master that is still finishing a request and the one that has come after it have each
// their own path, and neither takes the other's away, in whichever order they end.
func TestPathsOfMastersThatFollowEachOther(t *testing.T) {
	for _, strategy := range strategies.Strategies {
		if !strategy.Unix {
			continue
		}
		for _, firstEndsFirst := range []bool{true, false} {
			address := unixAddress(t)
			first := servertest.Start(t, "-s", strategy.Name, "-w", "1", "--app", "echo", "--bind", address)
			held := first.Dial()
			defer held.Close()
			write(t, held, "x")
			if _, err := held.Read(make([]byte, 1)); err != nil {
				t.Fatal(err)
			}
			first.Signal(syscall.SIGTERM)
			servertest.Eventually(t, "the first turns clients away", func() bool {
				conn, err := net.Dial("unix", first.Addr)
				if err == nil {
					_ = conn.Close()
				}
				return err != nil
			})
			second := servertest.Start(t, "-s", strategy.Name, "-w", "1", "--bind", address)
			second.Ask()
			if firstEndsFirst {
				_ = held.Close()
				first.Wait()
				second.Ask()
				second.Stop(syscall.SIGTERM)
			} else {
				second.Stop(syscall.SIGTERM)
				_ = held.Close()
				first.Wait()
			}
			if _, err := os.Lstat(first.Addr); !os.IsNotExist(err) {
				t.Errorf("%s: something is left at the path: %v", strategy.Name, err)
			}
		}
	}
}

// Who refuses clients may be about to end and not have ended: its path is not stale.
func TestADrainingServersPathIsNotStale(t *testing.T) {
	path := filepath.Join(shortDir(t), "s")
	l, err := net.Listen("unix", path)
	check(t, err)
	defer l.Close()
	raw, err := l.(*net.UnixListener).SyscallConn()
	check(t, err)
	check(t, raw.Control(func(fd uintptr) { err = unix.Shutdown(int(fd), unix.SHUT_RD) }))
	check(t, err)
	var before, after unix.Stat_t
	check(t, unix.Lstat(path, &before))
	refused(t, servertest.Command("-w", "1", "--bind", "unix:"+path))
	check(t, unix.Lstat(path, &after))
	if before.Ino != after.Ino {
		t.Error("the path is another's now")
	}
}

// What lies at the path at the end and is not the server's own stays, whatever it is.
func TestTheEndLeavesWhatIsNotOurs(t *testing.T) {
	for name, put := range map[string]func(path string) error{
		"a file":      func(path string) error { return os.WriteFile(path, nil, 0o600) },
		"a directory": func(path string) error { return os.Mkdir(path, 0o700) },
		"a link":      func(path string) error { return os.Symlink("elsewhere", path) },
		"a socket": func(path string) error {
			fd, err := unix.Socket(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
			if err == nil {
				defer unix.Close(fd)
				err = unix.Bind(fd, &unix.SockaddrUnix{Name: path})
			}
			return err
		},
	} {
		s := servertest.Start(t, "-w", "1", "--bind", unixAddress(t))
		check(t, os.Remove(s.Addr))
		check(t, put(s.Addr))
		if code := s.Stop(syscall.SIGTERM); code != 0 {
			t.Errorf("%s: exit code %d", name, code)
		}
		if _, err := os.Lstat(s.Addr); err != nil {
			t.Errorf("%s is gone: %v", name, err)
		}
	}
}
