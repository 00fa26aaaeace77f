package report

import (
	"fmt"
	"slices"
	"strings"

	"prefork/bench/result"
)

// agentLines are what each agent saw, an arm after the other, and what machines there were.
// There are none where clients were on one.
func agentLines(r *result.Result) (lines []string) {
	if len(r.Hosts) == 0 {
		return nil
	}
	names := longest("by agent", agentNames(r))
	lines = append(lines, "", fmt.Sprintf("%-*s %10s %10s %10s", names, "by agent", "req/s", "p50", "p99"))
	for _, arm := range r.Arms {
		if arm.Control {
			continue
		}
		lines = append(lines, arm.Name)
		for _, host := range r.Hosts {
			if host.Role == result.AgentHost {
				lines = append(lines, strings.TrimRight(fmt.Sprintf("%-*s %10s %10s %10s", names, "  "+host.Name,
					agentCell(r, arm.Name, host.Name, result.Closed, throughputOf, func(x float64) string { return result.Thousands(int(x)) }),
					agentCell(r, arm.Name, host.Name, result.Open, func(a result.AgentRound) float64 { return a.P50 }, inUnit),
					agentCell(r, arm.Name, host.Name, result.Open, func(a result.AgentRound) float64 { return a.P99 }, inUnit)), " "))
			}
		}
	}
	lines = append(lines, "", fmt.Sprintf("%-*s %10s %10s %10s %10s", names, "machines", "CPUs", "stolen", "control", "clock ±"))
	for _, h := range r.Hosts {
		lines = append(lines, fmt.Sprintf("%-*s %10d %10s %10s %10s  %s", names, "  "+h.Name, h.CPUs, percent(h.StealPct), percent(h.ControlPct), inUnit(h.ClockErrorUS), h.Role))
	}
	return lines
}

func throughputOf(a result.AgentRound) float64 { return a.Throughput }

func agentNames(r *result.Result) (names []string) {
	for _, h := range r.Hosts {
		names = append(names, "  "+h.Name)
	}
	return names
}

// agentCell is the median over the rounds of a loop of what an agent saw of an arm.
func agentCell(r *result.Result, arm, agent, phase string, of func(result.AgentRound) float64, write func(float64) string) string {
	var values []float64
	for _, round := range r.Rounds {
		if round.Arm != arm || round.Phase != phase {
			continue
		}
		for _, a := range round.Agents {
			if a.Agent == agent && a.Conns > 0 {
				values = append(values, of(a))
			}
		}
	}
	if len(values) == 0 {
		return "–"
	}
	slices.Sort(values)
	return write(values[len(values)/2])
}

func longest(first string, others []string) int {
	width := len([]rune(first))
	for _, other := range others {
		width = max(width, len([]rune(other)))
	}
	return width
}

// inUnit is microseconds in three digits, with the unit that suits them.
func inUnit(us float64) string {
	switch {
	case us >= 999_500:
		return fmt.Sprintf("%.3g s", us/1e6)
	case us >= 999.5:
		return fmt.Sprintf("%.3g ms", us/1e3)
	}
	return fmt.Sprintf("%.3g µs", us)
}

func percent(x float64) string { return fmt.Sprintf("%.1f %%", x) }
