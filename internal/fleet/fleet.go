//go:build linux

// Package fleet is several hosts that serve with prefork behind a balancer, and clients
// before it, each in a network namespace of its own: what a rolling restart or a host that
// is gone costs the clients, by cause.
package fleet

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"prefork/bench/load"
	"prefork/internal/lan"
)

// Options are what a fleet is made of.
type Options struct {
	Prefork  string // path of the binary
	Hosts    int    // that serve
	Strategy string // of each
	Workers  int    // of each
	Rate     float64
	Seed     uint64

	drain time.Duration // how long a host goes on, not ready any more, once it is told to stop
}

// fleet is one that runs.
type fleet struct {
	Options
	hosts    []*host
	lan      *lan.Lan
	balancer *lan.Host
	clients  *lan.Host
	dir      string // of its files
}

// Names of hosts on the lan, beside h1, h2 and so on, which serve.
const (
	balancerName = "balancer"
	clientsName  = "clients"
)

// ports: clients connect to the first, at the balancer.
const (
	frontPort  = 80
	hostPort   = 80
	healthPort = 8081 // /readyz
)

// newFleet makes the network and starts the hosts. The caller closes it.
func newFleet(o Options) (f *fleet, err error) {
	f = &fleet{Options: o}
	defer func() {
		if err != nil {
			f.Close()
			f = nil
		}
	}()
	names := []string{balancerName, clientsName}
	for n := range o.Hosts {
		names = append(names, hostName(n))
	}
	if f.lan, err = lan.New(names...); err != nil {
		return f, err
	}
	f.balancer, f.clients = f.lan.Host(balancerName), f.lan.Host(clientsName)
	if f.dir, err = os.MkdirTemp("", "prefork-fleet-"); err != nil {
		return f, err
	}
	for n := range o.Hosts {
		host, err := newHost(f.lan.Host(hostName(n)), o, filepath.Join(f.dir, hostName(n)+".pid"))
		if err != nil {
			return f, err
		}
		f.hosts = append(f.hosts, host)
	}
	return f, nil
}

func hostName(n int) string { return fmt.Sprintf("h%d", n+1) }

// Close ends all hosts, and takes the network away.
func (f *fleet) Close() {
	for _, host := range f.hosts {
		host.close()
	}
	if f.lan != nil {
		f.lan.Close()
	}
	if f.dir != "" {
		_ = os.RemoveAll(f.dir)
	}
}

// front is where clients connect.
func (f *fleet) front() string { return fmt.Sprintf("%s:%d", f.balancer.Address, frontPort) }

// load puts an open loop of HTTP on the balancer, a request a connection, and returns what
// the clients saw. measuring is called when that begins.
func (f *fleet) load(ctx context.Context, o load.Order, measuring func()) (seen *load.Result, err error) {
	o.Address, o.Protocol, o.Rate, o.Seed, o.Threads = f.front(), load.HTTP, f.Rate, f.Seed, 1
	failed := f.clients.Do(func() error { // on the thread of the clients' machine, which starts the generator
		seen, err = load.StartAs(ctx, f.Prefork, o, load.Ears{Mark: func(m load.Mark) {
			if m == load.Measuring {
				measuring()
			}
		}})
		return err
	})
	return seen, errors.Join(failed)
}
