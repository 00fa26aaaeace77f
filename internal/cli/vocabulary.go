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
		{"strategy", "a strategy", saidBy("--strategy"), names(strategies.Strategies, strategyName)},
		{"accept", "an accept mode of shared and reuseport", saidBy("--accept"), names(accept.Listening(), modeName)},
		{"policy", "a policy of dispatch", saidBy("--strategy dispatch --policy"), names(dispatch.Policies, policyName)},
		{"steer", "a steering of reuseport", saidBy("--strategy reuseport --steer"), names(strategies.Steers, steerName)},
		{"app", "a built-in app", saidBy("--app"), worker.AppNames()},
		{"workload", "a workload", saidBy("prefork bench --workload"), names(bench.Workloads, workloadName)},
		{"scenario", "a scenario", saidBy("prefork bench --scenario"), names(bench.Scenarios, scenarioName)},
		{"phase", "a phase", saidBy("prefork bench --phase"), []string{result.Closed, result.Open}},
		{"arm", "an arm of bench", sayArm, bench.AllArms()},
		{"", "a scene", saidBy("prefork demo"), sceneNames()},
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

func sceneNames() []string {
	return names(demo.Scenes, func(s demo.Scene) string { return s.Name })
}

// choicesOf are the names that a flag of a command takes, if they are few.
func choicesOf(command, flag string) []string {
	for _, v := range vocabulary() {
		if v.flag == flag {
			return v.names
		}
	}
	return map[string][]string{
		"baseline":        bench.AllArms(),
		"reuseport-bind":  binders,
		"on-master-death": deaths,
		"log-format":      logFormatNames(),
		"log-level":       levelNames(),
		"format":          formatNamesOf(command),
	}[flag]
}

func formatNamesOf(command string) []string {
	if command == "load" {
		return names(loadFormats, func(f loadFormat) string { return f.name })
	}
	return formatNames()
}
