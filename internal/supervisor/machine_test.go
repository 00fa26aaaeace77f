//go:build linux

package supervisor

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"prefork/internal/scoreboard"
)

func TestBootsAndSaysOnceThatAllAreReady(t *testing.T) {
	w := newWorld(t, Limits{Workers: 2})
	w.step(Tick{})
	w.saw("start 0", "start 1")
	w.ready(2)
	w.saw()
	w.ready(1)
	w.saw("all 2 ready")
	w.ready(1) // workers may repeat themselves
	w.crash(1)
	w.readyAll()
	w.saw("start 0")
}

func TestLongLifeCountsAsReadyWhereAgreed(t *testing.T) {
	w := newWorld(t, Limits{Workers: 2, ReadyAfter: time.Second})
	w.step(Tick{})
	w.ready(1) // READY=1 is believed before that
	w.advance(time.Second - 1)
	w.saw("start 0", "start 1")
	w.advance(1)
	w.saw("all 2 ready")
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
	for i, pause := range want {
		pause *= time.Millisecond
		w.crash(w.lastPID)
		if pause > 0 {
			w.advance(pause - 1)
			w.saw()
			w.advance(1)
		}
		w.saw("start 0")
		if i%2 == 0 { // whether a worker had got ready before does not matter
			w.readyAll()
		}
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
	w.saw("start 0")
}

func TestCrashesOfOneSlotDoNotSlowAnother(t *testing.T) {
	w := boot(t, Limits{Workers: 2})
	w.crash(1)
	w.crash(3)
	w.log = nil
	w.crash(2)
	w.saw("start 1")
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
	w.step(Upgrade{})
	w.crash(3) // another master has the sockets too
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
	if slices.Contains(w.log, "start 1, listening") {
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

// Only of a worker that was told to stop can one say that it did not in time.
func TestBuriesTheKilled(t *testing.T) {
	limits := Limits{Workers: 1, Graceful: time.Second}
	tests := []struct {
		name string
		do   func(*world)
		want bool
	}{
		{"told and late", func(w *world) { w.readyAll(); w.stubborn = true; w.step(Stop{}); w.advance(time.Second) }, true},
		{"told and in time", func(w *world) { w.readyAll(); w.step(Stop{}) }, false},
		{"never ready", func(w *world) { w.advance(startTimeout) }, false},
		{"crashed", func(w *world) { w.crash(1) }, false},
		{"all at once", func(w *world) { w.readyAll(); w.step(StopNow{}) }, false},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			w := newWorld(t, limits)
			w.step(Tick{})
			test.do(w)
			killed := slices.ContainsFunc(w.history, func(s string) bool { return strings.Contains(s, "Bury") && strings.Contains(s, "Killed:true") })
			if killed != test.want {
				w.fail("buried as killed for being late: %v, want %v", killed, test.want)
			}
		})
	}
}

func TestStopsGracefully(t *testing.T) {
	w := boot(t, Limits{Workers: 2})
	w.pump = true
	w.step(Stop{})
	w.saw("quiesce", "stop pump")
	w.advance(time.Second) // the pump passes on what is queued
	w.saw()
	w.step(PumpEnded{})
	w.saw("tell 1", "tell 2", "exit 0")
	if w.exit.Err != nil {
		t.Error(w.exit.Err)
	}
}

// The time that workers have counts from the beginning of the stop, whatever the
// pump needs of it: an operator has asked for an end by then.
func TestStopKillsAfterTheGracefulTimeout(t *testing.T) {
	for _, pumpTakes := range []time.Duration{0, 3 * time.Second, time.Hour} {
		t.Run(pumpTakes.String(), func(t *testing.T) {
			w := boot(t, Limits{Workers: 1, Graceful: 10 * time.Second})
			w.pump, w.stubborn = true, true
			w.step(Stop{})
			if pumpTakes < w.m.limits.Graceful {
				w.advance(pumpTakes)
				w.step(PumpEnded{})
			}
			w.advance(w.m.stopBegan.Add(w.m.limits.Graceful).Sub(w.now) - 1)
			if w.exit != nil || slices.Contains(w.log, "kill 1") {
				w.fail("ended too early")
			}
			w.advance(w.m.limits.Graceful)
			w.log = w.log[len(w.log)-2:]
			w.saw("kill 1", "exit 0")
		})
	}
}

// A worker that drains already when the stop begins gets the stop's time.
func TestStopWaitsForTheDraining(t *testing.T) {
	w := boot(t, Limits{Workers: 2, Graceful: 10 * time.Second})
	w.stubborn = true
	w.step(Scale{-1})
	w.advance(9 * time.Second)
	w.step(Stop{})
	w.log = nil
	w.advance(9 * time.Second)
	w.saw()
	w.advance(time.Second)
	w.saw("kill 1", "kill 2", "exit 0")
}

func TestStopsWithNothingRunning(t *testing.T) {
	w := boot(t, Limits{Workers: 1})
	w.crash(1)
	w.crash(2) // backing off
	w.log = nil
	w.step(Stop{})
	w.saw("quiesce", "stop pump", "exit 0")
	w.step(Stop{})
	w.saw()
}

func TestNothingStartsWhileStopping(t *testing.T) {
	w := boot(t, Limits{Workers: 2})
	w.stubborn = true
	w.step(Stop{})
	w.log = nil
	for _, event := range []Event{Stop{}, Reload{}, Scale{+1}, Upgrade{}, Recycle{2}, HandedOver{}, Exited{PID: 1}, Tick{}} {
		w.step(event)
	}
	w.saw()
	w.step(Exited{PID: 2})
	w.saw("exit 0")
}

func TestStopNow(t *testing.T) {
	tests := map[string]func(*world){
		"running":  func(*world) {},
		"stopping": func(w *world) { w.step(Stop{}) },
		"leaving":  func(w *world) { w.step(Upgrade{}); w.step(HandedOver{}) },
	}
	for name, before := range tests {
		t.Run(name, func(t *testing.T) {
			w := boot(t, Limits{Workers: 2})
			w.stubborn, w.pump = true, true
			before(w)
			w.log = nil
			w.step(StopNow{})
			w.saw("kill 1", "kill 2", "exit 0")
		})
	}
}

// A signal to process 0 would hit the master's whole process group.
func TestTellsNobodyWhoseStartIsNotReported(t *testing.T) {
	now := time.Unix(1e9, 0)
	for _, stop := range []Event{Stop{}, StopNow{}} {
		m := NewMachine(Limits{Workers: 1, MaxWorkers: 1, Graceful: time.Second})
		start := m.Step(now, Tick{})[0].(Start)
		var done []Action
		for _, event := range []Event{stop, PumpEnded{}} {
			done = append(done, m.Step(now, event)...)
		}
		for _, action := range done {
			switch action.(type) {
			case Tell, Kill, Exit:
				t.Errorf("%T: %#v", stop, action)
			}
		}
		if last := m.Step(now, Started{start.Slot, start.Seat, 7}); !slices.ContainsFunc(last, func(a Action) bool { return a == Tell{7} || a == Kill{7} }) {
			t.Errorf("%T: the worker started meanwhile is forgotten: %#v", stop, last)
		}
	}
}

func TestAFailedStartDoesNotChangeHowAStopEnds(t *testing.T) {
	m := NewMachine(Limits{Workers: 1, MaxWorkers: 1, Graceful: time.Second})
	now := time.Unix(1e9, 0)
	start := m.Step(now, Tick{})[0].(Start)
	failed := StartFailed{start.Slot, start.Seat, errors.New("no memory")}
	m.Step(now, failed)
	m.Step(now, failed)
	m.Step(now.Add(firstBackoff), Tick{})
	m.Step(now.Add(firstBackoff), Stop{})
	actions := m.Step(now.Add(firstBackoff), failed)
	if got, ok := actions[len(actions)-1].(Exit); !ok || got.Code != ExitDone {
		t.Errorf("ends with %#v, want exit code 0", actions[len(actions)-1])
	}
}

func TestThePumpFails(t *testing.T) {
	w := boot(t, Limits{Workers: 2})
	w.pump = true
	cause := errors.New("accept: bad file descriptor")
	w.step(PumpEnded{cause})
	if w.exit == nil || w.exit.Code != ExitFailed || !errors.Is(w.exit.Err, cause) {
		t.Errorf("exit %+v", w.exit)
	}
}

func TestUpgradeFails(t *testing.T) {
	w := boot(t, Limits{Workers: 1})
	w.step(Upgrade{})
	w.step(Upgrade{})
	w.saw("upgrade")
	w.noted("under way already")
	w.step(UpgradeFailed{errors.New("it ended early")})
	w.saw("reclaim")
	w.noted("this one goes on")
	w.step(Upgrade{}) // another try is allowed
	w.saw("upgrade")
}

// The new master has the sockets, so nobody may be turned away.
func TestUpgradeHandsOver(t *testing.T) {
	w := boot(t, Limits{Workers: 2, Graceful: time.Second})
	w.pump, w.stubborn = true, true
	w.step(Upgrade{})
	w.step(HandedOver{})
	w.saw("upgrade", "stop pump")
	w.step(PumpEnded{})
	w.saw("tell 1", "tell 2")
	w.step(Exited{PID: 1})
	w.advance(time.Second)
	w.saw("kill 2", "exit 0")
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
