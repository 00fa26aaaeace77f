//go:build linux

package supervisor

import (
	"errors"
	"slices"
	"testing"
	"time"
)

// What could not be moved while another master had the sockets is moved when it has
// gone, unless the slot has a worker again.
func TestRescuesWhenTheSocketsAreItsAlone(t *testing.T) {
	w := heir(t, Limits{Workers: 3})
	w.step(Tick{})
	w.crash(1) // before it has taken over
	w.readyAll()
	w.crash(2) // after it has, with the other draining
	w.crash(w.in(1)[0])
	if len(w.rescues) > 0 {
		t.Errorf("rescued %v, want none", w.rescues)
	}
	w.step(PredecessorGone{})
	if !slices.Equal(w.rescues, []int{1}) {
		t.Errorf("rescued %v, want the queue of slot 1", w.rescues)
	}

	w = boot(t, Limits{Workers: 2})
	w.step(Upgrade{})
	w.crash(1)
	w.crash(w.in(0)[0])
	w.step(UpgradeFailed{errors.New("it ended early")})
	if !slices.Equal(w.rescues, []int{0}) {
		t.Errorf("rescued %v, want the queue of slot 0", w.rescues)
	}
}

// Slots stay as they are while the master before has their sockets too.
func TestAnHeirScalesWhenTheOtherHasGone(t *testing.T) {
	for name, test := range map[string]struct {
		by   int
		want []string
	}{
		"down":    {-1, []string{"retire 1", "tell 2", "drop 1"}},
		"up":      {+1, []string{"start 2"}},
		"in vain": {0, nil},
	} {
		t.Run(name, func(t *testing.T) {
			w := heir(t, Limits{Workers: 2})
			w.step(Tick{})
			w.readyAll()
			w.log = nil
			w.step(Scale{test.by})
			w.advance(time.Hour)
			if test.by != 0 {
				w.step(Upgrade{})
				w.noted("not upgraded")
			}
			w.saw()
			w.step(PredecessorGone{})
			w.saw(test.want...)
		})
	}
}

// Who has not taken over has no right to turn clients of the other away.
func TestAnHeirThatIsStoppedEarlyTurnsNobodyAway(t *testing.T) {
	for name, early := range map[string]struct {
		before func(*world)
		want   []string
	}{
		"not ready":             {func(w *world) { w.ready(1) }, []string{"stop pump", "tell 1", "tell 2", "exit 0"}},
		"ready":                 {func(w *world) { w.readyAll() }, []string{"quiesce", "stop pump", "tell 1", "tell 2", "exit 0"}},
		"the other has crashed": {func(w *world) { w.step(PredecessorGone{}) }, []string{"quiesce", "stop pump", "tell 1", "tell 2", "exit 0"}},
	} {
		t.Run(name, func(t *testing.T) {
			w := heir(t, Limits{Workers: 2})
			w.step(Tick{})
			early.before(w)
			w.log = nil
			w.step(Stop{})
			w.saw(early.want...)
		})
	}
}

// The third master knows of the second only: the second stays until the first has
// let go of the sockets.
func TestMastersLeaveInTheirOrder(t *testing.T) {
	w := heir(t, Limits{Workers: 1})
	w.step(Tick{})
	w.step(Upgrade{})
	w.noted("not upgraded")
	w.readyAll()
	w.log = nil
	w.step(Upgrade{})
	w.step(HandedOver{})
	w.saw("upgrade", "stop pump", "tell 1")
	w.step(PredecessorGone{})
	w.saw("exit 0")
}
