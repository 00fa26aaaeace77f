//go:build linux

package kernel

import (
	"errors"
	"io/fs"
	"strconv"
	"strings"
	"time"
)

// Thread is one of a process's.
type Thread struct {
	ID int
	// Switches is how often it has waited, ever: voluntary context switches.
	Switches uint64
}

// Threads are those that a process has now, by ID, each with its switches.
func Threads(pid int) (threads []Thread, err error) {
	ids, err := threadIDs(pid)
	if err != nil {
		return nil, err
	}
	for _, id := range ids {
		if n, alive := switches(pid, id); alive {
			threads = append(threads, Thread{id, n})
		}
	}
	return threads, nil
}

// Switches is how often the threads that a process has now have waited, together.
func Switches(pid int) (sum uint64, err error) {
	threads, err := Threads(pid)
	for _, t := range threads {
		sum += t.Switches
	}
	return sum, err
}

// threadIDs are the threads of a process; of a zombie, its first.
func threadIDs(pid int) ([]int, error) {
	ids, err := numbers(path(pid, "task"))
	if err != nil {
		return nil, about(pid, err)
	}
	return ids, nil
}

// switches are a thread's voluntary context switches. A thread that has ended has none.
func switches(pid, tid int) (n uint64, alive bool) {
	text, err := readFile(taskPath(pid, tid, "status"))
	if err != nil {
		return 0, false
	}
	n, _ = strconv.ParseUint(field(text, "voluntary_ctxt_switches"), 10, 64)
	return n, true
}

// ThreadCPU is the processor time that a thread has used since it began, by the
// scheduler's count, in nanoseconds: a thread's clock can be read by its own process alone.
func ThreadCPU(pid, tid int) (time.Duration, error) {
	text, err := readFile(taskPath(pid, tid, "schedstat"))
	if err != nil {
		return 0, about(tid, err)
	}
	first, _, _ := strings.Cut(string(text), " ")
	ns, err := strconv.ParseInt(first, 10, 64)
	if err != nil {
		return 0, about(tid, err)
	}
	return time.Duration(ns), nil
}

// ErrUnseen says that this user may not see in which system call a thread waits.
var ErrUnseen = errors.New("this user may not see in which system call a process of its own waits (/proc/PID/syscall)")

// Waiting finds the thread of a process that waits in a system call, by the call's
// number. A thread that the kernel has woken does not wait any more, even if it has not
// run yet. ok is false if there is no such thread, or no such process.
func Waiting(pid, call int) (t Thread, ok bool, err error) {
	ids, err := threadIDs(pid)
	if errors.Is(err, ErrGone) {
		return t, false, nil
	}
	for _, id := range ids {
		text, err := readFile(taskPath(pid, id, "syscall"))
		if errors.Is(err, fs.ErrPermission) {
			return t, false, ErrUnseen
		}
		if strings.HasPrefix(string(text), strconv.Itoa(call)+" ") {
			n, _ := switches(pid, id)
			return Thread{id, n}, true, nil
		}
	}
	return t, false, err
}
