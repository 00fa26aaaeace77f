//go:build linux

package docs_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// TestTenErrors makes each of the errors of the first day, and looks whether it is told
// as the page says.
func TestTenErrors(t *testing.T) {
	page, err := os.ReadFile("operate/README.md")
	if err != nil {
		t.Fatal(err)
	}
	p := newPlace(t)
	alive, address, err := p.listening([]string{"-w", "1", "--pid-file", filepath.Join(p.dir, "pid")})
	if alive == nil {
		t.Fatal(err)
	}
	defer func() {
		if err := alive.end(nil); err != nil {
			t.Error(err)
		}
	}()
	killed, _, err := p.listening([]string{"-w", "1", "--control", filepath.Join(p.dir, "dead.sock")})
	if killed == nil {
		t.Fatal(err)
	}
	_ = killed.cmd.Process.Kill()
	_ = killed.cmd.Wait()
	killed.cancel()
	for _, e := range []struct {
		says []string // parts that the page has in bold, and the error in this order
		code int
		args []string
	}{
		{[]string{"address already in use by"}, 1, []string{"--bind", address}},
		{[]string{"workers could not start: the worker of slot 0"}, 3, []string{"--bind", "127.0.0.1:0", "-w", "1", "--ready-after", "0", "--", "false"}},
		{[]string{"cannot run", "as worker"}, 3, []string{"--", "no-such-program"}},
		{[]string{"cannot write to directory"}, 1, []string{"--pid-file", "no/such/pid"}},
		{[]string{"is still running: stop it, or name another file"}, 1, []string{"--bind", "127.0.0.1:0", "--pid-file", "pid"}},
		{[]string{"no room:"}, 77, []string{"-w", "1", "--concurrency", "2000000000"}},
		{[]string{"nobody listens at", "any more"}, 1, []string{"ctl", "--control", "dead.sock", "status"}},
	} {
		_, said, code, err := p.ended(prefork, e.args...)
		if err != nil || code != e.code {
			t.Errorf("%q: exit code %d, want %d; %v\n%s", e.args, code, e.code, err, said)
		}
		told(t, e.args, string(page), string(said), e.says)
	}
	out, err := p.command(t.Context(), "sh", "-c", "RUNTIME_DIRECTORY=/nowhere "+prefork+" ctl status").CombinedOutput()
	if _, failed := err.(*exec.ExitError); !failed {
		t.Errorf("%v\n%s", err, out)
	}
	told(t, []string{"ctl status"}, string(page), string(out), []string{"no server of this user has a control socket"})
	for _, says := range []string{"did not get ready", "the old ones go on", "not upgraded:"} { // tested in internal/supervisor
		told(t, nil, string(page), says, []string{says})
	}
	if n := len(regexp.MustCompile("(?m)^\\*\\*`").FindAllString(string(page), -1)); n != 10 {
		t.Errorf("the page has %d errors", n)
	}
}

func told(t *testing.T, args []string, page, said string, parts []string) {
	t.Helper()
	for _, part := range parts {
		if !strings.Contains(page, "**`"+part+"`**") {
			t.Errorf("the page does not have %q", part)
		}
		_, rest, found := strings.Cut(said, part)
		if !found {
			t.Errorf("%q: no %q in %q", args, part, said)
		}
		said = rest
	}
}
