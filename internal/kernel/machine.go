//go:build linux

package kernel

import (
	"bytes"
	"errors"
	"fmt"
	"math"
	"os"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// Machine is what all processors together have done since the boot.
type Machine struct{ total, idle, stolen float64 } // in ticks

// ReadMachine reads the first line of /proc/stat (proc_stat(5)).
func ReadMachine() (m Machine, err error) {
	text, err := os.ReadFile("/proc/stat")
	if err != nil {
		return m, errors.Join(Mounted(), err)
	}
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
	return m, nil
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

// Load is the load average of the last minute: how many threads ran, could have run, or
// waited for a disk.
func Load() (float64, error) {
	var info unix.Sysinfo_t
	if err := unix.Sysinfo(&info); err != nil {
		return 0, fmt.Errorf("sysinfo: %w", err)
	}
	const one = 1 << 16 // SI_LOAD_SHIFT in linux/sysinfo.h
	return math.Round(100*float64(info.Loads[0])/one) / 100, nil
}

// Release is the kernel's, such as "6.18.5".
func Release() string {
	var name unix.Utsname
	_ = unix.Uname(&name) // which cannot fail
	return unix.ByteSliceToString(name.Release[:])
}

// CPUModel is what the first processor is called, "" where the kernel does not say.
func CPUModel() string {
	text, _ := os.ReadFile("/proc/cpuinfo")
	for line := range bytes.SplitSeq(text, []byte("\n")) {
		name, value, _ := strings.Cut(string(line), ":")
		switch strings.ToLower(strings.TrimSpace(name)) {
		case "model name", "cpu", "uarch": // x86 and arm, ppc, riscv
			return strings.TrimSpace(value)
		}
	}
	return ""
}
