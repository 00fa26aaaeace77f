//go:build linux

package cli

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"prefork/internal/control"
	"prefork/internal/lookup"
	"prefork/internal/worker"
	"prefork/strategies"
	"prefork/strategies/accept"
)

// checks say what cannot be asked for, whatever the machine: each looks at a value, or
// at some together. Their order decides no more than which of two faults is told first.
// Those of names come before those of what the names stand for.
var checks = []func(*options) error{
	checkLogFormat, checkLogLevel, checkProgramFollows, checkWords,
	checkBinds, checkOneOfEach, checkSockets, checkAccess, checkBacklog,
	checkStrategy, checkAccept, checkPolicy, checkSteer, checkBinder,
	checkHas, checkUnix, checkBinderHere, checkBinderOfSockets, checkWindowHere, checkStuckHere, checkSteeredByMaster,
	checkWindow, checkStuckAfter,
	checkWorkers, checkQueuesHere, checkQueues, checkOverlap, checkQueuesSteered, checkAddressesSteered, checkQueuesBinder, checkWaitsOnSeveral,
	checkApp, checkConcurrency, checkAcceptMany, checkAcceptBatch, checkReadTimeout, checkMaxConns, checkJitter,
	checkForProgram, checkForBuiltIn, checkListener, checkReadyAfter,
	checkGraceful, checkStopSignal, checkDeath, checkDrainDelay, checkName, checkMetrics, checkReadyMin,
	checkIdentity, checkUmask, checkChdir, checkMaxFiles,
}

// check says why this cannot be asked for.
func (o *options) check() error {
	for _, check := range checks {
		if err := check(o); err != nil {
			return usage(err)
		}
	}
	return nil
}

func checkLogFormat(o *options) error { return among("log format", o.logFormat, logFormatNames()) }
func checkLogLevel(o *options) error {
	return among("log level", o.logLevel, levelNames())
}
func checkBinder(o *options) error { return among("--reuseport-bind", o.reuseportBind, binders) }
func checkDeath(o *options) error  { return among("--on-master-death", o.onMasterDeath, deaths) }

// among is an error for a name that is not one of those that there are.
func among(what, name string, all []string) error {
	if slices.Contains(all, name) {
		return nil
	}
	return lookup.Unknown(what, name, all)
}

func checkStrategy(o *options) error { return errorOf(strategies.Lookup(o.strategy)) }
func checkPolicy(o *options) error   { return errorOf(strategies.LookupPolicy(o.policy)) }
func checkApp(o *options) error      { return errorOf(worker.LookupApp(o.app)) }

func checkAccept(o *options) error {
	name, optional := o.acceptName()
	if optional && name == "" {
		return fmt.Errorf("--accept ?: a name goes before the question mark: %s", or(names(accept.Listening(), modeName)))
	}
	return errorOf(accept.LookupListening(name))
}

func checkSteer(o *options) error {
	name, optional := o.steerName()
	if optional && name == "" {
		return fmt.Errorf("--steer ?: a name goes before the question mark: %s", or(names(strategies.Steers, steerName)))
	}
	return errorOf(strategies.LookupSteer(name))
}

// errorOf is the error of a row that was looked up.
func errorOf[Row any](_ Row, err error) error { return err }

func checkProgramFollows(o *options) error {
	if o.program != nil && !o.foreign() {
		return errors.New("nothing follows --: a program to run as worker goes there")
	}
	return nil
}

// checkWords rejects a word where no command is known by it. It may be a command after
// all, but after another; the name of something else; or a program without its --.
func checkWords(o *options) error {
	if len(o.words) == 0 {
		return nil
	}
	word, all := o.words[0], strings.Join(o.words, " ")
	if slices.Contains(o.commands, word) {
		return fmt.Errorf("%s is a command of its own: prefork %s", word, all)
	}
	unknown := lookup.Unknown("command", word, o.commands)
	if elsewhere(word) != "" || deed(word) != "" {
		return unknown
	}
	return fmt.Errorf("%w; a program to run as worker goes after --: prefork -- %s", unknown, all)
}

func checkBacklog(o *options) error {
	return unless(o.backlog >= 1, "--backlog %d: at least one connection must be able to wait", o.backlog)
}

// checkHas refuses what another strategy has.
func checkHas(o *options) error {
	steer, _ := o.steerName()
	mode, _ := o.acceptName()
	return o.strategyRow().Has(mode, steer, o.policy)
}

func checkBinderHere(o *options) error {
	return unless(!o.given["reuseport-bind"] || o.strategyRow().Name == "reuseport",
		"--reuseport-bind is for --strategy reuseport; %s has one socket", o.strategy)
}

func checkBinderOfSockets(o *options) error {
	return unless(o.reuseportBind != "worker" || !o.sockets.any(),
		"--reuseport-bind worker: this process was given a socket to listen on (LISTEN_FDS): leave the flag out")
}

func checkWindowHere(o *options) error {
	return unless(!o.given["window"] || o.strategyRow().Name == "dispatch",
		"--window is for --strategy dispatch; under %s no connection is on its way to a worker", o.strategy)
}

func checkStuckHere(o *options) error {
	switch {
	case !o.given["stuck-after"]:
	case len(o.strategyRow().Steers) == 0:
		return fmt.Errorf("--stuck-after is for --strategy reuseport with --steer %s; %s has no queue of each worker's own for the kernel to pass over", or(watching()), o.strategy)
	case !o.steerRow().Watches:
		return fmt.Errorf("--stuck-after is for --steer %s; %s passes over nobody", or(watching()), o.steerRow().Name)
	}
	return nil
}

func checkSteeredByMaster(o *options) error {
	return unless(o.reuseportBind != "worker" || o.steerRow().Name == strategies.Steers[0].Name,
		"--steer %s is for sockets that the master binds; leave out --reuseport-bind worker", o.steerRow().Name)
}

func checkWindow(o *options) error {
	return unless(o.window >= 1, "--window %d: at least one connection must be on its way", o.window)
}

// shortestStuck leaves the master time to look at queues where workers count nothing.
const shortestStuck = 50 * time.Millisecond

func checkStuckAfter(o *options) error {
	return unless(o.stuckAfter >= shortestStuck, "--stuck-after %s: a queue needs some time to move; give %s or more", o.stuckAfter, shortestStuck)
}

func checkWorkers(o *options) error {
	switch {
	case o.workers < 1:
		return fmt.Errorf("--workers %d: somebody has to do it; give 1 to %d", o.workers, worker.MaxWorkers)
	case o.workers > worker.MaxWorkers && o.given["workers"]:
		return fmt.Errorf("--workers %d: the scoreboard has a line for %d; give 1 to %d (far fewer serve a machine best)", o.workers, worker.MaxWorkers, worker.MaxWorkers)
	}
	return nil
}

func checkConcurrency(o *options) error {
	return unless(o.concurrency >= 1, "--concurrency %d: a worker serves at least one connection", o.concurrency)
}

// checkAcceptMany refuses a mode in which a worker can have only one connection.
func checkAcceptMany(o *options) error {
	if name, optional := o.acceptName(); name == "" || optional || o.concurrency == 1 {
		return nil
	}
	if err := o.acceptRow().CheckPolls(); err != nil {
		return fmt.Errorf("--accept %s with --concurrency %d: %w", o.accept, o.concurrency, err)
	}
	return nil
}

func checkAcceptBatch(o *options) error {
	switch {
	case o.acceptBatch < 1:
		return fmt.Errorf("--accept-batch %d: a worker that is woken takes at least one connection", o.acceptBatch)
	case o.given["accept-batch"] && o.concurrency == 1:
		return fmt.Errorf("--accept-batch %d is for workers that serve several connections at once: say --concurrency too", o.acceptBatch)
	}
	return nil
}

func checkReadTimeout(o *options) error {
	return unless(o.readTimeout > 0, "--read-timeout %s: a client needs some time to send", o.readTimeout)
}

func checkMaxConns(o *options) error {
	return unless(o.maxConns >= 0, "--max-conns %d: give how many a worker is to serve, or 0 for no limit", o.maxConns)
}

func checkJitter(o *options) error {
	return unless(o.maxConnsJitter == 0 || o.maxConnsJitter > 0 && o.maxConns > 0,
		"--max-conns-jitter %d: give how many to add to --max-conns at most", o.maxConnsJitter)
}

func checkForProgram(o *options) error {
	if o.foreign() {
		return nil
	}
	return o.reject("a program after --; built-in workers say for themselves when they are ready and stop on TERM",
		"ready-after", "stop-signal")
}

func checkForBuiltIn(o *options) error {
	if !o.foreign() {
		return nil
	}
	return o.reject(fmt.Sprintf("built-in workers; %s decides that for itself", o.program[0]),
		"app", "concurrency", "accept", "accept-batch", "read-timeout", "max-conns", "max-conns-jitter", "reuseport-bind")
}

// reject is an error if one of the flags was given, which are for others.
func (o *options) reject(whom string, flags ...string) error {
	for _, flag := range flags {
		if o.given[flag] {
			return fmt.Errorf("--%s is for %s", flag, whom)
		}
	}
	return nil
}

func checkReadyAfter(o *options) error {
	return unless(o.readyAfter >= 0, "--ready-after %s: give a time, or 0 to wait for READY=1", o.readyAfter)
}

func checkGraceful(o *options) error {
	return unless(o.gracefulTimeout > 0, "--graceful-timeout %s: workers need some time to finish", o.gracefulTimeout)
}

func checkName(o *options) error {
	switch {
	case !o.given["name"]:
		return nil
	case o.given["control"]:
		return errors.New("--name is for the socket that a server has by itself, and --control names another: leave one of them out")
	}
	if err := control.CheckName(o.name); err != nil {
		return fmt.Errorf("--name %w", err)
	}
	return nil
}

func checkStopSignal(o *options) error {
	return unless(o.signal() != 0, "--stop-signal %q is no signal; TERM, QUIT, INT and WINCH are common", o.stopSignal)
}

// unless is an error where a condition does not hold.
func unless(holds bool, format string, args ...any) error {
	if holds {
		return nil
	}
	return fmt.Errorf(format, args...)
}
