//go:build linux

package supervisor

import (
	"log/slog"

	"prefork/internal/scoreboard"
)

// Action is something to be done.
type Action interface{}

// Start starts a worker. Capture keeps its last words.
type Start struct {
	Slot, Seat int
	Capture    bool
}

// Show writes a worker's state to the scoreboard.
type Show struct {
	Slot, Seat, PID int
	State           scoreboard.State
}

// Tell tells a worker to stop.
type Tell struct{ PID int }

// Kill ends a worker.
type Kill struct{ PID int }

// Bury settles the accounts of a worker that has ended. Killed says that it was
// told to stop and did not in time.
type Bury struct {
	Slot, Seat, PID int
	Killed          bool
}

// Retire sends no new connections to a slot; Drop closes its files.
type (
	Retire struct{ Slot int }
	Drop   struct{ Slot int }
)

// Rescue gives what is queued for a slot without a worker to others, if that can
// be done.
type Rescue struct{ Slot int }

// Quiesce turns new connections away.
type Quiesce struct{}

// Reclaim sees to it that the kernel still sends connections where this master
// wants them.
type Reclaim struct{}

// StopPump has the master pass on what is queued and no more; PumpEnded follows.
type StopPump struct{}

// StartUpgrade starts the new binary; UpgradeFailed or HandedOver follows.
type StartUpgrade struct{}

// AllReady says that for the first time all workers are ready.
type AllReady struct{ Workers int }

// Note says something to the operator.
type Note struct {
	Level   Level
	Message string
	Args    []any
}

// Exit ends the master.
type Exit struct {
	Code int
	Err  error
}

// Level is a log level.
type Level = slog.Level

// The levels.
const (
	Debug = slog.LevelDebug
	Info  = slog.LevelInfo
	Warn  = slog.LevelWarn
	Error = slog.LevelError
)

// Exit codes of the master.
const (
	ExitDone    = 0
	ExitFailed  = 1
	ExitNoStart = 3 // the workers could not start
)
