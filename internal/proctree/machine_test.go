//go:build linux

package proctree

import "testing"

func TestMachineSince(t *testing.T) {
	before := Machine{total: 1000, idle: 500, stolen: 10}
	used, stolen := Machine{total: 1200, idle: 550, stolen: 30}.Since(before)
	if used != 0.75 || stolen != 0.1 {
		t.Errorf("%v used and %v of it stolen, want 0.75 and 0.1", used, stolen)
	}
	if used, stolen := before.Since(before); used != 0 || stolen != 0 {
		t.Errorf("%v and %v of no time", used, stolen)
	}
	if now := ReadMachine(); now.total <= 0 || now.idle > now.total || now.stolen > now.total {
		t.Errorf("/proc/stat says %+v", now)
	}
}
