//go:build linux

package cli_test

import (
	"bufio"
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"prefork/internal/kernel"
)

// Ctrl-C prints what there is, and leaves no process behind: not the servers, nor
// the generator, nor what holds a network namespace.
func TestBenchInterrupted(t *testing.T) {
	for _, flags := range [][]string{nil, {"--netns"}} {
		t.Run(strings.Join(append([]string{"bench"}, flags...), " "), func(t *testing.T) {
			if ok, _ := condition("netns"); flags != nil && !ok {
				t.Skip("no network namespaces here")
			}
			mark := fmt.Sprintf("MARK=%s", t.TempDir())
			cmd := &exec.Cmd{
				Path: "/proc/self/exe",
				Args: append([]string{"prefork", "bench", "--rounds", "9", "--length", "300ms"}, flags...),
				Env:  append(os.Environ(), mark, "GORACE=atexit_sleep_ms=0"),
			}
			var out bytes.Buffer
			cmd.Stdout = &out
			progress, err := cmd.StderrPipe()
			if err != nil {
				t.Fatal(err)
			}
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			var said []string
			for lines := bufio.NewScanner(progress); lines.Scan(); {
				said = append(said, lines.Text())
				if strings.HasPrefix(lines.Text(), "closed loop, round 2") {
					// The bench, a server and its four workers, at some moment of the round.
					for deadline := time.Now().Add(patience); len(marked(t, mark)) < 6 && time.Now().Before(deadline); {
					}
					_ = cmd.Process.Signal(unix.SIGINT)
				}
			}
			_ = cmd.Wait()
			if code := cmd.ProcessState.ExitCode(); code != 98 {
				t.Errorf("exit code %d, want 98; it said %q", code, said)
			}
			for _, want := range []string{"PARTIAL", "interrupted (", "shared/blocking"} {
				if !strings.Contains(out.String(), want) {
					t.Errorf("no %q in what it printed:\n%s", want, out.String())
				}
			}
			for _, left := range marked(t, mark) {
				t.Errorf("left behind: %s", left)
			}
		})
	}
}

// marked are the processes that have this in their environment.
func marked(t *testing.T, mark string) (commands []string) {
	t.Helper()
	all, err := kernel.Processes()
	if err != nil {
		t.Fatal(err)
	}
	for _, pid := range all {
		environ, _ := kernel.Environment(pid) // of those that have ended, and of others': none
		if slices.Contains(environ, mark) {
			command, _ := kernel.Arguments(pid)
			commands = append(commands, strings.Join(command, " "))
		}
	}
	return commands
}
