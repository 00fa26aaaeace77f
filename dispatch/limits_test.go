//go:build linux

package dispatch

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
)

// What happens at the limits on descriptors is tested in a process of its own:
// they belong to the process, or to the user, and root is exempt from one.

const (
	inChildEnv = "DISPATCH_TEST_IN_CHILD"
	// nobody is the overflow user: one that is surely not privileged.
	nobody = 65534
)

// inChild reports whether this is the child. If not, it runs the test there.
func inChild(t *testing.T, as *syscall.SysProcAttr) bool {
	t.Helper()
	if os.Getenv(inChildEnv) != "" {
		return true
	}
	// The binary lies where only its builder may go; this way leads to it.
	cmd := exec.Command("/proc/self/exe", "-test.run=^"+t.Name()+"$", "-test.count=1", "-test.v")
	cmd.Env = append(os.Environ(), inChildEnv+"=1", "GORACE=atexit_sleep_ms=0")
	cmd.Dir = "/"
	cmd.SysProcAttr = as
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Errorf("in a child: %v\n%s", err, out)
	}
	return false
}

// limitDescriptors allows this process so many more than it has now.
func limitDescriptors(t *testing.T, more int) {
	t.Helper()
	fd, err := unix.Dup(0) // the lowest free number
	if err != nil {
		t.Fatal(err)
	}
	_ = unix.Close(fd)
	limit := unix.Rlimit{Cur: uint64(fd + more), Max: uint64(fd + more)}
	if err := unix.Setrlimit(unix.RLIMIT_NOFILE, &limit); err != nil {
		t.Fatal(err)
	}
}

// A worker out of descriptors hears of it, loses that message only, and can go
// on when it has closed something.
func TestReceiverOutOfDescriptors(t *testing.T) {
	if !inChild(t, nil) {
		return
	}
	pair := newPair(t)
	ours, peers := conns(t, MaxBatch)
	for range 3 {
		if err := new(Sender).Send(pair.Master, ours[:1]); err != nil {
			t.Fatal(err)
		}
	}
	if err := new(Sender).Send(pair.Master, ours); err != nil {
		t.Fatal(err)
	}
	var receiver Receiver
	if _, err := receiver.Receive(pair.Worker, 0); err != nil { // whose number must not show up again
		t.Fatal(err)
	}
	limitDescriptors(t, 0)
	if got, err := receiver.Receive(pair.Worker, 0); !errors.Is(err, syscall.EMFILE) {
		t.Fatalf("received %v, %v, want EMFILE", got, err)
	}
	closeAll(peers[:1])
	got, err := receiver.Receive(pair.Worker, 0)
	if err != nil || len(got) != 1 {
		t.Fatalf("received %v, %v with one descriptor free, want one", got, err)
	}
	closeAll(append(got, peers[1:3]...))
	if got, err = receiver.Receive(pair.Worker, 0); err != nil || len(got) != 3 {
		t.Errorf("received %v, %v with three descriptors free, want three", got, err)
	}
	if n := undelivered(t, pair); n != 0 {
		t.Errorf("%d are left", n)
	}
}

// The kernel limits what a user has on its way by RLIMIT_NOFILE, but not for root.
func TestTooManyOnTheirWay(t *testing.T) {
	as := &syscall.SysProcAttr{}
	if os.Getuid() == 0 {
		as.Credential = &syscall.Credential{Uid: nobody, Gid: nobody}
	}
	if !inChild(t, as) {
		return
	}
	pair := newPair(t)
	limitDescriptors(t, 16)
	sent, err := sendUntilError(pair, 0)
	if !errors.Is(err, unix.ETOOMANYREFS) {
		t.Fatalf("after %d: %v, want ETOOMANYREFS", sent, err)
	}
	if n := undelivered(t, pair); n != sent {
		t.Errorf("%d undelivered of %d", n, sent)
	}
	// Nothing is lost, and there is room again when one has arrived.
	if got := receive(t, pair); got != sent {
		t.Errorf("received %d of %d", got, sent)
	}
	if err := new(Sender).Send(pair.Master, []int{0}); err != nil {
		t.Errorf("with nothing on its way: %v", err)
	}
}

func sendUntilError(pair Pair, conn int) (sent int, err error) {
	var sender Sender
	for ; sent < 1000; sent++ {
		if err := sender.Send(pair.Master, []int{conn}); err != nil {
			return sent, err
		}
	}
	return sent, fmt.Errorf("no error after %d", sent)
}
