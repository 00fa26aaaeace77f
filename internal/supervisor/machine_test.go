//go:build linux

package supervisor

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"prefork/internal/entry"
	"prefork/internal/scoreboard"
)

func TestBootsAndSaysOnceThatAllAreReady(t *testing.T) {
	w := newWorld(t, Limits{Workers: 2})
	w.step(Tick{})
	w.saw("start 0", "start 1")
	w.ready(2)
	w.saw("resume 1")
	w.ready(1)
	w.saw("resume 0", "all 2 ready")
	w.ready(1) // workers may repeat themselves
	w.crash(1)
	w.readyAll()
	w.saw("suspend 0", "start 0", "resume 0")
}

func TestLongLifeCountsAsReadyWhereAgreed(t *testing.T) {
	w := newWorld(t, Limits{Workers: 2, ReadyAfter: time.Second})
	w.step(Tick{})
	w.ready(1) // READY=1 is believed before that
	w.advance(time.Second - 1)
	w.saw("start 0", "start 1", "resume 0")
	w.advance(1)
	w.saw("resume 1", "all 2 ready")
}

// What may be behind the end of a program is told once: not of one that was well for long,
// and not where none ever got ready, since the master's own end tells it then.
func TestSuspicionIsToldOnce(t *testing.T) {
	const why = "it may be this"
	told := entry.WorkerSuspect.Message
	suspicions := func(w *world) (n int) {
		for _, text := range w.notes {
			if text == told {
				n++
			}
		}
		return n
	}
	w := boot(t, Limits{Workers: 1, Suspect: why})
	w.advance(healthyAfter)
	w.crash(w.lastPID)
	if n := suspicions(w); n != 0 {
		t.Errorf("told %d times of a worker that was well for long", n)
	}
	w.crash(w.lastPID)
	w.advance(time.Minute)
	w.crash(w.lastPID)
	if n := suspicions(w); n != 1 {
		t.Errorf("told %d times of workers that ended soon, want once", n)
	}
	w = newWorld(t, Limits{Workers: 1, Suspect: why})
	w.step(Tick{})
	w.crash(w.lastPID)
	if n := suspicions(w); n != 0 {
		t.Errorf("told %d times where none ever got ready", n)
	}
}

func TestStrangersAreNotReady(t *testing.T) {
	w := newWorld(t, Limits{Workers: 1})
	w.step(Tick{})
	w.step(Ready{4711})
	w.step(Recycle{4711})
	w.step(Exited{PID: 4711})
	w.saw("start 0")
}

// The first restart is at once; then the pauses double up to the longest.
func TestPausesGrow(t *testing.T) {
	w := boot(t, Limits{Workers: 1})
	want := []time.Duration{0, 100, 200, 400, 800, 1600, 3200, 6400, 12800, 25600, 30000, 30000}
	for _, pause := range want {
		pause *= time.Millisecond
		w.log = nil
		w.crash(w.lastPID)
		if pause > 0 {
			w.advance(pause - 1)
			w.saw(w.log...)
			if len(w.alive) > 0 {
				w.fail("started before its pause of %v was over", pause)
			}
			w.advance(1)
		}
		if len(w.alive) != 1 {
			w.fail("not started after its pause of %v", pause)
		}
	}
}

// Who has served for a while is not missing for longer than that.
func TestAPauseIsNoLongerThanTheWorkerHadLived(t *testing.T) {
	w := boot(t, Limits{Workers: 1})
	for range 8 {
		w.advance(300 * time.Millisecond)
		w.crash(w.lastPID)
		w.advance(300 * time.Millisecond)
		if len(w.alive) != 1 {
			w.fail("still pausing")
		}
		w.readyAll()
	}
}

func TestHealthyTimeForgetsCrashes(t *testing.T) {
	w := boot(t, Limits{Workers: 1})
	for range 5 {
		w.crash(w.lastPID)
		w.advance(maxBackoff)
		w.readyAll()
	}
	w.advance(healthyAfter)
	w.log = nil
	w.crash(w.lastPID)
	w.saw("suspend 0", "start 0")
}

func TestCrashesOfOneSlotDoNotSlowAnother(t *testing.T) {
	w := boot(t, Limits{Workers: 2})
	w.crash(1)
	w.crash(3)
	w.log = nil
	w.crash(2)
	w.saw("suspend 1", "start 1")
}

// Nobody is sent to a slot that has no worker, from the moment that it has none.
func TestASlotWithoutAWorkerGetsNothing(t *testing.T) {
	w := boot(t, Limits{Workers: 2})
	w.crash(2)
	w.saw("suspend 1", "start 1")
	w.crash(3)
	w.saw()
	w.advance(firstBackoff)
	w.saw("start 1")
	w.readyAll()
	w.saw("resume 1")
	w.step(Scale{+1})
	w.saw("start 2")
	w.readyAll()
	w.saw("resume 2")
}

// The queue of a slot goes to others when it has no worker, and only then.
func TestRescuesTheQueueOfTheCrashed(t *testing.T) {
	w := boot(t, Limits{Workers: 2, Settle: time.Second})
	w.crash(2)
	if !slices.Equal(w.rescues, []int{1}) {
		t.Errorf("rescued %v, want the queue of slot 1", w.rescues)
	}
	w.readyAll()
	w.rescues = nil
	w.step(Reload{})
	w.crash(1) // its successor is on its way
	if len(w.rescues) > 0 {
		t.Errorf("rescued %v, want none", w.rescues)
	}
}

func TestGivesUpWhenNoWorkerCanStart(t *testing.T) {
	w := newWorld(t, Limits{Workers: 2})
	w.step(Tick{})
	w.crash(1)
	w.crash(3)
	w.saw("start 0", "start 1", "start 0")
	w.advance(firstBackoff)
	w.saw("start 0, listening") // the last try's words are kept
	w.step(Exited{PID: 4, Why: "exited with status 7", LastWords: "no such table"})
	w.saw("kill 2", "exit 3")
	for _, part := range []string{"slot 0", "exited with status 7", "no such table", "3 times"} {
		if !strings.Contains(w.exit.Err.Error(), part) {
			t.Errorf("the error does not say %q: %v", part, w.exit.Err)
		}
	}
}

func TestGivesUpWhenNoWorkerCanBeStarted(t *testing.T) {
	w := newWorld(t, Limits{Workers: 3})
	w.startErr = errors.New("no memory")
	w.step(Tick{})
	w.advance(time.Second)
	if w.exit == nil || w.exit.Code != ExitNoStart || !strings.Contains(w.exit.Err.Error(), "slot 0 could not be started: no memory") {
		t.Errorf("exit %+v", w.exit)
	}
}

// A service that has worked once is never given up: what ails it may pass.
func TestDoesNotGiveUpOnceAWorkerWasReady(t *testing.T) {
	w := newWorld(t, Limits{Workers: 2})
	w.step(Tick{})
	w.ready(1)
	for range 10 {
		w.crash(w.in(1)[0])
		w.advance(maxBackoff)
	}
	if w.exit != nil || len(w.in(1)) != 1 {
		t.Errorf("exit %v, workers %v", w.exit, w.in(1))
	}
	if slices.Contains(w.log, "start 1, listening") { // only the last try at boot is
		t.Error("a worker's words are kept, in a pipe that breaks with the master")
	}
}

func TestEndsAWorkerThatNeverGetsReady(t *testing.T) {
	w := newWorld(t, Limits{Workers: 1})
	w.step(Tick{})
	w.advance(startTimeout - 1)
	w.saw("start 0")
	w.advance(1)
	w.saw("kill 1", "start 0")
	w.noted("did not get ready")
	w.advance(time.Hour)
	if w.exit == nil || w.exit.Code != ExitNoStart {
		t.Errorf("exit %+v, want code %d", w.exit, ExitNoStart)
	}
}

func TestUpgradeIsRefused(t *testing.T) {
	w := boot(t, Limits{Workers: 1})
	w.step(Upgrade{})
	w.step(Upgrade{})
	w.saw("probe")
	w.noted("under way already")
	w.step(Probed{errors.New("it is no prefork")})
	w.noted("this binary goes on")
	w.step(Upgrade{}) // another try is allowed
	w.saw("probe")
	w.advance(probeTime)
	w.saw("end probe")
	w.step(Probed{}) // too late
	w.step(Upgrade{})
	w.step(Stop{})
	w.saw("probe", "end probe", "quiesce", "drain 1", "exit 0")
}

// The next binary goes on where this one was, and replaces the workers.
func TestUpgrade(t *testing.T) {
	w := boot(t, Limits{Workers: 2, Graceful: time.Second})
	w.step(Upgrade{})
	w.step(Probed{})
	w.saw("probe", "replace")
	w.step(Scale{+1}) // while it is being replaced
	w.succeed()
	w.saw("start 2", "start 0")
	w.readyAll()
	w.checkComplete()
	if got := w.pids(); len(got) != 3 || got[0] <= 2 {
		w.fail("alive: %v, want three, none of the first two", got)
	}
	w.noted("reloaded")
}

// Whatever is under way when another binary takes over comes to its end.
func TestUpgradeInTheMiddleOfThings(t *testing.T) {
	things := map[string]func(*world){
		"a pause":      func(w *world) { w.crash(1); w.crash(w.lastPID) },
		"a start":      func(w *world) { w.crash(1) },
		"a reload":     func(w *world) { w.step(Reload{}) },
		"a drain":      func(w *world) { w.stubborn = true; w.step(Reload{}); w.ready(w.lastPID) },
		"scaling":      func(w *world) { w.step(Scale{-1}) },
		"what is left": func(w *world) { w.step(Exited{PID: 1, Rest: true}) },
	}
	for name, do := range things {
		t.Run(name, func(t *testing.T) {
			w := boot(t, Limits{Workers: 2, Settle: time.Second, Graceful: 10 * time.Second})
			do(w)
			w.succeed()
			w.stubborn = false
			w.obey()
			if name == "what is left" {
				w.step(RestGone{1})
			}
			w.comesToRest()
		})
	}
}

func TestStates(t *testing.T) {
	w := newWorld(t, Limits{Workers: 1})
	w.stubborn = true
	steps := []struct {
		event Event
		want  scoreboard.State
	}{
		{Tick{}, scoreboard.Starting},
		{Ready{1}, scoreboard.Ready},
		{Stop{}, scoreboard.Draining},
	}
	for _, s := range steps {
		if w.step(s.event); w.alive[1].state != s.want {
			t.Errorf("after %T: %v, want %v", s.event, w.alive[1].state, s.want)
		}
	}
}
