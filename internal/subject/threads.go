//go:build linux

package subject

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
)

// ErrUnseen says that this user may not see in which system call a thread waits.
var ErrUnseen = errors.New("this user may not see in which system call a process of its own waits (/proc/PID/syscall)")

// Thread is one that waits.
type Thread struct {
	ID int
	// Switches is how often it has waited, ever: voluntary context switches.
	Switches int
}

// Waiting finds the thread of a process that waits in a system call. A thread that
// the kernel has woken does not wait any more, even if it has not run yet. ok is
// false if there is no such thread.
func Waiting(pid, call int) (t Thread, ok bool, err error) {
	dir := fmt.Sprintf("/proc/%d/task", pid)
	tasks, _ := os.ReadDir(dir)
	for _, task := range tasks {
		text, err := os.ReadFile(dir + "/" + task.Name() + "/syscall")
		if os.IsPermission(err) {
			return t, false, ErrUnseen
		}
		if strings.HasPrefix(string(text), strconv.Itoa(call)+" ") {
			t.ID, _ = strconv.Atoi(task.Name())
			t.Switches, _ = strconv.Atoi(status(dir+"/"+task.Name(), "voluntary_ctxt_switches"))
			return t, true, nil
		}
	}
	return t, false, nil
}

// Stopped reports whether no thread of a process can run, as after SIGSTOP.
func Stopped(pid int) bool {
	dir := fmt.Sprintf("/proc/%d/task", pid)
	tasks, err := os.ReadDir(dir)
	for _, task := range tasks {
		if state := status(dir+"/"+task.Name(), "State"); state != "" && state[0] != 'T' {
			return false
		}
	}
	return err == nil
}

// State is the letter that the kernel has for a process: T if it is stopped, Z if it
// is dead and nobody has asked yet, 0 if there is none; the others are in proc(5).
func State(pid int) byte {
	if state := stateOf(pid); state != "" {
		return state[0]
	}
	return 0
}

// stateOf is the same in words, such as "S (sleeping)".
func stateOf(pid int) string { return status(fmt.Sprintf("/proc/%d", pid), "State") }

// Gone reports whether a process has ended, be it that nobody has reaped it.
func Gone(pid int) bool {
	state := State(pid)
	return state == 0 || state == 'Z' || state == 'X'
}

// status is one field of a file status in /proc, "" if the thread has gone.
func status(dir, field string) string {
	text, _ := os.ReadFile(dir + "/status")
	_, rest, _ := bytes.Cut(text, []byte("\n"+field+":"))
	value, _, _ := bytes.Cut(rest, []byte("\n"))
	return string(bytes.TrimSpace(value))
}
