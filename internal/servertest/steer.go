//go:build linux

package servertest

import (
	"errors"
	"io/fs"
	"os"
	"testing"

	"prefork/strategies"
)

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
