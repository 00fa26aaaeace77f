//go:build linux

package proctree

import (
	"os"
	"strconv"
	"strings"
)

// Machine is what all processors together have done since the boot.
type Machine struct{ total, idle, stolen float64 } // in ticks

// ReadMachine reads the first line of /proc/stat (proc(5)); what cannot be read is 0.
func ReadMachine() (m Machine) {
	text, _ := os.ReadFile("/proc/stat")
	line, _, _ := strings.Cut(string(text), "\n")
	for i, field := range strings.Fields(line) {
		const idle, iowait, steal, guest = 4, 5, 8, 9 // guest time is in user time already
		ticks, err := strconv.ParseFloat(field, 64)
		if err != nil || i >= guest {
			continue
		}
		m.total += ticks
		switch i {
		case idle, iowait:
			m.idle += ticks
		case steal:
			m.stolen = ticks
		}
	}
	return m
}

// Since is how the time was spent since an earlier reading: the share that was used, by
// whomever, and the share in which the host gave the processors to other machines, which
// is part of the first. Both are 0 if no time has passed.
func (m Machine) Since(before Machine) (used, stolen float64) {
	total := m.total - before.total
	if total <= 0 {
		return 0, 0
	}
	return max(0, 1-(m.idle-before.idle)/total), (m.stolen - before.stolen) / total
}
