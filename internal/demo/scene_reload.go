//go:build linux

package demo

import (
	"context"
	"fmt"
	"net"
	"strings"
	"sync"
	"time"

	"golang.org/x/sys/unix"

	"prefork/internal/scoreboard"
)

const (
	reloadWorkers = 3
	reloadClients = 4
	reloads       = 2
)

func playReload(s *Stage) error {
	s.say("Four clients ask without pause. Meanwhile we tell the master twice to replace all its workers (SIGHUP), as one does for a new configuration or a new program. So there are three workers, then three others, then three others again. We do that under each strategy.")
	s.ask("Of all connections that come while the workers are replaced, how many fail?", Asked{})
	failed, asked := 0, 0
	for _, strategy := range []string{"shared", "reuseport", "dispatch"} {
		v, err := s.start(strategy, reloadWorkers)
		if err != nil {
			return err
		}
		answers, err := v.reloadUnderLoad()
		if err != nil {
			return err
		}
		s.show(generations(strategy, answers))
		for _, a := range answers {
			asked++
			if a.generation < 0 {
				failed++
			}
		}
		s.check(exactly("generations that answered, "+strategy, len(seen(answers)), reloads+1, "the first, and one for each reload"))
		v.Stop()
	}
	n := exactly(fmt.Sprintf("connections that failed, of %d", asked), failed, 0, "none: the sockets stay, only workers change")
	n.Answers = true
	s.check(n)
	s.why("A new worker starts on the same socket. Only when it has said READY=1 is the old one told to stop, and that first finishes what it has and what is queued. So generations overlap. No socket is closed, and the kernel has nothing to reset.")
	s.read("sd_notify(3); internal/supervisor/machine.go, where the states of a worker are drawn; docs/architecture.md")
	return nil
}

// answer is one connection of a client in the reload.
type answer struct {
	at         time.Duration
	pid        int
	generation int // of the worker, from 0; -1 if nobody has answered
}

// answersEach is how many answers a generation has given before it is replaced.
const answersEach = 100

// asking are clients that ask without pause.
type asking struct {
	began   time.Time
	running sync.WaitGroup
	stop    context.CancelFunc

	mu      sync.Mutex
	answers []answer
	by      map[int]int // how many, by the worker's pid
}

func (v *server) startAsking() *asking {
	ctx, stop := context.WithCancel(v.stage.ctx)
	a := &asking{began: time.Now(), stop: stop, by: make(map[int]int)}
	for i := range reloadClients {
		a.running.Go(func() {
			for ctx.Err() == nil {
				at := time.Since(a.began)
				pid, _ := greeting(v.stage.ctx, net.IPv4(127, 0, 0, byte(1+i)), v.Address)
				a.note(at, pid)
			}
		})
	}
	return a
}

func (a *asking) note(at time.Duration, pid int) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.answers = append(a.answers, answer{at: at, pid: pid, generation: -1})
	a.by[pid]++
}

// answeredBy is how often workers have answered so far.
func (a *asking) answeredBy(pids []int) (n int) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, pid := range pids {
		n += a.by[pid]
	}
	return n
}

// reloadUnderLoad has clients ask until the last generation has answered.
func (v *server) reloadUnderLoad() ([]answer, error) {
	clients := v.startAsking()
	born, err := v.reload(clients)
	clients.stop()
	clients.running.Wait()
	for i, a := range clients.answers {
		if generation, known := born[a.pid]; known {
			clients.answers[i].generation = generation
		}
	}
	return clients.answers, err
}

// reload replaces the workers twice, each generation once it has answered enough,
// and returns who belongs to which.
func (v *server) reload(clients *asking) (born map[int]int, err error) {
	scores, err := v.Scores()
	if err != nil {
		return nil, err
	}
	born = make(map[int]int)
	for generation := range reloads + 1 {
		var pids []int
		err := v.stage.await(fmt.Sprintf("generation %d has come", generation), func() bool {
			pids = settledWorkers(scores, born)
			return len(pids) == reloadWorkers
		})
		if err != nil {
			return born, err
		}
		for _, pid := range pids {
			born[pid] = generation
		}
		v.Processes()
		if err := v.stage.await("it has answered", func() bool { return clients.answeredBy(pids) >= answersEach }); err != nil {
			return born, err
		}
		if generation == reloads {
			break
		}
		if err := unix.Kill(v.PID(), unix.SIGHUP); err != nil {
			return born, fmt.Errorf("tell the master to reload: %w", err)
		}
	}
	return born, nil
}

// settledWorkers are the workers of a new generation; none as long as anybody of
// an older one is there.
func settledWorkers(scores *scoreboard.Scores, born map[int]int) (pids []int) {
	for slot := range reloadWorkers {
		pid := scores.Ready(slot)
		if _, old := born[pid]; old || pid == 0 {
			return nil
		}
		pids = append(pids, pid)
	}
	return pids
}

// seen are the generations that have answered.
func seen(answers []answer) map[int]int {
	all := make(map[int]int)
	for _, a := range answers {
		if a.generation >= 0 {
			all[a.generation]++
		}
	}
	return all
}

// generations draws who answered when: a column is one slice of the time.
func generations(strategy string, answers []answer) Picture {
	const columns = 40
	end := time.Duration(1)
	for _, a := range answers {
		end = max(end, a.at)
	}
	p := Picture{Title: "who answered, over " + end.Round(time.Millisecond).String(), Strategy: strategy, Time: true}
	counts := seen(answers)
	for generation := range reloads + 1 {
		row := []rune(strings.Repeat(string(Nothing), columns))
		for _, a := range answers {
			if a.generation == generation {
				row[min(int(a.at*columns/end), columns-1)] = Served
			}
		}
		label := [...]string{"first three", "second", "third"}[generation]
		p.Lanes = append(p.Lanes, Lane{What: WorkerLane, Label: label, Dots: string(row), Note: fmt.Sprintf("%d answers", counts[generation])})
	}
	return p
}
