//go:build linux

package cli_test

import (
	"bytes"
	"os"
	"os/exec"
	"regexp"
	"testing"
)

// A first look beside two programs that take all the processor time they can get ends
// well, with a table, and says of numbers that are rough that they are.
func TestBenchOnABusyMachine(t *testing.T) {
	for range 2 {
		loop := exec.Command("sh", "-c", "while :; do :; done")
		if err := loop.Start(); err != nil {
			t.Fatal(err)
		}
		defer func() {
			_ = loop.Process.Kill()
			_ = loop.Wait()
		}()
	}
	var out, errOut bytes.Buffer
	cmd := &exec.Cmd{
		Path: "/proc/self/exe", Args: []string{"prefork", "bench", "--quick", "--quiet"},
		Env: append(os.Environ(), "GORACE=atexit_sleep_ms=0"), Stdout: &out, Stderr: &errOut,
	}
	if err := cmd.Run(); err != nil {
		t.Errorf("%v: %s", err, errOut.String())
	}
	for _, want := range []string{
		`(?m)^shared/blocking +\d`, `(?m)^reuseport/hash +[+−\d ]`, `(?m)^dispatch/round-robin +[+−\d ]`,
		`(?m)^reuseport(:| )`, `(?m)^dispatch(:| )`, // a sentence for each
		`~ rough|in 3 rounds`, // whether it was enough to disturb it or not
	} {
		if !regexp.MustCompile(want).MatchString(out.String()) {
			t.Errorf("no %q in:\n%s", want, out.String())
		}
	}
}
