//go:build linux

package worker_test

import (
	"fmt"
	"os"
	"regexp"
	"slices"
	"strconv"
	"syscall"
	"testing"
	"time"

	"prefork/internal/kernel"
	"prefork/internal/servertest"
)

// What a built-in worker costs before its first connection is printed by
//
//	CGO_ENABLED=0 go test ./internal/worker -run TestWhatAStartCosts -v
//
// and what it pays for packages that it may not need by
//
//	GODEBUG=inittrace=1 prefork -w 1
func TestWhatAStartCosts(t *testing.T) {
	const starts = 15
	s := servertest.Start(t, "-w", "1")
	var wall, cpu []time.Duration
	var resident, proportional, own []int
	for n := 1; n <= starts; n++ {
		started, ready := s.Await("worker started", n), s.Await("worker ready", n)
		wall = append(wall, at(t, ready).Sub(at(t, started)))
		pid := s.Workers()[0]
		used, err := kernel.ProcessCPU(pid)
		if err != nil {
			t.Fatal(err)
		}
		cpu = append(cpu, used)
		memory, err := os.ReadFile(fmt.Sprintf("/proc/%d/smaps_rollup", pid))
		if err != nil {
			t.Skip("the kernel does not tell: ", err)
		}
		resident = append(resident, kilobytes(t, memory, "Rss"))
		proportional = append(proportional, kilobytes(t, memory, "Pss"))
		own = append(own, kilobytes(t, memory, "Private_Dirty"))
		if n < starts {
			s.Signal(syscall.SIGHUP)
		}
	}
	t.Logf("medians of %d starts: ready after %.1f ms, with %.1f ms of processor time; %d kB resident, %d kB proportionally, %d kB of its own",
		starts, milliseconds(wall), milliseconds(cpu), median(resident), median(proportional), median(own))
}

func at(t *testing.T, r servertest.Record) time.Time {
	t.Helper()
	when, err := time.Parse(time.RFC3339Nano, r.String("time"))
	if err != nil {
		t.Fatal(err)
	}
	return when
}

func kilobytes(t *testing.T, rollup []byte, what string) int {
	t.Helper()
	m := regexp.MustCompile(`(?m)^` + what + `:\s+(\d+) kB$`).FindSubmatch(rollup)
	if m == nil {
		t.Fatalf("no %s in:\n%s", what, rollup)
	}
	n, _ := strconv.Atoi(string(m[1]))
	return n
}

func median[N int | time.Duration](all []N) N {
	slices.Sort(all)
	return all[len(all)/2]
}

func milliseconds(all []time.Duration) float64 {
	return float64(median(all)) / float64(time.Millisecond)
}
