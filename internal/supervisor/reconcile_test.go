//go:build linux

package supervisor

import (
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"prefork/internal/scoreboard"
)

func TestReloadHasTheNewReadyBeforeTheOldIsTold(t *testing.T) {
	w := boot(t, Limits{Workers: 2})
	w.step(Reload{})
	w.saw("start 0")
	w.ready(3)
	w.saw("tell 1", "start 1")
	w.ready(4)
	w.saw("tell 2")
	w.advance(time.Hour)
	w.saw()
}

// A slow drain holds up nobody but its own seat.
func TestReloadGoesOnWhileTheOldDrain(t *testing.T) {
	w := boot(t, Limits{Workers: 2, Graceful: 10 * time.Second})
	w.stubborn = true
	w.step(Reload{})
	w.readyAll()
	w.saw("start 0", "tell 1", "start 1", "tell 2")
	w.advance(10*time.Second - 1)
	w.saw()
	w.advance(1)
	w.saw("kill 1", "kill 2")
}

func TestReloadReplacesAFewAtOnce(t *testing.T) {
	for workers, want := range map[int]int{1: 1, 7: 1, 8: 2, 16: 3, 64: 9} {
		t.Run(fmt.Sprint(workers), func(t *testing.T) {
			w := boot(t, Limits{Workers: workers})
			w.step(Reload{})
			for replaced := range workers {
				starting := w.are(scoreboard.Starting)
				if rest := min(want, workers-replaced); len(starting) != rest {
					w.fail("%d at once after %d, want %d", len(starting), replaced, rest)
				}
				w.ready(starting[0])
			}
			if young := w.filter(func(*process) bool { return true }); len(young) != workers || young[0] <= workers {
				w.fail("alive: %v", young)
			}
		})
	}
}

func TestReloadTwice(t *testing.T) {
	w := boot(t, Limits{Workers: 2})
	w.step(Reload{})
	w.step(Reload{})
	w.saw("start 0")
	w.readyAll() // 3 is of the first reload, and is replaced in its turn
	if got := w.pids(); !slices.Equal(got, []int{4, 5}) && !slices.Equal(got, []int{5, 6}) {
		w.fail("alive: %v", got)
	}
	for _, pid := range w.pids() {
		if _, _, s := w.m.find(pid); s.generation != 2 {
			w.fail("worker %d is of generation %d", pid, s.generation)
		}
	}
}

// With the old still draining there is no seat for a third.
func TestReloadWaitsForASeat(t *testing.T) {
	w := boot(t, Limits{Workers: 1})
	w.stubborn = true
	w.step(Reload{})
	w.readyAll()
	w.step(Reload{})
	w.saw("start 0", "tell 1")
	w.obey()
	w.saw("start 0")
}

func TestReloadGivenUp(t *testing.T) {
	fail := map[string]func(*world){
		"crash":         func(w *world) { w.step(Reload{}); w.crash(4) },
		"start failure": func(w *world) { w.startErr = errors.New("no memory"); w.step(Reload{}) },
		"never ready":   func(w *world) { w.step(Reload{}); w.advance(startTimeout) },
	}
	for name, do := range fail {
		t.Run(name, func(t *testing.T) {
			w := boot(t, Limits{Workers: 3})
			do(w)
			w.noted("reload given up")
			w.advance(time.Hour)
			if got := w.are(scoreboard.Ready); !slices.Equal(got, []int{1, 2, 3}) || len(w.alive) != 3 {
				w.fail("ready: %v, alive: %v, want the old three", got, w.pids())
			}
			w.startErr, w.log = nil, nil
			w.step(Reload{}) // a later one is as good as any
			w.saw("start 0")
		})
	}
}

// The second reload came because the first was broken: the failure of a worker
// started before it says nothing about it.
func TestALaterReloadOutlivesAnEarlierOnesFailure(t *testing.T) {
	w := boot(t, Limits{Workers: 2})
	w.step(Reload{})
	w.step(Reload{})
	w.crash(3)
	w.readyAll()
	for _, pid := range w.pids() {
		if pid <= 3 {
			w.fail("alive: %v, want new workers only", w.pids())
		}
	}
}

func TestACrashOfTheOldDoesNotStopItsSuccessor(t *testing.T) {
	w := boot(t, Limits{Workers: 1})
	w.step(Reload{})
	w.crash(1)
	w.saw("start 0", "suspend 0")
	w.crash(2) // nothing to go back to: it is restarted
	w.advance(firstBackoff)
	w.saw("start 0")
}

func TestRecycle(t *testing.T) {
	w := boot(t, Limits{Workers: 2})
	w.step(Recycle{2})
	w.saw("start 1")
	w.step(Recycle{2})
	w.saw()
	w.ready(3)
	w.saw("tell 2")
}

func TestScaleUp(t *testing.T) {
	w := boot(t, Limits{Workers: 1})
	w.step(Scale{+2})
	w.saw("start 1", "start 2")
	w.readyAll()
	w.saw("resume 1", "resume 2") // that all are ready is said once
}

func TestScaleHasItsBounds(t *testing.T) {
	w := boot(t, Limits{Workers: 2, MaxWorkers: 3})
	w.step(Scale{+5})
	w.readyAll()
	w.saw("start 2", "resume 2")
	w.step(Scale{+1})
	w.saw()
	w.noted("not scaled")
	w.step(Scale{-5})
	w.saw("suspend 2", "drain 3", "suspend 1", "drain 2", "drop 2", "drop 1")
	w.step(Scale{-1})
	w.saw()
}

// The last slots go: retired first, told once nothing more can join their
// queues, and dropped when they are empty.
func TestScaleDown(t *testing.T) {
	w := boot(t, Limits{Workers: 4, Settle: time.Second})
	w.stubborn = true
	w.step(Scale{-2})
	w.saw("suspend 3", "suspend 2")
	w.advance(time.Second - 1)
	w.saw()
	w.advance(1)
	w.saw("drain 4", "drain 3")
	w.step(Exited{PID: 3})
	w.saw() // slot 3 is still there
	w.step(Exited{PID: 4})
	w.saw("drop 3", "drop 2")
}

func TestScaleDownInTheMiddleOfAReload(t *testing.T) {
	w := boot(t, Limits{Workers: 2})
	w.step(Reload{})
	w.ready(3)
	w.log = nil
	w.step(Scale{-1}) // worker 4 is starting beside 2
	w.saw("suspend 1", "drain 2", "drain 4", "drop 1")
}

// A slot on its way out is done with before it or any further one is opened.
func TestScaleUpDuringRetirement(t *testing.T) {
	tests := []struct {
		down, up int
		want     []string
	}{
		{-1, +1, []string{"drain 4", "drop 3", "start 3"}},
		{-2, +1, []string{"drain 4", "drain 3", "drop 3", "drop 2", "start 2"}},
		{-1, +2, []string{"drain 4", "drop 3", "start 3", "start 4"}},
		{-2, +3, []string{"drain 4", "drain 3", "drop 3", "drop 2", "start 2", "start 3", "start 4"}},
	}
	for _, test := range tests {
		t.Run(fmt.Sprint(test.down, test.up), func(t *testing.T) {
			w := boot(t, Limits{Workers: 4, Settle: time.Second})
			w.step(Scale{test.down})
			w.log = nil
			w.step(Scale{test.up})
			w.saw()
			w.advance(time.Second)
			w.saw(test.want...)
			w.readyAll()
			w.checkComplete()
		})
	}
}

func TestReloadSparesTheRetired(t *testing.T) {
	w := boot(t, Limits{Workers: 2, Settle: time.Second})
	w.step(Scale{-1})
	w.step(Scale{+1}) // slot 1 counts again, but has to go first
	w.log = nil
	w.step(Reload{})
	w.readyAll()
	w.saw("start 0", "tell 1")
}

func TestACrashInARetiredSlotIsNotReplaced(t *testing.T) {
	w := boot(t, Limits{Workers: 2, Settle: time.Second})
	w.step(Scale{-1})
	w.crash(2)
	w.saw("suspend 1")
	w.advance(time.Second)
	w.saw("drop 1")
}

// Unless something is queued there: then one is started for it.
func TestWhatIsQueuedInARetiredSlotIsServed(t *testing.T) {
	before := map[string]func(*world){
		"its worker pauses": func(w *world) { w.crash(2); w.crash(3) },
		"its worker starts": func(w *world) { w.crash(2) },
		"it crashes then":   func(w *world) { w.step(Scale{-1}); w.crash(2) },
	}
	for name, do := range before {
		t.Run(name, func(t *testing.T) {
			w := boot(t, Limits{Workers: 2, Settle: time.Second})
			do(w)
			w.queues[1] = 3
			if w.m.want == 2 {
				w.step(Scale{-1})
			}
			w.advance(time.Second)
			w.log = nil
			if len(w.in(1)) != 1 {
				w.fail("nobody serves what is queued")
			}
			w.stubborn = true
			w.readyAll()
			w.queues[1] = 0
			w.obey()
			w.saw(fmt.Sprintf("drain %d", w.lastPID), "drop 1")
		})
	}
}

// checkComplete checks that nothing is left to do: every slot that is wanted has
// one worker, ready and of the present generation, and there are no others.
func (w *world) checkComplete() {
	w.t.Helper()
	if at := w.m.Deadline(); !at.IsZero() {
		w.fail("still waits for %v", at.Sub(w.now))
	}
	if w.slots != w.m.want || len(w.apart) > 0 || len(w.alive) != w.m.want {
		w.fail("%d slots, suspended %v, %d workers, want %d", w.slots, w.apart, len(w.alive), w.m.want)
	}
	for _, pid := range w.pids() {
		if _, _, s := w.m.find(pid); s == nil || s.state != scoreboard.Ready || s.generation != w.m.generation {
			w.fail("worker %d is %+v", pid, s)
		}
	}
}
