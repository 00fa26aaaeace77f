//go:build linux

package main

import (
	"flag"
	"fmt"
	"os"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

var speed = flag.Bool("speed", false, "print what agents cost")

// TestWhatItCosts prints what several agents do together on this machine, against nobody, and
// what they use: it shows what is there to be told and heard, for no server is in it.
func TestWhatItCosts(t *testing.T) {
	if !*speed {
		t.Skip("it takes a quiet machine: go test ./cmd/prefork-many -run TestWhatItCosts -speed -v")
	}
	_, url := natsAt(t, nil, -1)
	var agents []*process
	var lines []string
	for _, n := range []int{1, 2, 3, 6, 12} {
		for len(agents) < n {
			agents = append(agents, agentAt(t, nil, url, fmt.Sprintf("a%02d", len(agents)+1)))
		}
		run := start(t, nil, "prefork-many", "bench", "--nats", url, "--agents", strconv.Itoa(n), "--target", "null", "--workload", "work", "--service", "exp:10ms",
			"--phase", "open", "--rate", strconv.Itoa(2000*n), "--rounds", "1", "--length", "5s", "--timeout", "1s", "--format", "json", "--quiet")
		agentPeak, generatorPeak := 0, 0
		for over := false; !over; {
			select {
			case <-run.ended:
				over = true
			default:
			}
			for _, a := range agents {
				agentPeak = max(agentPeak, peakMemory(a.cmd.Process.Pid))
				for _, pid := range a.generators() {
					generatorPeak = max(generatorPeak, peakMemory(pid))
				}
			}
		}
		r := run.result()
		control, clock := 0.0, 0.0
		for _, h := range r.Hosts {
			control, clock = max(control, h.ControlPct), max(clock, h.ClockErrorUS)
		}
		round := r.Rounds[0]
		lines = append(lines, fmt.Sprintf("%6d  %12.0f  %12.0f  %10.2f %%  %8d MB  %9d MB  %7.0f µs  %7.0f µs",
			n, round.OfferedRate, round.Throughput, control, agentPeak>>10, generatorPeak>>10, clock, *round.ScheduleLagP99))
	}
	t.Logf("agents of 2,000 a second each, against nobody\n%6s  %12s  %12s  %12s  %11s  %12s  %10s  %10s\n%s", "agents", "asked for/s", "reached/s",
		"control CPU", "agent", "generator", "clock ±", "lag p99", strings.Join(lines, "\n"))
}

var highWater = regexp.MustCompile(`VmHWM:\s+(\d+) kB`)

// peakMemory is the most that a process had in memory, in kB.
func peakMemory(pid int) int {
	text, _ := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if m := highWater.FindSubmatch(text); m != nil {
		kB, _ := strconv.Atoi(string(m[1]))
		return kB
	}
	return 0
}
