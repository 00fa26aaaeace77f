//go:build linux

package supervisor

import (
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"prefork/internal/keeper"
	"prefork/internal/worker"
)

// notices is the ear for sd_notify(3): workers send READY=1 there. The name is
// abstract, so that no file is left behind. Who sent a message is what the kernel
// says (SCM_CREDENTIALS), not the message.
type notices struct {
	listening
	name   string
	known  *pids
	strays strays
}

// openNotices opens the socket, which the notices own. Workers of a program that
// changes its user send to it too: anybody may, and is then asked who he is.
func openNotices(known *pids) (*notices, error) {
	var random [8]byte
	_, _ = rand.Read(random[:]) // never fails
	name := fmt.Sprintf("@prefork-%d-%s", os.Getpid(), hex.EncodeToString(random[:]))
	fd, err := unix.Socket(unix.AF_UNIX, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK, 0)
	if err != nil {
		return nil, fmt.Errorf("notify socket: %w", err)
	}
	err = errors.Join(unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_PASSCRED, 1),
		unix.Bind(fd, &unix.SockaddrUnix{Name: name}))
	if err != nil {
		return nil, errors.Join(fmt.Errorf("notify socket: %w", err), unix.Close(fd))
	}
	return resumeNotices(fd, name, known), nil
}

// resumeNotices takes over a socket that is open already.
func resumeNotices(fd int, name string, known *pids) *notices {
	n := &notices{name: name, known: known}
	n.listening = listening{fd: fd, hear: n.hear}
	return n
}

// hear reads a batch at most, so that a sender who never stops does not keep the ear
// from being stopped.
func (n *notices) hear(report func(Event)) {
	const batch = 64
	payload, control := make([]byte, 4096), make([]byte, 256)
	for range batch {
		got, gotControl, _, _, err := unix.Recvmsg(n.fd, payload, control, unix.MSG_DONTWAIT|unix.MSG_CMSG_CLOEXEC)
		if err != nil {
			return
		}
		sender, passed := parse(control[:gotControl])
		for _, event := range n.eventsOf(string(payload[:got]), sender) {
			report(event)
		}
		// Only now: systemd-notify waits for its descriptor (BARRIER=1) to be
		// closed before it ends, and its ancestry can be read until then.
		for _, fd := range passed {
			_ = unix.Close(fd)
		}
	}
}

// eventsOf reads one message: lines of NAME=value. The sender may be a helper that
// the worker started, such as systemd-notify, so its ancestors count too; the machine
// knows which of them is a worker. Who they are takes work, which is not done for just
// anybody.
func (n *notices) eventsOf(message string, sender unix.Ucred) (events []Event) {
	pid := int(sender.Pid)
	if pid == 0 || !n.known.has(pid) && !n.strays.mayAsk(sender.Uid, time.Now()) {
		return nil
	}
	lines := strings.Split(message, "\n")
	for pid := range keeper.Ancestry(pid, os.Getpid()) {
		if slices.Contains(lines, "READY=1") {
			events = append(events, Ready{pid})
		}
		if worker.IsRecycle(message) {
			events = append(events, Recycle{pid})
		}
	}
	return events
}

// strays bounds what is done for senders of other users that are no workers.
type strays struct {
	second int64
	asked  int
}

// straysASecond is how many such are looked into. A worker's helper that has changed
// its user needs one.
const straysASecond = 50

func (s *strays) mayAsk(uid uint32, now time.Time) bool {
	if uid == 0 || uid == uint32(os.Geteuid()) {
		return true
	}
	if second := now.Unix(); second != s.second {
		s.second, s.asked = second, 0
	}
	s.asked++
	return s.asked <= straysASecond
}

// parse reads which process the kernel says sent a message, and the descriptors
// that came with it, which are the caller's to close.
func parse(control []byte) (sender unix.Ucred, passed []int) {
	messages, err := unix.ParseSocketControlMessage(control)
	if err != nil {
		return unix.Ucred{}, nil
	}
	for i := range messages {
		if cred, err := unix.ParseUnixCredentials(&messages[i]); err == nil {
			sender = *cred
		}
		if fds, err := unix.ParseUnixRights(&messages[i]); err == nil {
			passed = append(passed, fds...)
		}
	}
	return sender, passed
}
