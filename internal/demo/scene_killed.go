//go:build linux

package demo

import (
	"fmt"

	"golang.org/x/sys/unix"

	"prefork/internal/kernel"
)

func playKilled(s *Stage) error {
	s.say("We fill the queue of one worker: it stands still while connections come, until 20 of them wait for it. Then we kill it with kill -9, and the master starts another worker in its place. We do that three times: to a worker that opened its socket itself, as in many servers; to one whose socket the master holds; and to one behind a master that passes connections on.")
	s.ask("A worker that opened its own socket is killed while 20 connections wait there. How many of the 20 are lost?", Asked{Of: killedQueue})
	if err := killWorkers(s); err != nil {
		return err
	}
	s.say("And now the master: we kill it with kill -9, and send ten connections.")
	if err := killMasters(s); err != nil {
		return err
	}
	s.why("A queue lives for as long as any process holds its socket. When the last one has gone, the kernel resets what is in the queue (inet_csk_listen_stop). So nothing is lost with a worker if the master holds its socket too. And where only the master holds the socket, the port goes with it.")
	s.read("net/ipv4/inet_connection_sock.c; --reuseport-bind and --on-master-death in prefork --help; net.ipv4.tcp_migrate_req")
	return nil
}

// killedQueue is how many connections wait for a worker when it is killed.
const killedQueue = 20

func killWorkers(s *Stage) error {
	for _, way := range []struct {
		title, strategy string
		flags           []string
		lost            int
		from            string
	}{
		{"sockets opened by the workers", "reuseport", []string{"--reuseport-bind", "worker"}, killedQueue, "all that waited: the socket dies with its holder"},
		{"sockets held by the master", "reuseport", nil, 0, "none: the next worker finds the same queue"},
		{"pairs held by the master", "dispatch", []string{"--window", fmt.Sprint(killedQueue)}, 0, "none: the master takes back what it had passed on, and gives it to the others"},
	} {
		v, err := s.start(way.strategy, 2, way.flags...)
		if err != nil {
			return err
		}
		n := exactly("lost, "+way.title, 0, way.lost, way.from)
		if way.lost > 0 && migrates() {
			n.Low, n.From = 0, "at most all: with net.ipv4.tcp_migrate_req=1 others inherit some"
		}
		lost, err := v.killFull(way.title)
		if err != nil {
			return err
		}
		n.Got, n.Answers = float64(lost), way.lost > 0
		s.check(n)
		v.Stop()
	}
	return nil
}

// migrates reports whether the kernel gives a dead listener's queue to others.
func migrates() bool {
	on, _ := kernel.SysctlInt("net.ipv4.tcp_migrate_req")
	return on == 1
}

// killFull kills a worker for whom connections wait, and returns how many are lost.
func (v *server) killFull(title string) (lost int, err error) {
	const victim = 1
	if err := v.freeze(victim); err != nil {
		return 0, err
	}
	var c crowd
	for sum := 0; sum < killedQueue; {
		c = append(c, v.visit())
		if sum, err = v.settled(c, victim); err != nil {
			return 0, err
		}
	}
	if err := v.signal(victim, unix.SIGKILL); err != nil {
		return 0, err
	}
	c.all()
	slots, lost, later := c.greeted(v)
	v.stage.show(Picture{Title: title, Strategy: v.strategy, Lanes: []Lane{
		workerLane(0, slots[0], 0, 1),
		{What: WorkerLane, Label: "worker 1", Dots: dots(Lost, lost, 1), Note: fmt.Sprintf("killed: %d lost", lost)},
		{What: WorkerLane, Label: "its successor", Dots: dots(Served, later, 1), Note: fmt.Sprintf("%d from the queue", later)},
	}})
	return lost, nil
}

func killMasters(s *Stage) error {
	const conns = 10
	for _, way := range []struct {
		strategy string
		want     int
		from     string
	}{
		{"shared", conns, "all: the workers hold the socket"},
		{"reuseport", conns, "all: the workers hold theirs"},
		{"dispatch", 0, "none: only the master held the socket"},
	} {
		v, err := s.start(way.strategy, 2, "--on-master-death", "serve")
		if err != nil {
			return err
		}
		if err := v.killMaster(); err != nil {
			return err
		}
		var slots []int
		for range conns {
			slots = append(slots, v.slotOf(v.ask()))
		}
		s.show(v.orphans(slots))
		s.check(exactly("answered without a master, "+way.strategy, answered(slots), way.want, way.from))
		v.Stop()
	}
	return nil
}

// orphans is what became of connections after the master's death, beside its dead
// self or refused at its gate.
func (v *server) orphans(slots []int) Picture {
	p := Picture{Title: "kill -9 of the master, which was not in the way", Strategy: v.strategy, Lanes: inTurn(slots, len(v.workers)), Time: true}
	if lost := len(slots) - answered(slots); lost > 0 {
		p.Title = "kill -9 of the master, which was in the way"
		p.Lanes = append([]Lane{{What: MasterLane, Label: "master", Dots: dots(Lost, lost, 1), Note: fmt.Sprintf("dead: %d refused", lost)}}, p.Lanes...)
	}
	return p
}
