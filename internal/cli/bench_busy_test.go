//go:build linux

package cli_test

import (
	"bytes"
	"os"
	"os/exec"
	"regexp"
	"testing"
)

// Beside two programs that take all the processor time they can get, a first look ends
// well: with a table and a sentence for each arm, and of what is rough it says so.
func TestBenchOnABusyMachine(t *testing.T) {
	beBusy(t)
	says(t, []string{"bench", "--quick", "--quiet"},
		`(?m)^shared/blocking +\d`, `(?m)^reuseport/hash +[+−\d ]`, `(?m)^dispatch/round-robin +[+−\d ]`,
		`(?m)^reuseport(:| )`, `(?m)^dispatch(:| )`, // a sentence for each
		`~ rough|in 3 rounds`, // whether it was enough to disturb it or not
	)
}

// There is a recommendation too.
func TestChooseOnABusyMachine(t *testing.T) {
	beBusy(t)
	says(t, []string{"choose", "--quick", "--quiet"},
		`(?m)^cheap requests +\d`, `(?m)^uneven requests, p99 +(\d|\?)`, `(?m)^one worker stuck +\d`,
		`(?m)^Take (shared|reuseport|dispatch)\.$`, `(?m)^In general \(not measured here\)`,
	)
}

// beBusy keeps two processors busy for as long as the test lasts.
func beBusy(t *testing.T) {
	t.Helper()
	for range 2 {
		loop := exec.Command("sh", "-c", "while :; do :; done")
		if err := loop.Start(); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			_ = loop.Process.Kill()
			_ = loop.Wait()
		})
	}
}

// says runs prefork, which has to end well and to print all that is wanted.
func says(t *testing.T, args []string, wanted ...string) {
	t.Helper()
	var out, errOut bytes.Buffer
	cmd := &exec.Cmd{
		Path: "/proc/self/exe", Args: append([]string{"prefork"}, args...),
		Env: append(os.Environ(), "GORACE=atexit_sleep_ms=0"), Stdout: &out, Stderr: &errOut,
	}
	if err := cmd.Run(); err != nil {
		t.Errorf("%v: %s", err, errOut.String())
	}
	for _, want := range wanted {
		if !regexp.MustCompile(want).MatchString(out.String()) {
			t.Errorf("no %q in:\n%s", want, out.String())
		}
	}
}
