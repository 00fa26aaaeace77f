//go:build linux

package keeper

import (
	"bytes"
	"fmt"
	"iter"
	"os"
	"path/filepath"
	"strconv"

	"golang.org/x/sys/unix"
)

// process is what the kernel says of one: proc_pid_stat(5).
type process struct {
	pid, parent, group, session int
	start                       uint64 // when it began, in ticks since the machine did
	dead                        bool   // and not reaped yet
}

func processOf(pid int) (p process, ok bool) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return p, false
	}
	// The name, in parentheses, may contain anything; the fields follow the last one.
	fields := bytes.Fields(text[bytes.LastIndexByte(text, ')')+1:])
	const state, parent, group, session, start = 0, 1, 2, 3, 19
	if len(fields) <= start {
		return p, false
	}
	number := func(i int) int { n, _ := strconv.Atoi(string(fields[i])); return n }
	p = process{pid: pid, parent: number(parent), group: number(group), session: number(session)}
	p.start, _ = strconv.ParseUint(string(fields[start]), 10, 64)
	p.dead = bytes.ContainsAny(fields[state], "ZX")
	return p, true
}

// living are all processes that this user can see.
func living() map[int]process {
	all := map[int]process{}
	entries, _ := filepath.Glob("/proc/[0-9]*")
	for _, entry := range entries {
		pid, _ := strconv.Atoi(filepath.Base(entry))
		if p, ok := processOf(pid); ok && !p.dead {
			all[pid] = p
		}
	}
	return all
}

// Ancestry yields a process and those above it, up to but without the last.
func Ancestry(pid, last int) iter.Seq[int] {
	return func(yield func(int) bool) {
		for pid > 1 && pid != last && yield(pid) {
			p, _ := processOf(pid)
			pid = p.parent
		}
	}
}

// Rest are the living processes that a worker has started, itself left out: those of
// its process group and of its session, those below it, and those that bear its mark,
// LISTEN_PID in their environment, whatever has become of it.
func Rest(worker int) (pids []int) {
	all := living()
	mark := []byte("LISTEN_PID=" + strconv.Itoa(worker))
	for pid, p := range all {
		if pid == worker || pid == os.Getpid() {
			continue
		}
		if p.group == worker || p.session == worker || below(all, pid, worker) || marks(pid, mark) {
			pids = append(pids, pid)
		}
	}
	return pids
}

func below(all map[int]process, pid, above int) bool {
	for range len(all) { // a bound, for parents change while we read
		p, ok := all[pid]
		if !ok {
			return false
		}
		if pid = p.parent; pid == above {
			return true
		}
	}
	return false
}

func marks(pid int, mark []byte) bool {
	environ, _ := os.ReadFile(fmt.Sprintf("/proc/%d/environ", pid))
	for _, entry := range bytes.Split(environ, []byte{0}) {
		if bytes.Equal(entry, mark) {
			return true
		}
	}
	return false
}

// Adopt has orphans below this process come to it, where they can be found.
func Adopt() error { return unix.Prctl(unix.PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) }

// Children are the living children of this process.
func Children() (pids []int) {
	for pid, p := range living() {
		if p.parent == os.Getpid() {
			pids = append(pids, pid)
		}
	}
	return pids
}
