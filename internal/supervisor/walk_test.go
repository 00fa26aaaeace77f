//go:build linux

package supervisor

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"prefork/internal/scoreboard"
)

// Machines are led at random through thousands of events. The world checks each
// action; here is checked what holds between them, and that they always come to
// an end: of what they were asked for, and of themselves.

const (
	walks     = 50
	walkSteps = 200
)

// move is one thing that may happen in a walk.
type move struct {
	name string
	do   func(*world, *rand.Rand)
}

// peaceful are the moves during which no ready worker dies but by order.
var peaceful = []move{
	{"a worker gets ready", pick(scoreboard.Starting, (*world).ready)},
	{"a worker gets ready", pick(scoreboard.Starting, (*world).ready)},
	{"one that was told ends", pick(scoreboard.Draining, (*world).crash)},
	{"a worker wants a successor", pick(scoreboard.Ready, func(w *world, pid int) { w.step(Recycle{pid}) })},
	{"a new worker does not get ready", func(w *world, r *rand.Rand) {
		if pids := w.are(scoreboard.Starting); len(pids) > 0 {
			w.crash(pids[r.IntN(len(pids))])
		}
	}},
	{"starting fails for a while", func(w *world, r *rand.Rand) {
		w.startErr = nil
		if r.IntN(3) == 0 {
			w.startErr = errors.New("no memory")
		}
	}},
	{"workers become stubborn or not", func(w *world, r *rand.Rand) { w.stubborn = r.IntN(2) == 0 }},
	{"scaled", func(w *world, r *rand.Rand) { w.step(Scale{r.IntN(7) - 3}) }},
	{"reloaded", func(w *world, _ *rand.Rand) { w.step(Reload{}) }},
	{"time passes", func(w *world, r *rand.Rand) { w.advance(time.Duration(r.ExpFloat64() * float64(time.Second))) }},
	{"the next deadline comes", func(w *world, _ *rand.Rand) {
		if at := w.m.Deadline(); !at.IsZero() {
			w.advance(at.Sub(w.now))
		}
	}},
	{"an upgrade is refused", func(w *world, _ *rand.Rand) { w.step(Upgrade{}); w.step(Probed{errors.New("it is no prefork")}) }},
	{"another binary takes over", func(w *world, _ *rand.Rand) { w.succeed() }},
	{"a reload is asked for", func(w *world, _ *rand.Rand) { w.ask("reload", "") }},
	{"workers are asked for", func(w *world, r *rand.Rand) { w.ask("workers", fmt.Sprint(r.IntN(14))) }},
	{"a slot is to be drained", func(w *world, r *rand.Rand) { w.ask("drain", fmt.Sprint(r.IntN(12))) }},
	{"a slot is to be restarted", func(w *world, r *rand.Rand) { w.ask("restart", fmt.Sprint(r.IntN(12))) }},
	{"an upgrade is asked for", func(w *world, r *rand.Rand) {
		w.ask("upgrade", "")
		if r.IntN(2) == 0 {
			w.step(Probed{errors.New("it is no prefork")})
		} else {
			w.succeed()
		}
	}},
	{"somebody waits no more", func(w *world, r *rand.Rand) { w.step(Withdrawn{uint64(r.IntN(10))}) }},
	{"queues change", func(w *world, r *rand.Rand) {
		for slot := range w.slots {
			if !w.apart[slot] || r.IntN(2) == 0 && w.queues[slot] > 0 {
				w.queues[slot] = r.IntN(2)
			}
		}
	}},
}

var violent = append([]move{
	{"a pause is asked for", func(w *world, _ *rand.Rand) { w.ask("pause", "") }},
	{"the pause is to end", func(w *world, _ *rand.Rand) { w.ask("resume", "") }},
	{"a ready worker crashes", pick(scoreboard.Ready, (*world).crash)},
	{"a worker crashes", func(w *world, r *rand.Rand) {
		if pids := w.pids(); len(pids) > 0 {
			w.crash(pids[r.IntN(len(pids))])
		}
	}},
}, peaceful...)

// pick does something to a random worker in a state, if there is one.
func pick(state scoreboard.State, do func(*world, int)) func(*world, *rand.Rand) {
	return func(w *world, r *rand.Rand) {
		if pids := w.are(state); len(pids) > 0 {
			do(w, pids[r.IntN(len(pids))])
		}
	}
}

// walk leads a new world through moves and checks it after each.
func walk(t *testing.T, moves []move, check func(*world)) {
	for seed := range uint64(walks) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			r := rand.New(rand.NewPCG(seed, 0))
			w := randomWorld(t, r)
			w.step(Tick{})
			w.ready(w.pids()[0]) // or a machine may rightly give up at boot
			for range walkSteps {
				m := moves[r.IntN(len(moves))]
				w.history = append(w.history, m.name)
				m.do(w, r)
				check(w)
			}
			w.comesToRest()
			w.endsOnce(r)
		})
	}
}

func randomWorld(t *testing.T, r *rand.Rand) *world {
	w := newWorld(t, Limits{
		Workers:    1 + r.IntN(10),
		MaxWorkers: 12,
		Graceful:   time.Duration(r.IntN(3)) * 5 * time.Second,
		ReadyAfter: time.Duration(r.IntN(2)) * time.Second,
		DrainDelay: time.Duration(r.IntN(2)) * 3 * time.Second,
		Settle:     time.Duration(r.IntN(2)) * time.Second,
		Pump:       r.IntN(2) == 0,
		Programs:   r.IntN(3) == 0,
	})
	w.one = r.IntN(3) == 0
	return w
}

func TestRandomWalk(t *testing.T) {
	walk(t, violent, func(w *world) {
		if w.exit != nil {
			w.fail("ended unasked: %+v", w.exit)
		}
		for slot := range w.slots {
			if n := len(w.in(slot)); n > scoreboard.Seats {
				w.fail("slot %d has %d workers", slot, n)
			}
			if n := len(w.readyIn(slot)); n > 1 {
				w.fail("slot %d has %d ready workers", slot, n)
			}
		}
	})
}

// Whatever is asked for, reloads above all, a slot that has once had a ready
// worker has one for as long as it is in service.
func TestNoServiceIsLostWhileNothingCrashes(t *testing.T) {
	walk(t, peaceful, func(w *world) {
		for slot := range w.serving {
			if len(w.readyIn(slot)) == 0 {
				w.fail("nobody serves slot %d", slot)
			}
		}
	})
}

// comesToRest lets all go well from here on, which in bounded time must lead to
// what was asked for last, and to a machine that waits for nothing.
func (w *world) comesToRest() {
	w.startErr = nil
	w.history = append(w.history, "all goes well")
	clear(w.queues)
	w.ask("resume", "")
	for slot := range w.m.slots {
		if w.m.slots[slot].held {
			w.ask("restart", fmt.Sprint(slot))
		}
	}
	for range 1000 {
		w.readyAll()
		at := w.m.Deadline()
		if at.IsZero() {
			break
		}
		w.advance(at.Sub(w.now))
	}
	w.checkComplete()
	if len(w.m.wishes) > 0 {
		w.fail("who has asked for this still waits: %+v", w.m.wishes)
	}
}

// endsOnce stops the machine in one of the ways there are, disturbs it, and
// expects one Exit; the world fails at a second, or at one that leaves workers.
func (w *world) endsOnce(r *rand.Rand) {
	ways := []Event{Stop{}, StopNow{}, PumpEnded{errors.New("broken")}}
	asked := []uint64{w.ask("reload", ""), w.ask("workers", "3"), w.ask("pause", "")}
	w.step(Reload{})
	w.step(ways[r.IntN(len(ways))])
	disturb := []Event{Stop{}, Reload{}, Scale{+1}, PumpEnded{}, Tick{}}
	for range r.IntN(4) {
		w.step(disturb[r.IntN(len(disturb))])
	}
	w.advance(w.m.limits.DrainDelay + w.m.limits.Graceful)
	if w.exit == nil {
		w.fail("has not ended after the graceful timeout")
	}
	for _, id := range asked {
		w.finalOf(id)
	}
	w.step(Stop{})
	w.step(Tick{})
}
