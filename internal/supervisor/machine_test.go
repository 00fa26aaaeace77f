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
	w := boot(t, Limits{Workers: 2, Pump: true})
	w.step(Stop{})
	w.saw("quiesce", "stop pump")
	w.advance(time.Second) // the pump passes on what is queued
	w.saw()
	w.step(PumpEnded{})
	w.saw("drain 1", "drain 2", "exit 0")
	if w.exit.Err != nil {
		t.Error(w.exit.Err)
	}
}

// The time that workers have counts from the beginning of the stop, whatever the
// pump needs of it: an operator has asked for an end by then.
func TestStopKillsAfterTheGracefulTimeout(t *testing.T) {
	for _, pumpTakes := range []time.Duration{0, 3 * time.Second, time.Hour} {
		t.Run(pumpTakes.String(), func(t *testing.T) {
			w := boot(t, Limits{Workers: 1, Graceful: 10 * time.Second, Pump: true})
			w.stubborn = true
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
	w.saw("quiesce", "exit 0")
	w.step(Stop{})
	w.saw()
}

// What is queued is served, by workers that are started for it if there are none.
func TestStopDrainsSlotsWithoutAWorker(t *testing.T) {
	w := boot(t, Limits{Workers: 3})
	w.crash(1)
	w.crash(4) // pausing
	w.crash(2) // starting
	w.queues[0], w.queues[1] = 5, 5
	w.log = nil
	w.step(Stop{})
	w.saw("quiesce", "drain 3", "start 0")
	w.stubborn = true
	w.ready(5)
	w.ready(6)
	w.saw("drain 5", "drain 6")
	clear(w.queues)
	w.obey()
	w.saw("exit 0")
}

// One queue has one worker started for it, and none while somebody else serves.
func TestStopDrainsTheOneQueue(t *testing.T) {
	w := boot(t, Limits{Workers: 2, OneQueue: true})
	w.crash(1)
	w.crash(3) // pausing
	w.log = nil
	w.queues[0], w.queues[1] = 5, 5
	w.stubborn = true
	w.step(Stop{})
	w.saw("quiesce", "drain 2", "start 0")
	w.obey()
	w.ready(4)
	clear(w.queues)
	w.obey()
	w.saw("drain 4", "exit 0")
}

// A manager that tells all processes to stop tells the workers first: what has come
// in between is not lost.
func TestStopLooksOnceMoreWhenAllHaveGone(t *testing.T) {
	w := boot(t, Limits{Workers: 1})
	w.stubborn = true
	w.step(Stop{})
	w.queues[0] = 1
	w.log = nil
	w.obey()
	w.saw("start 0")
	w.ready(2)
	w.queues[0] = 0
	w.obey()
	w.saw("drain 2", "exit 0")
}

func TestStopDoesNotDrainForEver(t *testing.T) {
	w := boot(t, Limits{Workers: 1, Graceful: 10 * time.Second})
	w.queues[0] = 5
	w.step(Stop{})
	for range maxDrainers {
		w.crash(w.lastPID)
	}
	if w.exit == nil {
		w.fail("still trying, with %v", w.pids())
	}
}

// Programs are told only when their queue is empty, or half of their time is over.
func TestProgramsServeWhatIsQueuedBeforeTheyAreTold(t *testing.T) {
	for _, stays := range []bool{false, true} {
		w := boot(t, Limits{Workers: 1, Programs: true, Graceful: 10 * time.Second})
		w.queues[0] = 5
		w.step(Stop{})
		w.advance(4 * time.Second)
		w.saw("quiesce")
		if !stays {
			w.queues[0] = 0
		}
		w.advance(time.Second)
		if !stays {
			w.saw("drain 1", "exit 0")
		} else if !slices.Contains(w.log, "drain 1") {
			w.fail("not told after half of its time")
		}
	}
}

// A pump that still has connections needs somebody to pass them to.
func TestStopKeepsSomebodyForThePump(t *testing.T) {
	w := boot(t, Limits{Workers: 1, Graceful: 10 * time.Second, Pump: true})
	w.step(Stop{})
	w.crash(1)
	w.saw("quiesce", "stop pump", "suspend 0", "start 0")
	w.readyAll()
	w.saw("resume 0") // or nothing would be passed to it
	w.step(PumpEnded{})
	w.saw("drain 2", "exit 0")
}

// What a worker has left behind is told, and killed in the end; the seat is taken
// until nothing is left.
func TestTheRestOfAWorkerEndsToo(t *testing.T) {
	w := boot(t, Limits{Workers: 1, Programs: true, Graceful: 10 * time.Second})
	w.step(Exited{PID: 1, Why: "exited with status 0", Rest: true})
	w.saw("tell rest of 1", "suspend 0", "start 0")
	w.readyAll()
	w.saw("resume 0")
	w.step(Reload{})
	w.saw() // no seat
	w.noted("waits for an earlier one")
	w.step(RestGone{1})
	w.saw("start 0")
}

func TestTheRestOfAWorkerIsKilledAfterTheGracefulTimeout(t *testing.T) {
	w := boot(t, Limits{Workers: 1, Programs: true, Graceful: 10 * time.Second})
	w.stubborn = true
	w.step(Stop{})
	w.step(Exited{PID: 1, Why: "exited with status 0", Rest: true})
	w.log = nil
	w.advance(10*time.Second - 1)
	w.saw()
	w.advance(1)
	w.saw("kill 1", "exit 0")
}

func TestNothingStartsWhileStopping(t *testing.T) {
	w := boot(t, Limits{Workers: 2})
	w.stubborn = true
	w.step(Stop{})
	w.log = nil
	for _, event := range []Event{Stop{}, Reload{}, Scale{+1}, Upgrade{}, Recycle{2}, Probed{}, Exited{PID: 1}, Tick{}} {
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
	}
	for name, before := range tests {
		t.Run(name, func(t *testing.T) {
			w := boot(t, Limits{Workers: 2, Pump: true})
			w.stubborn = true
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
		if last := answered(m, now, Started{start.Slot, start.Seat, 7}); !slices.ContainsFunc(last, func(a Action) bool { return a == Tell{7, true} || a == Kill{7} }) {
			t.Errorf("%T: the worker started meanwhile is forgotten: %#v", stop, last)
		}
	}
}

// answered steps, and says of every queue that is looked at that it is empty.
func answered(m *Machine, now time.Time, event Event) (all []Action) {
	for events := []Event{event}; len(events) > 0; events = events[1:] {
		for _, action := range m.Step(now, events[0]) {
			all = append(all, action)
			if look, ok := action.(Look); ok {
				events = append(events, Queued{Slot: look.Slot})
			}
		}
	}
	return all
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
	actions := answered(m, now.Add(firstBackoff), failed)
	if got, ok := actions[len(actions)-1].(Exit); !ok || got.Code != ExitDone {
		t.Errorf("ends with %#v, want exit code 0", actions[len(actions)-1])
	}
}

func TestThePumpFails(t *testing.T) {
	w := boot(t, Limits{Workers: 2, Pump: true})
	cause := errors.New("accept: bad file descriptor")
	w.step(PumpEnded{cause})
	if w.exit == nil || w.exit.Code != ExitFailed || !errors.Is(w.exit.Err, cause) {
		t.Errorf("exit %+v", w.exit)
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
