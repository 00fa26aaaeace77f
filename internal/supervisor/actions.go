//go:build linux

package supervisor

import (
	"log/slog"

	"prefork/internal/control"
	"prefork/internal/entry"
	"prefork/internal/scoreboard"
)

// Action is something to be done. Whoever adds one has to say by what the hands do
// it, in one of the files hands_*.go, or nothing compiles.
type Action interface{ by(*hands) }

// What is done to workers.
type (
	// Start starts a worker. Capture keeps its last words. Started or StartFailed
	// follows.
	Start struct {
		Slot, Seat int
		Capture    bool
	}
	// Show writes down what the master believes of a worker.
	Show struct {
		Slot, Seat, PID int
		State           scoreboard.State
	}
	// Tell tells a worker to finish and leave. Drain has it serve what is queued as
	// well; else that is left to its successor.
	Tell struct {
		PID   int
		Drain bool
	}
	// Nudge ends a worker's wait, in case it was told while it was about to begin
	// one.
	Nudge struct{ PID int }
	// Kill ends a worker, with all that it has started.
	Kill struct{ PID int }
	// TellRest tells what a worker has left behind to end.
	TellRest struct{ PID int }
	// LookForRest looks whether that is gone; RestGone follows if it is.
	LookForRest struct{ PID int }
	// Reap takes in the children that have ended; an Exited follows for every worker,
	// Probed for a binary that was asked.
	Reap struct{}
	// TakeStock is Reap for a binary that has taken over: a child may have ended before
	// that, and even have been reaped, by a shell that was run in between.
	TakeStock struct{}
	// Audit looks whether what workers have counted can be.
	Audit struct{}
	// Bury settles the accounts of a worker of which nothing is left. Killed says that
	// it was told to stop and did not in time.
	Bury struct {
		Slot, Seat, PID int
		Killed          bool
	}
)

// What is done to slots and to the address.
type (
	// Suspend has no connection sent to a slot, Resume has them sent again.
	Suspend struct{ Slot int }
	Resume  struct{ Slot int }
	// Rescue gives what is queued for a slot without a worker to others, where that
	// can be done.
	Rescue struct{ Slot int }
	// Look looks how much is queued for a slot; Queued follows.
	Look struct{ Slot int }
	// Drop closes the files of the last slot.
	Drop struct{ Slot int }
	// Quiesce turns new connections away.
	Quiesce struct{}
	// StopPump has the master pass on what is queued and no more; PumpEnded follows.
	StopPump struct{}
	// AbandonPump ends that at once, whatever is still held.
	AbandonPump struct{}
)

// What is done with a new binary.
type (
	// Probe asks the binary that is now in this one's place whether it can go on from
	// here; Probed follows.
	Probe struct{}
	// EndProbe gives that up.
	EndProbe struct{}
	// Replace runs it in this process. NotUpgraded follows, or nothing any more.
	Replace struct{}
)

// What is said to who has asked.
type (
	// Answer answers what was asked with this number.
	Answer struct {
		ID uint64
		control.Answer
	}
	// Survey writes down what the machine knows, and more that the hands alone can see.
	Survey struct{ To chan<- survey }
	// SetLevel has the log be as talkative as that.
	SetLevel struct{ Level slog.Level }
)

// What is said.
type (
	// AllReady says that for the first time all workers are ready.
	AllReady struct{ Workers int }
	// Note says something to the operator.
	Note struct {
		entry.Kind
		Args []any
	}
	// Exit ends the master.
	Exit struct {
		Code int
		Err  error
	}
)

// Exit codes of the master.
const (
	ExitDone    = 0
	ExitFailed  = 1
	ExitNoStart = 3 // the workers could not start
)
