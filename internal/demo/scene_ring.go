//go:build linux

package demo

import (
	"fmt"
	"slices"

	"prefork/strategies/accept"
)

// rings are two ways to ask io_uring for connections.
var rings = []struct {
	mode, title, label string
	keeps              bool // its place in line
	dealt, stuck       string
}{
	{
		mode: "uring-multishot", title: "asked once for all", label: "asked once for all", keeps: true,
		dealt: "all: the first in line stays first",
		stuck: "all: the stopped worker is still first in line, and the others are not woken",
	},
	{
		mode: "uring", title: "asked for one at a time", label: "asked for one at a time",
		dealt: "60 connections, 4 workers, dealt in turn",
		stuck: "none: a stopped worker is called once; it has left the line then, and the next is called",
	},
}

const (
	ringWorkers = 4
	ringConns   = 60
)

func playRing(s *Stage) error {
	for _, way := range rings {
		mode, err := accept.LookupListening(way.mode)
		if err != nil {
			return err
		}
		if err := mode.Probe(); err != nil {
			return errCannot{fmt.Errorf("its workers wait in io_uring, and here none may: %w", err)}
		}
	}
	s.say("Four workers share one socket. They do not call accept: they ask io_uring for connections, and the kernel accepts for them. We send 60, one at a time, and see who gets them. Then we stop the worker that got most of them, and send 60 more. The other three have nothing to do. We do that for workers that ask once, for all that will come (multishot), and then for workers that ask for one at a time.")
	s.ask("The workers have asked once, for all that will come. One of the four is stopped. How many of the next 60 connections will wait?", Asked{Of: ringConns})
	lost := 0
	for _, way := range rings {
		v, err := s.start("shared", ringWorkers, "--accept", way.mode)
		if err != nil {
			return err
		}
		slots, _, err := v.spaced(ringConns)
		if err != nil {
			return err
		}
		s.show(ringPicture(way.title+": 60 connections", counts(slots, ringWorkers), -1, 0))
		most, waiting, gone, err := v.stopTheBusiest(slots, way.title)
		if err != nil {
			return err
		}
		lost += gone
		dealt, stuck := ringConns/ringWorkers, 0
		if way.keeps {
			dealt, stuck = ringConns, ringConns
		}
		s.check(exactly("the busiest of four, "+way.label, most, dealt, way.dealt))
		n := exactly("waiting, "+way.label, waiting, stuck, way.stuck)
		n.Answers = way.keeps
		s.check(n)
		v.Stop()
	}
	s.check(exactly("lost, once it goes on", lost, 0, "a queue in the kernel waits for its worker"))
	s.why("Each request puts an entry on the socket's line, and the kernel calls the first one. An entry for one connection is taken off the line when it is called, so the next connection calls the next worker. An entry for all stays first. It says yes to every call (io_poll_wake), also where its process cannot run, and so nobody else is called. A worker that is only busy holds the line in the same way.")
	s.read("io_uring/poll.c; docs/shared.md; --accept uring in prefork --help; prefork bench --scenario stuck-worker --arm shared/uring --arm shared/uring-multishot")
	return nil
}

// stopTheBusiest stops the worker that has had most connections, sends as many again,
// draws where they are, and lets it go on.
func (v *server) stopTheBusiest(before []int, title string) (most, waiting, lost int, err error) {
	had := counts(before, ringWorkers)
	most = slices.Max(had)
	still := slices.Index(had, most)
	if err := v.freeze(still); err != nil {
		return 0, 0, 0, err
	}
	var c crowd
	for range ringConns {
		c = append(c, v.visit())
		if waiting, err = v.settled(c, still); err != nil {
			return 0, 0, 0, err
		}
	}
	served, _, _ := c.greeted(v)
	v.stage.show(ringPicture(fmt.Sprintf("%s: 60 more, and worker %d is stopped", title, still), served, still, waiting))
	if err := v.thaw(still); err != nil {
		return 0, 0, 0, err
	}
	c.all()
	_, lost, _ = c.greeted(v)
	return most, waiting, lost, nil
}

// ringPicture is who has had how many; with a worker that is stopped, how many wait too.
func ringPicture(title string, served []int, still, waiting int) Picture {
	const perDot = 2
	p := Picture{Title: title, Strategy: "shared", Note: "a dot is two connections"}
	if still >= 0 {
		p.Lanes = append(p.Lanes, Lane{What: QueueLane, Label: "the queue", Dots: dots(Waiting, waiting, perDot), Note: fmt.Sprint(waiting, " wait")})
	}
	for slot, n := range served {
		lane := workerLane(slot, n, 0, perDot)
		if slot == still {
			lane.Note += ", stopped"
		}
		p.Lanes = append(p.Lanes, lane)
	}
	return p
}
