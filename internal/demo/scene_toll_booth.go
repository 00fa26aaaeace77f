//go:build linux

package demo

import (
	"fmt"
	"slices"
	"time"

	"prefork/bench/load"
	"prefork/internal/kernel"
)

func playTollBooth(s *Stage) error {
	const workers, conns = 4, 16 // so few that nobody becomes hot: see sys.Pace
	s.say("The third way: only the master accepts. It chooses a worker, and passes the open connection to it through a Unix socket. We send 16 connections, one at a time: first to workers that accept by themselves, and then to workers behind a master. We count how often the kernel wakes any of the processes.")
	s.ask("Behind a master, how many wakeups does one connection cost? One is the least there can be.", Asked{})
	for _, way := range []struct {
		strategy string
		want     float64
		from     string
	}{
		{"shared", 1, "one: the worker that takes it"},
		{"dispatch", 2, "two: the master, and then the worker"},
	} {
		v, err := s.start(way.strategy, workers)
		if err != nil {
			return err
		}
		slots, woken, err := v.spaced(conns)
		if err != nil {
			return err
		}
		s.show(v.booth(slots, woken))
		// Something else may wake a worker now and then, a signal or its runtime.
		s.check(Number{
			Label: "wakeups for one connection, " + way.strategy, Got: float64(sum(wakesBy(woken))) / conns,
			Want: way.want, Low: way.want, High: way.want + 0.7, Digits: 2, From: way.from, Answers: way.strategy == "dispatch",
		})
		v.Stop()
	}
	if err := s.fillBooth(workers); err != nil {
		return err
	}
	s.why("The master sleeps in ppoll, accepts, and sends the connection in a message (SCM_RIGHTS), which wakes a worker. Two processes run where one would do. The master sees every connection, and can deal them as it likes. But when there is much to do, everything waits for the master.")
	s.read("unix(7), SCM_RIGHTS; dispatch/pass.go; dispatch/run.go; prefork bench measures what it costs here")
	return nil
}

// booth is who has served what, and how often each side has woken.
func (v *server) booth(slots []int, woken [][]int) Picture {
	p := Picture{Title: "every worker accepts", Strategy: v.strategy, Lanes: inTurn(slots, len(v.workers)), Time: true}
	if v.wait.master != 0 {
		p.Title = "the master accepts, and passes on"
		gate := Lane{What: MasterLane, Label: "master", Dots: dots(Served, len(slots), 1), Note: fmt.Sprintf("%d woken %d times", len(slots), wakesBy(woken)[len(v.workers)])}
		p.Lanes = append([]Lane{gate}, p.Lanes...)
	}
	return p
}

// fillBooth keeps a dispatching server as busy as it can be, and compares its
// master with its workers.
func (s *Stage) fillBooth(workers int) error {
	v, err := s.start("dispatch", workers)
	if err != nil {
		return err
	}
	g := s.load(load.Order{Address: v.Address, Clients: 2 * workers, Length: 500 * time.Millisecond})
	<-g.measuring
	before := v.used()
	<-g.measured
	after := v.used()
	if _, err := g.result(); err != nil {
		return err
	}
	for i := range after {
		after[i] -= before[i]
	}
	s.show(v.busy(after))
	master, busiest := after[0], slices.Max(after[1:])
	s.check(Number{
		Label: "master's time / the busiest worker's", Got: master / busiest, Want: float64(workers), Low: 1.2, High: 4 * float64(workers), Digits: 1,
		Claim: "over 1",
		From:  "every connection passes through the master, and a quarter of them through each worker: 4 if both had as much work with one, but a worker has more",
	})
	return nil
}

// busy draws who has used how much processor time, the master first.
func (v *server) busy(seconds []float64) Picture {
	p := Picture{Title: "eight clients ask without pause: processor time", Strategy: v.strategy}
	each := max(slices.Max(seconds), 1e-6) / 40
	for i, used := range seconds {
		lane := Lane{What: WorkerLane, Label: fmt.Sprint("worker ", i-1), Dots: dots('█', int(used/each), 1), Note: fmt.Sprintf("%.0f ms", 1e3*used)}
		if i == 0 {
			lane.What, lane.Label = MasterLane, "master"
		}
		p.Lanes = append(p.Lanes, lane)
	}
	return p
}

// used is the processor time of the master and the workers so far, in seconds.
func (v *server) used() (all []float64) {
	for _, pid := range append([]int{v.PID()}, v.workers...) {
		used, _ := kernel.ProcessCPU(pid)
		all = append(all, used.Seconds())
	}
	return all
}
