//go:build linux

package supervisor

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"
)

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
	w := boot(t, Limits{Workers: 2})
	w.one = true
	w.crash(1)
	w.crash(3) // pausing
	w.log = nil
	w.queues[0] = 5
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
