//go:build linux

package demo

import (
	"fmt"
	"slices"

	"prefork/strategies"
)

// stuckServer is a way of spreading connections among workers one of which stands
// still, and how many of n wait for it.
type stuckServer struct {
	title, strategy string
	flags           []string
	predict         func(n int) Number
}

// stuckServers are those for which nothing special is needed.
var stuckServers = []stuckServer{
	{"one queue for all", "shared", nil, func(int) Number {
		return exactly("waiting in the one queue", 0, 0, "none: a worker that is awake takes the next one")
	}},
	{"a queue for each", "reuseport", nil, func(n int) Number {
		return byChance("waiting in worker 2's own queue", 0, n, 1./stuckWorkers, "1/4 of them: the hash does not look who is awake")
	}},
	{"a master, in turn", "dispatch", []string{"--window", "16"}, func(n int) Number {
		return exactly("waiting at worker 2, dealt in turn", 0, min(16, n/stuckWorkers), "as many as may be on their way to one worker (--window 16)")
	}},
	{"a master, to the worker with the fewest", "dispatch", []string{"--policy", "least-conn"}, func(int) Number {
		return exactly("waiting at worker 2, fewest first", 0, 1, "one: from then on this worker has most")
	}},
}

// steeredServer needs a program in the kernel.
var steeredServer = stuckServer{
	"a queue for each, and a program that looks at all", "reuseport", []string{"--steer", "least-loaded"}, func(int) Number {
		return exactly("waiting in worker 2's own queue, steered", 0, 1, "one: from then on this worker has most")
	},
}

const (
	stuckWorkers = 4
	stuckSlot    = 2
)

func playStuckWorker(s *Stage) error {
	const conns = 100
	s.say("Here are four workers, 0 to 3. We stop worker 2 with SIGSTOP. A debugger does the same, and a slow disk or a lack of memory does something like it. Then come 100 connections. Nothing has crashed, and nobody is told.")
	s.ask("Each worker has a queue of its own. How many of the 100 will wait for the worker that stands still?", Asked{Of: conns})
	ways, unable := stuckServers, canSteer()
	if unable == nil {
		ways = append(slices.Clone(ways), steeredServer)
	}
	lost := 0
	for _, way := range ways {
		n, err := s.oneStuck(way, conns)
		if err != nil {
			return err
		}
		lost += n
	}
	if unable != nil {
		s.leaveOut(fmt.Sprintf("%s (prefork -s reuseport --steer least-loaded): %v", steeredServer.title, unable))
	}
	s.check(exactly("lost, once worker 2 goes on", lost, 0, "a queue in the kernel waits for its worker"))
	s.why("Where each worker has a queue, the hash has chosen when the first packet came, and no other worker can take the connection from there. From one queue it goes to a worker that is awake: one that is stopped leaves the line (inet_csk_wait_for_connect). A master could know better. Whether it does depends on its policy. A program in the kernel (BPF_PROG_TYPE_SK_REUSEPORT) knows as much, and stands in nobody's way.")
	s.read("signal(7), SIGSTOP; dispatch/policy.go; docs/steering.md; prefork bench --scenario stuck-worker")
	return nil
}

// canSteer says why this kernel will not be steered by this process.
func canSteer() error {
	steer, err := strategies.LookupSteer(steeredServer.flags[1])
	if err != nil {
		return err
	}
	return steer.Probe()
}

// oneStuck stops a worker of a server, sends visitors, draws where they are and
// proves how many wait; then it lets the worker go on, and sees them all off.
func (s *Stage) oneStuck(way stuckServer, conns int) (lost int, err error) {
	v, err := s.start(way.strategy, stuckWorkers, way.flags...)
	if err != nil {
		return 0, err
	}
	defer v.Stop()
	if err := v.freeze(stuckSlot); err != nil {
		return 0, err
	}
	var c crowd
	waiting := 0
	for range conns {
		c = append(c, v.visit())
		if waiting, err = v.settled(c, stuckSlot); err != nil {
			return 0, err
		}
	}
	slots, _, _ := c.greeted(v)
	s.show(v.stuckPicture(way.title, slots, waiting))
	n := way.predict(conns)
	n.Got, n.Answers = float64(waiting), way.strategy == "reuseport" && way.flags == nil
	s.check(n)
	if err := v.thaw(stuckSlot); err != nil {
		return 0, err
	}
	c.all()
	_, lost, _ = c.greeted(v)
	return lost, nil
}

// settled waits until each visitor has gone or waits where the worker that stands still
// takes connections from, and the other workers wait for more. It returns how many wait.
func (v *server) settled(c crowd, still int) (waiting int, err error) {
	there := func() bool {
		gone := c.gone()
		waiting, err = v.waitingFor(still)
		return err != nil || gone+waiting == len(c)
	}
	for {
		failed := v.stage.await("every connection is answered, or waits for the worker that stands still", there)
		if err == nil {
			err = failed
		}
		if err == nil {
			_, err = v.idle(still)
		}
		// In a queue that all share, one may have waited only until a worker was awake.
		if err != nil || there() {
			return waiting, err
		}
	}
}

func (v *server) stuckPicture(title string, slots []int, waiting int) Picture {
	p := Picture{Title: title, Strategy: v.strategy}
	if v.wait.master != 0 {
		p.Lanes = append(p.Lanes, Lane{What: MasterLane, Label: "master"})
	}
	for slot, served := range slots {
		lane := workerLane(slot, served, 0, 1)
		if slot == stuckSlot {
			lane = workerLane(slot, served, waiting, 1)
			lane.Note = fmt.Sprintf("stopped, %d wait", waiting)
		}
		p.Lanes = append(p.Lanes, lane)
	}
	return p
}
