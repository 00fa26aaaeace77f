//go:build linux

package cli

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/urfave/cli/v2"

	"prefork/bench"
	"prefork/bench/many"
	"prefork/bench/result"
)

// mostAgents bounds --agents.
const mostAgents = 1000

func elsewhereFlags() []cli.Flag {
	return append(linkFlags(),
		&cli.StringFlag{Name: "agents", Category: catMany, DefaultText: "none", Usage: "the clients are those of `N` agents, prefork bench agent on other machines; local:N starts NATS and N of them on this one"},
		&cli.DurationFlag{Name: "agent-wait", Category: catMany, Value: 30 * time.Second, Usage: "wait `T` for so many to be there"},
		&cli.StringFlag{Name: "target", Category: catMany, DefaultText: "arms, by a serve-agent", Usage: "measure the server at `HOST:PORT`, which is there; null is none: answers are simulated"},
	)
}

// remote is a run with clients on other machines, as the flags have it.
type remote struct {
	agents int
	local  bool // they are to be started here
	target string
}

// notWithTarget are the flags that say what to start, where nothing is.
var notWithTarget = []string{"arm", "all", "workers", "baseline", "peer", "cmd", "concurrency", "scenario"}

// notElsewhere are those that are of one machine alone.
var notElsewhere = []string{"netns", "netns-if-possible", "sysctl", "pin"}

// readElsewhere reads the flags; nil if the clients are here.
func readElsewhere(c *cli.Context) (*remote, error) {
	count, isLocal := strings.CutPrefix(c.String("agents"), "local:")
	if !c.IsSet("agents") {
		for _, flag := range []string{"nats", "target", "agent-wait", "nats-creds", "nats-ca", "nats-prefix"} {
			if c.IsSet(flag) && !(flag == "nats" && !givenByHand(flag)) {
				return nil, usage(fmt.Errorf("--%s is for clients on other machines: add --agents N; for one machine there is prefork load", flag))
			}
		}
		return nil, nil
	}
	n, err := strconv.Atoi(count)
	if err != nil || n < 1 || n > mostAgents {
		return nil, usage(fmt.Errorf("--agents %s: want a number from 1 to %d, or local:3 for three of them on this machine", c.String("agents"), mostAgents))
	}
	e := &remote{agents: n, local: isLocal, target: c.String("target")}
	switch {
	case isLocal && givenByHand("nats"):
		return nil, usage(errors.New("--agents local:N has a NATS of its own: leave out --nats, or say --agents N"))
	case !isLocal && c.String("nats") == "":
		return nil, usage(errNoNATS)
	case c.Duration("agent-wait") <= 0:
		return nil, usage(fmt.Errorf("--agent-wait %s: want a time such as 30s", c.Duration("agent-wait")))
	}
	for _, flag := range notElsewhere {
		if given(c, flag) {
			return nil, usage(fmt.Errorf("--%s is of one machine, and these clients are on others: leave it out", flag))
		}
	}
	for _, flag := range notWithTarget {
		if e.target != "" && given(c, flag) {
			return nil, usage(fmt.Errorf("--%s says what to start, and --target is a server that is there: leave out one of them", flag))
		}
	}
	return e, nil
}

// givenByHand reports whether a flag is on the command line, and not in the environment alone.
func givenByHand(name string) bool {
	for _, arg := range os.Args {
		flag, _, _ := strings.Cut(strings.TrimLeft(arg, "-"), "=")
		if strings.HasPrefix(arg, "-") && flag == name {
			return true
		}
	}
	return false
}

// address is the target's, as agents are told it: names may mean something else to them.
func (e *remote) address(ctx context.Context) (string, error) {
	if e.target == bench.NullTarget {
		return e.target, nil
	}
	host, port, err := net.SplitHostPort(e.target)
	number, wrong := strconv.ParseUint(port, 10, 16)
	if err != nil || host == "" || wrong != nil || number == 0 {
		return "", usage(fmt.Errorf("--target %s: want HOST:PORT, or null", e.target))
	}
	ips, err := net.DefaultResolver.LookupNetIP(ctx, "ip", host)
	if err != nil {
		return "", fmt.Errorf("--target %s: cannot find the host: %w", e.target, err)
	}
	return netip.AddrPortFrom(ips[0].Unmap(), uint16(number)).String(), nil
}

// plan completes one for a target.
func (e *remote) plan(ctx context.Context, plan result.Plan) (result.Plan, []result.Arm, error) {
	address, err := e.address(ctx)
	if err != nil {
		return plan, nil, err
	}
	plan, arms, err := bench.PrepareTarget(plan, address)
	if err != nil {
		return plan, nil, usage(err)
	}
	return plan, arms, nil
}

// run is bench.Run with clients on other machines.
func (e *remote) run(c *cli.Context, p *progress) func(context.Context, result.Plan, []result.Arm, string, func(bench.Progress)) (*result.Result, error) {
	return func(ctx context.Context, plan result.Plan, arms []result.Arm, version string, tell func(bench.Progress)) (*result.Result, error) {
		parties, close, err := e.meet(ctx, c, p)
		if err != nil {
			return nil, err
		}
		defer close()
		return bench.RunElsewhere(ctx, plan, arms, version, parties, tell)
	}
}

// meet has all machines of a run there, until close.
func (e *remote) meet(ctx context.Context, c *cli.Context, p *progress) (parties many.Parties, close func(), err error) {
	l := link(c)
	l.Name = "coordinator"
	stop := func() {}
	if e.local {
		l.URL, stop, err = linked.Local(ctx, many.HubOptions{Link: l, Self: "/proc/self/exe", Agents: e.agents, Server: e.target == ""})
		if err != nil {
			return nil, nil, err
		}
	}
	parties, err = linked.Connect(ctx, many.DriveOptions{
		Link: l, Agents: e.agents, Patience: c.Duration("agent-wait"), Server: e.target == "", Say: p.note, Live: p.live,
	})
	if err != nil {
		stop()
		return nil, nil, err
	}
	return parties, func() { parties.Close(); stop() }, nil
}
