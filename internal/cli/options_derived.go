//go:build linux

package cli

import (
	"cmp"
	"io"
	"math/rand/v2"
	"net"
	"os"
	"slices"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"prefork/internal/entry"
	"prefork/internal/supervisor"
	"prefork/internal/worker"
	"prefork/strategies"
)

// master is all that a master is told.
func (o *options) master(here place, log journal, banners io.Writer) supervisor.Options {
	m := supervisor.Options{
		Limits:     o.limits(),
		Strategy:   o.strategyRow(),
		Config:     o.config(here),
		Launch:     o.launch(here),
		StopSignal: o.stopsBy(),
		PIDFile:    o.pidFile,
		Metrics:    o.metricsAddress(),
		ReadyMin:   o.readyMin,
		Control:    o.control,
		Name:       o.name,
		Version:    version(),
		Log:        log.Logger,
		Level:      log.level,
		Words:      log.words,
		Flush:      log.flush,
	}
	m.Config.Random = rand.New(rand.NewPCG(rand.Uint64(), rand.Uint64()))
	m.Listening = func(addrs []net.Addr) { banner(banners, m, addrs, here.netcat) }
	if o.logFormat == "json" {
		m.Listening = func(addrs []net.Addr) {
			for i, addr := range addrs {
				entry.Listening.Log(log.Logger, listening(m, addr, m.Config.Binds[i].Name)...)
			}
		}
	}
	return m
}

// listening is the banner for those who read by machine: a record for each address.
func listening(o supervisor.Options, addr net.Addr, name string) (args []any) {
	args = append(args, "strategy", o.Strategy.Name)
	if o.Config.Steer != "" {
		args = append(args, "steer", o.Config.Steer)
	}
	if o.Config.Queues > 0 {
		args = append(args, "queues", o.Config.Queues, "overlap", o.Config.Overlap)
	}
	if name != "" {
		args = append(args, "name", name)
	}
	if of := families(addr); of != "" {
		args = append(args, "families", of)
	}
	return append(args, "address", addr.String(), "workers", o.Limits.Workers, "pid", os.Getpid())
}

// config is how the strategy is opened.
func (o *options) config(here place) strategies.Config {
	strategy := o.strategyRow()
	c := strategies.Config{
		Binds:        o.binds(),
		Backlog:      o.backlog,
		Accept:       strategy.Accept(o.acceptHere(here), o.waitsForSeveral()),
		Foreign:      o.foreign(),
		BindInWorker: o.reuseportBind == "worker",
		Steer:        orFirst(o.steerRow().Name, strategy.Steers),
		StuckAfter:   o.stuckAfter,
		Queues:       o.queuesHere(),
		Overlap:      o.overlap,
		Policy:       orFirst(o.policy, strategy.Policies),
		Window:       o.window,
		Concurrency:  o.concurrency,
		Sockets:      o.sockets.files(o.binds()),
		Access:       o.access(),
	}
	if here.maxBacklog > 0 {
		c.Backlog = min(c.Backlog, here.maxBacklog)
	}
	if here.unsteerable != nil {
		c.Steer = strategies.Steers[0].Name
	}
	return c
}

// acceptHere is the accept mode that workers get on this machine; "" is the default.
func (o *options) acceptHere(here place) string {
	if here.noAccept != nil {
		return ""
	}
	name, _ := o.acceptName()
	return name
}

// orFirst is the name, or the default among those that there are; "" if there are none.
func orFirst(name string, all []string) string {
	switch {
	case len(all) == 0:
		return ""
	case name == "":
		return all[0]
	}
	return name
}

// launch is how workers are started.
func (o *options) launch(here place) worker.Launch {
	strategy := o.strategyRow()
	l := worker.Launch{
		Program:  o.program,
		Dir:      cmp.Or(o.chdir, here.way),
		Spec:     o.spec(),
		Strategy: strategy.Name,
		Accept:   strategy.Accept(o.acceptHere(here), o.waitsForSeveral()),
		Backlog:  o.config(here).Backlog,
		Drain:    o.gracefulTimeout / 2, // the other half is for what they have taken by then
		Pin:      o.pin,
	}
	l.As, _ = o.identity()
	if o.onMasterDeath == "exit" {
		l.DeathSignal = o.stopsBy()
	}
	return l
}

// spec is what built-in workers do.
func (o *options) spec() worker.Spec {
	return worker.Spec{
		App:         o.app,
		Concurrency: o.concurrency,
		AcceptBatch: o.acceptBatch,
		MaxConns:    o.maxConns,
		MaxJitter:   o.maxConnsJitter,
		ReadTimeout: o.readTimeout,
		Unix:        o.listensOn("unix"),
		TCP:         o.listensOn("tcp"),
		LogJSON:     o.logFormat == "json",
	}
}

func (o *options) listensOn(network string) bool {
	return slices.ContainsFunc(o.binds(), func(b strategies.Bind) bool { return b.Network == network })
}

// startTimeout ends a built-in worker that does not get ready.
const startTimeout = time.Minute

// limits are what the master's machine goes by.
func (o *options) limits() supervisor.Limits {
	strategy := o.strategyRow()
	l := supervisor.Limits{
		Workers:      min(o.workers, worker.MaxWorkers), // there may be more processors
		MaxWorkers:   worker.MaxWorkers,
		Graceful:     o.gracefulTimeout,
		DrainDelay:   o.drainDelay,
		StartTimeout: startTimeout,
		Settle:       strategy.Settle,
		LastWords:    o.onMasterDeath == "exit", // the pipe that they go by ends with the master
	}
	if o.foreign() {
		l.Programs, l.StartTimeout, l.ReadyAfter = true, 0, o.readyAfter
		l.Suspect = o.suspicion()
	}
	return l
}

// stopsBy is the signal that tells workers to stop. It is TERM for built-in ones.
func (o *options) stopsBy() syscall.Signal {
	if o.foreign() {
		return o.signal()
	}
	return unix.SIGTERM
}
