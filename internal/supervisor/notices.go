//go:build linux

package supervisor

import (
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"net"
	"os"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"

	"prefork/internal/worker"
)

// notices is the master's end of sd_notify(3): workers send READY=1 there. The
// name is abstract, so that no file is left behind; who sent a message is what
// the kernel says (SCM_CREDENTIALS), not the message.
type notices struct {
	name string
	conn *net.UnixConn
	done chan struct{}
}

func listenForNotices(events chan<- Event) (*notices, error) {
	var random [8]byte
	_, _ = rand.Read(random[:]) // never fails
	n := &notices{
		name: fmt.Sprintf("@prefork-%d-%s", os.Getpid(), hex.EncodeToString(random[:])),
		done: make(chan struct{}),
	}
	var err error
	if n.conn, err = net.ListenUnixgram("unixgram", &net.UnixAddr{Name: n.name, Net: "unixgram"}); err != nil {
		return nil, fmt.Errorf("notify socket: %w", err)
	}
	raw, err := n.conn.SyscallConn()
	if err == nil {
		controlErr := raw.Control(func(fd uintptr) {
			err = unix.SetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_PASSCRED, 1)
		})
		err = errors.Join(err, controlErr)
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("notify socket: %w", err), n.conn.Close())
	}
	go n.read(events)
	return n, nil
}

func (n *notices) close() {
	_ = n.conn.Close()
	close(n.done)
}

func (n *notices) read(events chan<- Event) {
	payload, control := make([]byte, 4096), make([]byte, 256)
	for {
		got, gotControl, _, _, err := n.conn.ReadMsgUnix(payload, control)
		if errors.Is(err, net.ErrClosed) {
			return
		}
		pid, passed := parse(control[:gotControl])
		if err == nil && pid != 0 {
			for _, event := range eventsOf(string(payload[:got]), pid) {
				select {
				case events <- event:
				case <-n.done:
				}
			}
		}
		// Only now: systemd-notify waits for its descriptor (BARRIER=1) to be
		// closed before it ends, and its ancestry can be read until then.
		for _, fd := range passed {
			_ = unix.Close(fd)
		}
	}
}

// eventsOf reads one message: lines of NAME=value. The sender may be a helper
// that the worker started, such as systemd-notify, so its ancestors count too.
func eventsOf(message string, pid int) (events []Event) {
	lines := strings.Split(message, "\n")
	for pid := range ancestry(pid) {
		if slices.Contains(lines, "READY=1") {
			events = append(events, Ready{pid})
		}
		if worker.IsRecycle(message) {
			events = append(events, Recycle{pid})
		}
	}
	return events
}

// ancestry yields a process and those above it, up to this one.
func ancestry(pid int) func(yield func(int) bool) {
	return func(yield func(int) bool) {
		for pid > 1 && pid != os.Getpid() && yield(pid) {
			pid = parentOf(pid)
		}
	}
}

func parentOf(pid int) int {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return 0
	}
	// The name, in parentheses, may contain anything; the fields follow the last one.
	_, fields, _ := strings.Cut(string(stat[strings.LastIndexByte(string(stat), ')')+1:]), " ")
	parts := strings.Fields(fields)
	if len(parts) < 2 {
		return 0
	}
	parent, _ := strconv.Atoi(parts[1])
	return parent
}

// parse reads which process the kernel says sent a message, and the descriptors
// that came with it, which are the caller's to close.
func parse(control []byte) (pid int, passed []int) {
	messages, err := unix.ParseSocketControlMessage(control)
	if err != nil {
		return 0, nil
	}
	for i := range messages {
		if cred, err := unix.ParseUnixCredentials(&messages[i]); err == nil {
			pid = int(cred.Pid)
		}
		if fds, err := unix.ParseUnixRights(&messages[i]); err == nil {
			passed = append(passed, fds...)
		}
	}
	return pid, passed
}
