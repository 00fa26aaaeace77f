// Package strategies holds three ways for several processes to take connections
// from the same addresses, as their master sees them. The workers' side is package accept.
//
// A strategy is which files the worker of a slot inherits, held open by the
// master for as long as the slot lives, and how the worker takes connections
// from them. Because the master holds them too, a worker that dies takes nothing
// with it but what it was serving: its successor in the slot inherits the same
// files, and what was queued is still there.
//
//	             master opens               worker i inherits   who accepts
//	shared       one listening socket       the one socket      every worker
//	reuseport    one socket a slot          socket i            every worker, its own
//	dispatch     one socket, a pair a slot  its end of pair i   the master
//
// Between the first two lies a curve: fewer sockets than slots, or slots that take from
// several (Config.Queues, Config.Overlap).
//
// At several addresses each has as many sockets again, but for the pairs.
//
// In shared and reuseport the kernel decides which worker gets a connection, and
// the master is in nobody's way: it may die, and the workers carry on. In
// dispatch the master accepts, chooses, passes the connection on and closes its
// own copy. That difference is the type Pump: only dispatch is one.
package strategies
