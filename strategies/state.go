//go:build linux

package strategies

import (
	"errors"

	"prefork/dispatch"
	"prefork/internal/steer"
)

// State is what it takes to open a Front again in another image of this process: its
// descriptors, by number, and what is known besides.
type State struct {
	Listeners []ListenerState
	Serving   []bool          `json:",omitempty"` // by slot, where the kernel picks: it gets connections
	Steering  *steer.State    `json:",omitempty"`
	Pump      *dispatch.State `json:",omitempty"`
}

// ListenerState is one address of a State.
type ListenerState struct {
	Name    string
	Sockets []int // in the order of their queues
	Given   int   `json:",omitempty"` // so many of them are somebody else's too
	Address string
	Path    *File `json:",omitempty"` // what a Unix-domain address has in the file system
}

// FDs are all descriptors in it: what exec must not close.
func (s State) FDs() (fds []int) {
	for _, l := range s.Listeners {
		fds = append(fds, l.Sockets...)
	}
	if s.Steering != nil {
		fds = append(fds, s.Steering.FDs()...)
	}
	if s.Pump != nil {
		fds = append(fds, s.Pump.FDs()...)
	}
	return fds
}

// Unlink removes what a Unix-domain address has in the file system, if that is still
// its own. It is for who ends what a master has left behind.
func (s State) Unlink() error {
	var errs []error
	for _, l := range s.Listeners {
		errs = append(errs, l.Path.remove())
	}
	return errors.Join(errs...)
}
