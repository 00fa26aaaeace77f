//go:build linux

package demo_test

import (
	"bufio"
	"os"
	"regexp"
	"strconv"
	"testing"

	"golang.org/x/sys/unix"

	"prefork/internal/kernel"
	"prefork/internal/servertest"
	"prefork/internal/subject"
)

// greeted is what a picture says of who has answered.
var greeted = regexp.MustCompile(`Hello from (\d+)`)

// A demo that is killed takes workers with it that would carry on without a master.
func TestKilledDemoLeavesNothing(t *testing.T) {
	if err := subject.Adopt(); err != nil { // so that nobody gets away
		t.Fatal(err)
	}
	cmd := servertest.Command("demo", "hello")
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	var workers []int
	for lines := bufio.NewScanner(out); len(workers) < 5 && lines.Scan(); {
		if pid := greeted.FindStringSubmatch(lines.Text()); pid != nil {
			number, _ := strconv.Atoi(pid[1])
			workers = append(workers, number)
			t.Cleanup(func() {
				if !kernel.Gone(number) {
					_ = unix.Kill(number, unix.SIGKILL)
				}
			})
		}
	}
	if len(workers) < 5 {
		t.Errorf("only %v have greeted anybody", workers)
	}
	_ = cmd.Process.Kill()
	_ = cmd.Wait()
	for _, pid := range workers {
		servertest.Eventually(t, "a worker has ended", func() bool { return kernel.Gone(pid) })
	}
	servertest.Eventually(t, "no child is left behind", func() bool {
		children, _ := kernel.Children(os.Getpid())
		for _, pid := range children {
			_, _ = unix.Wait4(pid, nil, unix.WNOHANG, nil)
		}
		return len(children) == 0
	})
}
