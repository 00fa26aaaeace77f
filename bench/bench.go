//go:build linux

// Package bench measures servers side by side. Here is what can be asked: what is
// compared (arms), under which load (workloads, in a closed and an open loop), and what
// happens to the servers meanwhile (scenarios), each a literal table. A plan made of
// these goes in, a result comes out. Package run carries it out, package result says
// what may be concluded.
package bench

import (
	"context"

	"prefork/bench/load"
	"prefork/bench/result"
	"prefork/bench/run"
	"prefork/internal/subject"
)

// Run carries out a plan that Prepare has completed and returns what it found; with an
// error too, if it was cut short after the first part of a round. It leaves no process
// behind. tell is called before each part, from the same goroutine.
//
// Servers and load generators are this binary run again, so package cli's Worker must
// come first in main.
func Run(ctx context.Context, p result.Plan, arms []result.Arm, version string, tell func(Progress)) (*result.Result, error) {
	t, err := task(p, arms, version)
	if err != nil {
		return nil, err
	}
	return run.Run(ctx, t, tell)
}

// task is what a plan means for those who carry it out.
func task(p result.Plan, arms []result.Arm, version string) (t run.Task, err error) {
	w, err := LookupWorkload(p.Workload)
	if err != nil {
		return t, err
	}
	s, err := LookupScenario(p.Scenario)
	if err != nil {
		return t, err
	}
	environment := ReadEnvironment()
	if p.Pin {
		if environment.Pinning, err = pinning(); err != nil {
			return t, err
		}
	}
	return run.Task{
		Plan: p, Arms: arms, Version: version, Environment: environment,
		Start:  starter(w, s, loopback),
		Order:  func(o *load.Order) { w.order(p, o) },
		Strike: s.strike,
	}, nil
}

// loopback is where servers listen whose clients are here.
const loopback = "127.0.0.1"

// starter starts arms' servers, which listen on an address of this machine.
func starter(w Workload, s Scenario, host string) func(context.Context, result.Arm) (*subject.Server, error) {
	return func(ctx context.Context, a result.Arm) (*subject.Server, error) {
		if a.Strategy == result.Peer {
			return subject.StartPeer(ctx, a.Name, a.Command, host, a.Workers)
		}
		return subject.Start(ctx, a.Name, args(a, w, s, host)...)
	}
}

// Progress is how far a run has come.
type Progress = run.Progress

// What a part is for that is not of the result.
const (
	Trial    = run.Trial
	Sounding = run.Sounding
)

// ErrRate says that the load generator cannot make connections as fast as the plan asks.
var ErrRate = run.ErrRate
