//go:build linux

package cli

import (
	"prefork/bench"
	"prefork/bench/result"
	"prefork/dispatch"
	"prefork/internal/demo"
	"prefork/internal/worker"
	"prefork/strategies"
	"prefork/strategies/accept"
)

// vocabulary is all that a user may name, but for commands.
func vocabulary() []meaning {
	return []meaning{
		{"a strategy", saidBy("--strategy"), names(strategies.Strategies, strategyName)},
		{"an accept mode of shared and reuseport", saidBy("--accept"), names(accept.Listening(), modeName)},
		{"a policy of dispatch", saidBy("--strategy dispatch --policy"), names(dispatch.Policies, policyName)},
		{"a steering of reuseport", saidBy("--strategy reuseport --steer"), names(strategies.Steers, steerName)},
		{"a built-in app", saidBy("--app"), worker.AppNames()},
		{"a workload", saidBy("prefork bench --workload"), names(bench.Workloads, workloadName)},
		{"a scenario", saidBy("prefork bench --scenario"), names(bench.Scenarios, scenarioName)},
		{"a phase", saidBy("prefork bench --phase"), []string{result.Closed, result.Open}},
		{"an arm of bench", sayArm, bench.AllArms()},
		{"a scene", saidBy("prefork demo"), names(demo.Scenes, func(s demo.Scene) string { return s.Name })},
	}
}

// sayArm is how an arm is measured, and how it is served by.
func sayArm(name string) string {
	arm, err := bench.ParseArm(name)
	if err != nil {
		return "prefork bench --arm " + name
	}
	serve := "--strategy " + arm.Strategy
	for _, f := range []struct{ flag, value string }{{" --accept ", arm.Accept}, {" --steer ", arm.Steer}, {" --policy ", arm.Policy}} {
		if f.value != "" {
			serve += f.flag + f.value
		}
	}
	return "prefork bench --arm " + name + "; to serve like that: prefork " + serve
}
