//go:build linux

package kernel

import (
	"bytes"
	"errors"
	"fmt"
	"strconv"
)

// ListenOverflows is how many connections have found the queue of a listening socket full,
// of all programs in this network namespace since it began: the kernel's counter of that
// name in /proc/net/netstat, which nstat(8) shows as TcpExtListenOverflows.
func ListenOverflows() (uint64, error) {
	text, err := readFile("/proc/thread-self/net/netstat")
	if err != nil {
		return 0, errors.Join(Mounted(), err)
	}
	return extended(text, "ListenOverflows")
}

// extended is a number of the TcpExt group: a line of names, and a line of numbers.
func extended(text []byte, name string) (uint64, error) {
	const group = "TcpExt:"
	var names [][]byte
	for line := range bytes.Lines(text) {
		fields := bytes.Fields(line)
		if len(fields) == 0 || string(fields[0]) != group {
			continue
		}
		if names == nil {
			names = fields
			continue
		}
		for i, n := range names {
			if string(n) == name && i < len(fields) {
				return strconv.ParseUint(string(fields[i]), 10, 64)
			}
		}
	}
	return 0, fmt.Errorf("this kernel does not count %s", name)
}
