//go:build linux

package demo

import (
	"fmt"
	"slices"
	"strings"

	"prefork/bench/stats"
)

func playDice(s *Stage) error {
	const workers, throws, rolls = 4, 8, 200
	s.say("Now each of four workers has a socket of its own on the same port. The kernel mixes a connection's addresses and ports into a number, a hash, and that says whose queue it joins. We roll: eight connections at once, two for each worker on average. Then again, two hundred times.")
	s.ask("In how many of the 200 rolls will some worker get none of the eight connections?", Asked{Of: rolls})
	v, err := s.start("reuseport", workers)
	if err != nil {
		return err
	}
	empty, totals, err := v.rollAll(rolls, throws)
	if err != nil {
		return err
	}
	s.show(Picture{Title: fmt.Sprintf("all %d rolls; a dot is %d connections", rolls, perDot), Strategy: v.strategy, Lanes: totalLanes(totals)})
	n := byChance("rolls with a worker that got none", empty, rolls, someEmpty(throws, workers),
		fmt.Sprintf("%.1f %% of %d: how often eight throws of a die with four faces miss a face", 100*someEmpty(throws, workers), rolls))
	n.Answers = true
	s.check(n)
	fair := stats.EqualShares(totals)
	s.check(Number{
		Label: "χ² of all connections, " + plus(totals), Got: fair.Statistic, Want: float64(fair.DOF), Low: leastChiSquare(fair.DOF), High: mostChiSquare(fair.DOF),
		Digits: 2, From: "how uneven fair dice of four faces are: 3 on average, their degrees of freedom",
	})
	s.why("The kernel picks one socket of the group by the hash (reuseport_select_sock). The hash does not know who is busy, or who had the last connection. It is dice and no dealer: in the long run all workers get as many, and in the short run one gets four and another none.")
	s.read("socket(7), SO_REUSEPORT; net/core/sock_reuseport.c; strategies/reuseport.go; bench/stats/fairness.go")
	return nil
}

// rollAll counts the rolls that leave a worker without, and draws the first roll
// and the first of those.
func (v *server) rollAll(rolls, throws int) (empty int, totals []int, err error) {
	totals = make([]int, len(v.workers))
	for roll := range rolls {
		got, err := v.roll(throws)
		if err != nil {
			return 0, nil, err
		}
		missed := slices.Contains(got, 0)
		if roll == 0 || missed && empty == 0 {
			v.stage.show(rolled(fmt.Sprintf("roll %d", roll+1), got))
		}
		if missed {
			empty++
		}
		for slot, n := range got {
			totals[slot] += n
		}
	}
	return empty, totals, nil
}

// perDot is how many connections a dot stands for in the picture of all.
const perDot = 16

func totalLanes(totals []int) (lanes []Lane) {
	for slot, n := range totals {
		lanes = append(lanes, workerLane(slot, n, 0, perDot))
	}
	return lanes
}

// roll makes connections at once and returns how many each slot has got.
func (v *server) roll(throws int) ([]int, error) {
	var c crowd
	for range throws {
		c = append(c, v.visit())
	}
	c.all()
	got, lost, later := c.greeted(v)
	if lost+later > 0 {
		return nil, fmt.Errorf("%d of %d connections were not greeted by the workers they were for", lost+later, throws)
	}
	return got, v.stage.ctx.Err()
}

func rolled(title string, got []int) Picture {
	p := Picture{Title: title, Strategy: "reuseport"}
	for slot, n := range got {
		p.Lanes = append(p.Lanes, workerLane(slot, n, 0, 1))
	}
	return p
}

// plus writes 4+3+1.
func plus(all []int) string {
	return strings.ReplaceAll(strings.Trim(fmt.Sprint(all), "[]"), " ", "+")
}
