//go:build linux

package worker

import (
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
	"syscall"
)

// shim becomes the program that is to be the worker. It is there because
// LISTEN_PID must name the program's process, which nobody knows before the
// fork, and because exec keeps the process and so the number.
func shim(o order) error {
	env := slices.DeleteFunc(os.Environ(), func(entry string) bool {
		return strings.HasPrefix(entry, envRole+"=") || strings.HasPrefix(entry, envSpec+"=")
	})
	env = append(env, "LISTEN_PID="+strconv.Itoa(os.Getpid()))
	if err := syscall.Exec(o.Path, o.Program, env); err != nil {
		return fmt.Errorf("run %s: %w", o.Path, err)
	}
	return nil
}
