//go:build linux

package kernel

import (
	"math"
	"testing"

	"github.com/prometheus/procfs"
)

func TestMachineSince(t *testing.T) {
	before := Machine{total: 1000, idle: 500, stolen: 10}
	used, stolen := Machine{total: 1200, idle: 550, stolen: 30}.Since(before)
	if used != 0.75 || stolen != 0.1 {
		t.Errorf("%v used and %v of it stolen, want 0.75 and 0.1", used, stolen)
	}
	if used, stolen := before.Since(before); used != 0 || stolen != 0 {
		t.Errorf("%v and %v of no time", used, stolen)
	}
}

// What is read here lies between two readings of procfs.
func TestMachineIsThatOfProcfs(t *testing.T) {
	const hz = 100
	fs, err := procfs.NewDefaultFS()
	if err != nil {
		t.Fatal(err)
	}
	read := func() Machine {
		stat, err := fs.Stat()
		if err != nil {
			t.Fatal(err)
		}
		c := stat.CPUTotal
		return Machine{hz * (c.User + c.Nice + c.System + c.Idle + c.Iowait + c.IRQ + c.SoftIRQ + c.Steal), hz * (c.Idle + c.Iowait), hz * c.Steal}
	}
	before := read()
	got, err := ReadMachine()
	after := read()
	if err != nil || math.Round(before.total) > got.total || got.total > math.Round(after.total) || got.idle > got.total ||
		math.Round(before.stolen) > got.stolen || got.stolen > math.Round(after.stolen) {
		t.Errorf("%+v, %v; procfs says %+v and then %+v", got, err, before, after)
	}
	cpus, err := fs.CPUInfo()
	if err != nil || len(cpus) == 0 || CPUModel() != cpus[0].ModelName {
		t.Errorf("processors %q, procfs says %+v (%v)", CPUModel(), cpus, err)
	}
	if load, err := Load(); err != nil || load < 0 {
		t.Errorf("load %v, %v", load, err)
	}
}
