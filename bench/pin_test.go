//go:build linux

package bench_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"prefork/bench"
	"prefork/bench/result"
	"prefork/internal/sys"
)

// All that a server starts is on the processors that are told to be its own: of a peer, and of
// a program under each strategy.
func TestPinnedServers(t *testing.T) {
	if cpus, err := sys.Processors(); err != nil || len(cpus) < 2 {
		t.Skip("two processors are needed", err)
	}
	if _, err := exec.LookPath("python3"); err != nil {
		t.Skip("needs python3")
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	told := filepath.Join(t.TempDir(), "cpus")
	tells := func(who string) string {
		return fmt.Sprintf("echo %s $(grep Cpus_allowed_list /proc/self/status) >>'%s'; ", who, told)
	}
	p := short(t, "hello", "steady")
	p.Pin, p.Phases, p.Rate = true, []string{result.Open}, 100
	r := carryOut(t, p, bench.Selection{
		Arms: []string{"shared", "reuseport"}, Command: tells("program") + "exec python3 ../docs/workers/worker.py",
		Peers: []string{"other=" + tells("peer") + self + " --log-level error --bind {host}:{port} -w {workers}"},
	})
	text, err := os.ReadFile(told)
	if err != nil {
		t.Fatal(err)
	}
	want, seen := listed(r.Environment.Pinning.Server), map[string]bool{}
	for line := range strings.Lines(string(text)) {
		who, cpus, _ := strings.Cut(strings.TrimSpace(line), " Cpus_allowed_list: ")
		if seen[who] = true; cpus != want {
			t.Errorf("%s is on %s, want %s (%s)", who, cpus, want, r.Environment.Pinning)
		}
	}
	if !seen["program"] || !seen["peer"] {
		t.Errorf("it was told by %v", seen)
	}
}

// listed is how the kernel writes a set of processors: 0-3,8.
func listed(cpus []int) string {
	var parts []string
	for i := 0; i < len(cpus); i++ {
		from := cpus[i]
		for i+1 < len(cpus) && cpus[i+1] == cpus[i]+1 {
			i++
		}
		if part := fmt.Sprint(from); from == cpus[i] {
			parts = append(parts, part)
		} else {
			parts = append(parts, fmt.Sprintf("%s-%d", part, cpus[i]))
		}
	}
	return strings.Join(parts, ",")
}
