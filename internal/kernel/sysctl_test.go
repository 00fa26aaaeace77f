//go:build linux

package kernel_test

import (
	"errors"
	"fmt"
	"io/fs"
	"strconv"
	"testing"

	"prefork/internal/kernel"
)

func TestSysctl(t *testing.T) {
	if n, err := kernel.SysctlInt("net.core.somaxconn"); err != nil || n < 1 {
		t.Errorf("somaxconn: %d, %v", n, err)
	}
	var low, high int
	ports, err := kernel.Sysctl("net.ipv4.ip_local_port_range")
	if n, _ := fmt.Sscan(ports, &low, &high); err != nil || n != 2 || low > high {
		t.Errorf("ports %q, %v", ports, err)
	}
	if _, err := kernel.Sysctl("net.core.nothing"); err == nil || errors.Is(err, kernel.ErrNoProc) {
		t.Errorf("no such setting: %v", err)
	}
	if err := kernel.SetSysctl("net.core.nothing", "1"); !errors.Is(err, fs.ErrNotExist) && !errors.Is(err, fs.ErrPermission) {
		t.Errorf("no such setting: %v", err)
	}
	if _, err := kernel.SysctlInt("net.ipv4.ip_local_port_range"); !errors.Is(err, strconv.ErrSyntax) {
		t.Errorf("two numbers for one: %v", err)
	}
}
