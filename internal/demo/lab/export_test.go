//go:build linux

package lab

import (
	"testing"
	"time"

	"prefork/bench/load"
)

// SetIdleAfter changes how long the load of labs that are started by a test goes on
// without a viewer, and has AwaitIdle know of it.
func SetIdleAfter(t *testing.T, d time.Duration) {
	idleAfter, loadChanged = d, make(chan bool, 16)
	t.Cleanup(func() { idleAfter, loadChanged = 3*time.Second, nil })
}

// AwaitIdle waits until a load has been taken off.
func AwaitIdle(t *testing.T, patience time.Duration) {
	t.Helper()
	late := time.After(patience)
	for {
		select {
		case on := <-loadChanged:
			if !on {
				return
			}
		case <-late:
			t.Fatal("the load goes on without a viewer")
		}
	}
}

// Counted is what a panel makes of reports of the load generator.
func Counted(reports ...load.Report) (begun, lost, local int) {
	var c counts
	for _, r := range reports {
		c.heard(r)
	}
	return int(c.begun), c.allLost(), c.local
}

// HoldStalls has stalls of labs that are started by a test last until it ends them, by
// calling what it gets for each panel.
func HoldStalls(t *testing.T) (ends <-chan func()) {
	held, was := make(chan func(), 16), afterStall
	afterStall = func(end func()) { held <- end }
	t.Cleanup(func() { afterStall = was })
	return held
}
