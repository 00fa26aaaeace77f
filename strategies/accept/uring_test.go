//go:build linux

package accept

import (
	"errors"
	"net"
	"os"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"prefork/internal/servertest/forbid"
	"prefork/internal/sys"
)

// A worker that leaves hands out what its ring has accepted, and what is in the queue
// if it is to drain that: also where more came than the ring has room for.
func TestWhatTheRingHasAcceptedIsHandedOut(t *testing.T) {
	const few, many = 20, 2*completions + 50
	for _, test := range []struct {
		name  string
		came  int
		leave func(Source)
		want  func(got, queued, came int) bool
	}{
		{"drain", few, Source.Drain, func(got, queued, came int) bool { return got == came && queued == 0 }},
		{"close", few, Source.Close, func(got, queued, came int) bool { return got == came && queued == 0 }},
		{"drain, full", many, Source.Drain, func(got, queued, came int) bool { return got == came && queued == 0 }},
		// The one that finds no room ends the request, and is kept as well.
		{"close, full", many, Source.Close, func(got, queued, came int) bool {
			return got == completions+1 && got+queued == came
		}},
	} {
		t.Run(test.name, func(t *testing.T) {
			runtime.LockOSThread() // which is the thread that accepts
			defer runtime.UnlockOSThread()
			fd, addr, source := multishot(t)
			// The first connection has it asked for more.
			dial(t, addr, 1)
			if n := take(t, source, 1); n != 1 {
				t.Fatal("none came")
			}
			dial(t, addr, 1)
			take(t, source, 1)

			dial(t, addr, test.came)
			test.leave(source)
			got := take(t, source, test.came+1)
			if queued := sys.Queued(fd); !test.want(got, queued, test.came) {
				t.Errorf("%d of %d were handed out, %d are queued", got, test.came, queued)
			}
		})
	}
}

// multishot is a source on a new listener.
func multishot(t *testing.T) (fd int, addr string, s Source) {
	t.Helper()
	if err := probeMultishot(); err != nil {
		t.Skip(err)
	}
	fd, name, err := sys.Listen("tcp", "127.0.0.1:0", nil)
	if err == nil {
		err = unix.Listen(fd, 4096)
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = unix.Close(fd) })
	taker, err := openMultishot(fd, false)
	if err != nil {
		t.Fatal(err)
	}
	s = newSource(taker, time.Hour)
	t.Cleanup(func() {
		s.Close()
		take(t, s, 1)
	})
	return fd, name.String(), s
}

func dial(t *testing.T, addr string, n int) {
	t.Helper()
	for range n {
		conn, err := net.Dial("tcp", addr)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = conn.Close() })
	}
}

// take takes so many, or what there is until the source ends.
func take(t *testing.T, s Source, most int) (n int) {
	t.Helper()
	for ; n < most; n++ {
		conn, err := s.Next()
		if errors.Is(err, net.ErrClosed) {
			return n
		}
		if err != nil {
			t.Fatal(err)
		}
		sys.Close(conn)
	}
	return n
}

// Who may not have a ring is told what does not let them.
func TestTheProbeNamesWhatForbids(t *testing.T) {
	if _, err := os.Stat("/proc/sys/kernel/io_uring_disabled"); err == nil {
		if text, _ := os.ReadFile("/proc/sys/kernel/io_uring_disabled"); strings.TrimSpace(string(text)) != "0" {
			t.Skip("io_uring is switched off on this machine")
		}
	}
	for errno, want := range map[syscall.Errno]string{
		unix.EPERM:  "seccomp",
		unix.EACCES: "seccomp",
		unix.ENOSYS: "Linux 5.5",
		unix.ENOMEM: "ulimit -l",
	} {
		for _, mode := range []string{"uring", "uring-multishot"} {
			if err := probeUnder(t, mode, errno); err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("%s, %v: %v, want %q in it", mode, errno, err, want)
			}
		}
	}
}

// probeUnder probes in a thread in which a filter makes io_uring_setup fail.
func probeUnder(t *testing.T, mode string, errno syscall.Errno) (err error) {
	t.Helper()
	row, err := LookupListening(mode)
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		runtime.LockOSThread() // and never unlocked: the thread ends with its filter
		if err := forbid.Call(unix.SYS_IO_URING_SETUP, errno); err != nil {
			t.Errorf("seccomp: %v", err)
			return
		}
		err = row.Probe()
	}()
	<-done
	return err
}
