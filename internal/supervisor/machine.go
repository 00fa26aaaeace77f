//go:build linux

// Package supervisor is the master: it keeps the workers as they should be.
//
//	ears ── events ──► Machine ── actions ──► hands ──► events …
//
// The Machine decides, and is pure: Step takes an event and the time and returns
// what is to be done (machine.go, events.go, reconcile.go, reload.go, closing.go; what
// was asked for by prefork ctl, and whether it has come true: asked.go, wishes.go). Ears
// hear and report (ears.go, ear_*.go). Hands do, and report what came of it
// (actions.go, hands_*.go). The loop between them decides nothing (master.go).
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

	"prefork/internal/entry"
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
)

// Limits are what a Machine is told once.
type Limits struct {
	Workers    int           // wanted at first
	MaxWorkers int           // wanted at most
	Graceful   time.Duration // between being told to stop and KILL
	ReadyAfter time.Duration // alive for so long counts as ready; 0 waits for READY=1
	// StartTimeout ends a worker that is not ready by then; 0 waits for as long as
	// it takes.
	StartTimeout time.Duration
	DrainDelay   time.Duration // between being told to stop and turning anybody away
	Settle       time.Duration // between suspending a slot for good and telling its worker to stop
	// Pump says that the master itself passes connections on, until PumpEnded.
	Pump bool
	// Programs says that workers are other people's. Many of those leave what is
	// queued when they are told to stop, so their queue is let run empty first.
	Programs bool
	// Suspect is what may be behind it if a worker ends soon after its start, told once.
	Suspect string
	// LastWords says that a worker which replaces another may have its words read over
	// its shoulder, if the one before it did not get ready: it ends with the master anyway.
	LastWords bool
}

// Machine is the state of all slots. It has no clock and does nothing.
type Machine struct {
	limits     Limits
	slots      []slot
	want       int
	generation int // workers of an older one are to be replaced
	reloading  bool
	gaveUp     gaveUp
	reloads    reloads
	scaling    bool
	paused     bool
	probing    bool // a new binary is being asked whether it can go on from here
	probeBegan time.Time
	phase      phase
	leavingAt  time.Time // since when a stop is announced, and not begun; zero if none is
	stopBegan  time.Time
	pumpEnded  bool // the master passes on no more connections
	gaveUpPump bool
	everReady  bool // some worker has said that it is ready, or has lived like one
	allReady   bool // at some time all were
	suspected  bool // Limits.Suspect has been told
	end        Exit
	wishes     []wish // what was asked for and has not come true yet, the oldest first

	now     time.Time
	actions []Action
}

type phase int

const (
	running  phase = iota
	stopping       // workers finish, and the port closes
	killing        // nobody waits for anything
	over
)

type slot struct {
	seats     [scoreboard.Seats]seat
	fails     int       // exits in a row that nobody asked for
	retryAt   time.Time // not before then
	retiredAt time.Time // zero unless the slot is on its way out
	suspended bool      // gets no new connections
	rescued   bool      // since it was last without a worker
	waits     bool      // for a seat, and the operator has been told
	held      bool      // it was drained, and waits for restart
	asleep    bool      // its worker has left for a pause, and what comes waits for the next
	lastTry   bool      // the worker that was to replace another did not get ready; the next one is heard out

	queue    queue // while it is being closed
	drainers int   // workers started to drain it

	cause    reason // of the next start, if nobody is there to be replaced
	restarts [reasons]uint64
	lastExit string // of a worker that nobody had told to end
}

type seat struct {
	state      scoreboard.State
	pid        int       // 0 until the start is reported
	generation int       // for which it counts; see replacementFailed
	born       int       // in which it was started
	stale      reason    // to be replaced, whatever the generation; none if not
	captured   bool      // its last words are kept
	begun      time.Time // when it was started
	since      time.Time // when it got into its state
	killed     bool
	slow       bool      // it has been said that it takes long to get ready
	rest       bool      // its process has ended; others that it started have not
	looked     time.Time // when it was last looked whether they have
}

// NewMachine makes a machine that wants l.Workers workers and has none.
func NewMachine(l Limits) *Machine { return &Machine{limits: l, want: l.Workers, pumpEnded: !l.Pump} }

// Step takes in what has happened and returns what is to be done, in order.
func (m *Machine) Step(now time.Time, event Event) []Action {
	m.now, m.actions = now, nil
	if m.phase == over {
		return nil
	}
	event.apply(m)
	m.reconcile()
	m.answerWishes()
	return m.actions
}

func (m *Machine) do(a Action) { m.actions = append(m.actions, a) }

func (m *Machine) note(kind entry.Kind, args ...any) { m.do(Note{kind, args}) }

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

// vacate frees the seat of a worker of which nothing is left.
func (m *Machine) vacate(slotIndex, seatIndex int) {
	s := &m.slots[slotIndex].seats[seatIndex]
	killed := s.killed && s.state == scoreboard.Draining
	m.move(slotIndex, seatIndex, scoreboard.Gone)
	m.do(Bury{Slot: slotIndex, Seat: seatIndex, PID: s.pid, Killed: killed})
	*s = seat{}
	m.slots[slotIndex].queue.known = false
}

// in reports whether the slot has a worker in one of these states.
func (s *slot) in(states ...scoreboard.State) bool {
	for _, seat := range s.seats {
		for _, state := range states {
			if seat.state == state {
				return true
			}
		}
	}
	return false
}

// free is the number of an empty seat, or -1.
func (s *slot) free() int {
	for j := range s.seats {
		if s.seats[j].state == scoreboard.Gone {
			return j
		}
	}
	return -1
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

// failed counts an exit that nobody asked for, and ends everything if no worker
// can start at all. was is the worker, the zero seat if there was none.
func (m *Machine) failed(slotIndex int, was seat, why string) {
	s := &m.slots[slotIndex]
	ready := was.state == scoreboard.Ready
	s.asleep = false
	s.lastExit = why
	if s.cause = crashed; !ready {
		s.cause = notReady
	}
	if ready && m.now.Sub(was.since) >= healthyAfter {
		s.fails = 0
	}
	s.fails++
	pause := backoff(s.fails)
	if ready {
		// Who has served for a while is not to be missing for longer than that.
		pause = min(pause, max(firstBackoff, m.now.Sub(was.since)))
	}
	s.retryAt = m.now.Add(pause)
	if !m.everReady && s.fails >= bootTries {
		m.phase = killing
		m.end = Exit{Code: ExitNoStart, Err: fmt.Errorf("workers could not start: the worker of slot %d %s, %d times in a row", slotIndex, why, s.fails)}
		return
	}
	if pause > 0 && !s.in(scoreboard.Ready) {
		m.note(entry.WorkerBackoff, "slot", slotIndex, "pause", pause, "failures", s.fails)
	}
}

// suspect tells what may be behind the end of a worker. Where none has ever got ready, the
// master soon ends too, and what it ends with has room for that.
func (m *Machine) suspect(was seat) {
	soon := was.state != scoreboard.Ready || m.now.Sub(was.since) < healthyAfter
	if m.limits.Suspect == "" || m.suspected || !m.everReady || !soon {
		return
	}
	m.suspected = true
	m.note(entry.WorkerSuspect, "hint", m.limits.Suspect)
}
