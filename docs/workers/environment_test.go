//go:build linux

package workers_test

import (
	"fmt"
	"os"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"prefork/internal/servertest"
)

// report writes what a worker finds as a record of the log, and stays.
const report = `printf '{"msg":"environment","pid":"%s","LISTEN_PID":"%s","LISTEN_FDS":"%s","LISTEN_FDNAMES":"%s","PREFORK_SLOT":"%s","PREFORK_STRATEGY":"%s","NOTIFY_SOCKET":"%s"}\n' \
	"$$" "$LISTEN_PID" "$LISTEN_FDS" "$LISTEN_FDNAMES" "$PREFORK_SLOT" "$PREFORK_STRATEGY" "$NOTIFY_SOCKET"
exec sleep 1h`

// TestEnvironment starts a program that answers nobody, and looks at what it was
// given.
func TestEnvironment(t *testing.T) {
	for _, strategy := range []string{"shared", "reuseport", "dispatch"} {
		t.Run(strategy, func(t *testing.T) {
			s := servertest.Start(t, "-s", strategy, "-w", "2", "--ready-after", "1ms", "--", "sh", "-c", report)
			files := map[string]string{}
			for n := 1; n <= 2; n++ {
				worker := s.Await("environment", n)
				checkEnvironment(t, worker, strategy)
				files[worker.String("PREFORK_SLOT")] = inheritedFile(t, worker.String("pid"))
			}
			if len(files) != 2 {
				t.Fatalf("slots and their files: %v, want slots 0 and 1", files)
			}
			if same := files["0"] == files["1"]; same != (strategy == "shared") {
				t.Errorf("two slots have the same file: %t", same)
			}
			killed := s.Workers()[0]
			_ = unix.Kill(killed, unix.SIGKILL)
			successor := s.Await("environment", 3)
			checkEnvironment(t, successor, strategy)
			if got := inheritedFile(t, successor.String("pid")); got != files["0"] {
				t.Errorf("the successor in slot 0 has %s, want its predecessor's %s", got, files["0"])
			}
			if code := s.Stop(syscall.SIGTERM); code != 0 {
				t.Errorf("exit code %d, want 0", code)
			}
		})
	}
}

func checkEnvironment(t *testing.T, got servertest.Record, strategy string) {
	t.Helper()
	want := map[string]string{
		"LISTEN_PID":       got.String("pid"),
		"LISTEN_FDS":       "1",
		"LISTEN_FDNAMES":   "prefork",
		"PREFORK_STRATEGY": strategy,
	}
	for name, value := range want {
		if got.String(name) != value {
			t.Errorf("%s=%q, want %q", name, got.String(name), value)
		}
	}
	if !strings.HasPrefix(got.String("NOTIFY_SOCKET"), "@") {
		t.Errorf("NOTIFY_SOCKET=%q, want an abstract name", got.String("NOTIFY_SOCKET"))
	}
}

// inheritedFile identifies what is open as descriptor 3.
func inheritedFile(t *testing.T, pid string) string {
	t.Helper()
	file, err := os.Readlink(fmt.Sprintf("/proc/%s/fd/3", pid))
	if err != nil || !strings.HasPrefix(file, "socket:") {
		t.Fatalf("descriptor 3 is %q (%v), want a socket", file, err)
	}
	return file
}
