//go:build linux

package main

import (
	"errors"
	"math"
	"strconv"
	"testing"

	"prefork/bench/result"
	"prefork/internal/lan"
)

// machines is a lan with a server's machine and three of agents, and NATS on its switch.
func machines(t *testing.T) (l *lan.Lan, url string) {
	t.Helper()
	l, err := lan.New("server", "a", "b", "c")
	if errors.Is(err, lan.ErrDenied) {
		t.Skip(err)
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(l.Close)
	_, url = natsAt(t, l.Switch, -1)
	return l, url
}

func agentsOn(t *testing.T, l *lan.Lan, url string, names ...string) {
	t.Helper()
	for _, name := range names {
		agentAt(t, l.Host(name), url, name)
	}
}

// tries is how often a comparison of measurements may fail on a machine that has other things
// to do.
const tries = 5

// Three agents have three times the clients of one, and so three times the rate against a
// server that can take it.
func TestThreeAgentsReach(t *testing.T) {
	l, url := machines(t)
	agentsOn(t, l, url, "a", "b", "c")
	rate := func(agents int) float64 {
		r := start(t, l.Switch, "prefork-many", "bench", "--nats", url, "--agents", strconv.Itoa(agents), "--target", "null",
			"--workload", "work", "--service", "fixed:20ms", "--phase", "closed", "--clients", strconv.Itoa(16*agents),
			"--rounds", "1", "--length", "1s", "--format", "json", "--quiet").result()
		if len(r.Rounds) != 1 {
			t.Fatalf("%d rounds", len(r.Rounds))
		}
		return r.Rounds[0].Throughput
	}
	for try := 1; ; try++ {
		one, three := rate(1), rate(3)
		t.Logf("one agent %.0f/s, three %.0f/s: %.2f ×", one, three, three/one)
		if three >= 2.5*one {
			return
		}
		if try == tries {
			t.Fatalf("three agents reach %.2f × the rate of one", three/one)
		}
	}
}

// compared is how shared and reuseport compare by throughput: work of 20 ms by sleep keeps the
// processors out of it, and with more clients than workers a hash leaves some workers idle.
func compared(t *testing.T, l *lan.Lan, flags ...string) (ratio float64, r result.Result) {
	t.Helper()
	var h *lan.Host
	if l != nil {
		h = l.Switch
	}
	r = start(t, h, "prefork-many", append([]string{
		"bench", "--arm", "shared/blocking", "--arm", "reuseport/hash", "--workload", "work", "--service", "exp:20ms", "--phase", "closed",
		"--clients", "6", "--rounds", "3", "--length", "1s", "--format", "json", "--quiet", "--seed", "1",
	}, flags...)...).result()
	means := map[string]float64{}
	for _, round := range r.Rounds {
		means[round.Arm] += math.Log(round.Throughput) / 3
	}
	return math.Exp(means["reuseport/hash"] - means["shared/blocking"]), r
}

// A whole comparison with its clients on three machines and its servers on a fourth comes to
// the same ratio as on one.
func TestNamespacesAgreeWithLoopback(t *testing.T) {
	l, url := machines(t)
	agentsOn(t, l, url, "a", "b", "c")
	server := start(t, l.Host("server"), "prefork-many", "bench", "serve-agent", "--nats", url, "--name", "server", "--host", l.Host("server").Address.String())
	server.hear("serve-agent server is there")
	for try := 1; ; try++ {
		here, _ := compared(t, nil)
		there, r := compared(t, l, "--nats", url, "--agents", "3")
		t.Logf("reuseport/shared: on loopback %.2f, in namespaces %.2f", here, there)
		whatIsTold(t, r)
		if math.Abs(math.Log(here/there)) < math.Log(1.15) && here < 1 && there < 1 {
			return
		}
		if try == tries {
			t.Fatalf("on loopback %.2f, in namespaces %.2f", here, there)
		}
	}
}

// whatIsTold checks that a result tells of machines, agents and costs.
func whatIsTold(t *testing.T, r result.Result) {
	t.Helper()
	if len(r.Hosts) != 4 || r.Hosts[0].Role != result.ServerHost || r.Hosts[3].Name != "c" || r.Hosts[1].ClockErrorUS <= 0 {
		t.Fatalf("hosts %+v", r.Hosts)
	}
	for _, round := range r.Rounds {
		if len(round.Agents) != 3 || round.CPU.Server == nil || len(round.Workers) != 4 || round.QueuePeak == nil {
			t.Fatalf("a round tells too little: %d agents, CPU %v, %d workers", len(round.Agents), round.CPU.Server, len(round.Workers))
		}
	}
}

// A target that only some agents reach is told of before any loads it.
func TestTargetThatSomeReach(t *testing.T) {
	l, url := machines(t)
	agentsOn(t, l, url, "a", "b")
	target := start(t, l.Host("server"), "prefork", "--bind", l.Host("server").Address.String()+":8080", "-w", "1")
	target.hear("msg=ready")
	if out, err := l.Host("b").Output("ip", "route", "add", "prohibit", l.Host("server").Address.String()); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	run := start(t, l.Switch, "prefork-many", "bench", "--nats", url, "--agents", "2", "--target", l.Host("server").Address.String()+":8080", "--rounds", "1", "--length", "100ms", "--quiet")
	run.fails(1, "b: 10.77.0.1:8080 cannot be reached from here", "the others are ready")
}
