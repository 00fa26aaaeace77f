//go:build linux

package lab

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"golang.org/x/sys/unix"

	"prefork/internal/kernel"
	"prefork/internal/scoreboard"
	"prefork/internal/subject"
)

// phase is what a panel's server is doing.
type phase string

const (
	starting   phase = "starting"
	running    phase = "running"
	masterless phase = "masterless" // the master was killed
	broken     phase = "broken"     // it could not be started
)

// panel is one strategy: a real prefork, and what was seen of it.
type panel struct {
	strategy string
	number   int
	thread   *thread // on which its servers are started

	mu     sync.Mutex
	server *subject.Server // nil while there is none
	scores *scoreboard.Scores
	slots  int
	phase  phase
	fault  string
	counts counts

	changes int   // of its load
	stalled []int // workers that stall has stopped, and will have go on
}

// errState is the error for what cannot be done just now, though it was well said.
var errState = errors.New("not now")

// start starts the server anew, after ending the one there was.
func (p *panel) start(ctx context.Context, s Settings) error {
	p.stop()
	var server *subject.Server
	var scores *scoreboard.Scores
	var err error
	p.thread.do(func() {
		server, err = subject.Start(ctx, p.strategy, s.args(p.strategy)...)
	})
	if err == nil {
		if scores, err = server.Scores(); err != nil {
			server.Stop()
		}
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if err != nil {
		refusal := refused(p.strategy, err)
		p.phase, p.fault = broken, refusal.Reason
		return refusal
	}
	p.server, p.scores, p.slots, p.phase, p.fault = server, scores, s.Workers, running, ""
	p.counts = counts{from: p.changes + 1} // the next one
	p.begin()
	return nil
}

// stop ends the server at once: nobody is to wait for what waits in its queues.
func (p *panel) stop() {
	p.mu.Lock()
	server := p.server
	p.server, p.scores, p.phase = nil, nil, starting
	p.mu.Unlock()
	if server != nil {
		server.Kill()
	}
}

// workers are the pids by slot; 0 where there is none.
func (p *panel) workers() []int {
	if p.scores == nil {
		return nil
	}
	pids := make([]int, p.slots)
	for slot := range pids {
		pids[slot] = p.scores.Ready(slot)
	}
	return pids
}

// worker is the pid of one slot.
func (p *panel) worker(slot int) (int, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	pids := p.workers()
	if slot < 0 || slot >= len(pids) {
		return 0, fmt.Errorf("worker %d: %s has workers 0 to %d", slot, p.strategy, len(pids)-1)
	}
	if pids[slot] == 0 || kernel.Gone(pids[slot]) {
		return 0, fmt.Errorf("%w: %s has no worker %d at present", errState, p.strategy, slot)
	}
	return pids[slot], nil
}

// signalMaster sends a signal to the master.
func (p *panel) signalMaster(signal unix.Signal) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.phase != running || p.server.Over() {
		return fmt.Errorf("%w: %s has no master at present", errState, p.strategy)
	}
	return unix.Kill(p.server.PID(), signal)
}

// killMaster kills the master, and waits until that has happened.
func (p *panel) killMaster() error {
	_, _ = p.queues() // so that it is known where they are
	p.mu.Lock()
	server := p.server
	if server != nil {
		server.Processes() // so that Stop finds the orphans
	}
	p.mu.Unlock()
	if err := p.signalMaster(unix.SIGKILL); err != nil {
		return err
	}
	for deadline := time.Now().Add(time.Second); !server.Over() && time.Now().Before(deadline); {
		time.Sleep(time.Millisecond)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.phase = masterless
	return nil
}

// queues is how many wait in each queue, as Server.Queues has them.
func (p *panel) queues() ([]int, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.server == nil || p.scores == nil {
		return nil, nil
	}
	return p.server.Queues()
}
