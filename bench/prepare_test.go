//go:build linux

package bench

import (
	"runtime"
	"slices"
	"strings"
	"testing"

	"prefork/bench/result"
)

func TestParseArm(t *testing.T) {
	for text, want := range map[string]result.Arm{
		"shared":                     {Name: "shared/blocking", Strategy: "shared", Accept: "blocking"},
		"shared/exclusive":           {Name: "shared/exclusive", Strategy: "shared", Accept: "exclusive"},
		"reuseport":                  {Name: "reuseport/hash", Strategy: "reuseport", Accept: "blocking", Steer: "hash"},
		"reuseport/netpoll":          {Name: "reuseport/netpoll", Strategy: "reuseport", Accept: "netpoll"},
		"dispatch":                   {Name: "dispatch/round-robin", Strategy: "dispatch", Policy: "round-robin"},
		"dispatch/p2c":               {Name: "dispatch/p2c", Strategy: "dispatch", Policy: "p2c"},
		"reuseport/hash --overlap 2": {Name: "reuseport/hash --overlap 2", Strategy: "reuseport", Accept: "rotate", Steer: "hash"},
		"reuseport/hash --backlog 5": {Name: "reuseport/hash --backlog 5", Strategy: "reuseport", Accept: "blocking", Steer: "hash"},
	} {
		got, err := ParseArm(text)
		if err != nil {
			t.Errorf("%s: %v", text, err)
			continue
		}
		if got.Name != want.Name || got.Strategy != want.Strategy || got.Accept != want.Accept || got.Steer != want.Steer || got.Policy != want.Policy {
			t.Errorf("%s is %+v, want %+v", text, got, want)
		}
	}
	for text, want := range map[string]string{
		"":                "want one of",
		"shard":           "there are:",
		"shared/exlusive": `did you mean "shared/exclusive"?`,
		"dispatch/epoll":  "unknown arm",

		"shared --workers 8":          "--workers of prefork bench",
		"shared -w 8":                 "--workers of prefork bench",
		"shared --workers=8":          "--workers of prefork bench",
		"shared --strategy dispatch":  "named after that",
		"shared -b :80":               "--peer",
		"shared --app http":           "--workload",
		"shared -- ./program":         "--cmd",
		"shared --log-format text":    "for the bench",
		"shared --log-level=debug":    "for the bench",
		"dispatch --pid-file x":       "itself",
		"dispatch --policy p2c":       "such as shared/exclusive",
		"reuseport --backlog 5 -w 12": "-w is not for an arm",
	} {
		if _, err := ParseArm(text); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: error %v, want one that says %q", text, err, want)
		}
	}
}

// What an arm may say of its own is passed on.
func TestFlagsOfAnArm(t *testing.T) {
	for _, text := range []string{"shared --backlog 5", "reuseport/hash --reuseport-bind worker", "shared --concurrency 8", "dispatch --window 2"} {
		if arm, err := ParseArm(text); err != nil || !slices.Equal(arm.Flags, strings.Fields(text)[1:]) {
			t.Errorf("%s: flags %q, %v", text, arm.Flags, err)
		}
	}
	arm, err := ParseArm("reuseport/p2c? --backlog 5")
	if err != nil || !arm.Optional || arm.Name != "reuseport/p2c --backlog 5" {
		t.Errorf("%+v, %v; want it to be optional", arm, err)
	}
}

// Of all arms, those for built-in workers are not for a program.
func TestAllArmsOfAProgram(t *testing.T) {
	plan, err := Defaults("hello", "steady", Quick)
	if err != nil {
		t.Fatal(err)
	}
	plan, arms, err := Prepare(plan, Selection{All: true, Command: "true", Workers: []int{4}})
	if err != nil {
		t.Fatal(err)
	}
	names := armNames(arms)
	for _, out := range plan.LeftOut {
		names = append(names, out.Arm)
	}
	for _, want := range []string{"shared", "reuseport/hash", "reuseport/p2c", "dispatch/round-robin", "dispatch/p2c"} {
		if !slices.Contains(names, want) {
			t.Errorf("%s is missing: %q", want, names)
		}
	}
	if slices.ContainsFunc(names, func(name string) bool { return strings.Contains(name, "exclusive") }) {
		t.Errorf("arms for built-in workers: %q", names)
	}
}

// Every name that help lists is one that can be asked for, by that very name.
func TestAllArmsParse(t *testing.T) {
	for _, name := range AllArms() {
		if arm, err := ParseArm(name); err != nil || arm.Name != name {
			t.Errorf("%s: %q, %v", name, arm.Name, err)
		}
	}
	for _, name := range DefaultArms {
		if !slices.Contains(AllArms(), name) {
			t.Errorf("%s is compared by default and not among all", name)
		}
	}
}

func TestNamesTellArmsApart(t *testing.T) {
	plan, err := Defaults("hello", "steady", Usual)
	if err != nil {
		t.Fatal(err)
	}
	_, arms, err := Prepare(plan, Selection{Arms: []string{"shared", "shared", "dispatch"}, Workers: []int{4, 32}})
	if err != nil {
		t.Fatal(err)
	}
	names := armNames(arms)
	want := []string{
		"shared/blocking@4", "shared/blocking@4#2", "dispatch/round-robin@4",
		"shared/blocking@32", "shared/blocking@32#2", "dispatch/round-robin@32",
		"shared/blocking@4 (again)",
	}
	if !slices.Equal(names, want) {
		t.Errorf("arms %q, want %q", names, want)
	}
}

func TestPrepareRefuses(t *testing.T) {
	for _, c := range []struct {
		name               string
		workload, scenario string
		change             func(*result.Plan, *Selection)
		want               string
	}{
		{"overload", "work", "steady", func(p *result.Plan, _ *Selection) { p.Rate = 900 }, "it needs more than 4 workers, or a --rate under 800"},
		{"overload of processors", "work", "steady", func(p *result.Plan, s *Selection) { p.Rate, p.Spin, s.Workers = 1e6, true, []int{4096} }, "CPUs"},
		{"baseline", "hello", "steady", func(p *result.Plan, _ *Selection) { p.Baseline = "nobody" }, "not among the arms: shared/blocking"},
		{"scenario in a closed loop", "hello", "reload", func(p *result.Plan, _ *Selection) { p.Phases = []string{result.Closed} }, "needs an open loop"},
		{"peer that cannot scale", "hello", "scale-down", func(_ *result.Plan, s *Selection) { s.Peers = []string{"x=x {port}"} }, "only for prefork"},
		{"peer without a port", "hello", "steady", func(_ *result.Plan, s *Selection) { s.Peers = []string{"x=x"} }, "{port}"},
		{"service", "work", "steady", func(p *result.Plan, _ *Selection) { p.Service = "often" }, "exp:5ms"},
		{"closed loop of those that stay", "long-lived", "steady", func(p *result.Plan, _ *Selection) { p.Phases = []string{result.Closed} }, "open loop only"},
		{"more clients than there is room for", "hello", "steady", func(p *result.Plan, _ *Selection) { p.Clients = 1e8 }, "20000 for each processor"},
		{"requests", "http", "steady", func(p *result.Plan, _ *Selection) { p.Requests = 0 }, "--requests 0: one at least"},
		{"rounds", "hello", "steady", func(p *result.Plan, _ *Selection) { p.Rounds = 0 }, "--rounds 0"},
		{"clients", "hello", "steady", func(p *result.Plan, _ *Selection) { p.Clients = 0 }, "--clients 0"},
	} {
		t.Run(c.name, func(t *testing.T) {
			plan, err := Defaults(c.workload, c.scenario, Usual)
			if err != nil {
				t.Fatal(err)
			}
			selection := Selection{Workers: []int{4}}
			c.change(&plan, &selection)
			if _, _, err := Prepare(plan, selection); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("error %v, want one that says %q", err, c.want)
			}
		})
	}
}

// A control is there whenever a claim could be made, and is not itself compared.
func TestControlOnlyWhereAClaimCanBeMade(t *testing.T) {
	for _, c := range []struct {
		pace Pace
		want bool
	}{{Usual, true}, {Quick, false}, {Thorough, true}} {
		plan, err := Defaults("hello", "steady", c.pace)
		if err != nil {
			t.Fatal(err)
		}
		_, arms, err := Prepare(plan, Selection{Workers: []int{1}})
		if err != nil {
			t.Fatal(err)
		}
		if got := slices.ContainsFunc(arms, func(a result.Arm) bool { return a.Control }); got != c.want {
			t.Errorf("%s: control %v, want %v", c.pace.Name, got, c.want)
		}
	}
}

// A load curve is judged at the highest rate that all arms can bear, by what their service
// times tell; what is far beyond that is refused.
func TestRatesOfACurve(t *testing.T) {
	for _, c := range []struct {
		workload, rates string
		judged, err     string
	}{
		{"hello", "20%,50%,90%", "90%", ""},
		{"hello", "90%,120%", "90%", ""},
		{"hello", "500,1000", "1000", ""},
		{"work", "100,700,900,1500", "700", ""}, // four workers, 5 ms each
		{"work", "900,1500", "900", ""},
		{"work", "100,1700", "", "a --rate under 1600"},
		{"long-lived", "100,200", "200", ""},
	} {
		plan, err := Defaults(c.workload, "steady", Quick)
		if err != nil {
			t.Fatal(err)
		}
		rates, err := result.ParseRates(c.rates)
		if err != nil {
			t.Fatal(err)
		}
		plan.SetRates(rates, func(result.OpenRate) bool { return true })
		plan, _, err = Prepare(plan, Selection{Workers: []int{4}})
		if err != nil || c.err != "" {
			if err == nil || c.err == "" || !strings.Contains(err.Error(), c.err) {
				t.Errorf("%s at %s: %v, want %q", c.workload, c.rates, err, c.err)
			}
			continue
		}
		if got := plan.JudgedAt(result.Open); got != c.judged {
			t.Errorf("%s at %s is judged at %s, want %s", c.workload, c.rates, got, c.judged)
		}
	}
}

// An open loop alone has a rate that its servers can keep up with, also where service takes
// processors of which there are fewer than workers. A share of what nothing has told stays
// one.
func TestRateOfAnOpenLoopAlone(t *testing.T) {
	for _, c := range []struct {
		workload string
		change   func(*result.Plan)
		rate     float64
		share    float64
	}{
		{"hello", func(*result.Plan) {}, freeRate, 0},
		{"work", func(*result.Plan) {}, 0.5 * 64 / 0.005, 0},
		{"work", func(p *result.Plan) { p.Spin = true }, 0.5 * float64(min(64, runtime.NumCPU())) / 0.005, 0},
		{"work", func(p *result.Plan) { p.Share = 0.8 }, 0, 0.8},
		{"work", func(p *result.Plan) { p.Rate = 70 }, 70, 0},
		{"long-lived", func(*result.Plan) {}, 400, 0},
	} {
		plan, err := Defaults(c.workload, "steady", Quick)
		if err != nil {
			t.Fatal(err)
		}
		plan.Phases = []string{result.Open}
		c.change(&plan)
		plan, _, err = Prepare(plan, Selection{Workers: []int{64}})
		if err != nil || plan.Rate != c.rate || plan.Share != c.share {
			t.Errorf("%s: rate %v, share %v, %v; want %v and %v", c.workload, plan.Rate, plan.Share, err, c.rate, c.share)
		}
	}
}
