//go:build linux

package subject

import (
	"os"
	"os/exec"
	"slices"
	"syscall"
	"testing"
	"time"
)

// Who has ended is forgotten, and nobody is taken for him who has got his number.
func TestKinForgetsTheDead(t *testing.T) {
	start := func() *exec.Cmd {
		cmd := exec.Command("sleep", "1000")
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		return cmd
	}
	dead, alive := start(), start()
	var k kin
	k.meet(dead.Process.Pid)
	k.meet(alive.Process.Pid)
	k.meet(alive.Process.Pid)
	held := k.all[0]
	if got, want := k.living(), []int{dead.Process.Pid, alive.Process.Pid}; !slices.Equal(got, want) {
		t.Errorf("living %v, want %v", got, want)
	}
	_ = dead.Process.Kill()
	_ = dead.Wait()
	// Its number is free; the handle says so, whoever has it by now.
	if err := held.Signal(syscall.SIGKILL); err != os.ErrProcessDone {
		t.Errorf("signal to the dead: %v", err)
	}
	if got, want := k.living(), []int{alive.Process.Pid}; !slices.Equal(got, want) {
		t.Errorf("living %v, want %v", got, want)
	}
	k.kill()
	k.bury(10 * time.Second)
	if err := alive.Wait(); err == nil {
		t.Error("it has ended by itself")
	}
}
