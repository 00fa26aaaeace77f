//go:build linux

package demo

import (
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"prefork/bench/load"
	"prefork/bench/stats"
)

// The closed loop of this scene: so many clients ask again as soon as they are
// answered, and keep a worker busy for a time that is exponential with this mean.
// Chance alone moves the ratio of the two loops by 5 % (one standard deviation) in
// so long a time, and the share of idleness by 3 points.
const (
	lineWorkers = 4
	lineClients = 8
	lineService = "exp:10ms"
	lineLength  = 4 * time.Second
	lineLook    = 3 * time.Millisecond

	// lineLeast is how many answers a second one line gives if the machine leaves us
	// enough of its time. There could be k/S.
	lineLeast = 0.7 * lineWorkers / 0.010
)

func playOneLineOrMany(s *Stage) error {
	s.say("Now requests take time: 10 ms on average, some much less and some much more. Eight clients keep four workers busy, and each asks again as soon as it is answered. Under shared all stand in one line, as at the counters of a bank. Under reuseport there is a line for each worker, as at the tills of a supermarket, and nobody may choose a line or change it.")
	s.ask("Each worker has a line of its own, and there are two clients for each. How much of the time, in percent, is a worker idle while somebody waits in another line?", Asked{Unit: "%"})
	one, many, err := s.queueUp()
	if err != nil {
		return err
	}
	idle := 100 * idleBesideQueue(lineClients, lineWorkers)
	s.check(Number{
		Label: "% of the time idle beside a queue, shared", Got: 100 * one.idle(), High: 25, Claim: "next to 0",
		From: "never, but for the moment that it takes to wake up",
	})
	s.check(Number{
		Label: "% of the time idle beside a queue, reuseport", Got: 100 * many.idle(), Want: idle, Low: idle - 18, High: 99, Answers: true,
		From: "8 clients in 4 queues, every way of standing equally likely: 1 - C(7,3)/C(11,3)",
	})
	shared, _ := stats.ClosedShared(lineClients, lineWorkers)
	split, _ := stats.ClosedSplit(lineClients, lineWorkers)
	s.check(within("answers a second, reuseport / shared", many.throughput/one.throughput, split.Throughput/shared.Throughput, 0.22, 2, "N/(N+k-1) for N=8 clients and k=4 workers"))
	s.why("With SO_REUSEPORT the kernel chooses a queue when a connection comes, before anybody knows how long the requests will take. With one socket nothing is chosen: a worker that is free takes the next connection. So nobody is idle while somebody waits.")
	s.read("bench/stats/queueing.go; Gordon & Newell 1967; prefork bench --workload work --arm shared --arm reuseport")
	return nil
}

// line is what was seen of a closed loop.
type line struct {
	throughput float64 // answers a second
	looks      []look
	err        error
}

// idle is the share of the looks at which a worker was idle beside a queue.
func (l line) idle() float64 { return float64(l.unfair()) / float64(len(l.looks)) }

func (l line) unfair() (n int) {
	for _, one := range l.looks {
		if one.unfair() {
			n++
		}
	}
	return n
}

// look is one look at workers and queues, at about the same time.
type look struct {
	busy   []bool
	queues []int
}

// clients is how many were seen. It is fewer, or more, when somebody was on the way
// from a queue to a worker, or back.
func (l look) clients() (n int) {
	for _, busy := range l.busy {
		if busy {
			n++
		}
	}
	for _, waiting := range l.queues {
		n += waiting
	}
	return n
}

// unfair is one at which somebody waits, and not for want of workers.
func (l look) unfair() bool {
	return slices.Contains(l.busy, false) && slices.ContainsFunc(l.queues, func(waiting int) bool { return waiting > 0 })
}

// queueUp runs a closed loop with one queue for all, and at the same time one with
// a queue for each, so that whatever else the machine does, it does to both. It
// does so again if that was too much.
func (s *Stage) queueUp() (shared, split line, err error) {
	one, err := s.start("shared", lineWorkers, "--app", "work")
	if err != nil {
		return shared, split, err
	}
	many, err := s.start("reuseport", lineWorkers, "--app", "work")
	if err != nil {
		return shared, split, err
	}
	note, err := s.untilCalm(func() (bool, error) {
		var both sync.WaitGroup
		both.Go(func() { shared = one.closedLoop() })
		both.Go(func() { split = many.closedLoop() })
		both.Wait()
		return shared.throughput > lineLeast, errors.Join(shared.err, split.err)
	})
	if err != nil {
		return shared, split, err
	}
	s.show(shared.picture("shared", false))
	p := split.picture("reuseport", true)
	if note != "" {
		p.Note += "; " + note
	}
	s.show(p)
	return shared, split, nil
}

// closedLoop runs a closed loop and looks at the queues while it does.
func (v *server) closedLoop() (l line) {
	g := v.stage.load(load.Order{Address: v.Address, Clients: lineClients, Service: lineService, Warmup: 200 * time.Millisecond, Length: lineLength, Seed: 1})
	looks, failed := v.lookUntil(g.measuring, g.measured)
	result, err := g.result()
	if l.err = errors.Join(err, failed); l.err == nil {
		l.looks, l.throughput = looks, result.Throughput()
	}
	return l
}

// lookUntil looks again and again from one event to another.
func (v *server) lookUntil(from, to <-chan struct{}) (looks []look, err error) {
	scores, err := v.Scores()
	if err != nil {
		return nil, err
	}
	<-from
	ticker := time.NewTicker(lineLook)
	defer ticker.Stop()
	for {
		var l look
		if l.queues, err = v.Queues(); err != nil {
			return looks, err
		}
		for slot := range v.workers {
			l.busy = append(l.busy, scores.Slot(slot).Open > 0)
		}
		looks = append(looks, l)
		select {
		case <-to:
			return looks, nil
		case <-ticker.C:
		}
	}
}

// picture is a moment of it that shows what it is about, and how often it was so.
func (l line) picture(strategy string, unfair bool) Picture {
	p := l.moment(unfair).picture(strategy)
	p.Note = fmt.Sprintf("one of %d looks; at %d of them (%.0f %%) a worker was idle beside a queue", len(l.looks), l.unfair(), 100*l.idle())
	return p
}

// moment is the look nearest the middle at which all clients were seen and that is
// unfair, or not, as wanted. If there is none it is the middle.
func (l line) moment(unfair bool) look {
	shows := func(at int) bool {
		return l.looks[at].clients() == lineClients && l.looks[at].unfair() == unfair
	}
	middle := len(l.looks) / 2
	for off := range middle + 1 {
		for _, at := range []int{middle - off, middle + off} {
			if at < len(l.looks) && shows(at) {
				return l.looks[at]
			}
		}
	}
	return l.looks[middle]
}

func (l look) picture(strategy string) Picture {
	p := Picture{Title: "a moment in it", Strategy: strategy}
	if len(l.queues) == 1 {
		p.Lanes = append(p.Lanes, Lane{What: QueueLane, Label: "the line", Dots: dots(Waiting, l.queues[0], 1), Note: fmt.Sprintf("%d wait", l.queues[0])})
	}
	for slot, busy := range l.busy {
		lane := Lane{What: WorkerLane, Label: fmt.Sprint("worker ", slot), Dots: string(Nothing), Note: "idle"}
		if busy {
			lane.Dots, lane.Note = string(Served), "busy"
		}
		if len(l.queues) == len(l.busy) && l.queues[slot] > 0 {
			lane.Dots += dots(Waiting, l.queues[slot], 1)
			lane.Note += fmt.Sprintf(", %d wait", l.queues[slot])
		}
		p.Lanes = append(p.Lanes, lane)
	}
	return p
}
