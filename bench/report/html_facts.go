package report

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"prefork/bench/result"
)

// facts are a short list with a title.
type facts struct {
	Title string
	Pairs []pair
}

type pair struct{ Name, Value string }

// add leaves out what is not known.
func (f *facts) add(name, value string) {
	if value != "" {
		f.Pairs = append(f.Pairs, pair{name, value})
	}
}

func (v view) facts() []facts {
	all := []facts{v.environment(), v.plan(), v.armFacts()}
	return slices.DeleteFunc(all, func(f facts) bool { return len(f.Pairs) == 0 })
}

func (v view) environment() facts {
	e, f := v.Environment, facts{Title: "Environment"}
	f.add("kernel", e.Kernel)
	f.add("processors", strings.TrimSpace(strconv.Itoa(e.CPUs)+" × "+e.CPUModel))
	f.add("server and load generator", v.Sharing())
	f.add("Go", e.Go)
	f.add("load before", count(e.LoadAvg, .01))
	f.add("stolen time", count(e.StealPct, .1)+" %")
	for _, h := range v.Hosts {
		f.add(h.Role+" "+h.Name, fmt.Sprintf("%d × %s, Linux %s, clock known to %s", h.CPUs, h.CPUModel, h.Kernel, inUnit(h.ClockErrorUS)))
	}
	if len(v.Hosts) > 0 {
		f.add("network", "that between these machines")
	} else if e.Namespace {
		f.add("network", "a namespace of its own")
	} else {
		f.add("network", "the host's, loopback")
	}
	for _, name := range slices.Sorted(maps.Keys(e.Sysctls)) {
		f.add(name, e.Sysctls[name])
	}
	return f
}

func (v view) plan() facts {
	p, f := v.Plan, facts{Title: "Plan"}
	f.add("seed", strconv.FormatUint(v.Seed, 10))
	f.add("workload", p.Workload)
	f.add("scenario", p.Scenario)
	f.add("loops", strings.Join(p.Phases, ", then "))
	f.add("rounds", fmt.Sprintf("%d of each loop, arms in random order", p.Rounds))
	f.add("length of an arm's part", fmt.Sprintf("%s after %s of warm-up", p.Length, p.Warmup))
	f.add("clients, closed loop", strconv.Itoa(p.Clients))
	f.add("rate, open loop", rate(p))
	f.add("demands", p.Service)
	if p.Requests > 1 {
		f.add("requests a connection", strconv.Itoa(p.Requests))
	}
	f.add("stalled after", nonzero(p.Stall))
	f.add("given up after", nonzero(p.Timeout))
	f.add("clients close by", map[bool]string{true: "FIN", false: "RST"}[p.FIN])
	return f
}

func rate(p result.Plan) string {
	switch {
	case len(p.Rates) > 0 && p.Share > 0:
		return rateFlag(p) + " of the weakest arm's capacity"
	case len(p.Rates) > 0:
		return rateFlag(p) + " connections a second"
	case p.Rate > 0:
		return count(p.Rate, 0) + " connections a second"
	case p.Share > 0:
		return result.Percent(p.Share) + " of the weakest arm's capacity"
	}
	return ""
}

func nonzero(d time.Duration) string {
	if d == 0 {
		return ""
	}
	return d.String()
}

func (v view) armFacts() facts {
	f := facts{Title: "Arms"}
	for i, arm := range v.Arms {
		f.add(v.looks[i].label(), armInWords(arm))
	}
	for _, out := range v.LeftOut {
		f.add(out.Arm, "left out: "+out.Reason)
	}
	return f
}

func armInWords(arm result.Arm) string {
	parts := []string{numbered(arm.Workers, "worker")}
	if arm.Concurrency > 1 {
		parts = append(parts, fmt.Sprintf("%d connections at once", arm.Concurrency))
	}
	for _, part := range []struct{ name, value string }{{"accept", arm.Accept}, {"steer", arm.Steer}, {"policy", arm.Policy}} {
		if part.value != "" {
			parts = append(parts, part.name+" "+part.value)
		}
	}
	if arm.Command != "" {
		parts = append(parts, arm.Command)
	}
	return strings.Join(append(parts, arm.Flags...), ", ")
}
