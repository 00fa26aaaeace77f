//go:build linux

package cli_test

import (
	"bytes"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// Ctrl-C prints what there is, and leaves no generator behind.
func TestLoadInterrupted(t *testing.T) {
	for name, test := range map[string]struct {
		warmup string
		says   string
		table  bool
	}{
		"while measuring": {"0s", "interrupted (Ctrl-C): the result holds what was measured by then", true},
		"before that":     {"1h", "interrupted (Ctrl-C) before anything was measured", false},
	} {
		t.Run(name, func(t *testing.T) {
			var requests atomic.Int64
			enough := make(chan struct{})
			server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
				if requests.Add(1) == 100 {
					close(enough)
				}
			}))
			defer server.Close()
			mark := fmt.Sprintf("MARK=%s", t.TempDir())
			cmd := &exec.Cmd{
				Path: "/proc/self/exe",
				Args: []string{"prefork", "load", "--length", "1h", "--warmup", test.warmup, "--clients", "2", server.URL},
				Env:  append(os.Environ(), mark, "GORACE=atexit_sleep_ms=0"),
			}
			var out, errOut bytes.Buffer
			cmd.Stdout, cmd.Stderr = &out, &errOut
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			select {
			case <-enough:
			case <-time.After(patience):
			}
			_ = cmd.Process.Signal(unix.SIGINT)
			_ = cmd.Wait()
			if code := cmd.ProcessState.ExitCode(); code != 98 || !strings.Contains(errOut.String(), test.says) {
				t.Errorf("exit code %d, want 98; it said %q", code, errOut.String())
			}
			if partial := strings.Contains(out.String(), "PARTIAL: ended after "); partial != test.table || !partial && out.Len() > 0 {
				t.Errorf("it printed:\n%s", out.String())
			}
			for _, left := range marked(t, mark) {
				t.Errorf("left behind: %s", left)
			}
		})
	}
}
