// Package lines writes log lines to somebody who may stop reading.
//
// A service must neither die of its log nor wait for it: the reader of a pipe
// leaves, a terminal is stopped, a disk is full. So a line is handed over and
// never waited for; what nobody takes is dropped, and counted.
package lines

import (
	"io"
	"sync"
	"sync/atomic"
	"time"
)

// room is how many lines may wait. A burst fits; a reader that is gone costs no
// more memory than this.
const room = 1024

// Writer hands every Write on as one line. It may be used from any goroutine.
type Writer struct {
	to      io.Writer
	dropped atomic.Uint64
	tell    func(dropped uint64)

	begin sync.Once
	queue chan line
}

// line is what waits: some text, or a flush that wants to hear when everything
// before it has been written.
type line struct {
	text    []byte
	written chan<- struct{}
}

// NewWriter writes to to, on a goroutine of its own that begins with the first
// line. tell is called from there once writing goes on after lines were dropped;
// what it writes goes to the same place.
func NewWriter(to io.Writer, tell func(dropped uint64)) *Writer {
	return &Writer{to: to, tell: tell, queue: make(chan line, room)}
}

// Write never waits and never fails.
func (w *Writer) Write(text []byte) (int, error) {
	w.begin.Do(func() { go w.run() })
	select {
	case w.queue <- line{text: append([]byte(nil), text...)}:
	default:
		w.dropped.Add(1)
	}
	return len(text), nil
}

// Flush waits until what has been written so far is out, but no longer than
// patience.
func (w *Writer) Flush(patience time.Duration) {
	w.begin.Do(func() { go w.run() })
	written := make(chan struct{})
	timeout := time.NewTimer(patience)
	defer timeout.Stop()
	select {
	case w.queue <- line{written: written}:
	case <-timeout.C:
		return
	}
	select {
	case <-written:
	case <-timeout.C:
	}
}

func (w *Writer) run() {
	for next := range w.queue {
		if next.written != nil {
			close(next.written)
			continue
		}
		if _, err := w.to.Write(next.text); err != nil {
			w.dropped.Add(1)
			continue
		}
		// Told only after a line has got through: before, nobody would hear it.
		if n := w.dropped.Swap(0); n > 0 {
			w.tell(n)
		}
	}
}
