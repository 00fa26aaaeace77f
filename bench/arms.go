//go:build linux

package bench

import (
	"cmp"
	"fmt"
	"net"
	"slices"
	"strings"

	"prefork/bench/result"
	"prefork/dispatch"
	"prefork/internal/lookup"
	"prefork/internal/subject"
	"prefork/strategies"
)

// DefaultArms are compared when nothing is said.
var DefaultArms = []string{"shared/blocking", "reuseport/hash", "dispatch/round-robin"}

// AllArms are the names of all that prefork itself can be.
func AllArms() (names []string) {
	for _, s := range strategies.Strategies {
		for _, variant := range variants(s) {
			names = append(names, s.Name+"/"+variant.name)
		}
	}
	return names
}

// variant is one way of running a strategy.
type variant struct {
	name string
	set  func(*result.Arm)
}

// variants names a strategy's ways by what differs: who chooses, where somebody
// does, and how workers wait, where they wait for the kernel.
func variants(s strategies.Strategy) (all []variant) {
	for _, policy := range s.Policies {
		all = append(all, variant{policy, func(a *result.Arm) { a.Policy = policy }})
	}
	for _, steer := range s.Steers {
		all = append(all, variant{steer, func(a *result.Arm) { a.Steer = steer }})
	}
	for i, mode := range s.Modes {
		if i > 0 || len(s.Steers) == 0 { // the first goes with every steer
			all = append(all, variant{mode, func(a *result.Arm) { a.Accept = mode }})
		}
	}
	return all
}

// ParseArm reads "shared/exclusive", or "reuseport/hash --backlog 5" with further
// flags of prefork serve. With ? after its name, an arm is optional.
func ParseArm(text string) (result.Arm, error) {
	fields := strings.Fields(text)
	if len(fields) == 0 {
		return result.Arm{}, fmt.Errorf("--arm %q: want one of %s", text, strings.Join(AllArms(), ", "))
	}
	if err := settled(fields[1:]); err != nil {
		return result.Arm{}, fmt.Errorf("--arm '%s': %w", text, err)
	}
	named, optional := strings.CutSuffix(fields[0], "?")
	name, way, _ := strings.Cut(named, "/")
	s, err := strategies.Lookup(name)
	if err != nil || name == "" {
		return result.Arm{}, fmt.Errorf("--arm %s: %w", text, unknownArm(cmp.Or(way, name), named))
	}
	all := variants(s)
	way = cmp.Or(way, all[0].name)
	at := slices.IndexFunc(all, func(v variant) bool { return v.name == way })
	if at < 0 {
		return result.Arm{}, fmt.Errorf("--arm %s: %w", text, unknownArm(way, named))
	}
	arm := result.Arm{Name: strings.Join(append([]string{s.Name + "/" + way}, fields[1:]...), " "), Strategy: s.Name, Flags: fields[1:], Optional: optional}
	all[at].set(&arm)
	if len(s.Modes) > 0 {
		arm.Accept = defaultAccept(s, arm)
	}
	if len(s.Policies) > 0 {
		arm.Policy = cmp.Or(arm.Policy, dispatch.Policies[0].Name)
	}
	return arm, nil
}

// defaultAccept is how an arm's workers wait, if it does not say.
func defaultAccept(s strategies.Strategy, a result.Arm) string {
	return s.Accept(a.Accept, a.Flag("overlap") > 1)
}

// unknownArm is the error for a name that no arm has: it says which arms have the way
// that was asked for, where there are any.
func unknownArm(way, name string) error {
	var having []string
	for _, arm := range AllArms() {
		if _, its, _ := strings.Cut(arm, "/"); its == way {
			having = append(having, "--arm "+arm)
		}
	}
	if len(having) == 0 {
		return lookup.Unknown("arm", name, AllArms())
	}
	return fmt.Errorf("unknown arm %q; there is %s", name, strings.Join(having, " and "))
}

// settledFlags are those of prefork serve that no arm has of its own, since the bench
// says them, and what to say to it.
var settledFlags = []struct {
	names   []string
	instead string
}{
	{[]string{"workers", "w"}, "the number of workers is the same for all: say --workers of prefork bench, which takes several: --workers 4,8"},
	{[]string{"strategy", "s", "accept", "steer", "policy"}, "an arm is named after that, such as shared/exclusive, reuseport/least-loaded or dispatch/least-conn"},
	{[]string{"app"}, "what the workers do is the same for all: say --workload or --cmd of prefork bench"},
	{[]string{""}, "a program as worker is the same for all: say --cmd of prefork bench"},
	{[]string{"bind", "b"}, "servers listen on free ports of 127.0.0.1; one that is elsewhere is for --peer"},
	{[]string{"log-format", "log-level"}, "their log is for the bench, which shows what matters of it"},
	{[]string{"pid-file"}, "prefork bench starts and ends the servers itself"},
}

// settled is an error if one of an arm's flags is not its own to say.
func settled(flags []string) error {
	for _, flag := range flags {
		name, dashed := strings.CutPrefix(flag, "-")
		name, _, _ = strings.Cut(strings.TrimPrefix(name, "-"), "=")
		for _, s := range settledFlags {
			if dashed && slices.Contains(s.names, name) {
				return fmt.Errorf("%s is not for an arm to say: %s", flag, s.instead)
			}
		}
	}
	return nil
}

// says reports whether an arm's name, as it was given, has a way in it.
func says(name, way string) bool {
	named, _, _ := strings.Cut(name, " ")
	return strings.Contains(named, "/"+way)
}

// atOnce is an arm whose workers serve several connections at once: where nobody has said
// how they wait, they wait as such workers do.
func atOnce(a result.Arm, said bool) result.Arm {
	s, err := strategies.Lookup(a.Strategy)
	if err != nil || said || a.Accept == "" || a.Accept != s.Modes[0] || a.Concurrency < 2 {
		return a
	}
	a.Accept = s.Accept("", true)
	a.Name = strings.Replace(a.Name, "/"+s.Modes[0], "/"+a.Accept, 1)
	return a
}

// running is the arm with a program as its worker. How that waits is its own affair,
// so an arm that says so is refused, and the default way is not said.
func running(a result.Arm, command string) (result.Arm, error) {
	s, err := strategies.Lookup(a.Strategy)
	if err != nil {
		return a, err
	}
	unsaid := a
	unsaid.Accept = ""
	if a.Accept != "" && a.Accept != defaultAccept(s, unsaid) {
		return a, fmt.Errorf("--arm %s: accept mode %s is for built-in workers, and the program of --cmd waits as it likes: compare %s", a.Name, a.Accept, s.Name)
	}
	if a.Accept != "" {
		a.Name, a.Accept = strings.Replace(a.Name, "/"+a.Accept, "", 1), ""
	}
	a.Command = command
	return a, nil
}

// ParsePeer reads NAME=COMMAND, a server that is not prefork.
func ParsePeer(text string) (result.Arm, error) {
	name, command, found := strings.Cut(text, "=")
	if !found || name == "" || !strings.Contains(command, "{port}") {
		return result.Arm{}, fmt.Errorf("--peer %q: want NAME=COMMAND, where the command says {port}, and {host} and {workers} where it can: --peer 'mine=./server --listen {host}:{port} -w {workers}'", text)
	}
	return result.Arm{Name: name, Strategy: result.Peer, Command: command}, nil
}

// multiply has every arm with every number of workers, with names that tell them
// apart.
func multiply(arms []result.Arm, workers []int) (all []result.Arm) {
	for _, n := range workers {
		for _, arm := range arms {
			arm.Workers = n
			if len(workers) > 1 {
				arm.Name = fmt.Sprintf("%s@%d", arm.Name, n)
			}
			all = append(all, arm)
		}
	}
	seen := make(map[string]int)
	for i := range all {
		seen[all[i].Name]++
		if n := seen[all[i].Name]; n > 1 {
			all[i].Name = fmt.Sprintf("%s#%d", all[i].Name, n)
		}
	}
	return all
}

// args are those of prefork serve for an arm.
func args(a result.Arm, w Workload, s Scenario, host string) []string {
	args := []string{
		"--bind", net.JoinHostPort(host, "0"),
		"--strategy", a.Strategy, "--workers", fmt.Sprint(a.Workers),
	}
	if a.Command == "" {
		args = append(args, "--app", w.app, "--concurrency", fmt.Sprint(a.Concurrency))
	}
	if a.Accept != "" {
		args = append(args, "--accept", a.Accept)
	}
	if a.Steer != "" {
		args = append(args, "--steer", a.Steer)
	}
	if a.Policy != "" {
		args = append(args, "--policy", a.Policy)
	}
	args = append(append(args, s.flags...), a.Flags...)
	if a.Command != "" {
		args = append(append(args, "--"), subject.Shell(a.Command)...)
	}
	return args
}
