//go:build linux

// Package supervisor keeps the workers of a master as they should be.
//
// What it decides is a pure state machine: Step takes an event and the time and
// returns what is to be done (this file and reconcile.go). What it does is a thin
// loop that waits, steps and acts (supervisor.go).
//
// A slot is a worker's place: a number, and the file that goes with it. Each
// worker in it goes through
//
//	          start               READY=1              told to stop
//	gone ───────────► starting ───────────► ready ───────────────────► draining
//	 ▲                   │                    │                            │
//	 │◄── backing off ◄──┴──── exit ──────────┘                            │
//	 └──────────────────────────── exit, or KILL after graceful-timeout ◄──┘
//
// A slot holds two workers while one replaces the other: the old one is told to
// stop when the new one is ready. The machine is level-triggered: after every
// event it compares what is with what is wanted.
package supervisor

import (
	"fmt"
	"time"

	"prefork/internal/scoreboard"
)

const (
	// firstBackoff is the pause before the second restart in a row; the first
	// restart is at once. It doubles up to maxBackoff.
	firstBackoff = 100 * time.Millisecond
	maxBackoff   = 30 * time.Second

	// healthyAfter is how long a worker must have been ready for its crash to
	// count as the first. A counter that lived as long as the service would in
	// the end stop a healthy one.
	healthyAfter = 10 * time.Second

	// bootTries is how often the worker of one slot may fail to start, while no
	// worker ever has, before the master gives up.
	bootTries = 3

	// startTimeout ends a built-in worker that does not get ready.
	startTimeout = time.Minute
)

// Limits are what a Machine is told once.
type Limits struct {
	Workers    int           // wanted at first
	MaxWorkers int           // wanted at most
	Graceful   time.Duration // between being told to stop and KILL
	ReadyAfter time.Duration // alive for so long counts as ready; 0 waits for READY=1
	Settle     time.Duration // between retiring a slot and telling its worker to stop
}

// Machine is the state of all slots. It has no clock and does nothing.
type Machine struct {
	limits     Limits
	slots      []slot
	want       int
	given      int // how many slots came from the master before, while it is there; else 0
	generation int // workers of an older one are to be replaced
	phase      phase
	stopBegan  time.Time
	pumpEnded  bool // the master passes on no more connections
	upgrading  bool
	everReady  bool // some worker has said that it is ready, or has lived like one
	allReady   bool // at some time all were
	end        Exit

	now     time.Time
	actions []Action
}

type phase int

const (
	running  phase = iota
	stopping       // workers finish, and the port closes
	leaving        // workers finish, and another master has the port
	killing        // nobody waits for anything
	over
)

type slot struct {
	seats     [scoreboard.Seats]seat
	fails     int       // exits in a row that nobody asked for
	retryAt   time.Time // not before then
	retiredAt time.Time // zero unless the slot is on its way out
}

type seat struct {
	state      scoreboard.State
	pid        int // 0 until the start is reported
	generation int
	since      time.Time // when it got into its state
	killed     bool
}

// NewMachine makes a machine that wants l.Workers workers and has none.
func NewMachine(l Limits) *Machine { return &Machine{limits: l, want: l.Workers} }

// succeed has the machine begin as the heir of another master, which has so many
// workers, and whose sockets are its own too until PredecessorGone.
func (m *Machine) succeed(workers int) { m.want, m.given = workers, workers }

// sharing reports whether another master has the sockets too: slots stay as they
// are then.
func (m *Machine) sharing() bool { return m.upgrading || m.given > 0 }

// Step takes in what has happened and returns what is to be done, in order.
func (m *Machine) Step(now time.Time, event Event) []Action {
	m.now, m.actions = now, nil
	if m.phase == over {
		return nil
	}
	event.apply(m)
	m.reconcile()
	return m.actions
}

func (m *Machine) do(a Action) { m.actions = append(m.actions, a) }

func (m *Machine) note(level Level, message string, args ...any) {
	m.do(Note{level, message, args})
}

// find is the seat of a process, or nil.
func (m *Machine) find(pid int) (slotIndex, seatIndex int, s *seat) {
	for i := range m.slots {
		for j := range m.slots[i].seats {
			if s := &m.slots[i].seats[j]; s.pid == pid && s.state != scoreboard.Gone {
				return i, j, s
			}
		}
	}
	return 0, 0, nil
}

// move puts a worker into a state.
func (m *Machine) move(slotIndex, seatIndex int, state scoreboard.State) {
	s := &m.slots[slotIndex].seats[seatIndex]
	s.state, s.since = state, m.now
	m.do(Show{slotIndex, seatIndex, s.pid, state})
}

// backoff is the pause before the next start after so many failures in a row.
func backoff(fails int) time.Duration {
	if fails <= 1 {
		return 0
	}
	pause := firstBackoff
	for range fails - 2 {
		if pause *= 2; pause >= maxBackoff {
			return maxBackoff
		}
	}
	return pause
}

// failed counts an exit that nobody asked for, of a worker that had been ready
// for healthy, and ends everything if no worker can start at all.
func (m *Machine) failed(slotIndex int, healthy time.Duration, why string) {
	s := &m.slots[slotIndex]
	if healthy >= healthyAfter {
		s.fails = 0
	}
	s.fails++
	s.retryAt = m.now.Add(backoff(s.fails))
	if !m.everReady && s.fails >= bootTries {
		m.phase = killing
		m.end = Exit{Code: ExitNoStart, Err: fmt.Errorf("workers could not start: the worker of slot %d %s, %d times in a row", slotIndex, why, s.fails)}
	}
}
