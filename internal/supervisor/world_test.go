//go:build linux

package supervisor

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"prefork/internal/control"
	"prefork/internal/scoreboard"
)

// world carries out what a machine says, as the supervisor would, on processes
// and a clock that do not exist. Whatever the test is about, it fails at an
// action that could not be carried out or would do harm.
type world struct {
	t   testing.TB
	m   *Machine
	now time.Time

	alive   map[int]*process // by pid; pids are 1, 2, 3, … in the order of starts
	lastPID int
	slots   int          // how many have files
	one     bool         // all slots take from the same queue
	apart   map[int]bool // slots that are suspended
	queues  map[int]int  // what waits for the workers of a slot
	serving map[int]bool // slots in service that have had a ready worker
	todo    []Event      // what acting has led to
	exit    *Exit

	rescues []int // slots, in order
	asks    uint64
	answers map[uint64][]control.Answer // by the number of what was asked

	startErr error // what starting a worker fails with
	stubborn bool  // workers told to stop do not

	log     []string // actions since saw was last called
	notes   []string
	history []string // everything, for the message of a failure
}

type process struct {
	slot, seat int
	state      scoreboard.State // as last shown
	told       bool
	left       bool // it has ended, and left others behind
}

// newWorld is a world before anything has been started.
func newWorld(t testing.TB, l Limits) *world {
	if l.MaxWorkers == 0 {
		l.MaxWorkers = 64
	}
	if l.Graceful == 0 {
		l.Graceful = 20 * time.Second
	}
	if l.StartTimeout == 0 {
		l.StartTimeout = startTimeout
	}
	return &world{
		t: t, m: NewMachine(l), now: time.Unix(1e9, 0),
		alive: make(map[int]*process), apart: make(map[int]bool), queues: make(map[int]int), serving: make(map[int]bool),
		answers: make(map[uint64][]control.Answer),
	}
}

// boot is a world in which all workers are ready, and nothing logged yet.
func boot(t testing.TB, l Limits) *world {
	w := newWorld(t, l)
	w.step(Tick{})
	w.readyAll()
	w.log = nil
	return w
}

// succeed has another binary take over, if that can be at present: all that the
// machine knows goes through what is written down.
func (w *world) succeed() {
	if w.m.phase != running || !w.m.allReady {
		return
	}
	text, err := json.Marshal(w.m.Snapshot(w.now))
	var read Snapshot
	if err := errors.Join(err, json.Unmarshal(text, &read)); err != nil {
		w.fail("%v", err)
	}
	w.m = NewMachineFrom(w.m.limits, read, w.now)
	w.step(Upgraded{Version: "the next"})
}

// step is master.turn.
func (w *world) step(event Event) {
	for w.todo = append(w.todo, event); len(w.todo) > 0; {
		next := w.todo[0]
		w.todo = w.todo[1:]
		w.history = append(w.history, fmt.Sprintf("%v %T%+v", w.now.Sub(time.Unix(1e9, 0)), next, next))
		for _, action := range w.m.Step(w.now, next) {
			w.act(action)
		}
	}
	if at := w.m.Deadline(); w.exit == nil && !at.IsZero() && !at.After(w.now) {
		w.fail("the deadline has passed: it is %v ago", w.now.Sub(at))
	}
}

// advance lets time pass: the machine hears of it at its deadlines only.
func (w *world) advance(d time.Duration) {
	for end := w.now.Add(d); ; {
		at := w.m.Deadline()
		if w.exit != nil || at.IsZero() || at.After(end) {
			w.now = end
			return
		}
		w.now = at
		w.step(Tick{})
	}
}

func (w *world) act(action Action) {
	w.record(action)
	switch a := action.(type) {
	case Start:
		w.todo = append(w.todo, w.start(a))
	case Show:
		w.find(a.PID).state = a.State
		if a.State == scoreboard.Ready && !w.apart[a.Slot] {
			w.serving[a.Slot] = true
		}
	case Tell:
		w.find(a.PID).told = true
		if !w.stubborn {
			w.end(a.PID, "exited with status 0")
		}
	case Kill:
		w.find(a.PID)
		w.end(a.PID, "was killed by SIGKILL")
	case TellRest:
		w.find(a.PID).left = true
	case LookForRest:
		if !w.find(a.PID).left {
			w.fail("looked for what process %d left behind, which has not ended", a.PID)
		}
	case Bury:
		w.bury(a)
	case Rescue:
		w.rescue(a.Slot)
	case Suspend:
		w.suspend(a.Slot)
	case Resume:
		w.resume(a.Slot)
	case Look:
		w.todo = append(w.todo, w.look(a.Slot))
	case Drop:
		w.drop(a.Slot)
	case Answer:
		w.answered(a)
	case Exit:
		if w.exit != nil || len(w.alive) > 0 {
			w.fail("exit with %d workers alive, exited before: %v", len(w.alive), w.exit != nil)
		}
		w.exit = &a
	}
}

func (w *world) look(slot int) Queued {
	switch {
	case !w.one:
		return Queued{slot, w.queues[slot], w.queues[slot], w.queues[slot]}
	case slot == 0:
		return Queued{slot, w.queues[0], w.queues[0], 0}
	}
	return Queued{slot, w.queues[0], 0, 0}
}

func (w *world) start(a Start) Event {
	if a.Slot > w.slots {
		w.fail("start in slot %d, of %d slots", a.Slot, w.slots)
	}
	for _, p := range w.alive {
		if p.slot == a.Slot && p.seat == a.Seat {
			w.fail("start in seat %d.%d, which is taken", a.Slot, a.Seat)
		}
	}
	if a.Slot == w.slots {
		w.apart[a.Slot] = true // until somebody is ready
		w.slots++
	}
	if w.startErr != nil {
		return StartFailed{a.Slot, a.Seat, w.startErr}
	}
	w.lastPID++
	w.alive[w.lastPID] = &process{slot: a.Slot, seat: a.Seat}
	return Started{a.Slot, a.Seat, w.lastPID}
}

// end has a process end, of which the machine is to hear once.
func (w *world) end(pid int, why string) {
	exited := Exited{PID: pid, Why: why}
	if !slices.Contains(w.todo, Event(exited)) {
		w.todo = append(w.todo, exited)
	}
}

func (w *world) bury(b Bury) {
	if p := w.find(b.PID); p.state != scoreboard.Gone || p.slot != b.Slot || p.seat != b.Seat {
		w.fail("bury of process %d, which is %v in %d.%d", b.PID, p.state, p.slot, p.seat)
	}
	delete(w.alive, b.PID)
}

// rescue holds the machine to what strategies.Front asks: nobody may hold the socket
// that is to be closed.
func (w *world) rescue(slot int) {
	for pid, p := range w.alive {
		if p.slot == slot {
			w.fail("rescued the queue of slot %d from process %d", slot, pid)
		}
	}
	if !w.apart[slot] {
		w.fail("rescued the queue of slot %d, which still gets connections", slot)
	}
	w.rescues = append(w.rescues, slot)
}

// suspend and resume hold the machine to one of the two at a time. A worker that is
// ready may be cut off only where its slot is to go.
func (w *world) suspend(slot int) {
	if w.apart[slot] || slot >= w.slots {
		w.fail("suspended slot %d of %d; suspended: %v", slot, w.slots, w.apart)
	}
	if ready := w.readyIn(slot); len(ready) > 0 && slot < w.m.want && !w.m.slots[slot].held {
		w.fail("suspended slot %d, in which %v are ready", slot, ready)
	}
	w.apart[slot] = true
	delete(w.serving, slot)
}

func (w *world) resume(slot int) {
	if !w.apart[slot] || len(w.readyIn(slot)) == 0 {
		w.fail("resumed slot %d; suspended: %v; ready: %v", slot, w.apart, w.readyIn(slot))
	}
	delete(w.apart, slot)
	w.serving[slot] = true
}

// drop holds it to the last slot, with nothing in it.
func (w *world) drop(slot int) {
	if slot != w.slots-1 || !w.apart[slot] || len(w.in(slot)) > 0 {
		w.fail("dropped slot %d of %d; suspended: %v; workers: %v", slot, w.slots, w.apart, w.in(slot))
	}
	delete(w.apart, slot)
	delete(w.queues, slot)
	w.slots--
}

// find is a process that the machine means to be alive.
func (w *world) find(pid int) *process {
	p := w.alive[pid]
	if p == nil {
		w.fail("there is no process %d", pid)
	}
	return p
}

func (w *world) fail(format string, args ...any) {
	w.t.Helper()
	last := w.history[max(0, len(w.history)-40):]
	w.t.Fatalf("%s\nlast events and actions:\n%s", fmt.Sprintf(format, args...), strings.Join(last, "\n"))
}

func (w *world) record(action Action) {
	w.history = append(w.history, fmt.Sprintf("  → %T%+v", action, action))
	if note, ok := action.(Note); ok {
		w.notes = append(w.notes, note.Message)
	} else if line := describe(action); line != "" {
		w.log = append(w.log, line)
	}
}

// describe is what saw compares; "" for what every other action brings with it.
func describe(action Action) string {
	switch a := action.(type) {
	case Start:
		if a.Capture {
			return fmt.Sprintf("start %d, listening", a.Slot)
		}
		return fmt.Sprintf("start %d", a.Slot)
	case Tell:
		if a.Drain {
			return fmt.Sprintf("drain %d", a.PID)
		}
		return fmt.Sprintf("tell %d", a.PID)
	case Kill:
		return fmt.Sprintf("kill %d", a.PID)
	case Suspend:
		return fmt.Sprintf("suspend %d", a.Slot)
	case Resume:
		return fmt.Sprintf("resume %d", a.Slot)
	case TellRest:
		return fmt.Sprintf("tell rest of %d", a.PID)
	case Drop:
		return fmt.Sprintf("drop %d", a.Slot)
	case Quiesce:
		return "quiesce"
	case StopPump:
		return "stop pump"
	case AbandonPump:
		return "abandon pump"
	case Probe:
		return "probe"
	case EndProbe:
		return "end probe"
	case Replace:
		return "replace"
	case AllReady:
		return fmt.Sprintf("all %d ready", a.Workers)
	case Exit:
		return fmt.Sprintf("exit %d", a.Code)
	}
	return ""
}

// saw checks what the machine has done since the last call.
func (w *world) saw(want ...string) {
	w.t.Helper()
	if !slices.Equal(w.log, want) {
		w.fail("did %q, want %q", w.log, want)
	}
	w.log = nil
}

// noted checks that the operator has been told.
func (w *world) noted(part string) {
	w.t.Helper()
	if !slices.ContainsFunc(w.notes, func(n string) bool { return strings.Contains(n, part) }) {
		w.fail("no note says %q; there are: %q", part, w.notes)
	}
}

// startTimeout is that of every world which does not say.
const startTimeout = time.Minute

func (w *world) ready(pid int) { w.step(Ready{pid}) }

// readyAll has every starting worker say READY, and those started because of it.
func (w *world) readyAll() {
	for pids := w.are(scoreboard.Starting); len(pids) > 0; pids = w.are(scoreboard.Starting) {
		w.ready(pids[0])
	}
}

func (w *world) crash(pid int) { w.step(Exited{PID: pid, Why: "exited with status 1"}) }

// obey has those who were told to stop end at last.
func (w *world) obey() {
	for _, pid := range w.pids() {
		if p := w.alive[pid]; p != nil && p.told {
			w.step(Exited{PID: pid, Why: "exited with status 0"})
		}
	}
}

// pids are the living, oldest first.
func (w *world) pids() (pids []int) {
	for pid := range w.alive {
		pids = append(pids, pid)
	}
	slices.Sort(pids)
	return pids
}

func (w *world) filter(keep func(*process) bool) []int {
	return slices.DeleteFunc(w.pids(), func(pid int) bool { return !keep(w.alive[pid]) })
}

func (w *world) are(state scoreboard.State) []int {
	return w.filter(func(p *process) bool { return p.state == state })
}

func (w *world) in(slot int) []int {
	return w.filter(func(p *process) bool { return p.slot == slot })
}

func (w *world) readyIn(slot int) []int {
	return w.filter(func(p *process) bool { return p.slot == slot && p.state == scoreboard.Ready })
}
