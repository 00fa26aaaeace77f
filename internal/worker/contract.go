//go:build linux

// Package worker is a worker process, seen from both sides: how a master starts
// one (parent.go), and what it does once started (child.go), be it one of the
// built-in apps or a program of somebody else's (shim.go).
package worker

import (
	"time"
)

// What a master puts into a worker's environment besides what package
// strategies names. It is between a master and its own binary.
const (
	envRole = "PREFORK_ROLE" // roleApp or roleShim
	envSpec = "PREFORK_SPEC" // a Spec in JSON

	envSeat = "PREFORK_SEAT" // the seat within the slot; see package scoreboard

	roleApp  = "app"
	roleShim = "shim"

	// recycleMessage is what a worker notifies when it has served its share
	// and would like a successor. It goes on until it is told to stop.
	recycleMessage = "X_PREFORK_RECYCLE=1"
)

// AcceptBatch is how many connections a worker that serves many takes at a time, where
// nobody says otherwise.
const AcceptBatch = 1

// Spec is what a worker that runs a built-in app is to do.
type Spec struct {
	App         string        // a name among Apps
	Concurrency int           // connections at once; 1 serves on the accepting thread
	AcceptBatch int           // connections taken at a time by one who serves many
	MaxConns    int           // ask for a successor after so many; 0 never does
	MaxJitter   int           // up to so many more, drawn by each worker
	ReadTimeout time.Duration // for a client that sends nothing
	Unix, TCP   bool          // some connections are of a Unix-domain address, or of TCP
	LogJSON     bool          // what the worker has to say is JSON too
}
