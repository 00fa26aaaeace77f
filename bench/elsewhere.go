//go:build linux

package bench

import (
	"context"
	"fmt"

	"prefork/bench/load"
	"prefork/bench/many"
	"prefork/bench/result"
	"prefork/bench/run"
)

// NullTarget is no server: answers are simulated by the agents.
const NullTarget = "null"

// TargetArm is what a server is called that is there.
const TargetArm = "target"

// PrepareTarget completes a plan for a server that is there, at an IP address and a port, or
// NullTarget.
func PrepareTarget(p result.Plan, address string) (result.Plan, []result.Arm, error) {
	arms := []result.Arm{{Name: TargetArm, Strategy: result.Peer, Workers: 1, Concurrency: 1, Command: address}}
	p.Baseline = TargetArm
	p = withRate(p, arms)
	return p, arms, check(p, arms)
}

// RunElsewhere is Run with clients on other machines: on those of parties, and the servers
// on that of its Server. If it has none, the one arm is a target that is there.
func RunElsewhere(ctx context.Context, p result.Plan, arms []result.Arm, version string, parties many.Parties, tell func(Progress)) (*result.Result, error) {
	t, err := task(p, arms, version)
	if err != nil {
		return nil, err
	}
	t.Elsewhere = func(ctx context.Context, e run.Errand) (result.Round, error) {
		if server := parties.Server(); server != nil {
			return atServer(ctx, parties, server, e)
		}
		return atTarget(ctx, parties, e)
	}
	found, err := run.Run(ctx, t, tell)
	if found != nil {
		found.Hosts = parties.Hosts()
	}
	return found, err
}

// ServerTask is the server's side of a plan, for the machine that the servers are on. They
// listen on host. Nothing happens to them if it is peaceful, whatever the scenario.
func ServerTask(p result.Plan, host string, peaceful bool) (run.Task, error) {
	w, err := LookupWorkload(p.Workload)
	if err != nil {
		return run.Task{}, err
	}
	s, err := LookupScenario(p.Scenario)
	if err != nil {
		return run.Task{}, err
	}
	t := run.Task{Plan: p, Start: starter(w, s, host), Strike: s.strike}
	if peaceful {
		t.Strike = nil
	}
	return t, nil
}

// atTarget has a server that is there loaded.
func atTarget(ctx context.Context, parties many.Parties, e run.Errand) (result.Round, error) {
	if e.Order.Address = e.Part.Arm.Command; e.Order.Address == NullTarget {
		e.Order.Address, e.Order.Null, e.Order.Protocol = "", true, load.Greeting
	}
	seen, err := parties.Load(ctx, e.Order)
	if err != nil {
		return result.Round{}, err
	}
	round := run.Describe(e.Order, seen.Result)
	round.Round, round.Arm, round.Phase, round.Load = e.Part.Round, e.Part.Arm.Name, e.Part.Phase, e.Part.Load
	round.Workload, round.Scenario = e.Plan.Workload, e.Plan.Scenario
	doubts := run.OfGenerator(e.Order, seen.Result)
	doubts["steal"] = 100 * seen.Stolen
	round.Doubts = result.Doubts(doubts)
	round.Agents = seen.Agents
	return round, nil
}

// atServer has an arm started on the server's machine, loaded and accounted for there.
func atServer(ctx context.Context, parties many.Parties, server many.Server, e run.Errand) (round result.Round, err error) {
	address, err := server.Start(ctx, many.Setup{
		Plan: e.Plan, Seed: e.Plan.Seed, Arm: e.Part.Arm, Phase: e.Part.Phase, Load: e.Part.Load, Round: e.Part.Round, Peaceful: e.Peaceful,
	})
	if err != nil {
		return round, fmt.Errorf("%s: %w", e.Part.Arm.Name, err)
	}
	defer func() {
		if left := server.Stop(context.WithoutCancel(ctx)); err == nil {
			err = left
		}
	}()
	e.Order.Address = address
	seen, err := parties.Load(ctx, e.Order)
	if err != nil {
		return round, err
	}
	if round, err = server.Account(ctx, e.Order, seen); err != nil {
		return round, err
	}
	round.Agents = seen.Agents
	return round, nil
}
