//go:build linux

package worker

import (
	"errors"
	"io"
	"net"
	"os"
	"sync"
	"time"

	"golang.org/x/sys/unix"
)

const (
	// justNow is for how long a client that has come, or has been answered, is
	// believed to be sending: a worker that leaves waits for that and no longer.
	justNow = 100 * time.Millisecond

	// lingerFor is how long a worker that leaves waits for a client to close its end
	// too. Closed before that, what the client sends meanwhile would be answered by a
	// reset, which could overtake our answer.
	lingerFor = 500 * time.Millisecond
)

// socket is a connection's transport: rawConn where one is served at a time, polled
// where several are.
type socket interface {
	net.Conn
	// tryRead reads what has arrived, without waiting; EAGAIN says that nothing has.
	tryRead(b []byte) (int, error)
	// hurry has a Read that waits look at its deadline, which is now another one.
	hurry(deadline time.Time)
	descriptor() int
}

// client is a connection as an app sees it. Its Read forgives a worker that was
// itself stopped, and its Write, in socket, drops a client that takes nothing.
type client struct {
	socket
	crowd   *crowd
	timeout time.Duration // for a request, from its first byte on
	keeps   bool          // an answer may be followed by a further request

	fresh    bool      // no byte of the next request has come
	since    time.Time // when the client had come, or was answered, and we began to wait
	answered bool
	ended    bool // the client sends no more
	closed   bool
}

// begin takes on a connection that has just been taken.
func (c *client) begin(s socket) {
	c.socket, c.fresh, c.answered, c.ended, c.closed = s, true, false, false, false
}

func (c *client) Read(b []byte) (n int, err error) {
	waits := c.fresh
	if waits {
		c.crowd.enter(c)
	}
	n, err = c.socket.Read(b)
	if errors.Is(err, os.ErrDeadlineExceeded) {
		// Time has passed, but perhaps for this process alone: it was stopped.
		if n, err = c.tryRead(b); errors.Is(err, unix.EAGAIN) {
			err = os.ErrDeadlineExceeded
		}
	}
	c.ended = c.ended || err != nil && !errors.Is(err, os.ErrDeadlineExceeded)
	if waits && c.crowd.exit(c) {
		if errors.Is(err, os.ErrDeadlineExceeded) {
			return 0, io.EOF // nothing is wrong with a client that asks for nothing
		}
		// The deadline was that of a client who might send nothing.
		_ = c.SetReadDeadline(time.Now().Add(c.timeout))
	}
	c.fresh = c.fresh && n == 0
	return n, err
}

func (c *client) Write(b []byte) (int, error) {
	c.fresh, c.answered = c.keeps, true
	return c.socket.Write(b)
}

// Close closes the connection. A worker that leaves lets the client hear the answer,
// and its end, before a reset can.
func (c *client) Close() error {
	if c.closed {
		return nil
	}
	c.closed = true
	if c.answered && c.keeps && !c.ended && c.crowd.leaves() {
		_ = unix.Shutdown(c.descriptor(), unix.SHUT_WR)
		_ = c.SetReadDeadline(time.Now().Add(lingerFor))
		for buffer := make([]byte, 4<<10); ; {
			if _, err := c.socket.Read(buffer); err != nil {
				break
			}
		}
	}
	return c.socket.Close()
}

// crowd are the clients from which no byte of a request has come since they came, or
// were answered. When the worker is to leave they are the first to go.
type crowd struct {
	mu      sync.Mutex
	waiting map[*client]struct{}
	leaving bool
}

func newCrowd() *crowd { return &crowd{waiting: make(map[*client]struct{})} }

// enter adds a client that is about to wait.
func (w *crowd) enter(c *client) {
	w.mu.Lock()
	defer w.mu.Unlock()
	c.since = time.Now()
	w.waiting[c] = struct{}{}
	if w.leaving {
		c.hurry(c.since.Add(justNow))
	}
}

// exit removes a client, and reports whether it was told to hurry.
func (w *crowd) exit(c *client) (hurried bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	delete(w.waiting, c)
	return w.leaving
}

// leave lets everybody go who is not just sending something.
func (w *crowd) leave() {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.leaving {
		return
	}
	w.leaving = true
	for c := range w.waiting {
		c.hurry(c.since.Add(justNow))
	}
}

func (w *crowd) leaves() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.leaving
}
