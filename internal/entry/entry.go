// Package entry is what a log may say: each kind of line has a name that stays, whatever
// becomes of its words, so that who reads by machine need not know those. docs/operate/logs.md
// lists them all, with what comes along, and a test holds the two together.
package entry

import (
	"context"
	"log/slog"
)

// Kind is a kind of line.
type Kind struct {
	Name    string // as what it happened to, and what; it stays
	Level   slog.Level
	Message string // for people; it may change
}

// key is the attribute that bears the name.
const key = "event"

// Log writes a line of this kind.
func (k Kind) Log(to *slog.Logger, args ...any) {
	to.Log(context.Background(), k.Level, k.Message, append([]any{key, k.Name}, args...)...)
}

// The server as a whole.
var (
	Listening        = Kind{"server.listening", slog.LevelInfo, "listening"}
	Ready            = Kind{"server.ready", slog.LevelInfo, "ready"}
	MetricsListening = Kind{"metrics.listening", slog.LevelInfo, "metrics are served"}
	Leaving          = Kind{"server.leaving", slog.LevelInfo, "stopping soon: balancers are to notice first"}
	Stopping         = Kind{"server.stopping", slog.LevelInfo, "stopping"}
	StoppingNow      = Kind{"server.stopping-now", slog.LevelWarn, "stopping at once"}
	Stopped          = Kind{"server.stopped", slog.LevelInfo, "stopped"}
	Failed           = Kind{"server.failed", slog.LevelError, "failed"}
	Deaf             = Kind{"server.deaf", slog.LevelError, "the master hears nothing any more"}
	StrayDescriptors = Kind{"server.stray-descriptors", slog.LevelDebug, "workers may inherit stray descriptors"}
	NoPIDFile        = Kind{"server.no-pid-file", slog.LevelError, "no pid file"}
	NotQuiet         = Kind{"server.not-quiet", slog.LevelWarn, "cannot turn new connections away; those that come while stopping may be reset"}
	LogDropped       = Kind{"log.dropped", slog.LevelWarn, "nobody has read the log for a while"}
)

// Workers.
var (
	WorkerStarted    = Kind{"worker.started", slog.LevelDebug, "worker started"}
	WorkerReady      = Kind{"worker.ready", slog.LevelDebug, "worker ready"}
	WorkerExit       = Kind{"worker.exit", slog.LevelWarn, "worker ended unasked"}
	WorkerNotReady   = Kind{"worker.not-ready", slog.LevelError, "worker ended before it was ready"}
	WorkerNoStart    = Kind{"worker.no-start", slog.LevelError, "cannot start a worker"}
	WorkerBackoff    = Kind{"worker.backoff", slog.LevelInfo, "worker is started again after a pause"}
	WorkerLate       = Kind{"worker.late", slog.LevelError, "worker did not get ready in time"}
	WorkerSlow       = Kind{"worker.slow", slog.LevelWarn, "still waiting for a worker to say READY=1"}
	WorkerRecycle    = Kind{"worker.recycle", slog.LevelInfo, "worker has served its share"}
	WorkerBroken     = Kind{"worker.broken", slog.LevelWarn, "worker takes no more connections and is replaced"}
	WorkerSeat       = Kind{"worker.seat", slog.LevelWarn, "the next worker waits for an earlier one, which still serves clients"}
	WorkerKilled     = Kind{"worker.killed", slog.LevelWarn, "worker killed: it did not stop in time"}
	WorkerCut        = Kind{"worker.cut", slog.LevelWarn, "connections cut with their worker"}
	WorkerRest       = Kind{"worker.rest", slog.LevelInfo, "worker has left processes behind; they are told to end"}
	WorkerStray      = Kind{"worker.stray", slog.LevelWarn, "what a worker has left behind is killed"}
	WorkerSuspect    = Kind{"worker.suspect", slog.LevelWarn, "a worker ended soon after its start"}
	WorkerForgotten  = Kind{"worker.forgotten", slog.LevelWarn, "what a worker counted makes no sense and is forgotten"}
	WorkerNonsense   = Kind{"worker.nonsense", slog.LevelWarn, "a worker has written nonsense over the scoreboard"}
	WorkerMended     = Kind{"worker.mended", slog.LevelWarn, "a worker had written over the scoreboard; it is mended"}
	WorkerFailed     = Kind{"worker.failed", slog.LevelError, "worker failed"}
	WorkerFull       = Kind{"worker.full", slog.LevelWarn, "cannot accept for now"}
	WorkerFullOver   = Kind{"worker.full-over", slog.LevelInfo, "connections can be accepted again"}
	WorkerLogDropped = Kind{"worker.log-dropped", slog.LevelWarn, "lines of the log were dropped: nobody read them"}
)

// What was asked for.
var (
	ReloadBegin    = Kind{"reload.begin", slog.LevelInfo, "reloading"}
	ReloadDone     = Kind{"reload.done", slog.LevelInfo, "reloaded"}
	ReloadFailed   = Kind{"reload.failed", slog.LevelError, "reload given up: the new worker did not get ready; the old ones go on"}
	ReloadRefused  = Kind{"reload.refused", slog.LevelWarn, "not reloaded"}
	ReplaceFailed  = Kind{"replace.failed", slog.LevelError, "the new worker did not get ready; the old one goes on"}
	ScaleBegin     = Kind{"scale.begin", slog.LevelInfo, "scaling"}
	ScaleDone      = Kind{"scale.done", slog.LevelInfo, "scaled"}
	ScaleRefused   = Kind{"scale.refused", slog.LevelWarn, "not scaled"}
	UpgradeBegin   = Kind{"upgrade.begin", slog.LevelInfo, "upgrade begins"}
	UpgradeDone    = Kind{"upgrade.done", slog.LevelInfo, "upgraded"}
	UpgradeFailed  = Kind{"upgrade.failed", slog.LevelError, "not upgraded: this binary goes on as before"}
	UpgradeRefused = Kind{"upgrade.refused", slog.LevelWarn, "not upgraded"}
	UpgradeAlready = Kind{"upgrade.already", slog.LevelWarn, "an upgrade is under way already"}
	SlotDrain      = Kind{"slot.drain", slog.LevelInfo, "draining a slot"}
	SlotRestart    = Kind{"slot.restart", slog.LevelInfo, "restarting the worker of a slot"}
	PauseBegin     = Kind{"pause.begin", slog.LevelInfo, "pausing"}
	PauseEnd       = Kind{"pause.end", slog.LevelInfo, "resuming"}
	ControlAsked   = Kind{"control.asked", slog.LevelInfo, "asked over the control socket"}
	ControlNone    = Kind{"control.none", slog.LevelWarn, "no control socket: prefork ctl cannot reach this server"}
)

// How connections reach workers.
var (
	SlotNotSuspended = Kind{"slot.not-suspended", slog.LevelWarn, "cannot keep new connections from a slot without a worker"}
	SlotNotResumed   = Kind{"slot.not-resumed", slog.LevelWarn, "cannot send new connections to a slot"}
	SlotNotRescued   = Kind{"slot.not-rescued", slog.LevelWarn, "connections wait for the slot's next worker"}
	SlotNotClosed    = Kind{"slot.not-closed", slog.LevelWarn, "cannot close a slot"}
	SlotUnseen       = Kind{"slot.unseen", slog.LevelWarn, "cannot look at a queue"}
	SlotNotRecounted = Kind{"slot.not-recounted", slog.LevelWarn, "cannot count a queue anew"}
	DispatchWindow   = Kind{"dispatch.window", slog.LevelWarn, "the window is smaller than asked for: a worker's socket holds no more; raise net.core.wmem_max"}
	DispatchUnable   = Kind{"dispatch.unable", slog.LevelWarn, "cannot accept for now; raise the limit on open files (ulimit -n, LimitNOFILE=)"}
	DispatchAble     = Kind{"dispatch.able", slog.LevelInfo, "accepts again"}
	DispatchStuck    = Kind{"dispatch.stuck", slog.LevelWarn, "cannot pass connections on for now"}
	DispatchUnstuck  = Kind{"dispatch.unstuck", slog.LevelInfo, "passes connections on again"}
	DispatchBroken   = Kind{"dispatch.broken", slog.LevelError, "a worker has broken the socket over which it gets connections: it gets no more"}
	DispatchLeft     = Kind{"dispatch.left", slog.LevelWarn, "no worker took these connections in time"}
	DispatchEnded    = Kind{"dispatch.ended", slog.LevelError, "the master can pass on no more connections"}
)

// What flags ask for and is not done, or is hardly meant. They are told at the start.
var (
	FlagBacklog        = Kind{"flag.backlog", slog.LevelWarn, "the kernel cuts the backlog"}
	FlagGiven          = Kind{"flag.given", slog.LevelWarn, "a socket that was given stays as it is"}
	FlagAccept         = Kind{"flag.accept", slog.LevelWarn, "workers do not wait as asked for"}
	FlagSteer          = Kind{"flag.steer", slog.LevelWarn, "not steered as asked for"}
	FlagIdleWorkers    = Kind{"flag.idle-workers", slog.LevelWarn, "some workers may stay idle"}
	FlagIdleQueues     = Kind{"flag.idle-queues", slog.LevelWarn, "some queues may stay idle"}
	FlagNoMaster       = Kind{"flag.no-master", slog.LevelWarn, "workers cannot go on without a master under dispatch: nobody would accept for them"}
	FlagListens        = Kind{"flag.listens", slog.LevelWarn, "a program that accepts by itself cannot be a worker of dispatch"}
	FlagSeveralSockets = Kind{"flag.several-sockets", slog.LevelWarn, "each worker gets several sockets, and must accept from all of them"}
)
