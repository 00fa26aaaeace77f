//go:build linux

package kernel

import (
	"strings"
)

// Name is what the kernel calls a process: the first 15 bytes of its file's name, unless
// it has given itself another.
func Name(pid int) (string, error) {
	s, err := readStat(path(pid, "stat"))
	if err != nil {
		return "", about(pid, err)
	}
	return s.name, nil
}

// Arguments are those that a process was started with, the command first. A zombie has
// none.
func Arguments(pid int) ([]string, error) { return words(pid, "cmdline") }

// Environment is what a process was started with, each as NAME=value; what it has
// changed since is not seen. One takes the right to trace it, as the same user has. A
// zombie has none.
func Environment(pid int) ([]string, error) { return words(pid, "environ") }

func words(pid int, file string) ([]string, error) {
	text, err := readFile(path(pid, file))
	if err != nil {
		return nil, about(pid, err)
	}
	if len(text) == 0 {
		return nil, nil
	}
	return strings.Split(strings.TrimSuffix(string(text), "\x00"), "\x00"), nil
}
