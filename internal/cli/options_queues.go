//go:build linux

package cli

import (
	"fmt"
	"log/slog"

	"prefork/internal/entry"
	"prefork/strategies"
	"prefork/strategies/accept"
)

// What is asked for where workers share sockets, or take from several.

func checkQueuesHere(o *options) error {
	if o.strategyRow().Name == "reuseport" {
		return nil
	}
	return o.reject(fmt.Sprintf("--strategy reuseport; under %s there is one queue for all workers", o.strategy), "queues", "overlap")
}

// checkQueues wants somebody to take from each. They are counted as the workers are, where
// their number was left to the processors.
func checkQueues(o *options) error {
	workers := o.limits().Workers
	switch {
	case !o.given["queues"]:
		return nil
	case o.queues < 1:
		return fmt.Errorf("--queues %d: connections must be able to wait somewhere; give 1 to %d, the number of workers", o.queues, workers)
	case o.queues > workers:
		return fmt.Errorf("--queues %d: there %s, and each queue needs one of its own; give 1 to %d, or more --workers", o.queues, are(workers, "worker"), workers)
	}
	return nil
}

func checkOverlap(o *options) error {
	queues := o.queues
	if queues == 0 {
		queues = o.limits().Workers
	}
	return unless(o.overlap >= 1 && o.overlap <= max(1, queues),
		"--overlap %d: a worker takes from at least one queue, and there %s; give 1 to %d", o.overlap, are(queues, "queue"), queues)
}

func are(n int, what string) string {
	if n == 1 {
		return "is 1 " + what
	}
	return "are " + count(n, what)
}

// checkQueuesSteered refuses a program in the kernel that picks a worker, where it could
// only pick a queue.
func checkQueuesSteered(o *options) error {
	return unless(o.queuesHere() == 0 || o.steerRow().Queues,
		"--steer %s picks a worker, which takes a queue for each: leave out --queues and --overlap, or steer by %s", o.steerRow().Name, or(queueSteers()))
}

// checkAddressesSteered refuses it at several addresses: what a worker has taken from one of
// its queues says nothing of another.
func checkAddressesSteered(o *options) error {
	return unless(len(o.binds()) == 1 || len(o.strategyRow().Steers) == 0 || o.steerRow().Queues,
		"--steer %s is for one address: leave out all but one --bind, or steer by %s", o.steerRow().Name, or(queueSteers()))
}

// queueSteers are the ways of steering that pick a queue, whoever takes from it.
func queueSteers() (all []string) {
	for _, steer := range strategies.Steers {
		if steer.Queues {
			all = append(all, steer.Name)
		}
	}
	return all
}

func checkQueuesBinder(o *options) error {
	return unless(o.queuesHere() == 0 || o.reuseportBind != "worker",
		"--reuseport-bind worker: workers that open a socket each cannot share them; leave out --queues and --overlap")
}

// checkWaitsOnSeveral wants a mode that can.
func checkWaitsOnSeveral(o *options) error {
	name, _ := o.acceptName()
	return unless(!o.several() || name == "" || o.acceptRow().Several,
		"--accept %s waits on one socket, and with %s a worker has several: leave it out, which is %s, or use %s", name, o.reasonForSeveral(), accept.ForSeveral, or(severalModes()))
}

// reasonForSeveral is what was asked for that gives a worker several sockets.
func (o *options) reasonForSeveral() string {
	if o.overlap > 1 {
		return fmt.Sprint("--overlap ", o.overlap)
	}
	return fmt.Sprint(len(o.binds()), " addresses")
}

func severalModes() (all []string) {
	for _, mode := range accept.Listening() {
		if mode.Several {
			all = append(all, mode.Name)
		}
	}
	return all
}

// remarkSeveral tells of what a program has to do that gets several sockets: one that knows
// of the first alone leaves what comes to the others waiting.
func remarkSeveral(o *options, _ place, log *slog.Logger) {
	if o.foreign() && o.several() {
		entry.FlagSeveralSockets.Log(log, "program", o.program[0], "LISTEN_FDS", o.files(), "otherwise", "connections wait for ever in those it does not know")
	}
}
