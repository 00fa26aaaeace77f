//go:build linux

package fleet

import (
	"context"
	"errors"
	"time"

	"prefork/internal/lookup"
)

// Row is a balancer, and what happens to the hosts behind it.
type Row struct {
	Name     string
	Sentence string
	balancer func(context.Context, *fleet) (balancer, error)
	needs    []program
	// happens is what does; spared says that no client is to notice.
	happens func(context.Context, *fleet, balancer) error
	spared  bool
	drain   time.Duration // --drain-delay of the hosts
}

// program is one that has to be installed, and the package that has it.
type program struct{ name, pkg string }

// balancer is one that runs.
type balancer interface {
	// stop ends it, and returns how its sessions have ended, if it knows.
	stop() map[string]int
}

var (
	needsHAProxy = []program{{"haproxy", "haproxy"}}
	needsRolling = []program{{"haproxy", "haproxy"}, {"socat", "socat"}}
	needsNFT     = []program{{"nft", "nftables"}, {"sysctl", "procps"}}
)

// drained is how long a host that is to stop is not ready before it does: several of
// HAProxy's health checks.
const drained = 2 * time.Second

// away is how long a host that is killed is gone.
const away = 2 * time.Second

// Rows are all there are. Those of nftables have whoever balances look after the hosts, since
// it does not itself.
var Rows = []Row{
	{"haproxy/rolling", "each host drained by HAProxy's runtime API, restarted, and ready again: docs/operate/rolling.sh", byHAProxy, needsRolling, rolledByScript, true, 0},
	{"haproxy/readiness", "each host restarted: --drain-delay 2s has it say first that it is not ready, which HAProxy's health check hears", byHAProxy, needsHAProxy, rolledByReadiness, true, drained},
	{"haproxy/unannounced", "each host restarted, and nobody told", byHAProxy, needsHAProxy, unannounced, false, 0},
	{"haproxy/killed", "one host killed (SIGKILL), and back after 2 s", byHAProxy, needsHAProxy, oneKilled, false, 0},
	{"nftables/numgen", "packets sent to each host in turn by the kernel; each host taken out, restarted, and put back", inTurn, needsNFT, rolledByRules, true, 0},
	{"nftables/jhash", "the same, by a hash of the client's address and port", bySource, needsNFT, rolledByRules, true, 0},
	{"nftables/killed", "one host killed (SIGKILL), and back after 2 s: nobody looks after it", inTurn, needsNFT, oneKilled, false, 0},
}

// LookupRow finds a row by its name.
func LookupRow(name string) (Row, error) {
	return lookup.ByName("row", name, Rows, func(r Row) string { return r.Name })
}

// Missing is an error if a program is not installed that the row takes.
func (r Row) Missing() error {
	var errs []error
	for _, p := range r.needs {
		errs = append(errs, has(p.name, p.pkg))
	}
	return errors.Join(errs...)
}

func byHAProxy(ctx context.Context, f *fleet) (balancer, error) { return f.startHAProxy(ctx) }

func inTurn(_ context.Context, f *fleet) (balancer, error) {
	return f.startNFT("numgen inc mod %d")
}

func bySource(_ context.Context, f *fleet) (balancer, error) {
	return f.startNFT("jhash ip saddr . tcp sport mod %d")
}

func rolledByScript(ctx context.Context, f *fleet, b balancer) error {
	return f.roll(ctx, b.(*haproxy))
}

func rolledByRules(ctx context.Context, _ *fleet, b balancer) error { return b.(*nftables).roll(ctx) }

// rolledByReadiness tells the balancer nothing, and goes on to the next host once the one
// before is seen again.
func rolledByReadiness(ctx context.Context, f *fleet, b balancer) error {
	p := b.(*haproxy)
	for _, host := range f.hosts {
		if err := host.restart(ctx); err != nil {
			return err
		}
		if err := p.await(ctx, len(f.hosts)); err != nil {
			return err
		}
	}
	return nil
}

func unannounced(ctx context.Context, f *fleet, _ balancer) error {
	for _, host := range f.hosts {
		if err := host.restart(ctx); err != nil {
			return err
		}
	}
	return nil
}

func oneKilled(ctx context.Context, f *fleet, _ balancer) error {
	host := f.hosts[len(f.hosts)-1]
	old := host.pid()
	host.kill(away)
	return host.await(ctx, old)
}
