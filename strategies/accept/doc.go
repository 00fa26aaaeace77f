// Package accept is the worker's side of every strategy: how a process takes
// connections from the file that its master has left it.
//
// A worker is told how to take, never which strategy it is part of: Modes is the
// table. Inherit gives a Source, which hands out bare sockets. For a Go program that
// wants to be a worker, Listen gives an ordinary net.Listener, and one that works
// without a master too.
package accept
