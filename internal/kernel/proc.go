//go:build linux

// Package kernel is the one room for what the kernel says, from outside, about
// processes, their threads, their descriptors and sockets, and the machine. It reads
// /proc (proc(5)) and asks sock_diag(7), by the nl package of vishvananda/netlink.
//
// It reads /proc by itself, and not by prometheus/procfs. A worker is this same binary,
// and procfs compiles its regular expressions at the start of every process that has it
// linked in: 892 allocations and 96 kB (GODEBUG=inittrace=1). Nor does it have what is
// asked for most often, the children of a process and the clock of its processor time.
// The tests hold what is read here against it.
package kernel

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"strconv"

	"golang.org/x/sys/unix"
)

var (
	// ErrGone says that there is no such process: it has ended and been reaped.
	ErrGone = errors.New("the process has ended")

	// ErrNoProc says that nothing can be learned of processes here.
	ErrNoProc = errors.New("/proc is not mounted, or is that of another PID namespace; as root: mount -t proc proc /proc")
)

// Mounted is ErrNoProc if there is no /proc, or one in which processes have other
// numbers than here.
func Mounted() error {
	if self, err := os.Readlink("/proc/self"); err != nil || self != strconv.Itoa(os.Getpid()) {
		return ErrNoProc
	}
	return nil
}

// about makes the error of somebody who wanted to know something of a process: ErrGone or
// ErrNoProc where it is that.
func about(pid int, err error) error {
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, unix.ESRCH) { // ESRCH: it ended while it was read
		if err = Mounted(); err == nil {
			err = ErrGone
		}
	}
	return fmt.Errorf("process %d: %w", pid, err)
}

// path is that of a file about a process.
func path(pid int, file string) string { return "/proc/" + strconv.Itoa(pid) + "/" + file }

// taskPath is that of a file about a thread.
func taskPath(pid, tid int, file string) string {
	return path(pid, "task/"+strconv.Itoa(tid)+"/"+file)
}

// readFile is os.ReadFile for the small files in /proc, by the fewest system calls: package
// os offers each file to the runtime's poller, which will not have it. A lab of three times
// 64 workers reads two thousand of them a second.
func readFile(path string) (text []byte, err error) {
	fd, err := unix.Open(path, unix.O_RDONLY|unix.O_CLOEXEC, 0)
	if err != nil {
		return nil, &fs.PathError{Op: "open", Path: path, Err: err}
	}
	defer unix.Close(fd)
	for text = make([]byte, 0, pageSize); ; {
		text = slices.Grow(text, pageSize/2)
		switch n, err := unix.Read(fd, text[len(text):cap(text)]); {
		case err == unix.EINTR:
		case err != nil:
			return nil, &fs.PathError{Op: "read", Path: path, Err: err}
		case n == 0:
			return text, nil
		default:
			text = text[:len(text)+n]
		}
	}
}

// pageSize is what all files of which many are read fit in.
const pageSize = 4096

// numbers are those among the names in a directory, in order: of processes in /proc, of
// threads in /proc/PID/task, of descriptors in /proc/PID/fd.
func numbers(dir string) (all []int, err error) {
	file, err := os.Open(dir)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	names, err := file.Readdirnames(-1)
	for _, name := range names {
		if n, err := strconv.Atoi(name); err == nil {
			all = append(all, n)
		}
	}
	slices.Sort(all)
	return all, err
}

// field is the value of a line "name: value" of a file such as status, which never
// comes first in it.
func field(text []byte, name string) string {
	_, rest, _ := bytes.Cut(text, []byte("\n"+name+":"))
	value, _, _ := bytes.Cut(rest, []byte("\n"))
	return string(bytes.TrimSpace(value))
}
