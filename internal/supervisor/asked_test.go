//go:build linux

package supervisor

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"prefork/internal/control"
	"prefork/internal/scoreboard"
)

// ask asks as prefork ctl does, and returns the number under which it is answered.
func (w *world) ask(verb, arg string) uint64 {
	w.asks++
	request, err := control.Wire{Control: control.Version, Verb: verb, Arg: arg}.Request()
	if err != nil {
		w.fail("%s %s: %v", verb, arg, err)
	}
	w.step(Ask{ID: w.asks, Request: request})
	return w.asks
}

// answered holds the machine to one last word.
func (w *world) answered(a Answer) {
	before := w.answers[a.ID]
	if n := len(before); n > 0 && before[n-1].Final() {
		w.fail("%d was answered already: %+v, and now %+v", a.ID, before[n-1], a)
	}
	w.answers[a.ID] = append(before, a.Answer)
}

// last is the last answer to what was asked; there is always one.
func (w *world) last(id uint64) control.Answer {
	w.t.Helper()
	all := w.answers[id]
	if len(all) == 0 {
		w.fail("%d was not answered", id)
	}
	return all[len(all)-1]
}

func (w *world) finalOf(id uint64) control.Answer {
	w.t.Helper()
	a := w.last(id)
	if !a.Final() {
		w.fail("%d has no last answer: %+v", id, a)
	}
	return a
}

// got checks the last answer.
func (w *world) got(id uint64, kind control.Kind, part string) {
	w.t.Helper()
	if a := w.last(id); a.Kind != kind || !strings.Contains(a.Text, part) {
		w.fail("%d: %+v, want %s with %q", id, a, kind, part)
	}
}

func TestEveryVerbThatChangesAnythingIsDone(t *testing.T) {
	for _, v := range control.Verbs {
		if known := verbNamed(v.Name).begin != nil; known == v.Looks {
			t.Errorf("%s: the machine knows it: %t", v.Name, known)
		}
	}
	if len(control.Reasons) != int(reasons) {
		t.Errorf("%d reasons, and control has %d", reasons, len(control.Reasons))
	}
	if len(verbs) != len(control.Verbs)-2 { // status and version change nothing
		t.Errorf("%d verbs, and control has %d", len(verbs), len(control.Verbs))
	}
}

func TestAskedToReload(t *testing.T) {
	w := boot(t, Limits{Workers: 2})
	w.stubborn = true
	id := w.ask("reload", "")
	w.got(id, control.Progress, "0 of 2 workers are new")
	w.ready(3)
	w.got(id, control.Progress, "1 of 2 workers are new")
	w.ready(4)
	w.got(id, control.Done, "2 workers of generation 2; 2 old ones have not left yet")
}

// A worker of the next generation that does not get ready is tried once more, with an
// ear to what it says. Then the old ones go on.
func TestAskedToReloadWhatIsBroken(t *testing.T) {
	w := boot(t, Limits{Workers: 3, LastWords: true})
	id := w.ask("reload", "")
	w.saw("start 0")
	w.crash(4)
	w.saw("start 0, listening")
	w.got(id, control.Progress, "0 of 3")
	w.step(Exited{PID: 5, Why: "exited with status 7", LastWords: "no such table"})
	w.got(id, control.Failed, "the new worker of slot 0 exited with status 7, saying:\nno such table")
	if a := w.last(id); a.Code != control.CodeNoStart {
		t.Errorf("code %q", a.Code)
	}
	w.noted("reload given up")
	w.advance(time.Hour)
	w.saw()
	if got := w.are(scoreboard.Ready); len(got) != 3 || got[2] != 3 {
		w.fail("ready: %v, want the old ones", got)
	}
	w.ready(0) // nobody
	again := w.ask("reload", "")
	w.readyAll()
	w.got(again, control.Done, "generation 3")
}

// What fails once may work the second time; then the reload goes on.
func TestAskedToReloadWhatFailsOnce(t *testing.T) {
	w := boot(t, Limits{Workers: 9, LastWords: true})
	id := w.ask("reload", "") // two at a time
	w.saw("start 0", "start 1")
	w.crash(10)
	w.saw("start 0, listening")
	w.ready(11)
	w.saw("tell 2") // others wait for the one that is heard out
	w.readyAll()
	w.got(id, control.Done, "9 workers of generation 2")
}

func TestAskedToReloadByAWorkerThatHangs(t *testing.T) {
	w := boot(t, Limits{Workers: 1, LastWords: true})
	id := w.ask("reload", "")
	w.advance(startTimeout)
	w.got(id, control.Failed, "did not get ready within 1m0s; the old ones go on")
}

func TestAskedForWorkers(t *testing.T) {
	w := boot(t, Limits{Workers: 2, MaxWorkers: 4, Settle: time.Second})
	more := w.ask("workers", "+2")
	w.got(more, control.Progress, "2 of 4 workers are ready")
	w.readyAll()
	w.got(more, control.Done, "4 workers")
	same := w.ask("workers", "4")
	w.got(same, control.Done, "4 workers")
	less := w.ask("workers", "1")
	w.got(less, control.Progress, "3 workers are to leave")
	w.advance(time.Second)
	w.got(less, control.Done, "1 worker")
	for arg, part := range map[string]string{"5": "1 to 4", "0": "1 to 4", "-1": "1 to 4"} {
		w.got(w.ask("workers", arg), control.Refused, part)
	}
	first := w.ask("workers", "2")
	w.step(Scale{+1})
	w.got(first, control.Failed, "somebody has asked for 3 workers since")
}

func TestAskedForWorkersThatDoNotStart(t *testing.T) {
	w := boot(t, Limits{Workers: 1, LastWords: true})
	id := w.ask("workers", "2")
	w.log = nil
	w.crash(2)
	w.crash(3)
	w.advance(firstBackoff)
	w.saw("start 1", "start 1, listening")
	w.step(Exited{PID: 4, Why: "exited with status 1", LastWords: "no memory"})
	w.got(id, control.Failed, "slot 1 exited with status 1, saying:\nno memory")
}

func TestAskedToDrainAndRestartASlot(t *testing.T) {
	w := boot(t, Limits{Workers: 3, Settle: time.Second})
	w.stubborn = true
	id := w.ask("drain", "2")
	w.saw("suspend 2")
	w.advance(time.Second)
	w.saw("drain 3")
	w.got(id, control.Progress, "slot 2 serves what it has")
	w.obey()
	w.got(id, control.Done, "drained")
	w.step(Reload{}) // it stays as it is
	w.readyAll()
	w.obey()
	if len(w.in(2)) != 0 || w.slots != 3 || w.m.reloading {
		w.fail("in slot 2: %v; %d slots; reloading: %t", w.in(2), w.slots, w.m.reloading)
	}
	w.step(Scale{+1}) // a held slot is not in the way
	w.readyAll()
	w.log = nil
	back := w.ask("restart", "2")
	w.saw("start 2")
	w.readyAll()
	w.saw("resume 2")
	w.got(back, control.Done, "slot 2 has a new worker")
	w.stubborn = false
	w.comesToRest()
}

func TestAHeldSlotGoesWithTheOthers(t *testing.T) {
	w := boot(t, Limits{Workers: 3})
	w.ask("drain", "2")
	w.step(Scale{-1})
	w.step(Scale{+1})
	w.readyAll()
	w.comesToRest()
	if w.m.slots[2].held {
		w.fail("slot 2 is still held")
	}
}

func TestWhatCannotBeDrainedOrRestarted(t *testing.T) {
	w := boot(t, Limits{Workers: 2, Settle: time.Second})
	w.got(w.ask("drain", "2"), control.Refused, "no slot 2: they go from 0 to 1")
	w.got(w.ask("restart", "7"), control.Refused, "no slot 7")
	w.ask("drain", "1")
	w.advance(time.Second)
	w.got(w.ask("drain", "0"), control.Refused, "the last one in service")
	w.got(w.ask("drain", "1"), control.Done, "drained")
	w.step(Scale{-1})
	w.got(w.ask("restart", "1"), control.Refused, "no slot 1")
}

func TestAskedToRestartAWorker(t *testing.T) {
	w := boot(t, Limits{Workers: 2, LastWords: true})
	id := w.ask("restart", "1")
	w.saw("start 1")
	w.got(id, control.Progress, "begins")
	w.ready(3)
	w.saw("tell 2")
	w.got(id, control.Done, "new worker, pid 3")
	bad := w.ask("restart", "0")
	w.crash(4)
	w.crash(5)
	w.got(bad, control.Failed, "exited with status 1; the old one goes on")
	if got := w.are(scoreboard.Ready); len(got) != 2 || got[0] != 1 {
		w.fail("ready: %v", got)
	}
}

// A worker that pauses after a crash is brought back at once.
func TestAskedToRestartTheCrashed(t *testing.T) {
	w := boot(t, Limits{Workers: 1})
	for range 4 {
		w.crash(w.lastPID)
		w.advance(maxBackoff)
	}
	w.crash(w.lastPID)
	w.log = nil
	id := w.ask("restart", "0")
	w.saw("start 0")
	w.readyAll()
	w.got(id, control.Done, "new worker")
}

// Nobody takes connections, and they are sent where they were.
func TestAskedToPause(t *testing.T) {
	w := boot(t, Limits{Workers: 2})
	w.stubborn = true
	id := w.ask("pause", "")
	w.saw("tell 1", "tell 2")
	w.got(id, control.Progress, "2 workers still serve")
	for _, event := range []Event{Reload{}, Scale{+1}, Upgrade{}} {
		w.step(event)
	}
	w.saw()
	w.got(w.ask("reload", ""), control.Refused, "paused")
	w.obey()
	w.got(id, control.Done, "paused")
	w.advance(time.Hour)
	w.saw()
	if len(w.rescues) > 0 || len(w.apart) > 0 {
		w.fail("rescued %v, suspended %v", w.rescues, w.apart)
	}
	back := w.ask("resume", "")
	w.saw("start 0", "start 1")
	w.got(back, control.Progress, "0 of 2")
	w.readyAll()
	w.got(back, control.Done, "resumed: 2 workers")
	w.saw() // nobody was suspended, so nobody is resumed
}

func TestResumedWithWorkersThatStillLeave(t *testing.T) {
	w := boot(t, Limits{Workers: 1})
	w.stubborn = true
	pause := w.ask("pause", "")
	back := w.ask("resume", "")
	w.got(pause, control.Failed, "resumed since")
	w.readyAll()
	w.got(back, control.Done, "resumed")
}

// A slot whose worker does not come back after a pause is like any other without one.
func TestASlotThatDoesNotResumeIsSuspended(t *testing.T) {
	w := boot(t, Limits{Workers: 2})
	w.ask("pause", "")
	w.ask("resume", "")
	w.log = nil
	w.crash(3)
	w.saw("suspend 0", "start 0")
}

// What waits during a pause is served by a stop.
func TestStopWhilePaused(t *testing.T) {
	w := boot(t, Limits{Workers: 2})
	w.ask("pause", "")
	w.queues[1] = 2
	w.log = nil
	w.step(Stop{})
	w.saw("quiesce", "start 1")
	w.queues[1] = 0
	w.readyAll()
	if w.exit == nil {
		w.fail("it has not ended")
	}
}

func TestAskedToUpgrade(t *testing.T) {
	w := boot(t, Limits{Workers: 1})
	id := w.ask("upgrade", "")
	w.got(id, control.Progress, "asked")
	w.step(Probed{errors.New("it is no prefork")})
	w.got(id, control.Failed, "not upgraded: it is no prefork")
	id = w.ask("upgrade", "")
	other := w.ask("upgrade", "") // joins
	w.step(Probed{})
	w.succeed()
	w.got(id, control.Progress, "0 of 1")
	w.readyAll()
	w.got(id, control.Done, "upgraded to the next; reloaded: 1 worker of generation 2")
	w.got(other, control.Done, "upgraded")
}

func TestAnUpgradeWhoseWorkersDoNotStart(t *testing.T) {
	w := boot(t, Limits{Workers: 1})
	id := w.ask("upgrade", "")
	w.succeed()
	w.crash(2)
	w.got(id, control.Failed, "upgraded to the next; the new worker of slot 0 exited with status 1; the old ones go on")
}

func TestAskedToStop(t *testing.T) {
	w := boot(t, Limits{Workers: 2})
	w.stubborn = true
	reload := w.ask("reload", "")
	id := w.ask("stop", "")
	w.got(reload, control.Failed, "stopping")
	w.got(id, control.Progress, "still serve what they have")
	w.got(w.ask("reload", ""), control.Refused, "stopping")
	now := w.ask("stop", "now")
	w.got(id, control.Done, "stopped")
	w.got(now, control.Done, "stopped")
}

// A stop that balancers are to notice changes nothing until they had their time, or it is
// asked for again.
func TestAStopIsAnnounced(t *testing.T) {
	for name, then := range map[string]func(*world){
		"time passes": func(w *world) { w.advance(time.Second - 1); w.saw(); w.advance(1) },
		"told again":  func(w *world) { w.step(Stop{}) },
		"upgraded first": func(w *world) {
			w.advance(time.Second / 2)
			w.succeed()
			w.readyAll()
			w.log = nil
			w.advance(time.Second / 2)
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := boot(t, Limits{Workers: 1, DrainDelay: time.Second})
			id := w.ask("stop", "")
			w.got(id, control.Progress, "balancers are to notice first")
			w.saw()
			if w.m.state() != control.Stopping || w.m.notNow() == "" {
				w.fail("state %s, %q", w.m.state(), w.m.notNow())
			}
			w.crash(w.lastPID) // it is replaced as ever
			w.readyAll()
			w.log = nil
			then(w)
			w.saw("quiesce", fmt.Sprint("drain ", w.lastPID), "exit 0")
			w.got(id, control.Done, "stopped")
		})
	}
}

func TestAskedForALogLevel(t *testing.T) {
	w := boot(t, Limits{Workers: 1})
	w.got(w.ask("log-level", "debug"), control.Done, "debug")
}

func TestWhoWaitsNoMoreIsNotAnswered(t *testing.T) {
	w := boot(t, Limits{Workers: 1})
	id := w.ask("reload", "")
	w.step(Withdrawn{id})
	w.readyAll()
	w.got(id, control.Progress, "0 of 1")
}

// Each start after the first is counted by what it was for.
func TestRestartsAreCountedByReason(t *testing.T) {
	w := boot(t, Limits{Workers: 1})
	w.crash(1)
	w.readyAll()
	w.step(Reload{})
	w.readyAll()
	w.step(Recycle{w.lastPID})
	w.readyAll()
	w.ask("restart", "0")
	w.readyAll()
	w.ask("pause", "")
	w.ask("resume", "")
	w.readyAll()
	w.succeed()
	w.readyAll()
	got := w.m.slots[0].restarts
	want := [reasons]uint64{none: 1, crashed: 1, reloaded: 2, recycled: 1, onRequest: 1, woken: 1}
	if got != want {
		t.Errorf("%v, want %v", got, want)
	}
}
