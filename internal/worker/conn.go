//go:build linux

package worker

import (
	"time"

	"prefork/internal/wheel"
)

// conn is a client's connection. Its phase is what it waits for:
//
//	            ┌──────────── the app needs more ────────────┐
//	            ▼                                            │
//	begin ─► reading ─► the app ─┬─► pausing ─► writing ─┬───┘
//	                             └────────────▲          └─► lingering ─► over
//
// While nothing is under way it holds no buffer. A conn is used for one connection after
// the other, and so is its Handler.
type conn struct {
	life
	handler Handler
	timer   wheel.Timer[*conn] // the loop's
	again   bool               // the loop comes back to it without being told
}

// life is what begins anew with each connection.
type life struct {
	fd    int // owned; closed when it is over
	phase phase
	rest  []byte // has come, and was not used
	out   []byte // is to be sent

	unread bool // the socket may hold something
	hungUp bool // the client has ended its side: nothing is behind what is unread
	ended  bool // and all was read
	seen   bool // by the app
	within bool // the client is within a request
	more   bool // the app goes on with rest when out is sent
	ending bool // the connection ends when out is sent,
	linger bool // and the client is to hear that though it may be sending
	said   bool // the client has had an answer,
	kept   bool // and may ask for more

	since time.Duration // of the phase; reading, of the wait for a request or of the request
	pause time.Duration
}

type phase uint8

const (
	reading   phase = iota // until something has come
	pausing                // until the app's pause is over
	writing                // until there is room for what is to be sent
	lingering              // until the client has ended its side too
	over
)

// buffers are for what has come and is not complete, and for what a client does not take
// yet. There are few at a time.
type buffers struct{ free [][]byte }

const (
	bufferSize = 4 << 10
	spare      = 256 // kept for the next ones
)

// keep copies b, which may be a part of old, into old or a buffer of its own. Of nothing
// it keeps nothing.
func (p *buffers) keep(old, b []byte) []byte {
	if len(b) == 0 {
		p.release(old)
		return nil
	}
	if old == nil {
		old = p.take()
	}
	return append(old[:0], b...)
}

func (p *buffers) take() []byte {
	last := len(p.free) - 1
	if last < 0 {
		return make([]byte, 0, bufferSize)
	}
	b := p.free[last]
	p.free = p.free[:last]
	return b
}

func (p *buffers) release(b []byte) {
	if cap(b) == bufferSize && len(p.free) < spare {
		p.free = append(p.free, b[:0])
	}
}
