//go:build linux

package demo

import "slices"

// waysToWait are accept modes under which idle workers are chosen differently.
var waysToWait = []struct {
	mode, title, label string
	pile               bool
}{
	{"blocking", "asleep in accept", "the busiest, asleep in accept", false},
	{"exclusive", "asleep in epoll, with EPOLLEXCLUSIVE", "the busiest, with EPOLLEXCLUSIVE", true},
	{"rotate", "the same, but after each connection a worker goes to the end of the line", "the busiest, going to the end each time", false},
}

func playDealOrPile(s *Stage) error {
	const workers, conns = 3, 6
	s.say("Three workers share one socket and have nothing to do. We send six connections, one at a time: each comes when all three are idle again. We look who takes it. We do that three times, and each time the workers wait in another way.")
	s.ask("Six connections come, and three idle workers wait with epoll and EPOLLEXCLUSIVE. How many connections will the busiest worker get?", Asked{Of: conns})
	for _, way := range waysToWait {
		v, err := s.start("shared", workers, "--accept", way.mode)
		if err != nil {
			return err
		}
		slots, _, err := v.spaced(conns)
		if err != nil {
			return err
		}
		s.show(Picture{Title: way.title, Strategy: v.strategy, Lanes: inTurn(slots, workers), Time: true})
		want, from := conns/workers, "6 connections, 3 workers, dealt in turn"
		if way.pile {
			want, from = conns, "all: always the same one is woken first"
		}
		n := exactly(way.label, slices.Max(counts(slots, workers)), want, from)
		n.Answers = way.pile
		s.check(n)
		v.Stop()
	}
	s.why("A process that sleeps in accept stands in a line on the socket. The kernel wakes the first in line, and that one joins the line again at its end. An epoll set keeps its place in the line, and with EPOLLEXCLUSIVE the kernel always looks from the same end. So it finds the same one each time, unless the socket is taken out of the set and added again (EPOLL_CTL_DEL, EPOLL_CTL_ADD).")
	s.read("epoll_ctl(2), EPOLLEXCLUSIVE; __wake_up_common in kernel/sched/wait.c; strategies/accept/epoll.go")
	return nil
}
