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
	s.say("The third way: only the master accepts. It chooses a worker and passes it the connection, an open file, through a Unix socket. We send 16 connections, one at a time, first to workers that accept for themselves and then to those behind a master. We count how often any process has to be woken up.")
	s.ask("Behind a master, how many wake-ups does one connection cost, where 1 is the least there can be?", Asked{})
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
			Label: "wake-ups for one connection, " + way.strategy, Got: float64(sum(wakesBy(woken))) / conns,
			Want: way.want, Low: way.want, High: way.want + 0.7, Digits: 2, From: way.from, Answers: way.strategy == "dispatch",
		})
		v.Stop()
	}
	if err := s.fillBooth(workers); err != nil {
		return err
	}
	s.why("The master sleeps in ppoll, accepts, and sends the descriptor in a message (SCM_RIGHTS) that wakes a worker: two processes run where one would do. It can deal as it likes, for it sees them all; but when there is much to do, everything waits at its gate.")
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
		Label: "master's time, the busiest worker's being 1", Got: master / busiest, Want: float64(workers), Low: 1.2, High: 4 * float64(workers), Digits: 1,
		Claim: "over 1",
		From:  "every connection passes the master, and a quarter of them each worker: 4, were both as much work for one; what a worker does for it is more",
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
