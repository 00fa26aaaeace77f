//go:build linux

package worker

import (
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"syscall"
)

// shim becomes the program that is to be the worker, whose arguments are its own. It
// is there because LISTEN_PID must name the program's process, which nobody knows
// before the fork, and because exec keeps the process and so the number.
//
// The program is looked up here, and so at each start: by then there may be another
// one of its name.
func shim(argv []string) error {
	path, err := exec.LookPath(argv[0])
	if err != nil {
		return fmt.Errorf("run %s: %w", argv[0], err)
	}
	env := slices.DeleteFunc(os.Environ(), func(entry string) bool {
		return strings.HasPrefix(entry, envRole+"=") || strings.HasPrefix(entry, envSpec+"=")
	})
	env = append(env, "LISTEN_PID="+strconv.Itoa(os.Getpid()))
	if err := syscall.Exec(path, argv, env); err != nil {
		return fmt.Errorf("run %s: %w", path, err)
	}
	return nil
}
