//go:build linux

package worker

import (
	"errors"
	"log/slog"
	"net"
	"sync"
	"time"

	"prefork/internal/sys"
	"prefork/strategies/accept"
)

// exhaustedPause is how long a worker without a free descriptor waits before it
// tries to accept again.
const exhaustedPause = 50 * time.Millisecond

// serveOne is the classic pre-fork loop: one connection at a time, on the thread
// that accepts.
func (w *worker) serveOne() error {
	for {
		fd, err := w.next()
		if err != nil {
			return ignoreClosed(err)
		}
		if w.spec.Unix {
			_ = sys.Interruptible(fd) // TCP connections inherit it from the listener
		}
		w.conn.reset(fd)
		w.app.Serve(w.conn)
		_ = w.conn.Close()
		w.tally.ended()
	}
}

// serveMany serves up to Concurrency connections, each on a goroutine. The
// worker does not accept while it is full.
func (w *worker) serveMany() error {
	places := make(chan struct{}, w.spec.Concurrency)
	var serving sync.WaitGroup
	defer serving.Wait()
	for {
		places <- struct{}{}
		fd, err := w.next()
		if err != nil {
			return ignoreClosed(err)
		}
		serving.Go(func() {
			defer func() { <-places }()
			defer w.tally.ended()
			conn, err := accept.Conn(fd)
			if err != nil {
				slog.Warn("connection lost", "error", err)
				return
			}
			defer conn.Close()
			w.app.Serve(conn)
		})
	}
}

// next is the source's, counted, and patient where descriptors have run out.
func (w *worker) next() (int, error) {
	for {
		fd, err := w.source.Next()
		if err == nil {
			w.began()
			return fd, nil
		}
		if !accept.Exhausted(err) {
			return -1, err
		}
		slog.Warn("cannot accept for now", "error", err, "hint", "raise the limit on open files (ulimit -n, LimitNOFILE=)")
		time.Sleep(exhaustedPause)
	}
}

func ignoreClosed(err error) error {
	if errors.Is(err, net.ErrClosed) {
		return nil
	}
	return err
}
