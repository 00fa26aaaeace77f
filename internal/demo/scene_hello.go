//go:build linux

package demo

import "fmt"

// playHello is the example that this project began with.
func playHello(s *Stage) error {
	const workers, conns = 5, 10
	s.say("A master opens one listening socket and starts five workers, who inherit it. Each worker accepts a connection, says hello, closes it, and does so again. We connect ten times. Then we kill the master with kill -9 and connect once more.")
	s.ask("Of these eleven connections, how many will be answered?", Asked{Of: conns + 1})

	v, err := s.start("shared", workers, "--on-master-death", "serve")
	if err != nil {
		return err
	}
	ten, _, err := v.spaced(conns)
	if err != nil {
		return err
	}
	s.show(v.greetings("ten connections, one socket, five workers", ten))
	if err := v.killMaster(); err != nil {
		return err
	}
	if _, err := v.idle(); err != nil {
		return err
	}
	eleventh := v.slotOf(v.ask())
	s.show(v.greetings("and the eleventh, after kill -9 of the master", append(ten, eleventh)))

	s.check(exactly("workers that took part", taking(counts(ten, workers)), min(workers, conns), "ten connections in turn among five idle ones"))
	all := exactly("connections answered", answered(ten)+answered([]int{eleventh}), conns+1, "all of them: workers need no master to accept")
	all.Answers = true
	s.check(all)
	s.why("accept(2) takes the next connection from a socket's queue, whoever calls it. All five workers hold the same socket, so it is the kernel that chooses who gets the next one. No connection ever passed through the master, and none misses it. We had told the workers to stay when the master dies (--on-master-death serve). Without that flag they exit too. Otherwise they would keep the port, and nobody could replace, reload or stop them.")
	s.read("accept(2), fork(2); strategies/shared.go; on your own: prefork --workers 5 --on-master-death serve, then kill -9 and the pid that it printed, and then nc localhost 8080")
	return nil
}

// greetings is who has said hello, in turn.
func (v *server) greetings(title string, slots []int) Picture {
	lanes := inTurn(slots, len(v.workers))
	for slot := range lanes {
		lanes[slot].Note = fmt.Sprintf("%s × Hello from %d", lanes[slot].Note, v.workers[slot])
	}
	return Picture{Title: title, Strategy: v.strategy, Lanes: lanes, Time: true}
}

// answered is how many were answered by somebody.
func answered(slots []int) (n int) {
	for _, slot := range slots {
		if slot >= 0 {
			n++
		}
	}
	return n
}

// taking is how many have had any.
func taking(counts []int) (n int) {
	for _, count := range counts {
		if count > 0 {
			n++
		}
	}
	return n
}
