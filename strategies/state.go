//go:build linux

package strategies

import (
	"slices"

	"prefork/dispatch"
	"prefork/internal/steer"
)

// State is what it takes to open a Front again in another image of this process: its
// descriptors, by number, and what is known besides.
type State struct {
	Sockets   []int // listening sockets, in slot order
	Given     int   `json:",omitempty"` // so many of them are somebody else's too
	Address   string
	Path      *File           `json:",omitempty"` // what a Unix-domain address has in the file system
	Suspended []int           `json:",omitempty"` // slots, where no program knows
	Steering  *steer.State    `json:",omitempty"`
	Pump      *dispatch.State `json:",omitempty"`
}

// FDs are all descriptors in it: what exec must not close.
func (s State) FDs() []int {
	fds := slices.Clone(s.Sockets)
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
func (s State) Unlink() error { return s.Path.remove() }
