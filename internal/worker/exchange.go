//go:build linux

package worker

import "time"

// Handler is an app's part in a connection. It is called when something has come: it
// takes what it can from Exchange.In and says what is to be done. It never waits. Who
// needs more returns, and is called again when there is more; who has used something is
// called again with the rest.
type Handler func(*Exchange)

// Exchange is what passes between a client and an app.
type Exchange struct {
	// In is what has come. The app moves it on past what it has used; the rest is
	// there again the next time. It is good until the Handler returns.
	In []byte
	// First says that nothing of this connection was seen before.
	First bool
	// Ended says that the client sends no more; Late, that a request it has begun has
	// taken too long. It is the last call then.
	Ended, Late bool
	// Now is the time, counted from any moment on, when the worker last waited.
	Now time.Duration
	// Leaving says that the worker is to finish and leave.
	Leaving bool

	// Out is what is to be sent. The app appends to it.
	Out []byte
	// Pause is for how long the worker does something else before it sends Out.
	Pause time.Duration
	// Within says that the client is within a request, though there may be nothing of it
	// left in In.
	Within bool
	// Close says that the connection ends with Out; Refused, that the client may still
	// be sending then, and is to hear why nobody listens.
	Close, Refused bool
}

// alike has the same Handler serve all connections, for an app that keeps nothing in mind
// between two calls.
func alike(h Handler) func() Handler { return func() Handler { return h } }
