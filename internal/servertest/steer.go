//go:build linux

package servertest

import (
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"testing"

	"prefork/strategies"
)

// NeedTool skips a test on a machine without a program that make deps installs.
func NeedTool(t testing.TB, name string) {
	t.Helper()
	if _, err := exec.LookPath(name); err != nil {
		if os.Getenv("CI") != "" {
			t.Fatal(err)
		}
		t.Skip(err)
	}
}

// NeedSteer skips a test where this user may not steer like that. It does not hide
// a kernel that cannot, nor anything from root where tests run for everybody.
func NeedSteer(t testing.TB, name string) {
	t.Helper()
	steer, err := strategies.LookupSteer(name)
	if err == nil {
		err = steer.Probe()
	}
	if errors.Is(err, fs.ErrPermission) && (os.Getuid() != 0 || os.Getenv("CI") == "") {
		t.Skip(err)
	}
	if err != nil {
		t.Fatal(err)
	}
}
