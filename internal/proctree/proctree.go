//go:build linux

// Package proctree looks at a process and all below it from outside: who they
// are, and what they have cost.
package proctree

import (
	"bytes"
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"
)

// Of is a process and all below it; the process itself comes first, even if it
// has gone.
func Of(pid int) []int {
	all := []int{pid}
	for _, child := range Children(pid) {
		all = append(all, Of(child)...)
	}
	return all
}

// Children are the processes that this one has started, by the kernel's lists of
// them for each thread.
func Children(pid int) (children []int) {
	for _, thread := range entries(fmt.Sprintf("/proc/%d/task", pid)) {
		text, _ := os.ReadFile(fmt.Sprintf("/proc/%d/task/%s/children", pid, thread))
		for field := range strings.FieldsSeq(string(text)) {
			if child, err := strconv.Atoi(field); err == nil {
				children = append(children, child)
			}
		}
	}
	return children
}

// Usage is what threads have used since they began.
type Usage struct {
	CPU time.Duration
	// Switches are voluntary context switches: how often a thread has waited.
	Switches uint64
}

// Sub is what was used between two readings.
func (u Usage) Sub(before Usage) Usage {
	return Usage{CPU: u.CPU - before.CPU, Switches: u.Switches - before.Switches}
}

// Add sums what several have used.
func (u Usage) Add(other Usage) Usage {
	return Usage{CPU: u.CPU + other.CPU, Switches: u.Switches + other.Switches}
}

// Read is what a process has used, by the scheduler's own count for each of its
// threads (the first field of schedstat, in nanoseconds). The times of stat are in
// ticks of 10 ms, and those of threads that have ended are not in either. ok is
// false if the process has gone.
func Read(pid int) (sum Usage, ok bool) {
	for _, thread := range entries(fmt.Sprintf("/proc/%d/task", pid)) {
		dir := fmt.Sprintf("/proc/%d/task/%s/", pid, thread)
		schedstat, err := os.ReadFile(dir + "schedstat")
		if err != nil {
			continue
		}
		first, _, _ := bytes.Cut(schedstat, []byte(" "))
		ns, _ := strconv.ParseInt(string(first), 10, 64)
		sum = sum.Add(Usage{CPU: time.Duration(ns), Switches: switches(dir + "status")})
		ok = true
	}
	return sum, ok
}

func switches(path string) uint64 {
	text, _ := os.ReadFile(path)
	_, after, _ := bytes.Cut(text, []byte("\nvoluntary_ctxt_switches:"))
	line, _, _ := bytes.Cut(after, []byte("\n"))
	n, _ := strconv.ParseUint(string(bytes.TrimSpace(line)), 10, 64)
	return n
}

// entries are the names in a directory, none if it has gone.
func entries(dir string) []string {
	file, err := os.Open(dir)
	if err != nil {
		return nil
	}
	defer file.Close()
	names, _ := file.Readdirnames(-1)
	return names
}
