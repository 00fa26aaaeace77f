//go:build linux

package lab_test

import (
	"bufio"
	"io"
	"net/http"
	"os"
	"os/exec"
	"regexp"
	"runtime"
	"testing"

	"golang.org/x/sys/unix"

	"prefork/internal/keeper"
	"prefork/internal/kernel"
	"prefork/internal/servertest"
	"prefork/internal/subject"
)

// However the lab ends, nothing of it is left: not the workers either, which would
// carry on without a master, nor those that already do.
func TestNothingIsLeftBehind(t *testing.T) {
	for _, test := range []struct {
		name   string
		signal unix.Signal
		act    string
	}{
		{"interrupted", unix.SIGINT, ""},
		{"killed", unix.SIGKILL, ""},
		{"killed after its masters", unix.SIGKILL, `{"do":"kill-master"}`},
		{"interrupted after its masters, with a worker stopped", unix.SIGINT, `{"do":"kill-master"}`},
	} {
		t.Run(test.name, func(t *testing.T) {
			cmd, url := command(t)
			v := view(t, url)
			v.await("frame", func(data string) bool { return frames(data)[2].D > 0 })
			if test.act != "" {
				post(t, url, "/act", `{"do":"stop","worker":2}`)
				post(t, url, "/act", test.act)
			}
			pids := below(cmd.Process.Pid)
			if len(pids) < 3*4+2 {
				t.Fatalf("the lab has %d processes, want masters, workers, generator and keeper: %v", len(pids), pids)
			}
			_ = cmd.Process.Signal(test.signal)
			_ = cmd.Wait()
			servertest.Eventually(t, "nothing of the lab is left", func() bool { return len(left(pids)) == 0 })
		})
	}
}

// command runs prefork demo --web as a process of its own, as who has changed it.
func command(t *testing.T, who ...func(*exec.Cmd)) (cmd *exec.Cmd, url string) {
	t.Helper()
	if err := subject.Adopt(); err != nil { // so that nobody gets away
		t.Fatal(err)
	}
	cmd = servertest.Command("demo", "--web", "127.0.0.1:0")
	for _, change := range who {
		change(cmd)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	cmd.Stderr = os.Stderr
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Signal(os.Interrupt)
		_ = cmd.Wait()
		reapAll(t)
	})
	line, _ := bufio.NewReader(out).ReadString('\n')
	go func() { _, _ = io.Copy(io.Discard, out) }()
	url = regexp.MustCompile(`http://[\d.:]+`).FindString(line)
	if url == "" {
		t.Fatalf("it says %q, want its address", line)
	}
	return cmd, url
}

// below are all processes of a lab: what it has started and what it has adopted.
func below(pid int) []int {
	family, _ := kernel.Family(pid)
	return family[1:]
}

// left are those that live.
func left(pids []int) (alive []int) {
	for _, pid := range pids {
		if !kernel.Gone(pid) {
			alive = append(alive, pid)
		}
	}
	return alive
}

// reapAll waits until this process has no children any more, and reaps those that
// have come to it when their parents died.
func reapAll(t *testing.T) {
	servertest.Eventually(t, "no child is left behind", func() bool {
		children, _ := kernel.Children(os.Getpid())
		for _, pid := range children {
			_, _ = unix.Wait4(pid, nil, unix.WNOHANG, nil)
		}
		return len(children) == 0
	})
}

// The mark by which the keeper finds them is theirs alone.
func TestMark(t *testing.T) {
	url := open(t)
	view(t, url).await("frame", anything)
	marked, err := keeper.Marked()
	if err != nil || len(marked) < 3*5+1 {
		t.Errorf("%d processes bear the mark (%v), want masters, workers and the generator", len(marked), err)
	}
	for _, pid := range marked {
		if pid == os.Getpid() || pid == os.Getppid() {
			t.Errorf("process %d, which is not the lab's, bears its mark", pid)
		}
	}
}

// A lab that has ended holds no file and runs no goroutine.
func TestNothingLeaks(t *testing.T) {
	once := func() {
		lab := openAt(t, "127.0.0.1:0")
		v := view(t, lab.url)
		v.await("frame", func(data string) bool { return frames(data)[2].D > 0 })
		post204(t, lab.url, "/settings", `{"workers":2}`)
		post204(t, lab.url, "/act", `{"do":"kill-master","panel":"dispatch"}`)
		v.leave()
		lab.end()
		http.DefaultClient.CloseIdleConnections()
	}
	once() // what is opened once and for all
	files, goroutines := openFiles(), runtime.NumGoroutine()
	once()
	servertest.Eventually(t, "no more files and goroutines than before", func() bool {
		return openFiles() <= files && runtime.NumGoroutine() <= goroutines
	})
}

func openFiles() int {
	files, _ := kernel.Descriptors(os.Getpid())
	return len(files)
}
