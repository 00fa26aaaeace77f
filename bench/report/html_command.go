package report

import (
	"maps"
	"slices"
	"strconv"
	"strings"

	"prefork/bench/result"
)

// command is what measures the same again, as a shell takes it.
func command(r *result.Result) string {
	p := r.Plan
	words := []string{"prefork", "bench", "--seed", strconv.FormatUint(r.Seed, 10)}
	flag := func(name, value string) {
		if value != "" && value != "0" {
			words = append(words, "--"+name, value)
		}
	}
	flag("workload", p.Workload)
	flag("scenario", p.Scenario)
	flag("phase", strings.Join(p.Phases, ","))
	words = append(words, armFlags(r.Arms)...)
	flag("baseline", p.Baseline)
	flag("rounds", strconv.Itoa(p.Rounds))
	flag("length", nonzero(p.Length))
	flag("warmup", nonzero(p.Warmup))
	flag("clients", strconv.Itoa(p.Clients))
	flag("rate", rateFlag(p))
	flag("service", p.Service)
	flag("requests", strconv.Itoa(p.Requests))
	flag("think", nonzero(p.Think))
	flag("timeout", nonzero(p.Timeout))
	flag("stall", nonzero(p.Stall))
	words = append(words, switches(r)...)
	for i, word := range words {
		words[i] = quoted(word)
	}
	return strings.Join(words, " ")
}

func switches(r *result.Result) (words []string) {
	for _, s := range []struct {
		name string
		on   bool
	}{{"--spin", r.Plan.Spin}, {"--fin", r.Plan.FIN}, {"--pin", r.Plan.Pin}, {"--netns", r.Environment.Namespace}} {
		if s.on {
			words = append(words, s.name)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(r.Plan.Sysctls)) {
		words = append(words, "--sysctl", name+"="+r.Plan.Sysctls[name])
	}
	return words
}

// armFlags undoes what the names say besides: @32 is for --workers, #2 is the
// second of the same.
func armFlags(arms []result.Arm) (words []string) {
	var workers, seen []string
	commands := map[string]bool{}
	for _, arm := range arms {
		if n := strconv.Itoa(arm.Workers); arm.Workers > 0 && !slices.Contains(workers, n) {
			workers = append(workers, n)
		}
		name := strings.TrimSuffix(arm.Name, "@"+strconv.Itoa(arm.Workers))
		if arm.Control || slices.Contains(seen, name) {
			continue
		}
		seen = append(seen, name)
		switch {
		case arm.Strategy == "peer":
			words = append(words, "--peer", name+"="+arm.Command)
			continue
		case arm.Command != "" && !commands[arm.Command]:
			commands[arm.Command] = true
			words = append(words, "--cmd", arm.Command)
		}
		name, _, _ = strings.Cut(name, "#")
		words = append(words, "--arm", name)
	}
	if len(workers) > 0 {
		words = append(words, "--workers", strings.Join(workers, ","))
	}
	return words
}

func rateFlag(p result.Plan) string {
	var rates []string
	for _, rate := range p.OpenRates() {
		rates = append(rates, rate.String())
	}
	return strings.Join(rates, ",")
}

// quoted leaves a word alone that no shell would change.
func quoted(word string) string {
	plain := func(c rune) bool {
		return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || strings.ContainsRune("-_./:,=%@+", c)
	}
	if word != "" && strings.IndexFunc(word, func(c rune) bool { return !plain(c) }) < 0 {
		return word
	}
	return "'" + strings.ReplaceAll(word, "'", `'\''`) + "'"
}
