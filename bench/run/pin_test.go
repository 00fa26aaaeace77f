//go:build linux

package run

import (
	"context"
	"errors"
	"os"
	"slices"
	"testing"

	"prefork/bench/load"
	"prefork/bench/result"
	"prefork/internal/kernel"
	"prefork/internal/subject"
	"prefork/internal/sys"
)

// apart are this machine's processors, divided; the test is skipped if it has but one.
func apart(t *testing.T) result.Pinning {
	t.Helper()
	cpus, err := sys.Processors()
	if err != nil {
		t.Fatal(err)
	}
	p, err := result.Pin(kernel.Cores(cpus))
	if err != nil {
		t.Skip(err)
	}
	return p
}

// threads are on which processors those of this process may run.
func threads(t *testing.T) (all [][]int) {
	t.Helper()
	tids, err := kernel.Threads(os.Getpid())
	if err != nil {
		t.Fatal(err)
	}
	for _, tid := range tids {
		if cpus, err := sys.ProcessorsOf(tid.ID); err == nil {
			all = append(all, cpus)
		}
	}
	return all
}

// Servers are started from a thread on their processors, everything else is on the load's, and
// afterwards all is as it was.
func TestPinnedRun(t *testing.T) {
	p := apart(t)
	before, _ := sys.Processors()
	errEnough := errors.New("enough")
	var server []int
	var besides [][]int
	_, err := Run(context.Background(), Task{
		Plan:        planned(1, result.Closed),
		Arms:        twoArms,
		Environment: result.Environment{Pinning: &p},
		Order:       func(*load.Order) {},
		Start: func(context.Context, result.Arm) (*subject.Server, error) {
			server, _ = sys.Processors()
			besides = threads(t)
			return nil, errEnough
		},
	}, func(Progress) {})
	if !errors.Is(err, errEnough) {
		t.Fatal(err)
	}
	if !slices.Equal(server, p.Server) {
		t.Errorf("servers are started on %v, want %v", server, p.Server)
	}
	starters := 0
	for _, cpus := range besides {
		switch {
		case slices.Equal(cpus, p.Server):
			starters++
		case !slices.Equal(cpus, p.Load):
			t.Errorf("a thread of the bench is on %v, want %v", cpus, p.Load)
		}
	}
	if starters != 1 {
		t.Errorf("%d threads are on the server's processors, want the one that starts it", starters)
	}
	for _, cpus := range threads(t) {
		if !slices.Equal(cpus, before) {
			t.Errorf("afterwards a thread is on %v, want %v", cpus, before)
		}
	}
}

// The generator has an event loop for each processor that is its own.
func TestPinnedGenerator(t *testing.T) {
	p := apart(t)
	orders := func(pinning *result.Pinning) load.Order {
		plan := planned(1, result.Closed)
		plan.Clients = 1000
		r := run{Task: Task{Plan: plan, Environment: result.Environment{Pinning: pinning}, Order: func(*load.Order) {}}}
		return r.order(Part{Phase: result.Closed})
	}
	all, _ := sys.Processors()
	if got := orders(nil).Threads; got != len(all) {
		t.Errorf("%d threads on all of %v", got, all)
	}
	if got := orders(&p).Threads; got != len(p.Load) {
		t.Errorf("%d threads on %v", got, p.Load)
	}
}
