//go:build linux

package demo

import (
	"fmt"
	"strings"
)

// herds are ways to wait, and how many of so many workers one connection wakes.
var herds = []struct {
	mode, title, label string
	wakes              func(workers int) float64
	from               string
}{
	{"blocking", "asleep in accept", "wakeups per connection, in accept", func(int) float64 { return 1 }, "one: the first in the line on the socket"},
	{"epoll", "asleep in epoll", "wakeups per connection, in epoll", func(workers int) float64 { return float64(workers) }, "all of them: each has asked to be told"},
	{"exclusive", "asleep in epoll, with EPOLLEXCLUSIVE", "wakeups per connection, with EPOLLEXCLUSIVE", func(int) float64 { return 1 }, "one: the kernel stops at the first that it can wake"},
}

func playHerd(s *Stage) error {
	const workers, conns = 8, 12
	s.say("Eight workers share one socket and sleep. We send twelve connections, one at a time: each comes when all are asleep again. We count how often the kernel wakes a worker. One of them gets the connection. Any other that wakes up finds nothing, and goes back to sleep. We do that for three ways to sleep.")
	s.ask("Eight workers sleep in epoll, and one connection comes. How many of them wake up?", Asked{Of: workers})
	for _, way := range herds {
		v, err := s.start("shared", workers, "--accept", way.mode)
		if err != nil {
			return err
		}
		slots, woken, err := v.spaced(conns)
		if err != nil {
			return err
		}
		s.show(herdPicture(way.title, slots, woken))
		want := way.wakes(workers)
		// Something else may wake a worker now and then, a signal or its runtime.
		s.check(Number{
			Label: way.label, Got: float64(sum(wakesBy(woken))) / conns, Want: want, Low: want, High: want + 0.1*workers, Digits: 2,
			From: way.from, Answers: way.mode == "epoll",
		})
		v.Stop()
	}
	s.why("Each epoll set has asked the socket to be told, and the kernel tells all of them (__wake_up_common). That is a thundering herd. A process that sleeps in accept(2), or with EPOLLEXCLUSIVE, is marked as exclusive: the kernel stops after the first one of those. With many workers and little to do, a herd costs more than the work.")
	s.read("epoll_ctl(2), EPOLLEXCLUSIVE; kernel/sched/wait.c; docs/shared.md; prefork bench --arm shared/epoll --arm shared/blocking")
	return nil
}

// herdPicture has a column for each connection: who took it, and who woke in vain.
func herdPicture(title string, slots []int, woken [][]int) Picture {
	p := Picture{Title: title, Strategy: "shared", Time: true}
	vain := false
	for slot, n := range wakesBy(woken) {
		var row strings.Builder
		for i, taker := range slots {
			switch {
			case taker == slot:
				row.WriteRune(Served)
			case woken[i][slot] > 0:
				row.WriteRune(Woken)
				vain = true
			default:
				row.WriteRune(Nothing)
			}
		}
		p.Lanes = append(p.Lanes, Lane{What: WorkerLane, Label: fmt.Sprint("worker ", slot), Dots: row.String(), Note: fmt.Sprintf("woken %d ×", n)})
	}
	if vain {
		p.Note = "! woke up, and found nothing"
	}
	return p
}
