//go:build linux

package main

import (
	"net"
	neturl "net/url"
	"strconv"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"prefork/bench/result"
	"prefork/internal/kernel"
	"prefork/internal/servertest"
)

// long is a run of one arm with parts in which there is time for something to happen.
func long(t *testing.T, url string, agents int, more ...string) *process {
	t.Helper()
	return start(t, nil, "prefork-many", append([]string{
		"bench", "--nats", url, "--agents", strconv.Itoa(agents), "--target", "null", "--workload", "work", "--service", "fixed:10ms",
		"--phase", "open", "--rate", "200", "--rounds", "2", "--length", "3s", "--budget", "5m", "--format", "json", "--quiet",
	}, more...)...)
}

// loading waits until agents load something.
func loading(t *testing.T, agents ...*process) {
	t.Helper()
	for _, a := range agents {
		servertest.Eventually(t, a.name+" loads", func() bool { return len(a.generators()) > 0 })
	}
}

// repeated are the reasons for which parts were done again.
func repeated(r result.Result) (all []string) {
	for _, again := range r.Repeats {
		for _, doubt := range again.Doubts {
			all = append(all, doubt.Reason)
		}
	}
	return all
}

// NATS that is gone for longer than a lease costs the part that it was gone in: nobody loads
// anything meanwhile, and the run goes on when it is back.
func TestNATSGone(t *testing.T) {
	nats, url := natsAt(t, nil, -1)
	a, b := agentAt(t, nil, url, "a"), agentAt(t, nil, url, "b")
	run := long(t, url, 2)
	loading(t, a, b)
	nats.stop(unix.SIGKILL)
	for _, agent := range []*process{a, b} {
		agent.hear("nothing was heard of the coordinator")
		if pids := agent.generators(); len(pids) > 0 {
			t.Errorf("%s loads without a coordinator", agent.name)
		}
	}
	run.hear("waiting for all to be there")
	u, err := neturl.Parse(url)
	if err != nil {
		t.Fatal(err)
	}
	port, _ := strconv.Atoi(u.Port())
	natsAt(t, nil, port)
	r := run.result()
	if len(r.Rounds) != 2 || r.Partial != "" {
		t.Errorf("%d rounds, partial: %q\n%s", len(r.Rounds), r.Partial, run.words())
	}
	// It may have been gone already when the part was about to begin.
	if reasons := strings.Join(repeated(r), "\n"); !strings.Contains(reasons, "NATS was gone") && !strings.Contains(reasons, "does not answer") {
		t.Errorf("repeated for %q", reasons)
	}
}

// An agent that is killed takes its generator with it, and costs its part, with its name. The
// run goes on with another.
func TestAgentGone(t *testing.T) {
	_, url := natsAt(t, nil, -1)
	a, b := agentAt(t, nil, url, "a"), agentAt(t, nil, url, "b")
	run := long(t, url, 2)
	loading(t, a, b)
	generator := b.generators()
	b.stop(unix.SIGKILL)
	for _, pid := range generator {
		servertest.Eventually(t, "the generator ends with its agent", func() bool { _, err := kernel.State(pid); return err != nil })
	}
	run.hear("waiting for all to be there")
	servertest.Eventually(t, "the other agent gives up a part that has come to nothing", func() bool { return len(a.generators()) == 0 })
	agentAt(t, nil, url, "c")
	r := run.result()
	if len(r.Rounds) != 2 || len(r.Hosts) != 2 || r.Hosts[1].Name != "c" {
		t.Errorf("%d rounds, hosts %+v\n%s", len(r.Rounds), r.Hosts, run.words())
	}
	if reasons := repeated(r); len(reasons) == 0 || !strings.Contains(reasons[0], "b") {
		t.Errorf("repeated for %q", reasons)
	}
}

// A coordinator that is killed leaves no agent loading anything, and they are free for the
// next one.
func TestCoordinatorGone(t *testing.T) {
	_, url := natsAt(t, nil, -1)
	a := agentAt(t, nil, url, "a")
	run := long(t, url, 1, "--length", "1m")
	loading(t, a)
	run.stop(unix.SIGKILL)
	a.hear("nothing was heard of the coordinator")
	if len(a.generators()) > 0 {
		t.Error("the agent loads without a coordinator")
	}
	if r := long(t, url, 1, "--length", "200ms").result(); len(r.Rounds) != 2 {
		t.Errorf("the next run has %d rounds", len(r.Rounds))
	}
}

// One that is interrupted lets its agents go at once, and a generator that is interrupted by
// a stop of its agent ends too.
func TestStops(t *testing.T) {
	_, url := natsAt(t, nil, -1)
	a := agentAt(t, nil, url, "a")
	run := long(t, url, 1, "--length", "1m")
	loading(t, a)
	run.stop(unix.SIGINT)
	a.hear("done with it")
	servertest.Eventually(t, "the generator has ended", func() bool { return len(a.generators()) == 0 })
	run = long(t, url, 1, "--length", "1m")
	loading(t, a)
	generator := a.generators()
	a.stop(unix.SIGTERM)
	for _, pid := range generator {
		servertest.Eventually(t, "the generator has ended", func() bool { _, err := kernel.State(pid); return err != nil })
	}
	run.hear("the part is done again")
}

// Nobody else gets at agents that were started for a run, nor are they left behind.
func TestLocal(t *testing.T) {
	run := start(t, nil, "prefork-many", "bench", "--agents", "local:3", "--target", "null", "--workload", "work", "--service", "fixed:5ms",
		"--rounds", "1", "--length", "300ms", "--format", "json", "--quiet")
	r := run.result()
	if len(r.Hosts) != 3 || len(r.Rounds) != 2 || len(r.Rounds[0].Agents) != 3 {
		t.Fatalf("hosts %+v, %d rounds\n%s", r.Hosts, len(r.Rounds), run.words())
	}
	for _, round := range r.Rounds {
		sum := 0
		for _, agent := range round.Agents {
			if agent.Conns == 0 {
				t.Errorf("%s loop: agent %s had nothing to do", round.Phase, agent.Agent)
			}
			sum += agent.Conns
		}
		if sum != round.Conns {
			t.Errorf("%s loop: %d connections, and the agents had %d", round.Phase, round.Conns, sum)
		}
	}
}

// freePort is one that nobody has.
func freePort(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}
