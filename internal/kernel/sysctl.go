//go:build linux

package kernel

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strconv"
	"strings"
)

// Sysctl is a setting of the kernel's, such as "net.core.somaxconn"; between several
// values is one space.
func Sysctl(name string) (string, error) {
	text, err := os.ReadFile(sysctlPath(name))
	if errors.Is(err, fs.ErrNotExist) {
		if err = Mounted(); err == nil {
			err = errors.New("this kernel has no such setting")
		}
	}
	if err != nil {
		return "", fmt.Errorf("%s: %w", name, err)
	}
	return strings.Join(strings.Fields(string(text)), " "), nil
}

// SetSysctl sets one. The error is that of the file: fs.ErrNotExist where there is no
// such setting, or not in this network namespace.
func SetSysctl(name, value string) error { return os.WriteFile(sysctlPath(name), []byte(value), 0) }

func sysctlPath(name string) string { return "/proc/sys/" + strings.ReplaceAll(name, ".", "/") }

// SysctlInt is one that is a number.
func SysctlInt(name string) (int, error) {
	text, err := Sysctl(name)
	if err != nil {
		return 0, err
	}
	n, err := strconv.Atoi(text)
	if err != nil {
		return 0, fmt.Errorf("%s: %w", name, err)
	}
	return n, nil
}
