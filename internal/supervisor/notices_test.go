//go:build linux

package supervisor

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"prefork/internal/keeper"
	"prefork/internal/scoreboard"
)

// The tests' binary plays a worker that notifies: itself, or by way of as many
// helpers as notifyDepthEnv says, each a child of the one before.
const (
	notifyTextEnv  = "NOTICES_TEST_TEXT"
	notifyDepthEnv = "NOTICES_TEST_DEPTH"
)

// TestNotifier is no test but the other process; see notify.
func TestNotifier(t *testing.T) {
	text := os.Getenv(notifyTextEnv)
	if text == "" {
		t.Skip("only in a process that notify has started")
	}
	if depth := os.Getenv(notifyDepthEnv); depth != "" {
		helper := notifier(os.Getenv("NOTIFY_SOCKET"), text, depth[1:])
		helper.Stdin, helper.Stdout = os.Stdin, os.Stdout
		if err := helper.Run(); err != nil {
			t.Fatal(err)
		}
		return
	}
	conn, err := net.Dial("unixgram", os.Getenv("NOTIFY_SOCKET"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.WriteString(conn, text); err != nil {
		t.Fatal(err)
	}
	fmt.Println("sent by", os.Getpid())
	_, _ = io.Copy(io.Discard, os.Stdin) // who has ended cannot be traced to its worker
}

func notifier(socket, text, depth string) *exec.Cmd {
	cmd := exec.Command("/proc/self/exe", "-test.run=^TestNotifier$", "-test.count=1")
	cmd.Env = append(os.Environ(), "NOTIFY_SOCKET="+socket, notifyTextEnv+"="+text, notifyDepthEnv+"="+depth, "GORACE=atexit_sleep_ms=0")
	return cmd
}

// notify has a new process send text, a helper under so many others, and returns
// both pids. They live until the test ends.
func notify(t *testing.T, n *notices, text string, helpers int) (worker, sender int) {
	t.Helper()
	cmd := notifier(n.name, text, strings.Repeat("x", helpers))
	stdin, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = stdin.Close()
		_ = cmd.Wait()
	})
	line, err := bufio.NewReader(stdout).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	if _, err := fmt.Sscanf(line, "sent by %d", &sender); err != nil {
		t.Fatalf("%q: %v", line, err)
	}
	return cmd.Process.Pid, sender
}

func listenHere(t *testing.T) (*notices, <-chan Event) {
	t.Helper()
	events := make(chan Event, 64)
	n, err := openNotices(&pids{})
	if err != nil {
		t.Fatal(err)
	}
	if err := n.start(func(e Event) { events <- e }); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { n.stop(); n.close() })
	return n, events
}

// await is the next event that concerns a process.
func await(t *testing.T, events <-chan Event, pid int) Event {
	t.Helper()
	late := time.After(30 * time.Second)
	for {
		select {
		case event := <-events:
			switch e := event.(type) {
			case Ready:
				if e.PID == pid {
					return e
				}
			case Recycle:
				if e.PID == pid {
					return e
				}
			}
		case <-late:
			t.Fatalf("no event of process %d", pid)
		}
	}
}

func TestReadyOfTheWorkerItself(t *testing.T) {
	n, events := listenHere(t)
	worker, sender := notify(t, n, "READY=1", 0)
	if worker != sender {
		t.Fatalf("process %d sent what %d should", sender, worker)
	}
	if got := await(t, events, worker); got != (Ready{worker}) {
		t.Errorf("%#v", got)
	}
}

// Shell scripts notify by way of a program such as systemd-notify.
func TestReadyOfAHelper(t *testing.T) {
	for _, helpers := range []int{1, 2} {
		n, events := listenHere(t)
		worker, sender := notify(t, n, "READY=1", helpers)
		if worker == sender {
			t.Fatal("the worker has sent it itself")
		}
		if got := await(t, events, worker); got != (Ready{worker}) {
			t.Errorf("%#v", got)
		}
	}
}

func TestRecycleIsANotice(t *testing.T) {
	n, events := listenHere(t)
	worker, _ := notify(t, n, "STATUS=enough\nX_PREFORK_RECYCLE=1", 0)
	if got := await(t, events, worker); got != (Recycle{worker}) {
		t.Errorf("%#v", got)
	}
}

// Whatever a message says, it speaks for its sender and those above only. The
// stranger is a process of this test's, which is no worker of the machine.
func TestAStrangerSpeaksForNobodyElse(t *testing.T) {
	n, events := listenHere(t)
	stranger, _ := notify(t, n, "READY=1\nMAINPID=1\nX_PREFORK_RECYCLE=1", 0)
	worker, _ := notify(t, n, "STATUS=starting", 0)
	m := NewMachine(Limits{Workers: 1, MaxWorkers: 1})
	start := m.Step(time.Now(), Tick{})[0].(Start)
	m.Step(time.Now(), Started{start.Slot, start.Seat, worker})
	for range 2 { // READY and RECYCLE
		event := await(t, events, stranger)
		if actions := m.Step(time.Now(), event); len(actions) > 0 {
			t.Errorf("%#v led to %#v", event, actions)
		}
	}
	if _, _, s := m.find(worker); s.state != scoreboard.Starting {
		t.Errorf("the worker is %v", s.state)
	}
}

func TestMessagesAreReadByTheLine(t *testing.T) {
	tests := []struct {
		message string
		want    []Event
	}{
		{"READY=1", []Event{Ready{1 << 30}}},
		{"READY=1\n", []Event{Ready{1 << 30}}},
		{"STATUS=READY=1\nMAINPID=7", nil},
		{"READY=0", nil},
		{"READY=11", nil},
		{"", nil},
		{"READY=1\nX_PREFORK_RECYCLE=1", []Event{Ready{1 << 30}, Recycle{1 << 30}}},
	}
	for _, test := range tests {
		// A process that cannot be: it has no ancestors.
		n := &notices{known: &pids{}}
		n.known.add(1 << 30)
		if got := n.eventsOf(test.message, unix.Ucred{Pid: 1 << 30}); !slices.Equal(got, test.want) {
			t.Errorf("%q: %v, want %v", test.message, got, test.want)
		}
	}
}

// Who is neither a worker nor of our user is looked into now and then only: anybody
// may send, as fast as he can.
func TestStrangersCannotKeepTheMasterBusy(t *testing.T) {
	n := &notices{known: &pids{}}
	const messages = 100_000
	stranger, looked := unix.Ucred{Pid: int32(os.Getppid()), Uid: 12345}, 0
	began := time.Now()
	for range messages {
		if len(n.eventsOf("READY=1", stranger)) > 0 {
			looked++
		}
	}
	if most := straysASecond * (2 + int(time.Since(began)/time.Second)); looked == 0 || looked > most {
		t.Errorf("%d of %d messages were looked into, want some and %d at most", looked, messages, most)
	}
}

func TestAncestryEndsHere(t *testing.T) {
	n, events := listenHere(t)
	_, sender := notify(t, n, "READY=1", 2)
	await(t, events, sender)
	above := slices.Collect(keeper.Ancestry(sender, os.Getpid()))
	if len(above) != 3 || above[0] != sender || slices.Contains(above, os.Getpid()) {
		t.Errorf("above %d: %v", sender, above)
	}
}
